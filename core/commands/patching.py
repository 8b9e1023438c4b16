"""The verb that reaches into a run: patch."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.verbs import Add

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from core.models.checkpoints import Checkpoint
    from core.probes.interventions.hold import Intervention
    from core.probes.interventions.patching import PatchGrid


def add_verbs(add: Add) -> None:
    """Add this verb and its options."""
    added = add(patch)
    console.model_option(added)
    added.add_argument(
        "--align",
        choices=("start", "end"),
        default="start",
        help="how the steps of sentences of different lengths are matched (default: start)",
    )
    added.add_argument(
        "--step", type=int, metavar="N", help="also the verdict along the text with this token patched, from 1"
    )
    added.add_argument(
        "--what", metavar="W", help="with --step: hidden (default), cell, both (of an RNN or GRU: hidden), or a gate"
    )
    added.add_argument("text_a", metavar="TEXT_A", help="the sentence that is patched")
    added.add_argument("text_b", metavar="TEXT_B", help="the sentence that is taken from")


def patch(options: argparse.Namespace) -> int:
    """A's verdict with its state, or one gate, taken at each step from B's run: where is their difference carried?"""
    from core.probes.interventions.patching import patch_texts

    if options.what is not None and options.step is None:
        raise ValueError("--what goes with --step, the token at which it is patched")
    models = console.prefixwise_checkpoints(options.model)
    grids = [patch_texts(checkpoint, options.text_a, options.text_b, options.align) for checkpoint in models]
    paths = _paths(models, options) if options.step is not None else [None] * len(grids)
    if options.json:
        console.json_list(_as_json(grid, path) for grid, path in zip(grids, paths, strict=True))
        return 0
    for grid, path in zip(grids, paths, strict=True):
        _show(grid)
        if path is not None:
            _show_path(path)
    return 0


def _paths(models: Sequence[Checkpoint], options: argparse.Namespace) -> list[Intervention | None]:
    """One patch followed in every model that has what is patched; where none has it, the first one's refusal."""
    from core.models.trace import trace
    from core.probes.interventions.hold import BOTH, HIDDEN, Patch, intervene, patchable

    found: list[Intervention | None] = []
    refusals = []
    for checkpoint in models:
        what, known = options.what or HIDDEN, patchable(checkpoint.model.cell)
        if what == BOTH and BOTH not in known:
            what = HIDDEN  # which is all of the state that there is
        a, b = trace(checkpoint, options.text_a), trace(checkpoint, options.text_b)
        try:
            found.append(intervene(checkpoint, a, [Patch(what, options.step - 1)], b, options.align))
        except LookupError as error:
            found.append(None)
            refusals.append(error)
    if len(refusals) == len(models):
        raise refusals[0]
    for refusal in refusals:
        console.progress(str(refusal.args[0]))
    return found


def _as_json(grid: PatchGrid, path: Intervention | None) -> dict[str, object]:
    from core.probes.interventions.hold import CELL, HIDDEN, patchable

    def values(array: np.ndarray) -> list[float | None]:
        return [None if value != value else value for value in array.tolist()]  # NaN is no JSON

    def whole(by_what: dict[str, np.ndarray]) -> dict[str, object]:
        return {
            HIDDEN: values(by_what[HIDDEN]),
            CELL: values(by_what[CELL]) if CELL in by_what else None,
            "both": values(by_what[grid.whole]),
            "gates": {gate: values(by_what[what]) for what, gate in patchable(grid.cell).items() if gate is not None},
        }

    shares = grid.shares
    found: dict[str, object] = {
        "model": grid.model,
        "texts": grid.texts,
        "probability": grid.probability,
        "grid": whole(grid.probabilities),
        # Beyond what is usual: how the steps were matched, the logits, and how much of their difference is carried.
        "align": grid.align,
        "tokens": grid.tokens,
        "logit": grid.logit,
        "shares": None if shares is None else whole(shares),
        "statement": grid.statement,
    }
    if path is not None:
        change = path.changes[0]
        found["patch"] = {
            "what": getattr(change, "what", None),
            "step": getattr(change, "step", 0) + 1,
            "before": path.probability_before.tolist(),
            "after": path.probability_after.tolist(),
        }
    return found


def _show(grid: PatchGrid) -> None:
    a, b = grid.probability
    chance = console.probability_name(grid.model)
    matched = "" if len(grid.tokens[0]) == len(grid.tokens[1]) else f", steps matched from the {grid.align}"
    console.line(
        f"{grid.model}: {chance} {a:.4f}, of the other {b:.4f}; with one thing patched from the other{matched}, "
        f"{chance} and in brackets the share of the difference in the logit that it carries"
    )
    shares = grid.shares
    width = max(len(token) for token in grid.tokens[0])
    console.line("  " + " ".join(["token".ljust(width), *(f"{what:>13}" for what in grid.logits)]))
    for step, token in enumerate(grid.tokens[0]):
        cells = []
        for what, found in grid.probabilities.items():
            if grid.partners[step] is None:
                cells.append("–".rjust(13))
            else:
                share = "–" if shares is None else _percent(shares[what][step])
                cells.append(f"{found[step]:.3f} {f'({share})':>7}")
        console.line("  " + " ".join([token.ljust(width), *cells]))
    if grid.cell == "rnn":
        console.line("  the RNN has neither gates nor a cell state: only its hidden state can be patched")
    console.line(f"  {grid.statement}")


def _show_path(found: Intervention) -> None:
    change = found.changes[0]
    console.line(f"  {getattr(change, 'what', '')} patched at token {getattr(change, 'step', 0) + 1}: before, after")
    rows = zip(found.tokens, found.probability_before.tolist(), found.probability_after.tolist(), strict=True)
    for token, before, after in rows:
        console.line(f"    {before:.4f}  {after:.4f}  {token}")


def _percent(share: float) -> str:
    told = f"{share:.0%}"
    return "0%" if told == "-0%" else told
