"""How far one sentence's explanations can be trusted: measured at once where that is quick, else when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.runtime.i18n import gettext as _
from pages.server import background_search
from pages.views.attributions import controls
from pages.views.attributions.controls import Cell
from pages.widgets import black_box

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.attribution.faithfulness import Yardstick
    from core.probes.attribution.measures import Faithfulness
    from core.probes.attribution.results import Attribution

_AT_ONCE = 8.0  # seconds that all measures together may take before they are asked for


class Sensitivity(NamedTuple):
    """Max-sensitivity by method, None where there is none, and the mean of scores drawn anew for every change."""

    methods: Mapping[str, float | None]
    random: float


class _Ran(NamedTuple):
    """So many methods are measured."""

    number: int
    found: object

    @property
    def result(self) -> Callable[[], object]:
        return lambda: self.found


def measured(cell: Cell, found: Sequence[Attribution], removal: str) -> Mapping[str, Faithfulness] | None:
    """How faithful each attribution of a cell is, by method; on a long text once a button is pressed, None before."""
    from core.probes.attribution.faithfulness import RANDOMS

    seconds = controls.seconds_for(cell, 2 * 5 * RANDOMS + 2 * len(cell.tokens))
    checkpoint, text = cell.checkpoint, cell.sentence.text
    if seconds <= _AT_ONCE:
        with st.spinner(_("Measuring how faithful the methods are…"), show_time=False):
            return _measured(_yardstick(checkpoint.name, checkpoint.hash, text, removal, checkpoint), found)

    def start(check_cancelled: Callable[[], None]) -> Iterator[_Ran]:
        yield _Ran(1, _measured(_new_yardstick(checkpoint, text, removal, check_cancelled), found))

    given: list[Mapping[str, Faithfulness]] = []
    background_search.view(
        f"faithfulness {cell.sentence.number} {checkpoint.name}",
        (checkpoint.hash, text, removal, *((one.method, one.baseline) for one in found)),
        lambda: start,
        lambda _event: background_search.Shown(1.0, _("Done")),
        lambda result, _key: given.append(result),
        _("Measure faithfulness (about {seconds:,.0f} s)").format(seconds=seconds),
        _("Measure again"),
    )
    return given[0] if given else None


def sensitivity(cell: Cell, found: Sequence[Attribution]) -> Sensitivity | None:
    """How much each method's scores change when the words' vectors move a little; None until a button is pressed."""
    from core.probes.attribution.attribute import cost, sensitivity_of
    from core.probes.dynamics.sensitivity import SAMPLES, random_sensitivity

    if black_box.is_one(cell.checkpoint):
        st.caption(_("Sensitivity moves the vectors of words, which a model that only answers does not show."))
        return None
    readings = SAMPLES * sum(cost(one.method, len(one)) for one in found)
    checkpoint, text = cell.checkpoint, cell.sentence.text
    random = float(random_sensitivity(len(cell.tokens)).mean())

    def start(check_cancelled: Callable[[], None]) -> Iterator[_Ran]:
        done: dict[str, float | None] = {}
        for one in found:
            check_cancelled()
            done[one.method] = sensitivity_of(one, checkpoint, text, check_cancelled)
            yield _Ran(len(done), Sensitivity(dict(done), random))

    given: list[Sensitivity] = []
    background_search.view(
        f"sensitivity {cell.sentence.number} {checkpoint.name}",
        (checkpoint.hash, text, *((one.method, one.baseline) for one in found)),
        lambda: start,
        lambda event: background_search.Shown(
            event.number / len(found),
            _("{done} of {total} methods are measured").format(done=event.number, total=len(found)),
        ),
        lambda result, _key: given.append(result),
        _("Measure sensitivity (about {seconds:,.0f} s)").format(
            seconds=max(1.0, controls.seconds_for(cell, readings))
        ),
        _("Measure again"),
    )
    return given[0] if given else None


def _measured(rule: Yardstick, found: Sequence[Attribution]) -> dict[str, Faithfulness]:
    from core.probes.attribution.attribute import METHODS

    signed = [METHODS[one.method].signed for one in found]
    rule.ask([one.scores for one in found], signed=signed)
    return {one.method: rule.measure(one.scores, signed=sign) for one, sign in zip(found, signed, strict=True)}


@st.cache_resource(max_entries=24, show_spinner=False)
def _yardstick(name: str, model_hash: str, text: str, removal: str, _checkpoint: Checkpoint) -> Yardstick:
    """Shared by all sessions: it may be asked by several threads at once."""
    return _new_yardstick(_checkpoint, text, removal)


def _new_yardstick(
    checkpoint: Checkpoint, text: str, removal: str, check_cancelled: Callable[[], object] = lambda: None
) -> Yardstick:
    from core.probes.attribution.faithfulness import yardstick
    from core.probes.attribution.results import Instance

    return yardstick(Instance.of(checkpoint, text), removal, check_cancelled=check_cancelled)
