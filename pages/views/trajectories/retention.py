"""Whether memory holds for other words and other fillers: what share of their effect is left, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed
from pages.server import limits
from pages.views.trajectories import controls
from pages.widgets import classes, frame, query_params
from pages.wording.tokens import plain, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.dynamics.retention import Retention

_FILLERS, _UPTO, _SEED = 20, 100, 0
_MOST_WORDS, _MOST_FILLERS = 16, 50  # some seconds for three models


def view(checkpoints: Sequence[Checkpoint]) -> None:
    """Closed until it is asked for: then the words, the number of fillers, the curves and a table."""
    with st.expander(
        _("Do other words and other fillers fare alike?"),
        icon=":material/casino:",
        on_change="rerun",
        key="trajectories retention",
        # A link that names words or fillers is one that had it open.
        expanded=any(name in st.query_params for name in ("words", "fillers")),
    ) as opened:
        if opened.open:
            _view(checkpoints)


def _view(checkpoints: Sequence[Checkpoint]) -> None:
    words, fillers = _ask()
    if len(words) > _MOST_WORDS:
        st.info(
            _("At most {most} words are tried here; given: {count:,}. The command line takes more.").format(
                most=_MOST_WORDS, count=len(words)
            )
        )
        return
    found, faults = [], []
    with frame.working(_("Reading many words before many fillers…"), 480):
        for checkpoint in checkpoints:
            try:
                found.append(_retention(checkpoint.name, checkpoint.hash_with_polarity, words, fillers, checkpoint))
            except ValueError as error:
                faults.append(str(error))
    for fault in dict.fromkeys(faults):
        st.info(plain(fault))
    if not found:
        return

    from core.figures.inside.memory_decay import retention_curves

    st.plotly_chart(
        retention_curves(found), key="retention", alt=_("Share of the words' effect that is left, against k, by model")
    )
    _say(found)
    header = ["model", "word", "filler", "k", "effect"]
    controls.csv_button("retention", header, lambda: _rows(found))


def _ask() -> tuple[tuple[str, ...], int]:
    from core.probes.dynamics.retention import STRONG

    usual = ", ".join(STRONG)
    query_params.restore("words", usual, lambda told: told, "trajectories words")
    if not query_params.restore("fillers", _FILLERS, query_params.whole(1, _MOST_FILLERS), "trajectories fillers"):
        st.caption(_("The link asks for a number of fillers that cannot be, so the usual one stands."))
    left, right = st.columns([2, 1])
    told = (
        left.text_input(_("First words, with commas between"), key="trajectories words", persist_state="session") or ""
    )
    fillers = right.number_input(
        _("Fillers for each"), 1, _MOST_FILLERS, key="trajectories fillers", persist_state="session", required=True
    )
    long = len(told) > query_params.LONGEST
    if long:
        st.caption(_("This text is too long for the link, which does not carry it."))
    query_params.carry("words", None if long or told == usual else told)
    query_params.carry("fillers", None if fillers == _FILLERS else str(fillers))
    return tuple(word for word in limits.short_enough(told).split(",") if word.strip()), fillers


def _say(found: Sequence[Retention]) -> None:
    for retention in found:
        if retention.unknown:
            st.caption(
                _("{model} does not know these words: {words}").format(
                    model=plain(model_name(retention.model)), words=plain(visible(listed(retention.unknown)))
                )
            )
    last = int(found[0].k[-1])
    middle = [k for k in (10, 50, last) if k <= last]
    lines = {
        _("after {k}, of all").format(k=k): [
            f"{retention.share[k]:.0%} ({retention.low[k]:.0%} – {retention.high[k]:.0%})" for retention in found
        ]
        for k in middle
    }
    for place, word in enumerate(found[0].words):
        shares = [retention.by_word[place, last] for retention in found]
        lines[_("after {k}, of {word}").format(k=last, word=visible(word))] = [
            "–" if math.isnan(share) else f"{share:.0%}" for share in shares
        ]
    names = [model_name(retention.model) for retention in found]
    st.dataframe(
        [{_("share left"): line, **dict(zip(names, told, strict=True))} for line, told in lines.items()],
        hide_index=True,
    )
    lows, highs = zip(*(retention.probability_alone for retention in found), strict=True)
    st.caption(
        _(
            "{words:,} words, each before the same {fillers:,} fillers, drawn (seed {seed}) of {neutral:,} frequent "
            "words that the training data calls neutral: salads of words, not sentences, after which alone {chance} "
            "is mostly from {low:.2f} to {high:.2f}. In brackets and as bands 95 % intervals, from drawing words and "
            "fillers anew; with few words these say little. The share is of the effects added up."
        ).format(
            words=len(found[0].words),
            chance=classes.probability_name_plain(classes.of_models(retention.model for retention in found)),
            fillers=found[0].fillers,
            seed=_SEED,
            neutral=found[0].neutral,
            low=min(lows),
            high=max(highs),
        )
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _retention(name: str, model_hash: str, words: tuple[str, ...], fillers: int, _checkpoint: Checkpoint) -> Retention:
    from core.probes.dynamics.retention import retention

    return retention(_checkpoint, words, fillers, _UPTO, _SEED)


def _rows(found: Sequence[Retention]) -> list[tuple[object, ...]]:
    """A row a model, word, filler and k."""
    return [
        (retention.model, word, filler, k, effect)
        for retention in found
        for word, of_word in zip(retention.words, retention.effect.tolist(), strict=True)
        for filler, of_filler in enumerate(of_word, 1)
        for k, effect in enumerate(of_filler)
    ]
