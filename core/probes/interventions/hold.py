"""What if the network had been in another state, or a gate had been open? Interventions on the run of one text.

    state patched   after step t    h_t := h'_s, c_t := c'_s, or both, those of another text's run after its step s
    gate patched    within step t   a gate's activation := that of the other run in its step s
    gate held       within steps    a gate := 1 (open), 0 (shut), or any value in its range
    units scaled    after steps     chosen units of h or c := a factor times their values; 0 removes them

after which the rest of the text is read. A patched state is replaced as passed on: h_t stays A's where only c_t is
replaced, so at the last step, where only h is read out, c has no effect. A patched gate affects its own step, the GRU's
reset gate its candidate n too.

Replacing a state by another run's is the interchange intervention of Geiger et al. 2021, "Causal Abstractions of Neural
Networks", and the causal mediation of Vig et al. 2020, "Investigating Gender Bias in Language Models Using Causal
Mediation Analysis"; removing units follows Lakretz et al. 2019, "The emergence of number and syntax units in LSTM
language models". `core.probes.interventions.patching` patches all steps at once.

The equations are `recurrent.cell_step`'s. A gate is σ or tanh of the sum of two projections, so it is held through
them: the inverse of its value for the one, 0 for the other; σ(±∞) is 1 or 0, exactly. Of several layers the top one is
changed. Axes: T tokens, H units, G gates; steps and units count from 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from core.data import targets
from core.data.targets import POSITIVE, Target
from core.models.checkpoints import Checkpoint
from core.models.predict import sigmoid
from core.models.read_outs import running
from core.models.recurrent import GATES, ReadOutError
from core.models.trace import Trace
from core.runtime.i18n import gettext as _
from core.runtime.shown import Shown

HIDDEN, CELL, BOTH = "hidden", "cell", "both"
CANDIDATE = "candidate"
ALIGNMENTS = ("start", "end")
_CANDIDATES = {"lstm": "cell", "gru": "new"}  # a tanh, from −1 to 1, where the others are a σ, from 0 to 1


@dataclass(frozen=True)
class Patch:
    """Replace one component, a name of `patchable`, at one step with the donor's."""

    what: str
    step: int


@dataclass(frozen=True)
class Hold:
    """Hold a gate, a name of `recurrent.GATES`, at one value in the steps `first` to `last`, both included."""

    gate: str
    value: float
    first: int
    last: int


@dataclass(frozen=True)
class Scale:
    """Multiply units of the state (``hidden`` or ``cell``) after the steps `first` to `last`, both included."""

    units: tuple[int, ...]
    factor: float
    first: int
    last: int
    state: str = HIDDEN


Change = Patch | Hold | Scale


@dataclass(frozen=True)
class Intervention(Shown):
    """A text's logits after each token, float64 [T], `before` and `after` some changes; they are of the `target`.

    `predicted` are the numbers of the classes predicted for the text, before and after.
    """

    pictured: ClassVar[bool] = True

    model: str
    text: str
    tokens: tuple[str, ...]
    changes: tuple[Change, ...]
    before: np.ndarray
    after: np.ndarray
    predicted: tuple[int, int]
    target: Target = POSITIVE

    @property
    def probability_before(self) -> np.ndarray:
        """P(target) after each token, float64 [T]."""
        return sigmoid(self.before)

    @property
    def probability_after(self) -> np.ndarray:
        """P(target) after each token, float64 [T], with the changes."""
        return sigmoid(self.after)

    @property
    def flips(self) -> bool:
        """Whether the verdict changes."""
        before, after = self.predicted
        return before != after

    @property
    def labels(self) -> tuple[str, str]:
        """The names of the classes predicted for the text, before and after."""
        before, after = (self.target.labels[number] for number in self.predicted)
        return before, after


def gates(cell: str) -> tuple[str, ...]:
    """The gates of a cell and its candidate, in the order of `recurrent.GATES`; the RNN has none."""
    return () if cell == "rnn" else GATES[cell]


def patchable(cell: str) -> dict[str, str | None]:
    """What can be patched, by name, each with its gate's name in `recurrent.GATES`; None for a state.

    There the LSTM's candidate is called ``cell``, as its cell state is.
    """
    states: list[str] = [HIDDEN, CELL, BOTH] if cell == "lstm" else [HIDDEN]
    named = {CANDIDATE if cell == "lstm" and gate == "cell" else gate: gate for gate in gates(cell)}
    return {**dict.fromkeys(states), **named}


