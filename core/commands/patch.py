"""The verb that patches a run with another one's states: patch."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs
from core.data.targets import log_odds_name, probability_of

if TYPE_CHECKING:
    import numpy as np

    from core.models.checkpoints import Checkpoint
    from core.probes.interventions.hold import Intervention
    from core.probes.interventions.patching import PatchGrid


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(patch, "--model", "--target", "--against")
    parser.add_argument(
        "--align",
        choices=("start", "end"),
        default="start",
        help="how to match the steps of sentences of different lengths (default: start)",
    )
    parser.add_argument("--step", type=int, metavar="N", help="also the verdict along the text with this token patched")
    parser.add_argument(
        "--what", metavar="W", help="with --step: hidden (default), cell, both (of an RNN or GRU: hidden), or a gate"
    )
    parser.add_argument("text_a", metavar="TEXT_A", help="the sentence that is patched")
    parser.add_argument("text_b", metavar="TEXT_B", help="the donor")


def patch(options: argparse.Namespace) -> int:
    """A's verdict with its state, or one gate, taken at each step from B's run: where is their difference carried?"""
    from core.probes.interventions.patching import patch_texts

    if options.what is not None and options.step is None:
        raise ValueError("--what goes with --step, the token at which it is patched")
    models = inputs.aimed(options, inputs.prefixwise_checkpoints(options.model))
    grids = [patch_texts(checkpoint, options.text_a, options.text_b, options.align) for checkpoint in models]
    paths = {} if options.step is None else _paths(models, options)
    results = [(grid, paths.get(grid.model)) for grid in grids]
    return console.answer(options, results, lambda one: _as_json(*one), lambda one: _show(*one))


def _paths(models: Sequence[Checkpoint], options: argparse.Namespace) -> Mapping[str, Intervention]:
    """One patch followed in every model that has the component. Raises LookupError where none has it."""
    from core.models.trace import trace
    from core.probes.interventions.hold import BOTH, HIDDEN, Patch, intervene, patchable

    def path(checkpoint: Checkpoint) -> tuple[str, Intervention]:
        what = options.what or HIDDEN
        if what == BOTH and BOTH not in patchable(checkpoint.model.cell):
            what = HIDDEN  # which is the whole state
        a, b = trace(checkpoint, options.text_a), trace(checkpoint, options.text_b)
        return checkpoint.name, intervene(checkpoint, a, [Patch(what, options.step - 1)], b, options.align)

    return dict(console.usable(models, path, LookupError))


def _as_json(grid: PatchGrid, path: Intervention | None) -> dict[str, object]:
    from core.probes.interventions.hold import CELL, HIDDEN, patchable

    def by_component(values: Mapping[str, np.ndarray]) -> dict[str, object]:
        return {
            HIDDEN: values[HIDDEN],
            CELL: values.get(CELL),
            "both": values[grid.whole],
            "gates": {gate: values[what] for what, gate in patchable(grid.cell).items() if gate is not None},
        }

    row = {
        **console.record(grid, "model texts probability"),
        "grid": by_component(grid.probabilities),
        **console.record(grid, "align tokens logit"),
        "shares": grid.shares and by_component(grid.shares),
        "statement": grid.statement,
        **grid.target.as_json(),
    }
    if path is not None:
        change = path.changes[0]
        row["patch"] = {
            "what": getattr(change, "what", None),
            "step": getattr(change, "step", 0) + 1,
            **console.record(path, "before=probability_before after=probability_after"),
        }
    return row


def _show(grid: PatchGrid, path: Intervention | None) -> None:
    a, b = grid.probability
    name = probability_of(grid.target)
    matched = "" if len(grid.tokens[0]) == len(grid.tokens[1]) else f", steps matched from the {grid.align}"
    console.line(
        f"{grid.model}: {name} {a:.4f}, of the donor {b:.4f}; with one component patched from the donor{matched}, "
        f"{name} and in brackets the share of the difference in the {log_odds_name(grid.target)} that it carries"
    )
    shares = grid.shares
    width = max(len(token) for token in grid.tokens[0])
    console.line("  " + " ".join(["token".ljust(width), *(f"{what:>13}" for what in grid.logits)]))
    for step, token in enumerate(grid.tokens[0]):
        cells = []
        for what, values in grid.probabilities.items():
            if grid.partners[step] is None:
                cells.append("–".rjust(13))
            else:
                share = "–" if shares is None else f"{shares[what][step]:z.0%}"
                cells.append(f"{values[step]:.3f} {f'({share})':>7}")
        console.line("  " + " ".join([token.ljust(width), *cells]))
    if grid.cell == "rnn":
        console.line("  the RNN has neither gates nor a cell state: only its hidden state can be patched")
    console.line(f"  {grid.statement}")
    if path is not None:
        change = path.changes[0]
        what, step = getattr(change, "what", ""), getattr(change, "step", 0) + 1
        console.line(f"  {what} patched at token {step}: before, after")
        rows = zip(path.tokens, path.probability_before.tolist(), path.probability_after.tolist(), strict=True)
        for token, before, after in rows:
            console.line(f"    {before:.4f}  {after:.4f}  {token}")
