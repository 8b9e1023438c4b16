"""Verbs on the order of words: permute, mine."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs, given, models_options, text_options
from core.data.labels import Names, name_of, probability_of

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.permutations.mining import OppositePair
    from core.probes.permutations.search import Order, Permutations, Question


def add_verbs(verbs: Verbs) -> None:
    """Add these verbs and their options."""
    parser = verbs.add(permute, "--seconds", "texts")
    models_options(parser)
    parser.add_argument("--budget", type=int, metavar="N", help="orders scored at most (default: 400,000)")
    parser.add_argument("--floor", type=float, metavar="NATS", help="fluency that an order may lose (default: 8)")
    parser.add_argument("--top", type=int, metavar="K", help="flips and fluent orders listed (default: 20)")
    parser.add_argument(
        "--pin", type=int, nargs="*", metavar="INDEX", help="locked tokens, from 1 (default: punctuation and links)"
    )

    parser = verbs.add(mine, "--model")
    parser.add_argument("file", metavar="FILE", help="sentences, in a form of docs/files.md; labels are not used")
    parser.add_argument("--limit", type=int, metavar="K", help="each model's K most opposed pairs only")
    text_options(parser)


def permute(options: argparse.Namespace) -> int:
    """Other orders of a text's words: which of them flip the verdict, the most fluent first, and what was searched."""
    from core.fluency import trigram as fluency
    from core.probes.permutations.search import ask, scorer, search

    trigram = fluency.load().trigram
    limits = given(options, "budget", "seconds", "floor", "top")
    pinned = None if options.pin is None else [index - 1 for index in options.pin]
    models = inputs.named_models(options)
    questions: list[tuple[Model, Question]] = [
        (model, ask(model, trigram, text, pinned, **limits)) for text in options.texts for model in models
    ]  # all of them first: a text that cannot be searched is refused before an hour of work
    results: list[tuple[Permutations, Names]] = []
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
            results.append((progress.result(), model.labels))
            progress = None
    except KeyboardInterrupt:  # what was searched until now is worth its minutes
        if progress is not None:
            results.append((progress.result(), questions[len(results)][0].labels))
        console.progress(f"interrupted: {len(results):,} of {len(questions):,} answers, the last one incomplete")
        status = 130
    return console.answer(options, results, lambda result: _as_json(result[0]), lambda result: _show(*result), status)


def _as_json(result: Permutations) -> dict[str, object]:
    def order(one: Order) -> dict[str, object]:
        return console.record(one, "text probability fluency")

    return {
        **console.record(result, "model text tokens orders scored complete certificate"),
        "original": console.record(result.original, "probability fluency"),
        **console.record(result, "flip_count flip_count_above_floor floor scorer"),
        "flips": [order(one) for one in result.flips],
        "fluent": [order(one) for one in result.fluent],
        "highest": order(result.highest),
        "lowest": order(result.lowest),
        **console.record(result, "sensitivity order_effect way=strategy named position_effects"),
    }


def _show(result: Permutations, names: Names) -> None:
    def order(one: Order) -> str:
        return f"{one.probability:.4f}  {one.fluency:8.2f}  {one.text}"

    console.line(f"{result.model}: {name_of(result.original.probability, names)}  {order(result.original)}")
    console.line(f"  {result.certificate}")
    console.line(
        f"  logit's standard deviation over {result.named}: {result.sensitivity:.3f}; the original's logit minus their "
        f"mean: {result.order_effect:+.3f}"
    )
    effect, word = max(zip(result.position_effects, result.tokens, strict=True))
    if effect:
        console.line(f"  the position of {word!r} matters most: it explains {effect:.0%} of the logit's variance")
    for name, orders in (("flips", result.flips), ("most fluent", result.fluent)):
        if orders:
            console.line(f"  {name}: {probability_of(names)}, fluency ({result.scorer}, nats), order")
        for one in orders:
            console.line(f"    {order(one)}")


def mine(options: argparse.Namespace) -> int:
    """Pairs of a file's texts, the same words in another order, on which a model's verdicts are opposite."""
    from core.probes.permutations.mining import mine

    models = inputs.named_checkpoints(options.model)
    events = mine(options.file, models, options.text_column, layout=options.layout, limit=options.limit)
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
    return console.answer(options, progress.pairs, lambda pair: pair, _show_pair)


def _show_pair(pair: OppositePair) -> None:
    a, b = (" ".join(text.split()) for text in (pair.a, pair.b))
    console.line(f"{pair.gap:.4f}  {pair.model}  {pair.probability_a:.4f}  {a}  |  {pair.probability_b:.4f}  {b}")
