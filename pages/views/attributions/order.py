"""How much of a verdict comes from which words a sentence has, and how much from where they stand?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from pages.server import background_search
from pages.views.attributions import controls
from pages.views.attributions.controls import Cell
from pages.views.trajectories import controls as trajectories
from pages.views.trajectories.controls import Sentence
from pages.widgets import frame
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.attribution.order import OrderAttribution


def view(asked: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The two sums and their parts, word by word and place by place, for every model asked."""
    from core.probes.attribution.order import MOST_EXACT, MOST_SAMPLED, cost

    left, right = st.columns(2)
    with left:
        sentence = trajectories.choose_sentence(asked)
        chosen = controls.choose_models(checkpoints, [sentence])
    with right:
        baseline = controls.choose_baseline()
    cells = [Cell(sentence, checkpoint) for checkpoint in chosen if checkpoint.preprocessing(sentence.text)]
    st.write(
        _(
            "A game of words and places: a word may be missing, and a place may be left to chance, its word standing "
            "anywhere among the places left to chance. Shapley values share the logit out among both."
        )
    )
    longest = max((len(cell.tokens) for cell in cells), default=0)
    if longest > MOST_SAMPLED:
        st.info(
            _("Words and places are told apart in texts of up to {most:,} tokens; this one has {count:,}.").format(
                most=MOST_SAMPLED, count=longest
            )
        )
        return
    if longest > MOST_EXACT:
        st.caption(_("More than {count} words: the values are sampled, with standard errors.").format(count=MOST_EXACT))
    seconds = sum(controls.seconds_for(cell, cost(len(cell.tokens), cell.checkpoint)) for cell in cells)
    if seconds <= controls.AT_ONCE:
        with frame.working(_("Reading the words in many orders…"), 480):
            found = [_quick(cell, baseline) for cell in cells]
        _show(found)
        return
    key = (baseline, *((cell.checkpoint.hash, sentence.text) for cell in cells))
    background_search.view(
        "attributions order",
        key,
        lambda: lambda check_cancelled: _sampled(cells, baseline, check_cancelled),
        lambda event: background_search.Shown(
            event.number / len(cells),
            _("{done} of {total} models have answered").format(done=event.number, total=len(cells)),
        ),
        lambda found, _key: _show(found),
        _("Share the logit out (about {seconds:,.0f} s)").format(seconds=seconds),
        _("Work it out again"),
    )


class _Ran(NamedTuple):
    number: int
    found: list[OrderAttribution]

    @property
    def result(self) -> Callable[[], list[OrderAttribution]]:
        return lambda: self.found


def _sampled(cells: Sequence[Cell], baseline: str, check_cancelled: Callable[[], None]) -> Iterator[_Ran]:
    from core.probes.attribution.order import order_attribution
    from core.probes.attribution.results import Reading

    found: list[OrderAttribution] = []
    for cell in cells:
        reading = Reading(cell.checkpoint, cell.sentence.text, tuple(cell.tokens))
        found.append(
            order_attribution(reading, controls.removal(cell.checkpoint, baseline), check_cancelled=check_cancelled)
        )
        yield _Ran(len(found), list(found))


def _quick(cell: Cell, baseline: str) -> OrderAttribution:
    checkpoint = cell.checkpoint
    used = controls.removal(checkpoint, baseline)
    return _cached(checkpoint.name, checkpoint.hash, cell.sentence.text, used, checkpoint)


@st.cache_data(max_entries=64, show_spinner=False)
def _cached(name: str, model_hash: str, text: str, baseline: str, _checkpoint: Checkpoint) -> OrderAttribution:
    from core.probes.attribution.order import order_attribution
    from core.probes.attribution.results import Reading

    return order_attribution(Reading(_checkpoint, text, tuple(_checkpoint.preprocessing(text))), baseline)


def _show(found: Sequence[OrderAttribution]) -> None:
    from core.figures.attribution.order import order_bars

    for one in found:
        st.plotly_chart(
            order_bars(one),
            key=f"order {one.model}",
            alt=_("Shapley values of every word and of every place"),
        )
        st.markdown(plain(_statement(one)))
    st.caption(
        plain(
            _(
                "A place’s value says what holding its word there is worth, the others being left to chance; it is no "
                "effect of a place’s number. The values of words and places sum to the logit minus that of no words. "
                "A model that does not heed order gives every place 0."
            )
        )
    )
    header = ["model", "place", "token", "word", "word_error", "position", "position_error"]
    trajectories.csv_button("order", header, lambda: _rows(found))


def _statement(found: OrderAttribution) -> str:
    parts = _(
        "{model}: of {total:+.2f} in logits, which words stand there gives {words:+.2f} and where they stand "
        "{order:+.2f}."
    )
    if found.from_order_error is not None:
        parts = _(
            "{model}: of {total:+.2f} in logits, which words stand there gives {words:+.2f} and where they stand "
            "{order:+.2f} (standard error {error:.2f})."
        )
    line = parts.format(
        model=model_name(found.model),
        total=found.total,
        words=found.from_words,
        order=found.from_order,
        error=found.from_order_error or 0.0,
    )
    if found.share is not None:
        line = together((line, _("Places have {share:.0%} of the sum of all magnitudes.").format(share=found.share)))
    shuffled = _("The words in random order have a mean logit of {shuffled:+.2f}.").format(shuffled=found.shuffled)
    line = together((line, shuffled))
    how = _("exact") if found.exact else found.spent.worded()
    return _("{line} ({how}, {seconds:.2f} s)").format(line=line, how=how, seconds=found.seconds)


def _rows(found: Sequence[OrderAttribution]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for one in found:
        none = [""] * len(one.tokens)
        word_errors = none if one.word_errors is None else one.word_errors.tolist()
        position_errors = none if one.position_errors is None else one.position_errors.tolist()
        columns = zip(one.tokens, one.words.tolist(), word_errors, one.positions.tolist(), position_errors, strict=True)
        rows += [(one.model, place, *values) for place, values in enumerate(columns, 1)]
    return rows
