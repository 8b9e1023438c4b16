"""Which pairs of words do more together than each alone?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.data.labels import model_name, shown
from core.runtime.i18n import clauses
from core.runtime.i18n import gettext as _
from pages.server import background_search
from pages.views.attributions import controls
from pages.views.attributions.controls import Cell
from pages.views.trajectories import controls as trajectories
from pages.views.trajectories.controls import Sentence
from pages.widgets import classes, frame
from pages.wording.tokens import plain, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.attribution.interactions import Interactions

_LONGEST = 500  # tokens
_NAMED = 5


def view(asked: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """A small matrix of Shapley interactions for every model asked, and the largest pairs in words."""
    from core.probes.attribution.interactions import cost

    left, right = st.columns(2)
    with left:
        sentence = trajectories.choose_sentence(asked)
        chosen = controls.choose_models(checkpoints, [sentence])
    with right:
        baseline = controls.choose_baseline()
    cells = [Cell(sentence, checkpoint) for checkpoint in chosen if checkpoint.preprocessing(sentence.text)]
    longest = max((len(cell.tokens) for cell in cells), default=0)
    if longest > _LONGEST:
        st.info(
            _("Pairs are worked out in texts of up to {most:,} tokens; this one has {count:,}.").format(
                most=_LONGEST, count=longest
            )
        )
        return
    if longest == 1:
        st.info(_("A single word makes no pair. Type another."))
        return
    seconds = sum(controls.seconds_for(cell, cost(len(cell.tokens), cell.checkpoint)) for cell in cells)
    if seconds <= controls.AT_ONCE:
        with frame.working(_("Reading the sentence without each pair…"), 480):
            found = [_quick(cell, baseline) for cell in cells]
        _show(found)
        return
    background_search.view(
        "attributions pairs",
        (baseline, *((cell.checkpoint.hash, sentence.text) for cell in cells)),
        lambda: lambda check_cancelled: _sampled(cells, baseline, check_cancelled),
        lambda event: background_search.Shown(
            event.number / len(cells),
            _("{done} of {total} models have answered").format(done=event.number, total=len(cells)),
        ),
        lambda found, _key: _show(found),
        _("Work the pairs out (about {seconds:,.0f} s)").format(seconds=seconds),
        _("Work it out again"),
    )


class _Ran(NamedTuple):
    number: int
    found: list[Interactions]

    @property
    def result(self) -> Callable[[], list[Interactions]]:
        return lambda: self.found


def _sampled(cells: Sequence[Cell], baseline: str, check_cancelled: Callable[[], None]) -> Iterator[_Ran]:
    from core.probes.attribution.interactions import interactions
    from core.probes.attribution.results import Reading

    found: list[Interactions] = []
    for cell in cells:
        reading = Reading(cell.checkpoint, cell.sentence.text, tuple(cell.tokens))
        found.append(
            interactions(reading, controls.removal(cell.checkpoint, baseline), check_cancelled=check_cancelled)
        )
        yield _Ran(len(found), list(found))


def _quick(cell: Cell, baseline: str) -> Interactions:
    checkpoint = cell.checkpoint
    used = controls.removal(checkpoint, baseline)
    return _cached(checkpoint.name, checkpoint.hash, cell.sentence.text, used, checkpoint)


def _show(found: Sequence[Interactions]) -> None:
    from core.figures.attribution.interactions import interaction_heatmap

    for start in range(0, len(found), 2):
        for column, one in zip(st.columns(2 if len(found) > 1 else 1), found[start : start + 2], strict=False):
            with column:
                st.plotly_chart(
                    interaction_heatmap(one), key=f"pairs {one.model}", alt=_("Interaction of every pair of words")
                )
                _say(one)
    st.caption(
        plain(
            _(
                "The Shapley interaction index (Grabisch & Roubens 1999) in logits: blue where two words together "
                "speak more for the verdict “{label}” than the sum of what they say apart, red where less. The "
                "entries are no parts of the logit and sum to nothing in particular."
            ).format(label=shown(classes.of_models(one.model for one in found)[1]))
        )
    )
    trajectories.csv_button(
        "pairs", ["model", "place", "token", "other_place", "other_token", "interaction"], lambda: _rows(found)
    )


def _say(found: Interactions) -> None:
    named = [
        f"{visible(found.tokens[one])} × {visible(found.tokens[other])} {value:+.2f}"
        for one, other, value in found.pairs()[:_NAMED]
    ]
    st.markdown(
        plain(
            _("{model}, the largest: {pairs}. ({how})").format(
                model=model_name(found.model), pairs=clauses(named), how=found.spent.worded()
            )
        )
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _cached(name: str, model_hash: str, text: str, baseline: str, _checkpoint: Checkpoint) -> Interactions:
    from core.probes.attribution.interactions import interactions
    from core.probes.attribution.results import Reading

    return interactions(Reading(_checkpoint, text, tuple(_checkpoint.preprocessing(text))), baseline)


def _rows(found: Sequence[Interactions]) -> list[tuple[object, ...]]:
    return [
        (one.model, first + 1, one.tokens[first], second + 1, one.tokens[second], value)
        for one in found
        for first, second, value in one.pairs()
    ]
