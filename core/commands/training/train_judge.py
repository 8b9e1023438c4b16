"""The verbs that train and measure the judge of word order: train-judge, evaluate-judge."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands import console
from core.commands.options import Parser, Verbs, text_options
from core.commands.training.common import set_threads, writable_folder
from core.data.labels import Labelling

if TYPE_CHECKING:
    from core.fluency.judge_recipe import Material

_ACCEPTABILITY = Labelling(("unacceptable", "acceptable"))


def add_verbs(verbs: Verbs) -> None:
    """Add the verbs and their options."""
    parser = verbs.add(train_judge, "--seed", "--threads", json_output=False)
    _material_options(parser)
    parser.add_argument("--out", default="my-checkpoints", metavar="DIR", help="default: my-checkpoints")

    parser = verbs.add(evaluate_judge, "--threads")
    _material_options(parser)


def _material_options(parser: Parser) -> None:
    parser.add_argument("--tweets", required=True, metavar="FILE", help="texts, in a form of docs/files.md")
    parser.add_argument(
        "--sentences", required=True, nargs="+", metavar="FILE", help="more texts; the first file's are held out too"
    )
    parser.add_argument(
        "--readings", required=True, metavar="FILE", help="readings of orders of these texts, as docs/order_readings.md"
    )
    parser.add_argument("--blimp", metavar="FILE", help="minimal pairs, never trained on")
    parser.add_argument("--cola", metavar="FILE", help="sentences, acceptable or not, in CoLA's columns")
    text_options(parser)


def _material(options: argparse.Namespace) -> Material:
    from core.data.corpus import read_corpus
    from core.fluency import data
    from core.fluency.judge_recipe import Material

    names = [options.tweets, *options.sentences]
    return Material(
        tuple(data.read_sentences(name, options.text_column, options.layout) for name in names),
        Path(options.readings),
        data.read_pairs(options.blimp) if options.blimp else None,
        read_corpus(options.cola, "sentence", labelling=_ACCEPTABILITY) if options.cola else None,
    )


def train_judge(options: argparse.Namespace) -> int:
    """The judge of word order, which tells the orders that a person might write: an hour, with its figures."""
    from core.fluency import judge_recipe
    from core.fluency.judge_training import JudgeSettings

    out, material = writable_folder(options.out), _material(options)
    set_threads(options)
    events = judge_recipe.train(material, JudgeSettings(seed=options.seed), out)
    bar = console.bar(events, "", "judge", lambda event: (event.done, 1, event.stage))
    judge = console.last(bar).judge
    assert judge is not None
    _show(judge.card["metrics"])
    return 0


def evaluate_judge(options: argparse.Namespace) -> int:
    """How good the judge of word order is: precision and recall on readings, second orders, originals, pairs."""
    from core.fluency import judge, judge_recipe

    material = _material(options)
    set_threads(options)
    events = judge_recipe.evaluate(judge.load(), material)
    _stage, _done, metrics = console.last(console.bar(events, "", "judge", lambda event: (event[1], 1, event[0])))
    return console.answer(options, [metrics], lambda one: one, _show)


def _show(metrics: dict[str, Any]) -> None:
    readings = metrics["readings"]
    console.line(
        f"{readings['orders']:,} orders, {readings['readers']} readers, {readings['valid']:,} valid by most of them; "
        f"agreement {readings['agreement']:.1%}, kappa {readings['kappa']:.2f}"
    )
    console.line(f"threshold: P(valid) {readings['threshold']:.3f}; area under the ROC curve {readings['area']:.3f}")
    for name, area in readings["other_areas"].items():
        console.line(f"  {name}, difference from the original: area {area:.3f}")
    for name, figures in [
        ("choosing half", readings["choice"]),
        ("reporting half", readings["report"]),
        *((f"  of {row['words']} words", row) for row in readings["by_words"]),
    ]:
        console.line(
            f"{name}: {figures['accepted']:,} of {figures['orders']:,} accepted, "
            f"precision {_share(figures, 'precision')}, recall {_share(figures, 'recall')}"
        )
    for row in readings["reliability"]:
        console.line(f"  P(valid) from {row['from']:.2f}, {row['orders']:,} orders: {row['valid']:.1%} valid")
    for row in metrics["second_orders"]["by_words"]:
        console.line(f"{row['orders']:,} second real orders of {row['words']} words: {row['top']:.1%} in the first 1 %")
    for row in metrics.get("orders", {"by_words": []})["by_words"]:
        console.line(f"{row['sentences']:,} sentences of {row['words']} words: first {row['first']:.1%}")
    if pairs := metrics.get("pairs"):
        for row in pairs["by_phenomenon"]:
            console.line(f"{row['pairs']:,} pairs of {row['phenomenon']}: accuracy {row['accuracy']:.1%}")
        console.line(f"all {pairs['pairs']:,} pairs: accuracy {pairs['accuracy']:.1%}")
    if acceptability := metrics.get("acceptability"):
        console.line(f"acceptability ({acceptability['data']}): area {acceptability['area']:.3f}")


def _share(figures: dict[str, Any], name: str) -> str:
    if figures[name] is None:
        return "–"
    low, high = figures[f"{name}_interval"]
    return f"{figures[name]:.1%} ({low:.1%} to {high:.1%})"
