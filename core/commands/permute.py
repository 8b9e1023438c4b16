"""Verbs on the order of words: flip, judge, permute, mine."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.commands import console, inputs
from core.commands.options import Verbs, given, models_options, text_options
from core.data.targets import Target, log_odds_name, probability_of

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.permutations.flip import Flips
    from core.probes.permutations.mining import OppositePair
    from core.probes.permutations.search import Order, Permutations, Question


def add_verbs(verbs: Verbs) -> None:
    """Add these verbs and their options."""
    parser = verbs.add(flip, "--target", "--against", "--to", "texts")
    models_options(parser)
    parser.add_argument("--top", type=int, metavar="K", help="pairs listed for each model (default: 3)")
    parser.add_argument("--budget", type=int, metavar="N", help="orders judged at most (default: 400,000)")
    _pin_option(parser)

    verbs.add(judge, "texts")

    parser = verbs.add(permute, "--seconds", "--target", "--against", "--to", "texts")
    models_options(parser)
    parser.add_argument("--budget", type=int, metavar="N", help="orders scored at most (default: 400,000)")
    parser.add_argument("--floor", type=float, metavar="NATS", help="fluency that an order may lose (default: 8)")
    parser.add_argument("--top", type=int, metavar="K", help="flips and fluent orders listed (default: 20)")
    _pin_option(parser)
    parser.add_argument("--no-judge", action="store_true", help="leave out P(valid)")

    parser = verbs.add(mine, "--model", "--target", "--against")
    parser.add_argument("file", metavar="FILE", help="sentences, in a form of docs/files.md; labels are not used")
    parser.add_argument("--limit", type=int, metavar="K", help="each model's K first pairs only")
    text_options(parser)


def _pin_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pin", type=int, nargs="*", metavar="INDEX", help="locked tokens, from 1 (default: punctuation and links)"
    )


def _pinned(options: argparse.Namespace) -> list[int] | None:
    return None if options.pin is None else [index - 1 for index in options.pin]


def _models(options: argparse.Namespace) -> list[Model]:
    return inputs.reaching(options, inputs.aimed(options, inputs.named_models(options)))


def flip(options: argparse.Namespace) -> int:
    """The best orders of a text's words that flip the verdict and that the judge of word order finds valid."""
    from core.fluency import judge as judges
    from core.fluency import trigram
    from core.probes.permutations.flip import asked, flips

    models, scorer, judge = _models(options), trigram.load().trigram, judges.load()
    limits = given(options, "top", "budget", "to")
    for text in options.texts:  # all of them first: one that cannot be searched is refused before any work
        asked(models, judge, scorer, text, _pinned(options), options.to)
    found: list[Flips] = []
    for text in options.texts:
        events = flips(models, judge, scorer, text, _pinned(options), **limits)
        progress = console.last(
            console.bar(
                events, " orders", "flip", lambda one: (one.done, one.total, one.stage), unit_scale=True, leave=False
            )
        )
        found += progress.found
    return console.answer(options, found, _flips_as_json, _show_flips)


def _flips_as_json(found: Flips) -> dict[str, object]:
    return {
        **console.record(found, "model text probability valid orders searched accepted accepted_flips certificate"),
        **console.record(found, "label to accepted_to"),
        **found.target.as_json(),
        "pairs": [console.record(pair, "text probability valid accepted margin label") for pair in found.pairs],
    }


def _show_flips(found: Flips) -> None:
    console.line(f"{found.model}: {found.label}  {_chance(found.target)}{found.probability:.4f}  {found.text}")
    console.line(f"  {found.certificate}")
    verdict, cell = _verdict_column(found.target)
    if found.pairs:
        console.line(f"  P(valid), accepted, {probability_of(found.target)}, {verdict}order")
    for pair in found.pairs:
        accepted = "yes" if pair.accepted else "no "
        console.line(f"    {pair.valid:.2f}  {accepted}  {pair.probability:.4f}  {cell(pair.label)}{pair.text}")


def _chance(target: Target) -> str:
    """What a probability beside a verdict is of, empty where the verdict tells it."""
    return "" if target.wins_at_half else f"{probability_of(target)} "


def _verdict_column(target: Target) -> tuple[str, Callable[[str], str]]:
    """The head and the cells of a column of predicted classes, empty where the probability tells them."""
    if target.wins_at_half:
        return "", lambda label: ""
    width = max(map(len, target.labels)) + 2
    return "verdict, ", lambda label: label.ljust(width)


def judge(options: argparse.Namespace) -> int:
    """Whether a person would write the words in this order: P(valid) by the judge of word order, and fluency (nats)."""
    from core.fluency import judge as judges
    from core.fluency import trigram

    model, fluency = judges.load(), trigram.load()
    judged = [model.judgement(fluency.preprocessing(text)) for text in options.texts]
    results = [
        {
            "text": text,
            "valid": valid,
            "accepted": None if valid is None else valid >= model.threshold,
            "fluency": float(fluency.trigram.score([fluency.preprocessing(text)])[0]),
        }
        for text, valid in zip(options.texts, judged, strict=True)
    ]
    return console.answer(options, results, lambda one: one, _show_judgement)


def _show_judgement(one: dict[str, Any]) -> None:
    if one["valid"] is None:
        verdict = "cannot judge: it knows none of the words"
    else:
        verdict = f"P(valid) {one['valid']:.3f}, {'accepted' if one['accepted'] else 'not accepted'}"
    console.line(f"{verdict}; fluency {one['fluency']:.1f} nats  {one['text']}")


