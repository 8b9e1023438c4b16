"""In which state, and at which step, is the difference between two texts carried? Every patch of one run by another.

For every step t of text A and everything that can be patched there (`interventions.hold`): the logit of A with that one
component taken from B's run, and how much of the difference between the two it carries (the logit is the log-odds of
the model's target, or without one of the class that it predicts for A),

    share = (patched − A) / (B − A),    0 where the patch does nothing, 1 where it gives B's logit

as in the causal tracing of Vig et al. 2020 and Meng et al. 2022, "Locating and Editing Factual Associations in GPT",
there of probabilities. Shares need not sum to 1, and one may be below 0 or above 1. All patched runs are read side by
side, as one batch that grows with every step. Axes: T tokens of A, H units, G gates; steps count from 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from core.data import targets
from core.data.targets import POSITIVE, Target
from core.models.checkpoints import Checkpoint
from core.models.predict import EmptyTextError, aimed, sigmoid
from core.models.read_outs import gather
from core.models.trace import Trace, trace
from core.probes.interventions.hold import BOTH, CELL, HIDDEN, check_model, hold, partners, patchable
from core.runtime.i18n import clauses as joined
from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark, ngettext
from core.runtime.shown import Shown

MOST_STEPS = 200  # of a grid, whose work grows with their square
LITTLE = 0.1  # logits: a smaller difference has meaningless shares
SAME = 1e-4  # logits closer than this are equal in float32
CARRIED = 0.9  # of the difference; up to 1.1 it is called carried
_GATES = {  # as sentences name them
    "input": mark("input"),
    "forget": mark("forget"),
    "candidate": mark("candidate"),
    "output": mark("output"),
    "reset": mark("reset"),
    "update": mark("update"),
    "new": mark("candidate"),
}
_FEW = 4  # steps that are listed one by one
_EVEN = 0.05  # mean shares closer than this are called about even


@dataclass(frozen=True)
class PatchGrid(Shown):
    """Text A's run patched from B's, in every component at every step.

    `logits`, float64 [T] each, by the names of `core.probes.interventions.hold.patchable`, NaN where a step of A has no
    partner in B. `logit` and `probability` are those of A and of B unpatched. `gathers` says that the head reads the
    states of all steps, so a late patch leaves the earlier ones.
    """

    pictured: ClassVar[bool] = True

    model: str
    cell: str
    texts: tuple[str, str]
    tokens: tuple[tuple[str, ...], tuple[str, ...]]
    align: str
    partners: tuple[int | None, ...]
    logit: tuple[float, float]
    logits: Mapping[str, np.ndarray]
    gathers: bool = False
    target: Target = POSITIVE

    def _rows(self) -> Iterator[dict[str, Any]]:
        """A row for each token of A: the logit after a patch there, by component."""
        for step, token in enumerate(self.tokens[0]):
            yield {"token": token} | {what: float(logits[step]) for what, logits in self.logits.items()}

    @property
    def probability(self) -> tuple[float, float]:
        """P(target) of A and of B."""
        a, b = sigmoid(np.array(self.logit)).tolist()
        return a, b

    @property
    def probabilities(self) -> dict[str, np.ndarray]:
        """P(target) of the patched runs, float64 [T] each; NaN where there is no partner."""
        return {what: sigmoid(logits) for what, logits in self.logits.items()}

    @property
    def shares(self) -> dict[str, np.ndarray] | None:
        """The share of the difference in the logit that each patch carries, float64 [T]; None without a difference."""
        a, b = self.logit
        if abs(b - a) < SAME:
            return None
        return {what: (logits - a) / (b - a) for what, logits in self.logits.items()}

    @property
    def whole(self) -> str:
        """The name of the patch of the whole state."""
        return BOTH if BOTH in self.logits else HIDDEN

    @property
    def carried_from(self) -> int | None:
        """The first step from which on the whole state carries 90 to 110 % of the difference at every step; None where
        the last step does not, as it has no partner, or is not matched with B's last."""
        if self.shares is None:
            return None
        whole = self.shares[self.whole]
        carried = np.abs(whole - 1) <= 1 - CARRIED + 1e-9  # NaN is no
        if not carried[-1]:
            return None
        gaps = np.flatnonzero(~carried)
        return int(gaps[-1]) + 1 if len(gaps) else 0

    @property
    def same_from(self) -> int:
        """The step from which on both read the same words to the end; the length of A where the last words differ.

        A state patched after the step before it, or later, must give B's logit.
        """
        a, b = self.tokens
        same, shift = len(a), len(b) - len(a)
        while (
            same
            and not self.gathers
            and self.partners[same - 1] == same - 1 + shift
            and a[same - 1] == b[same - 1 + shift]
        ):
            same -= 1
        return same

    @property
    def between(self) -> np.ndarray:
        """The steps, int64, at which a patch changes something, without the last, where only h is read."""
        moved = np.stack([np.abs(logits - self.logit[0]) for logits in self.logits.values()]).max(axis=0) >= SAME
        moved[-1] = False
        return np.flatnonzero(moved)

    @property
    def little(self) -> bool:
        """Whether the two logits are too near for shares of their difference."""
        return abs(self.logit[1] - self.logit[0]) < LITTLE

    @property
    def means(self) -> dict[str, float]:
        """The mean share of every patch over the steps `between`; empty without such steps or a difference."""
        if self.shares is None or not len(self.between):
            return {}
        return {what: float(shares[self.between].mean()) for what, shares in self.shares.items()}

    @property
    def statement(self) -> str:
        """One sentence on where the difference is carried."""
        a, b = self.logit
        if self.shares is None:
            return _("The two logits are equal, so there is no difference to carry.")
        if self.little:
            return _(
                "The two logits differ by only {difference:+.3f}: too little for shares of it to mean anything."
            ).format(difference=b - a)
        clauses = [self._where(), self._which(), self._strongest_gate()]
        opening = _("Of the difference of {difference:+.2f} in the logit").format(difference=b - a)
        joined_clauses = _("; ").join(clause for clause in clauses if clause)
        return _("{opening}, {told}.").format(opening=opening, told=joined_clauses)

    def _where(self) -> str:
        assert self.shares is not None
        step = self.carried_from
        state = "h, c" if self.whole == BOTH else "h"
        if step is None:
            last = max(step for step, partner in enumerate(self.partners) if partner is not None)
            line = (
                _("the whole state ({state}) carries {share:.0%} at token {step}, the last that has a partner")
                if self.partners[-1] is None
                else _(
                    "no step’s whole state ({state}) carries 90 to 110 % through to the end; at "
                    "token {step} it carries {share:.1%}"
                )
            )
            return line.format(state=state, step=last + 1, share=self.shares[self.whole][last])
        if len(self.between) and self.between[0] < step:
            parts = int(self.between[0])
            line = _(
                "the whole state ({state}) carries {share:.0%} at token {parts}, the first where a patch changes "
                "anything, and 90 to 110 % from token {step} on"
            ).format(state=state, step=step + 1, parts=parts + 1, share=self.shares[self.whole][parts])
        else:
            line = _("the whole state ({state}) carries 90 to 110 % from token {step} on").format(
                state=state, step=step + 1
            )
        if not self.gathers and self.partners[-1] == len(self.tokens[1]) - 1 and step >= self.same_from - 1:
            if step == len(self.tokens[0]) - 1:
                return line + _(", as expected: it is the last token")
            return line + _(", as expected: both read the same words from there on")
        return line

    def _which(self) -> str:
        means = self.means
        if CELL not in means or self.shares is None:
            return ""
        by_step = {what: self.shares[what][self.between] for what in (HIDDEN, CELL)}
        more = by_step[CELL] - by_step[HIDDEN]
        if (more >= _EVEN).any() and (more <= -_EVEN).any():
            return self._moving(by_step, more)
        hidden, cell = means[HIDDEN], means[CELL]
        line = ngettext(
            "before the last token (one step) h alone carries {hidden:.0%} and c alone {cell:.0%}",
            "before the last token (mean of {steps:,} steps) h alone carries {hidden:.0%} and c alone {cell:.0%}",
            len(self.between),
        ).format(hidden=hidden, cell=cell, steps=len(self.between))
        if max(hidden, cell) < _EVEN:
            return line + _(", so neither carries it")
        if abs(hidden - cell) < _EVEN:
            return line + _(", about equally")
        return line + (_(", so c carries more") if cell > hidden else _(", so h carries more"))

    def _moving(self, by_step: Mapping[str, np.ndarray], more: np.ndarray) -> str:
        """Where h alone carries more at some steps and c alone at others, so that a mean would mislead."""
        if len(more) > _FEW:
            return _(
                "before the last token c alone carries more at {cell:,} of {steps:,} steps and h alone at {hidden:,}"
            ).format(cell=int((more >= _EVEN).sum()), hidden=int((more <= -_EVEN).sum()), steps=len(more))
        steps = (
            _("at token {step} h alone carries {hidden:.0%} and c alone {cell:.0%}").format(
                step=step + 1, hidden=hidden, cell=cell
            )
            for step, hidden, cell in zip(self.between.tolist(), by_step[HIDDEN], by_step[CELL], strict=True)
        )
        return joined(steps)

    def _strongest_gate(self) -> str:
        """Which gate, patched at which step, carries most; "" where none does."""
        assert self.shares is not None
        gates = {what: shares for what, shares in self.shares.items() if patchable(self.cell)[what] is not None}
        best = max(gates, key=lambda what: np.nanmax(gates[what], initial=-np.inf), default=None)
        if best is None or not np.nanmax(gates[best], initial=-np.inf) >= _EVEN:
            return ""
        step = int(np.nanargmax(gates[best]))
        return _(
            "of gates and candidates patched one at a time, “{gate}” at token {step} carries the most, {share:.0%}"
        ).format(gate=_(_GATES.get(best, best)), step=step + 1, share=gates[best][step])


