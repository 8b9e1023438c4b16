"""The verb that asks which words carried a verdict: attribute."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.verbs import Add
from core.models.predictor import BlackBox

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.attribution.measures import Faithfulness
    from core.probes.attribution.results import Attribution

_LONG = 60  # tokens; shorter texts answer before their time could be told
_WORTH_TELLING = 10.0  # seconds


def add_verbs(add: Add) -> None:
    """Add these verbs and their options."""
    added = add(attribute)
    console.models_options(added)
    added.add_argument("--method", default="all", help="a method's name, or all (default)")
    added.add_argument(
        "--baseline",
        default="",
        help="what stands for a word taken out: delete, pad, unk, mean or zero (default: each method's own)",
    )
    added.add_argument("--seed", type=int, default=0, metavar="S", help="of what is drawn (default: 0)")
    added.add_argument("texts", nargs="+", metavar="TEXT")


def attribute(options: argparse.Namespace) -> int:
    """Which words carried the verdict: a score in logits for each token, by one method or all of them."""
    from tqdm import tqdm

    from core.models.predict import verdicts
    from core.probes.attribution.attribute import attribute

    if options.seed < 0:
        raise ValueError(f"the seed is 0 or more; given: {options.seed}")
    models = console.named_models(options)
    for checkpoint in models:
        verdicts(checkpoint, options.texts)  # a text that cannot be read is told of before any work
    methods = [_methods(checkpoint, options.method, options.baseline) for checkpoint in models]
    asked = [
        (checkpoint, text, method)
        for text in options.texts
        for checkpoint, chosen in zip(models, methods, strict=True)
        for method in chosen
    ]
    _tell_of_time(asked)
    found: list[Attribution] = []
    measured: list[Faithfulness] = []
    with tqdm(asked, unit=" methods", leave=False) as bar:
        for checkpoint, text, method in bar:
            bar.set_description(f"{checkpoint.name}, {method}")
            found.append(attribute(checkpoint, text, method, _baseline(method, options.baseline), options.seed))
    for text in options.texts:
        for checkpoint, chosen in zip(models, methods, strict=True):
            here = found[len(measured) : len(measured) + len(chosen)]
            measured += _measured(checkpoint, text, here, options)
    if options.json:
        console.json_list(_attribution_json(*each) for each in zip(found, measured, strict=True))
        return 0
    for chosen in methods * len(options.texts):
        _show(found[: len(chosen)], measured[: len(chosen)])
        del found[: len(chosen)], measured[: len(chosen)]
    return 0


def _tell_of_time(asked: Sequence[tuple[Model, str, str]]) -> None:
    """About how long long texts take, told before they do."""
    from core.probes.attribution.attribute import cost, seconds_a_token

    counted = [(checkpoint, len(checkpoint.preprocessing(text)), method) for checkpoint, text, method in asked]
    if not any(tokens > _LONG for _checkpoint, tokens, _method in counted):
        return
    pace = {checkpoint.name: seconds_a_token(checkpoint) for checkpoint, _tokens, _method in counted}
    seconds = sum(
        cost(method, tokens, checkpoint) * tokens * pace[checkpoint.name] for checkpoint, tokens, method in counted
    )
    if seconds > _WORTH_TELLING:
        console.progress(f"this takes about {seconds:,.0f} s; --method with one name takes less")


def _measured(
    checkpoint: Model, text: str, found: Sequence[Attribution], options: argparse.Namespace
) -> list[Faithfulness]:
    """How faithful each attribution of a text is, words taken out as asked, by deletion unless told."""
    from core.probes.attribution.attribute import METHODS
    from core.probes.attribution.faithfulness import yardstick
    from core.probes.attribution.results import Instance

    rule = yardstick(Instance.of(checkpoint, text), options.baseline or "delete", seed=options.seed)
    signed = [METHODS[each.method].signed for each in found]
    rule.ask([each.scores for each in found], signed=signed)
    return [rule.measure(each.scores, signed=sign) for each, sign in zip(found, signed, strict=True)]


def _methods(checkpoint: Model, asked: str, baseline: str) -> list[str]:
    """The methods to run on a model. One that was named is run or refused; of all, those that cannot are told of."""
    from core.probes.attribution.attribute import METHODS, accepted, available
    from core.probes.attribution.removal import BASELINES

    if asked != "all":
        accepted(asked, baseline)
        return [asked]
    if baseline and baseline not in BASELINES:
        raise ValueError(f"unknown baseline {baseline!r}; available: {', '.join(BASELINES)}")
    here = available(checkpoint)
    chosen = [name for name in here if not baseline or baseline in (METHODS[name].baselines or [baseline])]
    other_cells = [name for name in METHODS if name not in here]
    if other_cells:
        if isinstance(checkpoint, BlackBox):
            why = "its answers are not enough"
        else:
            kind = ("bidirectional " if checkpoint.model.bidirectional else "") + checkpoint.model.cell
            why = f"not for a {kind}"
        console.progress(f"left out of {checkpoint.name}: {', '.join(other_cells)}: {why}")
    refusing = [name for name in here if name not in chosen]
    if refusing:
        console.progress(f"left out of {checkpoint.name}: {', '.join(refusing)}: not with the baseline {baseline!r}")
    return chosen


def _baseline(method: str, asked: str) -> str:
    """The baseline for a method among all: a method that takes no word out has no use for one."""
    from core.probes.attribution.attribute import METHODS

    return asked if METHODS[method].baselines else ""


def _attribution_json(found: Attribution, measured: Faithfulness) -> dict[str, object]:
    from core.probes.attribution.attribute import METHODS

    return {
        "model": found.model,
        "text": found.text,
        "method": found.method,
        "tokens": found.tokens,
        "scores": found.scores.tolist(),
        "baseline": found.baseline or None,
        "base_logit": found.base_logit,
        "logit": found.logit,
        "delta": found.delta,
        "seconds": found.seconds,
        "faithfulness": measured.as_json(),
        # Beyond what is usual: standard errors where the method samples, what it did, what to know before trusting it,
        # which tokens the model knows, and the baselines that the method accepts.
        "errors": None if found.errors is None else found.errors.tolist(),
        "spent": found.spent,
        "warning": found.warning,
        "known": found.known,
        "baselines": METHODS[found.method].baselines,
    }


def _show(found: Sequence[Attribution], measured: Sequence[Faithfulness]) -> None:
    """One text and model: a line a token with a column a method, then a line a method."""
    first = found[0]
    console.line(f"{first.model}: logit {first.logit:+.4f} of: {' '.join(first.tokens)}")
    tokens = [token if known else f"{token} (unknown)" for token, known in zip(first.tokens, first.known, strict=True)]
    tokens = [console.inert(token) for token in tokens]
    side = max(len(token) for token in tokens)
    room = max(shutil.get_terminal_size((120, 24)).columns - side - 2, 0)
    for block in _blocks(found, room):
        console.line(" " * (side + 2) + "".join(f"  {each.method:>{_width(each)}}" for each in block))
        for place, token in enumerate(tokens):
            console.line(f"  {token:<{side}}" + "".join(f"  {_score(each, place):>{_width(each)}}" for each in block))
    for each, faithful in zip(found, measured, strict=True):
        parts: list[str] = [each.spent]
        if each.base_logit is not None:
            parts.append(f"from {each.base_logit:+.4f}" + (f" ({each.baseline})" if each.baseline else ""))
        if each.delta is not None:
            parts.append(f"the sum is off by {each.delta:+.2g}")
        console.line(f"  {each.method}: {'; '.join(part for part in parts if part)}; {each.seconds:.2f} s")
        if len(first) > 1:
            console.line(f"    {_faithful(faithful)}")
        if each.warning:
            console.line(f"    warning: {each.warning}")
    if len(first) == 1:
        console.line("  one token alone has no ranking to be faithful")
    if measured[0].warning:
        console.line(f"  note: {measured[0].warning}")


def _faithful(found: Faithfulness) -> str:
    """A method's faithfulness, each figure with the mean of random rankings in brackets."""
    parts = []
    for name in ("comprehensiveness", "sufficiency", "loo_tau", "infidelity"):
        value, random = getattr(found, name), found.random[name]
        if value is not None and random is not None:
            parts.append(f"{name.replace('_', ' ')} {value:.3f} ({random.mean:.3f})")
    return f"{', '.join(parts)}; better than {found.better:.0%} of {found.randoms} random rankings (in brackets)"


def _blocks(found: Sequence[Attribution], room: int) -> list[list[Attribution]]:
    """Methods that stand side by side on a screen."""
    blocks: list[list[Attribution]] = []
    left = 0
    for each in found:
        wide = _width(each) + 2
        if not blocks or wide > left:
            blocks.append([])
            left = room
        blocks[-1].append(each)
        left -= wide
    return blocks


def _width(found: Attribution) -> int:
    return max(len(found.method), *(len(_score(found, place)) for place in range(len(found))))


def _score(found: Attribution, place: int) -> str:
    error = "" if found.errors is None else f" ±{found.errors[place]:.3f}"
    return f"{found.scores[place]:+.3f}{error}"
