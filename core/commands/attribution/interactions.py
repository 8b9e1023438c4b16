"""Verbs on Shapley values beyond single words: order-attribution, interactions."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Parser, Verb, Verbs
from core.data.targets import log_odds_name

if TYPE_CHECKING:
    from core.probes.attribution.interactions import Interactions
    from core.probes.attribution.order import OrderAttribution
    from core.probes.attribution.results import Instance

_SHOWN = 15  # pairs that are printed


def add_verbs(verbs: Verbs) -> None:
    """Add these verbs and their options."""
    _add(verbs, order_attribution).add_argument(
        "--permutations", type=int, metavar="N", help="permutations drawn beyond 6 tokens (default: by length)"
    )
    _add(verbs, interactions).add_argument(
        "--top", type=int, default=8, metavar="K", help="tokens paired beyond 12 tokens (default: 8)"
    )


def _add(verbs: Verbs, verb: Verb) -> Parser:
    parser = verbs.add(verb, "--model", "--seed", "--target", "--against", "texts")
    parser.add_argument("--baseline", default="delete", help="removal method: delete (default), pad, unk, mean or zero")
    return parser


def order_attribution(options: argparse.Namespace) -> int:
    """How much of a verdict comes from which words a text has, and how much from their order."""
    from core.probes.attribution.order import order_attribution

    results = [
        order_attribution(instance, options.baseline, seed=options.seed, permutations=options.permutations)
        for instance in _instances(options)
    ]
    return console.answer(options, results, _order_json, _show_order)


def interactions(options: argparse.Namespace) -> int:
    """Which pairs of words do more, or less, together than each alone: their Shapley interaction index."""
    from core.probes.attribution.interactions import interactions

    results = [
        interactions(instance, options.baseline, seed=options.seed, top=options.top) for instance in _instances(options)
    ]
    return console.answer(options, results, _interactions_json, _show_interactions)


def _instances(options: argparse.Namespace) -> list[Instance]:
    from core.probes.attribution.results import Instance

    models = inputs.aimed(options, inputs.named_checkpoints(options.model))
    return [Instance.of(checkpoint, text) for text in options.texts for checkpoint in models]


def _order_json(result: OrderAttribution) -> dict[str, object]:
    return {
        **console.record(
            result,
            "model text tokens baseline words positions word_errors position_errors logit base_logit=base total "
            "from_words from_order from_order_error share shuffled_logit=shuffled shuffled_error exact samples seconds",
        ),
        **result.target.as_json(),
    }


def _show_order(result: OrderAttribution) -> None:
    error = "" if result.from_order_error is None else f" ± {result.from_order_error:.4f}"
    name = log_odds_name(result.target)
    console.line(
        f"{result.model}: {name} {result.logit:+.4f}, without words ({result.baseline}) {result.base:+.4f}; of the "
        f"difference {result.total:+.4f} the words make {result.from_words:+.4f} and their positions "
        f"{result.from_order:+.4f}{error}"
    )
    mean = "mean" if result.exact else f"mean of {result.samples:,} orders"
    console.line(f"  in random order the words have a logit of {result.shuffled:+.4f} ({mean}); {result.spent}")
    console.line("      word  position" + ("" if result.exact else "   standard errors"))
    for index, token in enumerate(result.tokens):
        errors = ""
        if result.word_errors is not None and result.position_errors is not None:
            errors = f"  {result.word_errors[index]:7.4f}  {result.position_errors[index]:7.4f}"
        unknown = "" if result.known[index] else "   unknown"
        console.line(f"  {result.words[index]:+8.4f}  {result.positions[index]:+8.4f}{errors}  {token}{unknown}")


def _interactions_json(result: Interactions) -> dict[str, object]:
    names = "model text tokens baseline places matrix errors shapley logit base_logit=base exact samples seconds"
    return {**console.record(result, names), **result.target.as_json()}


def _show_interactions(result: Interactions) -> None:
    unit = "" if result.target.wins_at_half else f" in the {log_odds_name(result.target)}"
    console.line(f"{result.model}: pairwise Shapley interactions{unit} ({result.baseline}); {result.spent}")
    pairs = result.pairs()
    if not pairs:
        console.line("  a text of one token has no pair")
    row = {index: number for number, index in enumerate(result.places)}
    for first, second, value in pairs[:_SHOWN]:
        error = "" if result.errors is None else f" ± {result.errors[row[first], row[second]]:.4f}"
        words = f"{result.tokens[first]} ({first + 1}) × {result.tokens[second]} ({second + 1})"
        console.line(f"  {value:+8.4f}{error}  {words}")
    if len(pairs) > _SHOWN:
        console.line(f"  and {len(pairs) - _SHOWN:,} smaller ones; --json has all")
