"""Each gradient's derivation in lines: a derivative, a hint in plain words, and the formula that is right.

Every line builds on the ones before it, so its formula may use them; each can be checked by `bptt.derivation.check`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from core.lab.bptt.gradients import ACTIVATIONS, WEIGHTS
from core.runtime.i18n import gettext as _

MOST_LINES = 4  # steps of a derivation that is written in lines


class DerivationLine(NamedTuple):
    """A derivative of `bptt.derivation.targets`, a hint, and a right formula in the grammar."""

    target: str
    hint: str
    formula: str


def lines(weight: str, steps: int = 2, activation: str = "tanh") -> tuple[DerivationLine, ...]:
    """The derivation of ∂L/∂(one of `WEIGHTS`), line by line. Raises ValueError for other weights or steps."""
    if weight not in WEIGHTS or not 1 <= steps <= MOST_LINES:
        raise ValueError(
            _("a derivation is written for {names}, over 1 to {most} steps").format(
                names=", ".join(WEIGHTS), most=MOST_LINES
            )
        )
    return tuple(_lines(weight, steps, activation))


def _lines(weight: str, steps: int, activation: str) -> Iterator[DerivationLine]:
    last = f"h_{steps}"
    yield DerivationLine("dL/dyhat", _("Derive both logarithms of the loss."), "-y / yhat + (1 - y) / (1 - yhat)")
    yield DerivationLine("dyhat/du", _("Write the slope of σ with ŷ itself."), "yhat * (1 - yhat)")
    yield DerivationLine("dL/du", _("Multiply the two lines above: almost everything cancels."), "yhat - y")
    if weight == "w_o":
        yield DerivationLine("dL/dw_o", _("u = w_o h: what is w_o multiplied with?"), f"dL/du * {last}")
        return
    yield DerivationLine(f"dL/d{last}", _("u = w_o h: what is h multiplied with?"), "dL/du * w_o")
    for t in range(steps, 0, -1):
        if t < steps:
            yield DerivationLine(
                f"dL/dh_{t}",
                _("h_{t} enters the next sum, multiplied by a weight.").format(t=t),
                f"dL/da_{t + 1} * w_h",
            )
        slope = ACTIVATIONS[activation].symbol.format(t=t)
        yield DerivationLine(
            f"dh_{t}/da_{t}", _("The slope of the activation, written with its own value where possible."), slope
        )
        yield DerivationLine(f"dL/da_{t}", _("Multiply the two lines above."), f"dL/dh_{t} * dh_{t}/da_{t}")
    value = "x_{t}" if weight == "w_i" else "h_{before}"
    terms = [f"dL/da_{t} * {value.format(t=t, before=t - 1)}" for t in range(steps, 0, -1)]
    yield DerivationLine(
        f"dL/d{weight}",
        _("Each step gives a term: the error at its sum times what the weight is multiplied with. Add them."),
        " + ".join(terms),
    )