def bounds(cell: str, gate: str) -> tuple[float, float]:
    """The range of a gate. Raises LookupError where the cell does not have it."""
    if gate not in gates(cell):
        message = (
            _("the {cell} has no gate {gate!r}; it has: {available}")
            if gates(cell)
            else _("the {cell} has no gate {gate!r}; it has no gates")
        )
        raise LookupError(message.format(cell=cell.upper(), gate=gate, available=", ".join(gates(cell))))
    return (-1.0, 1.0) if gate == _CANDIDATES[cell] else (0.0, 1.0)


def partners(own: int, others: int, align: str) -> tuple[int | None, ...]:
    """For each of `own` steps the donor's step that it is matched with, from the ``start`` or the ``end``, or None.

    Raises ValueError for another alignment.
    """
    if align not in ALIGNMENTS:
        raise ValueError(
            _("align must be one of {available}; given: {align!r}").format(available=", ".join(ALIGNMENTS), align=align)
        )
    shift = others - own if align == "end" else 0
    return tuple(step + shift if 0 <= step + shift < others else None for step in range(own))


def intervene(
    checkpoint: Checkpoint, trace: Trace, changes: Sequence[Change], donor: Trace | None = None, align: str = "start"
) -> Intervention:
    """Read a text again with changes, in their order; of two holds of one gate the last counts.

    `trace` is the text's own run, whose target the logits are of, and `donor` the run that patches are taken from.
    Raises ValueError or LookupError for a change that this model and text do not allow.
    """
    check_model(checkpoint, *(run for run in (trace, donor) if run is not None))
    matched = partners(len(trace), 0 if donor is None else len(donor), align)
    for change in changes:
        _check(change, trace, donor, matched)
    model, top = checkpoint.model, checkpoint.model.recurrent.num_layers - 1
    with torch.inference_mode():
        start = model.start()
        h, c = start.h[top], None if start.c is None else start.c[top]
        states = []
        for step, from_input in enumerate(model.project_input(torch.tensor(trace.x), top).split(1)):
            from_state = model.project_state(h, top)
            held = _held(changes, step, h, donor, matched)
            if held:
                from_input, from_state = hold(model.cell, from_input, from_state, held)
            advanced = model.advance(from_input, from_state, h, c, top)
            h, c = _changed(changes, step, advanced.h, advanced.c, donor, matched)
            states.append((h, c))
        all_h = torch.cat([h for h, _c in states])
        all_c = None if c is None else torch.cat([c for _h, c in states if c is not None])
        scores = model.scores(running(model.reads.pool, all_h, all_c)).double().numpy()
    after = targets.log_odds(scores, trace.target)
    after.setflags(write=False)
    return Intervention(
        model=checkpoint.name,
        text=trace.text,
        tokens=trace.tokens,
        changes=tuple(changes),
        before=trace.logit,
        after=after,
        predicted=(int(trace.predicted[-1]), int(targets.predicted(scores)[-1])),
        target=trace.target,
    )


