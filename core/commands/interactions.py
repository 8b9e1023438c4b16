"""Verbs that play games of words: order-attribution, interactions."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.verbs import Add

if TYPE_CHECKING:
    import numpy as np

    from core.models.checkpoints import Checkpoint
    from core.probes.attribution.interactions import Interactions
    from core.probes.attribution.order import OrderAttribution

_SHOWN = 15  # pairs that are printed


def add_verbs(add: Add) -> None:
    """Add these verbs and their options."""
    added = add(order_attribution)
    _options(added)
    added.add_argument(
        "--permutations", type=int, metavar="N", help="orders of joining drawn beyond 6 tokens (default: by length)"
    )
    added.add_argument("texts", nargs="+", metavar="TEXT")

    added = add(interactions)
    _options(added)
    added.add_argument("--top", type=int, default=8, metavar="K", help="tokens paired beyond 12 tokens (default: 8)")
    added.add_argument("texts", nargs="+", metavar="TEXT")


def _options(parser: argparse.ArgumentParser) -> None:
    console.model_option(parser)
    parser.add_argument(
        "--baseline", default="delete", help="what an absent word is: delete (default), pad, unk, mean or zero"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is sampled (default: 0)")


def order_attribution(options: argparse.Namespace) -> int:
    """How much of a verdict comes from which words a text has, and how much from where they stand."""
    from core.probes.attribution.order import order_attribution
    from core.probes.attribution.results import Instance

    found = [
        order_attribution(
            Instance.of(checkpoint, text), options.baseline, seed=options.seed, permutations=options.permutations
        )
        for checkpoint, text in _asked(options)
    ]
    if options.json:
        console.json_list(_order_json(result) for result in found)
        return 0
    for result in found:
        _show_order(result)
    return 0


def interactions(options: argparse.Namespace) -> int:
    """Which pairs of words do more, or less, together than each alone: their Shapley interaction index."""
    from core.probes.attribution.interactions import interactions
    from core.probes.attribution.results import Instance

    found = [
        interactions(Instance.of(checkpoint, text), options.baseline, seed=options.seed, top=options.top)
        for checkpoint, text in _asked(options)
    ]
    if options.json:
        console.json_list(_interactions_json(result) for result in found)
        return 0
    for result in found:
        _show_interactions(result)
    return 0


def _asked(options: argparse.Namespace) -> list[tuple[Checkpoint, str]]:
    models = console.named_checkpoints(options.model)
    if options.seed < 0:
        raise ValueError(f"a seed is 0 or more; given: {options.seed}")
    return [(checkpoint, text) for text in options.texts for checkpoint in models]


def _list(values: np.ndarray | None) -> list[float] | None:
    return None if values is None else values.tolist()


def _order_json(found: OrderAttribution) -> dict[str, object]:
    return {
        "model": found.model,
        "text": found.text,
        "tokens": found.tokens,
        "baseline": found.baseline,
        "words": _list(found.words),
        "positions": _list(found.positions),
        "word_errors": _list(found.word_errors),
        "position_errors": _list(found.position_errors),
        "logit": found.logit,
        "base_logit": found.base,
        "total": found.total,
        "from_words": found.from_words,
        "from_order": found.from_order,
        "from_order_error": found.from_order_error,
        "share": found.share,
        "shuffled_logit": found.shuffled,
        "shuffled_error": found.shuffled_error,
        "exact": found.exact,
        "samples": found.samples,
        "seconds": found.seconds,
    }


def _show_order(found: OrderAttribution) -> None:
    error = "" if found.from_order_error is None else f" ± {found.from_order_error:.4f}"
    console.line(
        f"{found.model}: logit {found.logit:+.4f}, without words ({found.baseline}) {found.base:+.4f}; of the "
        f"difference {found.total:+.4f} the words make {found.from_words:+.4f} and their places "
        f"{found.from_order:+.4f}{error}"
    )
    mean = "mean" if found.exact else f"mean of {found.samples:,} orders"
    console.line(f"  in random order the words have a logit of {found.shuffled:+.4f} ({mean}); {found.spent}")
    console.line("      word     place" + ("" if found.exact else "   standard errors"))
    for place, token in enumerate(found.tokens):
        errors = ""
        if found.word_errors is not None and found.position_errors is not None:
            errors = f"  {found.word_errors[place]:7.4f}  {found.position_errors[place]:7.4f}"
        unknown = "" if found.known[place] else "   unknown"
        console.line(f"  {found.words[place]:+8.4f}  {found.positions[place]:+8.4f}{errors}  {token}{unknown}")


def _interactions_json(found: Interactions) -> dict[str, object]:
    def table(values: np.ndarray | None) -> list[list[float | None]] | None:
        """A diagonal that is nan, which JSON has not, becomes null."""
        if values is None:
            return None
        return [[None if math.isnan(value) else value for value in row] for row in values.tolist()]

    return {
        "model": found.model,
        "text": found.text,
        "tokens": found.tokens,
        "baseline": found.baseline,
        "places": found.places,
        "matrix": table(found.matrix),
        "errors": table(found.errors),
        "shapley": _list(found.shapley),
        "logit": found.logit,
        "base_logit": found.base,
        "exact": found.exact,
        "samples": found.samples,
        "seconds": found.seconds,
    }


def _show_interactions(found: Interactions) -> None:
    console.line(
        f"{found.model}: what pairs of words do together beyond what each does ({found.baseline}); {found.spent}"
    )
    pairs = found.pairs()
    if not pairs:
        console.line("  a text of one token has no pair")
    row = {place: number for number, place in enumerate(found.places)}
    for first, second, value in pairs[:_SHOWN]:
        error = "" if found.errors is None else f" ± {found.errors[row[first], row[second]]:.4f}"
        words = f"{found.tokens[first]} ({first + 1}) × {found.tokens[second]} ({second + 1})"
        console.line(f"  {value:+8.4f}{error}  {words}")
    if len(pairs) > _SHOWN:
        console.line(f"  and {len(pairs) - _SHOWN:,} smaller ones; --json has all")
