"""The verb that asks which words carried a verdict: attribute."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs, models_options
from core.data.targets import log_odds_name
from core.models.predictor import BlackBox

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.attribution.measures import Faithfulness
    from core.probes.attribution.results import Attribution

_LONG = 60  # tokens; shorter texts need no estimate
_WORTH_REPORTING = 10.0  # seconds


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(attribute, "--seed", "--target", "--against", "texts")
    models_options(parser)
    parser.add_argument("--method", default="all", help="a method's name, or all (default)")
    parser.add_argument(
        "--baseline", default="", help="removal method: delete, pad, unk, mean or zero (default: each method's own)"
    )


def attribute(options: argparse.Namespace) -> int:
    """Which words carried the verdict: a score in logits for each token, by one method or all of them."""
    from tqdm import tqdm

    from core.models.predict import verdicts
    from core.probes.attribution.attribute import METHODS, attribute

    models = inputs.aimed(options, inputs.named_models(options))
    for model in models:
        verdicts(model, options.texts)  # a text that cannot be read is refused before any work
    methods = {model.name: _methods(model, options.method, options.baseline) for model in models}
    runs = [(model, text) for text in options.texts for model in models]
    _report_time([(model, text, method) for model, text in runs for method in methods[model.name]])
    results = []
    with tqdm(total=sum(len(methods[model.name]) for model, _text in runs), unit=" methods", leave=False) as bar:
        for model, text in runs:
            attributions = []
            for method in methods[model.name]:
                bar.set_description(f"{model.name}, {method}")
                baseline = options.baseline if METHODS[method].baselines else ""  # unused where no word is removed
                attributions.append(attribute(model, text, method, baseline, options.seed))
                bar.update()
            results.append((attributions, _measured(model, text, attributions, options)))
    if options.json:
        console.json_list(_as_json(*pair) for result in results for pair in zip(*result, strict=True))
        return 0
    for result in results:
        _show(*result)
    return 0


def _report_time(runs: Sequence[tuple[Model, str, str]]) -> None:
    """Report about how long long texts will take."""
    from core.probes.attribution.attribute import cost, seconds_a_token

    counted = [(checkpoint, len(checkpoint.preprocessing(text)), method) for checkpoint, text, method in runs]
    if not any(tokens > _LONG for _checkpoint, tokens, _method in counted):
        return
    pace = {checkpoint.name: seconds_a_token(checkpoint) for checkpoint, _tokens, _method in counted}
    seconds = sum(
        cost(method, tokens, checkpoint) * tokens * pace[checkpoint.name] for checkpoint, tokens, method in counted
    )
    if seconds > _WORTH_REPORTING:
        console.progress(f"this takes about {seconds:,.0f} s; --method with one name takes less")


def _measured(
    checkpoint: Model, text: str, result: Sequence[Attribution], options: argparse.Namespace
) -> list[Faithfulness]:
    """How faithful each attribution of a text is, with words removed as asked, by default deleted."""
    from core.probes.attribution.attribute import METHODS
    from core.probes.attribution.faithfulness import yardstick
    from core.probes.attribution.results import Instance

    rule = yardstick(Instance.of(checkpoint, text), options.baseline or "delete", seed=options.seed)
    signed = [METHODS[each.method].signed for each in result]
    rule.ask([each.scores for each in result], signed=signed)
    return [rule.measure(each.scores, signed=sign) for each, sign in zip(result, signed, strict=True)]


def _methods(checkpoint: Model, asked: str, baseline: str) -> list[str]:
    """The methods to run on a model. Of all, those that cannot run are reported."""
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


def _as_json(result: Attribution, measured: Faithfulness) -> dict[str, object]:
    from core.probes.attribution.attribute import METHODS

    return {
        **console.record(result, "model text method tokens scores"),
        "baseline": result.baseline or None,
        **console.record(result, "base_logit logit delta seconds"),
        **result.target.as_json(),
        "faithfulness": measured.as_json(),
        **console.record(result, "errors spent warning known"),
        "baselines": METHODS[result.method].baselines,
    }


def _show(result: Sequence[Attribution], measured: Sequence[Faithfulness]) -> None:
    """One text and model: a line a token with a column a method, then a line a method."""
    first = result[0]
    name = log_odds_name(first.target)
    console.line(f"{first.model}: {name} {first.logit:+.4f} of: {' '.join(first.tokens)}")
    tokens = [token if known else f"{token} (unknown)" for token, known in zip(first.tokens, first.known, strict=True)]
    tokens = [console.inert(token) for token in tokens]
    side = max(len(token) for token in tokens)
    room = max(shutil.get_terminal_size((120, 24)).columns - side - 2, 0)
    for block in _blocks(result, room):
        console.line(" " * (side + 2) + "".join(f"  {each.method:>{_width(each)}}" for each in block))
        for index, token in enumerate(tokens):
            console.line(f"  {token:<{side}}" + "".join(f"  {_score(each, index):>{_width(each)}}" for each in block))
    for each, faithful in zip(result, measured, strict=True):
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


def _faithful(result: Faithfulness) -> str:
    """A method's faithfulness, each figure with the mean of random rankings in brackets."""
    parts = []
    for name in ("comprehensiveness", "sufficiency", "loo_tau", "infidelity"):
        value, random = getattr(result, name), result.random[name]
        if value is not None and random is not None:
            parts.append(f"{name.replace('_', ' ')} {value:.3f} ({random.mean:.3f})")
    return f"{', '.join(parts)}; better than {result.better:.0%} of {result.randoms} random rankings (in brackets)"


def _blocks(result: Sequence[Attribution], room: int) -> list[list[Attribution]]:
    """Methods that stand side by side on a screen."""
    blocks: list[list[Attribution]] = []
    left = 0
    for each in result:
        wide = _width(each) + 2
        if not blocks or wide > left:
            blocks.append([])
            left = room
        blocks[-1].append(each)
        left -= wide
    return blocks


def _width(result: Attribution) -> int:
    return max(len(result.method), *(len(_score(result, index)) for index in range(len(result))))


def _score(result: Attribution, index: int) -> str:
    error = "" if result.errors is None else f" ±{result.errors[index]:.3f}"
    return f"{result.scores[index]:+.3f}{error}"