def patch_texts(checkpoint: Checkpoint, a: str, b: str, align: str = "start") -> PatchGrid:
    """The grid of two texts. Raises EmptyTextError where one has no token, ValueError as `patch_grid`."""
    for number, text in enumerate((a, b), 1):
        if not checkpoint.preprocessing(text):
            raise EmptyTextError(_("text {number} of 2 is empty: there is no word to read").format(number=number))
    checkpoint = aimed(checkpoint, checkpoint.preprocessing(a))
    return patch_grid(checkpoint, trace(checkpoint, a), trace(checkpoint, b), align)


def patch_grid(checkpoint: Checkpoint, a: Trace, b: Trace, align: str = "start") -> PatchGrid:
    """A's run patched from B's in every component at every step; both are runs of this model, with one target.

    Raises ValueError for runs of another model or of two targets, an unknown alignment, or a text A of more than
    `MOST_STEPS` tokens.
    """
    check_model(checkpoint, a, b)
    if a.target != b.target:
        raise ValueError(f"the runs are of two targets: {a.target.as_json()} and {b.target.as_json()}")
    if len(a) > MOST_STEPS:
        raise ValueError(
            _("a grid has at most {most} steps; the sentence has {count:,} tokens").format(
                most=MOST_STEPS, count=len(a)
            )
        )
    matched = partners(len(a), len(b), align)
    whats = patchable(a.cell)
    rows = _rows(whats)
    with torch.inference_mode():
        scores = _read_on(checkpoint, a, b, matched).double().numpy()  # a row for each step that has a partner
    patched = targets.log_odds(scores, a.target)
    logits = np.full((len(a), len(whats)), np.nan)
    logits[[step for step, partner in enumerate(matched) if partner is not None]] = patched.reshape(-1, len(whats))
    logits.setflags(write=False)
    return PatchGrid(
        model=checkpoint.name,
        cell=a.cell,
        texts=(a.text, b.text),
        tokens=(a.tokens, b.tokens),
        align=align,
        partners=matched,
        logit=(float(a.logit[-1]), float(b.logit[-1])),
        logits={what: logits[:, rows.index(what)] for what in whats},
        gathers=checkpoint.model.reads.gathers,
        target=a.target,
    )


