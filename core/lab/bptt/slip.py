"""One wrong factor in a hand derivation: the slip of a student's report, beside the truth and autograd.

The report differentiates ŷ = σ(w_o h) and writes ∂ŷ/∂w_o = −w_o h² / (1 + e^{−w_o h})², and the same for ∂ŷ/∂h. With
u = w_o h the truth is ŷ(1 − ŷ) h = e^{−u} h / (1 + e^{−u})² and ŷ(1 − ŷ) w_o. So what the report has over the truth is

    ∂ŷ/∂w_o:  −w_o h² / (e^{−u} h)   = −w_o h e^{u}
    ∂ŷ/∂h:    −w_o h² / (e^{−u} w_o) = −h² e^{u}

and each gradient that goes through the factor is wrong by the same ratio. Its ∂h_2/∂w_i is right, and its ∂h_2/∂w_h as
far as it goes: the report starts at h_0 = 0, where the term with h_0 is nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.lab.bptt.gradients import Backpropagation, autograd, finite, sigmoid, state_terms


@dataclass(frozen=True)
class Slip:
    """One derivative: as the report has it, in truth (closed form), by autograd; the report over the truth.

    `algebra` is what the ratio must be by the algebra above, `expected` its value; both None where the algebra does
    not speak. A number that is beyond float64, or a ratio to 0, is None.
    """

    name: str
    report: float | None
    truth: float | None
    autograd: float | None
    ratio: float | None
    algebra: str | None
    expected: float | None

    @property
    def right(self) -> bool:
        """Whether the report has the truth, at these numbers and within 10⁻⁹."""
        if self.report is None or self.truth is None:
            return False
        return abs(self.report - self.truth) <= 1e-9 * max(1e-300, abs(self.truth))


def slips(working: Backpropagation) -> tuple[Slip, ...]:
    """The report's derivatives at these numbers: those at the read-out, of the states, and of the loss."""
    exercise, last, logit = working.exercise, working.steps[-1], working.logit
    known, by_autograd = dict(working.readout), autograd(exercise)
    h, name = last.h, f"h_{last.t}"
    slip = -exercise.w_o * h * h * sigmoid(logit) ** 2
    on_read_out, on_state = f"-w_o * {name} * e**(w_o * {name})", f"-{name}**2 * e**(w_o * {name})"
    rows = [
        ("dyhat/dw_o", slip, known["dyhat/dw_o"], on_read_out),
        (f"dyhat/d{name}", slip, known[f"dyhat/d{name}"], on_state),
    ]
    to_loss = _to_loss(exercise.y, logit) * -exercise.w_o * h * h
    closed = {gradient.name: gradient.value for gradient in working.gradients}
    rows.append(("dL/dw_o", to_loss, closed["dL/dw_o"], on_read_out))
    for weight in ("w_i", "w_h"):
        terms = state_terms(weight, exercise, working.steps)
        truth = sum(term.value for term in terms)
        # The report starts at a state of 0, so it has no term with h_0.
        kept = [term for term in terms if not (weight == "w_h" and term.t == 1)]
        report = sum(term.value for term in kept)
        zero = exercise.h_0 == 0 or weight == "w_i"
        rows.append((f"d{name}/d{weight}", report, truth, "1" if zero else ""))
        rows.append((f"dL/d{weight}", to_loss * report, closed[f"dL/d{weight}"], on_state if zero else ""))
    expected = {on_read_out: -exercise.w_o * h * _exp(logit), on_state: -h * h * _exp(logit), "1": 1.0}
    return tuple(
        Slip(
            name=derivative,
            report=finite(report),
            truth=finite(truth),
            autograd=by_autograd[derivative],
            ratio=finite(report / truth) if truth else None,
            algebra=algebra or None,
            expected=finite(expected[algebra]) if algebra and truth else None,
        )
        for derivative, report, truth, algebra in rows
    )


def _to_loss(y: float, logit: float) -> float:
    """∂L/∂ŷ · ŷ², without a division by what rounds to 0: −y ŷ + (1 − y) ŷ e^{u}."""
    up = sigmoid(logit)
    return -y * up + ((1 - y) * up * _exp(logit) if y < 1 else 0.0)


def _exp(logit: float) -> float:
    return math.exp(logit) if logit < 709 else math.inf
