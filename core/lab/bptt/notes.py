"""What float64 cannot hold of a backpropagation, in words: what saturates, and what cannot be compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.lab.bptt.gradients import Gradient, Step

_COARSE = 1e-6  # central differences further off than this are reported


def saturation(steps: Sequence[Step], probability: float, activation: str) -> list[str]:
    """What rounds away in float64, and what it truly is."""
    notes = []
    flat = [step for step in steps if step.slope == 0]
    places = _few([step.t for step in flat])
    if flat and activation == "relu":
        notes.append(_("At t = {places} the sum a is not above 0, so relu passes no gradient.").format(places=places))
    elif flat:
        times = 2 if activation == "tanh" else 1
        least = min((times * math.log10(times) - times * abs(step.a) / math.log(10)) for step in flat)
        truly = _("less than any float64") if least < -308 else _("down to 10^{power:.0f}").format(power=least)
        slope = "1 − h²" if activation == "tanh" else "h (1 − h)"
        notes.append(
            _("Saturated at t = {places}: {slope} rounds to 0 (exact: {truly}), so no gradient passes there.").format(
                places=places, slope=slope, truly=truly
            )
        )
    if beyond := [step.t for step in steps if math.isinf(step.a)]:
        notes.append(
            _("At t = {places} the sum a exceeds float64 (1.8·10^308); the state is at its limit.").format(
                places=_few(beyond)
            )
        )
    if probability in (0.0, 1.0):
        notes.append(
            _(
                "ŷ rounds to {probability:.0f}; the loss and ŷ − y are computed from the logit, which loses nothing."
            ).format(probability=probability)
        )
    return notes


def not_compared(gradients: Sequence[Gradient]) -> list[str]:
    """What cannot be compared, or not closely, and why."""
    finite = [gradient for gradient in gradients if math.isfinite(gradient.value)]
    cases = [
        (
            [gradient for gradient in gradients if gradient not in finite],
            _("Beyond float64 (1.8·10^308) and so not compared: {names}."),
        ),
        (
            [gradient for gradient in finite if gradient.autograd is None],
            _("Autograd’s own products overflow, so there is nothing to compare with: {names}."),
        ),
        (
            [gradient for gradient in finite if gradient.central is None],
            _("Central differences step beyond float64, so there is nothing to compare with: {names}."),
        ),
        (
            [gradient for gradient in finite if (gradient.error_central or 0) > _COARSE],
            _(
                "Central differences are off by more than 10^-6 for {names}: within their step of "
                "6·10^-6 the loss curves, or is too large to resolve."
            ),
        ),
    ]
    return [
        message.format(names=", ".join(gradient.name for gradient in affected))
        for affected, message in cases
        if affected
    ]


def _few(steps: Sequence[int]) -> str:
    return ", ".join(map(str, steps[:6])) + (", …" if len(steps) > 6 else "")