def _rows(whats: Mapping[str, str | None]) -> list[str]:
    """What is patched at one step, in the order of the runs: gates act within the step, states after it."""
    return sorted(whats, key=lambda what: whats[what] is None)


def _read_on(checkpoint: Checkpoint, a: Trace, b: Trace, matched: tuple[int | None, ...]) -> Tensor:
    """Scores of all patched runs, those patched at the first step first, each step's in the order of `_rows`."""
    model, top = checkpoint.model, checkpoint.model.recurrent.num_layers - 1
    whats = patchable(a.cell)
    states = [what for what in _rows(whats) if whats[what] is None]
    gates = [gate for what in _rows(whats) if (gate := whats[what]) is not None]
    a_h, b_h = torch.tensor(a.h), torch.tensor(b.h)
    a_c, b_c = (None if run.c is None else torch.tensor(run.c) for run in (a, b))
    b_gates = {gate: torch.tensor(b.gates[gate]) for gate in gates}
    start = model.start()
    before_h = torch.cat([start.h[top], a_h[:-1]])  # A's own state, which a step's gates meet
    before_c = None if start.c is None or a_c is None else torch.cat([start.c[top], a_c[:-1]])
    own_projection = model.project_state(before_h, top)
    h = a_h[:0]
    c = None if a_c is None else a_c[:0]
    runs = sum(partner is not None for partner in matched) * len(whats)
    path = torch.empty(runs if model.reads.gathers else 0, len(a), model.hidden_size)  # every run's h after every step
    for step, from_input in enumerate(model.project_input(torch.tensor(a.x), top).split(1)):
        partner = matched[step]
        inputs, projected = [from_input.expand(len(h), -1)], [model.project_state(h, top)]
        if partner is not None:
            own = slice(step, step + 1)
            for gate in gates:
                value = b_gates[gate][partner : partner + 1]
                held = hold(model.cell, from_input, own_projection[own], {gate: value})
                inputs.append(held[0])
                projected.append(held[1])
            h = torch.cat([h, before_h[own].expand(len(gates), -1)])
            if c is not None and before_c is not None:
                c = torch.cat([c, before_c[own].expand(len(gates), -1)])
        advanced = model.advance(torch.cat(inputs), torch.cat(projected), h, c, top)
        h, c = advanced.h, advanced.c
        known = len(h) - len(gates) * (partner is not None)
        if partner is not None:
            h = torch.cat([h, *(b_h[partner, None] if what != CELL else a_h[step, None] for what in states)])
            if c is not None and a_c is not None and b_c is not None:
                c = torch.cat([c, *(b_c[partner, None] if what != HIDDEN else a_c[step, None] for what in states)])
        if model.reads.gathers:
            path[known : len(h), :step] = a_h[:step]
            path[: len(h), step] = h
    return model.scores(gather(model.reads.pool, path, h, c))
