"""How far can one sentence's explanations be trusted? Measured at once where that is quick.

A ranking is to be believed if it is more faithful than 95 % of random rankings. Of up to three words there are so few
rankings that none can be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.runtime.i18n import gettext as _
from pages.server.caches import cached
from pages.views.attributions import controls
from pages.views.attributions.controls import Cell
from pages.widgets import black_box

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.attribution.faithfulness import Yardstick
    from core.probes.attribution.measures import Faithfulness
    from core.probes.attribution.results import Attribution

CONVINCING = 0.95  # of random rankings
FEWEST = 4  # words
_AT_ONCE = 8.0  # seconds; measures that take longer together are started by a button


class Sensitivity(NamedTuple):
    """Max-sensitivity by method, None where there is none, and the mean of scores drawn anew for every change."""

    methods: Mapping[str, float | None]
    random: float


def by_faithfulness(
    cell: Cell, attributions: Sequence[Attribution], measured: Mapping[str, Faithfulness] | None
) -> list[Attribution]:
    """The attributions of a cell, the most faithful first: by the benchmark of its model, else on this sentence."""
    benchmark = controls.stored_benchmarks([cell.checkpoint]).get(cell.checkpoint.name)
    if benchmark is not None:
        order = [standing.method for standing in benchmark.standings]
        return sorted(attributions, key=lambda one: order.index(one.method) if one.method in order else len(order))
    if measured is not None:
        return sorted(attributions, key=lambda one: -measured[one.method].overall)
    return list(attributions)


def measured(cell: Cell, attributions: Sequence[Attribution], removal: str) -> Mapping[str, Faithfulness] | None:
    """How faithful each attribution of a cell is, by method; None until a button is pressed where that takes long."""
    from core.probes.attribution.faithfulness import RANDOMS

    seconds = controls.seconds_for(cell, 2 * 5 * RANDOMS + 2 * len(cell.tokens))
    checkpoint, text = cell.checkpoint, cell.sentence.text
    if seconds <= _AT_ONCE:
        with st.spinner(_("Measuring faithfulness…"), show_time=False):
            return _measured(_yardstick(checkpoint, text, removal), attributions)
    results: list[Mapping[str, Faithfulness]] = []
    controls.one_by_one(
        f"faithfulness {cell.sentence.number} {checkpoint.name}",
        (text, removal, *((one.method, one.baseline) for one in attributions)),
        [text],
        lambda text, check_cancelled: _measured(
            _new_yardstick(checkpoint, text, removal, check_cancelled), attributions
        ),
        results.extend,
        _("Done"),
        _("Measure faithfulness (about {seconds:,.0f} s)").format(seconds=seconds),
        [checkpoint],
    )
    return results[0] if results else None


def sensitivity(cell: Cell, attributions: Sequence[Attribution]) -> Sensitivity | None:
    """How much each method's scores change when the words' vectors move a little; None until a button is pressed."""
    from core.probes.attribution.attribute import cost, sensitivity_of
    from core.probes.attribution.sensitivity import SAMPLES, random_sensitivity

    if black_box.is_one(cell.checkpoint):
        st.caption(_("Sensitivity moves the word vectors, and a black box does not show them."))
        return None
    readings = SAMPLES * sum(cost(one.method, len(one)) for one in attributions)
    checkpoint, text = cell.checkpoint, cell.sentence.text
    results: list[float | None] = []
    controls.one_by_one(
        f"sensitivity {cell.sentence.number} {checkpoint.name}",
        (text, *((one.method, one.baseline) for one in attributions)),
        attributions,
        lambda one, check_cancelled: sensitivity_of(one, checkpoint, text, check_cancelled),
        results.extend,
        _("{done} of {total} methods measured"),
        _("Measure sensitivity (about {seconds:,.0f} s)").format(
            seconds=max(1.0, controls.seconds_for(cell, readings))
        ),
        [checkpoint],
    )
    if not results:
        return None
    by_method = dict(zip((one.method for one in attributions), results, strict=False))
    return Sensitivity(by_method, random_sensitivity(len(cell.tokens)))


def _measured(rule: Yardstick, attributions: Sequence[Attribution]) -> dict[str, Faithfulness]:
    from core.probes.attribution.attribute import METHODS

    signed = [METHODS[one.method].signed for one in attributions]
    rule.ask([one.scores for one in attributions], signed=signed)
    return {one.method: rule.measure(one.scores, signed=sign) for one, sign in zip(attributions, signed, strict=True)}


@cached(24, shared=True)
def _yardstick(checkpoint: Model, text: str, removal: str) -> Yardstick:
    """Shared by all sessions: it may be asked by several threads at once."""
    return _new_yardstick(checkpoint, text, removal)


def _new_yardstick(
    checkpoint: Model, text: str, removal: str, check_cancelled: Callable[[], object] = lambda: None
) -> Yardstick:
    from core.probes.attribution.faithfulness import yardstick
    from core.probes.attribution.results import Instance

    return yardstick(Instance.of(checkpoint, text), removal, check_cancelled=check_cancelled)