def hold(cell: str, from_input: Tensor, from_state: Tensor, held: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """The two projections [B, G*H] of a step in which gates have these values, [B, H] each."""
    inputs, states = (list(projected.chunk(len(GATES[cell]), dim=-1)) for projected in (from_input, from_state))
    for gate, value in held.items():
        index = GATES[cell].index(gate)
        inverse = torch.atanh if gate == _CANDIDATES[cell] else torch.logit
        # In float64: float32 has too few digits near 1, where an open gate is.
        inputs[index] = inverse(value.double()).to(from_input.dtype)
        states[index] = torch.zeros_like(states[index])
    return torch.cat(inputs, dim=-1), torch.cat(states, dim=-1)


def check_model(checkpoint: Checkpoint, *traces: Trace) -> None:
    """Raises ValueError unless the runs are the model's own, and ReadOutError for a GRU whose candidate is not a sum of
    two projections, so that no gate can be held."""
    if not checkpoint.model.reset_after:
        raise ReadOutError(
            _(
                "{model} is a GRU with its reset gate before the product; only torch's form of the "
                "GRU can be changed or patched"
            ).format(model=checkpoint.name)
        )
    units = checkpoint.model.hidden_size
    for trace in traces:
        if (trace.model, trace.cell, trace.h.shape[1]) != (checkpoint.name, checkpoint.model.cell, units):
            raise ValueError(
                _("a run of {model} cannot be changed or patched in {name}").format(
                    model=trace.model, name=checkpoint.name
                )
            )


def _check(change: Change, trace: Trace, donor: Trace | None, matched: Sequence[int | None]) -> None:
    if isinstance(change, Patch):
        _check_steps(trace, change.step, change.step)
        known = patchable(trace.cell)
        if change.what not in known:
            message = (
                _("the {cell} has no {what!r} to patch; it has: {available}")
                if gates(trace.cell)
                else _("the {cell} has no {what!r} to patch; it has: {available}, and no gates")
            )
            raise LookupError(message.format(cell=trace.cell.upper(), what=change.what, available=", ".join(known)))
        if donor is None:
            raise ValueError(_("a patch needs a second sentence as its donor"))
        if matched[change.step] is None:
            raise ValueError(
                _(
                    "step {step} has no partner: the other sentence has {others:,} tokens, this one "
                    "{own:,}; align them at the other end, or choose another step"
                ).format(step=change.step + 1, others=len(donor), own=len(trace))
            )
        return
    _check_steps(trace, change.first, change.last)
    if isinstance(change, Hold):
        low, high = bounds(trace.cell, change.gate)
        if not low <= change.value <= high:
            raise ValueError(
                _("the gate {gate!r} can be held between {low:g} and {high:g}; given: {value}").format(
                    gate=change.gate, low=low, high=high, value=change.value
                )
            )
        return
    states = [HIDDEN, CELL] if trace.c is not None else [HIDDEN]
    if change.state not in states:
        raise LookupError(
            _("the {cell} has no state {state!r}; it has: {available}").format(
                cell=trace.cell.upper(), state=change.state, available=", ".join(states)
            )
        )
    outside = [unit for unit in change.units if not 0 <= unit < trace.h.shape[1]]
    if outside or not change.units:
        message = _("units are 0 to {last}; given: {units}") if outside else _("units are 0 to {last}; none was given")
        raise ValueError(message.format(last=trace.h.shape[1] - 1, units=", ".join(map(str, outside))))
    if not math.isfinite(change.factor):
        raise ValueError(_("the factor must be a finite number; given: {factor}").format(factor=change.factor))


def _check_steps(trace: Trace, first: int, last: int) -> None:
    if not 0 <= first <= last < len(trace):
        message = (
            _("step {first} is outside the sentence, which has tokens 1 to {count:,}")
            if first == last
            else _("steps {first} to {last} are outside the sentence, which has tokens 1 to {count:,}")
        )
        raise ValueError(message.format(first=first + 1, last=last + 1, count=len(trace)))


def _held(
    changes: Sequence[Change], step: int, like: Tensor, donor: Trace | None, matched: Sequence[int | None]
) -> dict[str, Tensor]:
    """The values [1, H] of the gates held or patched within a step."""
    held: dict[str, Tensor] = {}
    for change in changes:
        if isinstance(change, Hold) and change.first <= step <= change.last:
            held[change.gate] = torch.full_like(like, change.value)
        elif isinstance(change, Patch) and change.step == step and donor is not None:
            gate = patchable(donor.cell)[change.what]
            if gate is not None:
                held[gate] = _row(donor.gates[gate], matched[step])
    return held


def _changed(
    changes: Sequence[Change],
    step: int,
    h: Tensor,
    c: Tensor | None,
    donor: Trace | None,
    matched: Sequence[int | None],
) -> tuple[Tensor, Tensor | None]:
    """The state [1, H] that a step passes on, patched and scaled."""
    for change in changes:
        if isinstance(change, Patch) and change.step == step and donor is not None:
            if change.what in (HIDDEN, BOTH):
                h = _row(donor.h, matched[step])
            if change.what in (CELL, BOTH) and donor.c is not None:
                c = _row(donor.c, matched[step])
        elif isinstance(change, Scale) and change.first <= step <= change.last:
            factors = torch.ones_like(h)
            factors[:, list(change.units)] = change.factor
            if change.state == HIDDEN:
                h = h * factors
            elif c is not None:
                c = c * factors
    return h, c


def _row(values: np.ndarray, step: int | None) -> Tensor:
    """One step's values, [1, H]."""
    assert step is not None
    return torch.tensor(values[step])[None]