def permute(options: argparse.Namespace) -> int:
    """Other orders of a text's words: which of them flip the verdict, the best first, and what was searched."""
    from core.fluency import judge as judges
    from core.fluency import trigram as fluency
    from core.probes.permutations.search import ask, scorer, search

    trigram, judge = fluency.load().trigram, None if options.no_judge else judges.load_if_there()
    limits = given(options, "budget", "seconds", "floor", "top", "to")
    models = _models(options)
    questions: list[tuple[Model, Question]] = [
        (model, ask(model, trigram, text, _pinned(options), judge, **limits))
        for text in options.texts
        for model in models
    ]  # all of them first: a text that cannot be searched is refused before an hour of work
    results: list[Permutations] = []
    progress = None
    status = 0
    try:
        for model, question in questions:
            events = search(model.name, scorer(model, question), question)
            for progress in console.bar(  # noqa: B007
                events,
                " orders",
                model.name,
                lambda event: (event.scored, event.total, f"{event.flips:,} flips"),
                unit_scale=True,
                leave=False,
            ):
                pass
            assert progress is not None
            results.append(progress.result())
            progress = None
    except KeyboardInterrupt:  # what was searched until now is worth its minutes
        if progress is not None:
            results.append(progress.result())
        console.progress(f"interrupted: {len(results):,} of {len(questions):,} answers, the last one incomplete")
        status = 130
    return console.answer(options, results, _as_json, _show, status)


def _as_json(result: Permutations) -> dict[str, object]:
    def order(one: Order) -> dict[str, object]:
        return console.record(one, "text probability fluency valid label")

    return {
        **console.record(result, "model text tokens orders scored complete certificate"),
        **result.target.as_json(),
        "original": console.record(result.original, "probability fluency valid label"),
        **console.record(result, "flip_count flip_count_above_floor floor scorer threshold accepted accepted_flips"),
        **console.record(result, "to flips_to"),
        "flips": [order(one) for one in result.flips],
        "fluent": [order(one) for one in result.fluent],
        "highest": order(result.highest),
        "lowest": order(result.lowest),
        **console.record(result, "sensitivity order_effect way=strategy named position_effects"),
    }


def _show(result: Permutations) -> None:
    verdict, cell = _verdict_column(result.target)

    def order(one: Order) -> str:
        return f"{one.probability:.4f}  {weighed(one)}  {cell(one.label)}{one.text}"

    def weighed(one: Order) -> str:
        valid = "   " if one.valid is None else f"{one.valid:.2f}"
        return f"{one.fluency:8.2f}  {valid}"

    logit, original = log_odds_name(result.target), result.original
    console.line(
        f"{result.model}: {original.label}  {_chance(result.target)}{original.probability:.4f}  {weighed(original)}  "
        f"{original.text}"
    )
    console.line(f"  {result.certificate}")
    console.line(
        f"  {logit}'s standard deviation over {result.named}: {result.sensitivity:.3f}; the original's {logit} minus "
        f"their mean: {result.order_effect:+.3f}"
    )
    effect, word = max(zip(result.position_effects, result.tokens, strict=True))
    if effect:
        console.line(f"  the position of {word!r} matters most: it explains {effect:.0%} of the {logit}'s variance")
    for name, orders in (("flips", result.flips), ("most fluent", result.fluent)):
        if orders:
            chance = probability_of(result.target)
            console.line(f"  {name}: {chance}, fluency ({result.scorer}, nats), P(valid), {verdict}order")
        for one in orders:
            console.line(f"    {order(one)}")


def mine(options: argparse.Namespace) -> int:
    """Pairs of a file's texts, the same words in another order, with opposite verdicts; the likeliest valid first."""
    from core.fluency import judge as judges
    from core.probes.permutations.mining import mine

    models = inputs.aimed(options, inputs.named_checkpoints(options.model))
    judge = judges.load_if_there()
    events = mine(options.file, models, options.text_column, layout=options.layout, limit=options.limit, judge=judge)
    progress = console.last(
        console.bar(
            events,
            "",
            "",
            lambda event: (event.done, event.total, f"{event.stage}, {len(event.pairs):,} pairs"),
            unit_scale=True,
        )
    )
    console.progress(
        f"{progress.rows:,} rows ({progress.short:,} with fewer than two tokens); {progress.groups:,} groups of the "
        f"same words, {progress.orders:,} orders; {len(progress.pairs):,} pairs ({progress.left_out:,} left out)"
    )
    named = {model.name: model for model in models}
    return console.answer(options, progress.pairs, lambda pair: pair, lambda pair: _show_pair(pair, named[pair.model]))


def _show_pair(pair: OppositePair, model: Model) -> None:
    target = model.target or Target(model.labels, model.labels.index(pair.label_a))  # `a` is read as the target
    _head, cell = _verdict_column(target)
    a = cell(pair.label_a) + " ".join(pair.a.split())
    b = cell(pair.label_b) + " ".join(pair.b.split())
    valid = "" if pair.valid is None else f"{pair.valid:.2f}  "
    console.line(
        f"{valid}{pair.gap:.4f}  {pair.model}  {_chance(target)}{pair.probability_a:.4f}  {a}  |  "
        f"{pair.probability_b:.4f}  {b}"
    )
