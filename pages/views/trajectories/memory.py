"""The memory experiment: a strong word first, then more and more neutral ones; what is left of it?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed
from pages.server import limits
from pages.views.trajectories import controls, retention
from pages.widgets import classes, frame, query_params
from pages.wording.tokens import plain, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.dynamics.memory_decay import Memory

_WORD, _UPTO, _MOST = "damn", 100, 300


def view(checkpoints: Sequence[Checkpoint]) -> None:
    """The word, the filler and their number, the curves, and what they show."""
    st.write(
        _(
            "An LSTM is chosen for its memory: a strong word at the beginning should still count at the end. Here it "
            "is put to the test, one word and then up to some hundred with no feeling in them. It has its own words: "
            "the sentence above is not read here."
        )
    )
    word, filler, upto = _ask()
    chosen = controls.choose_models(checkpoints)
    found, faults = [], []
    with frame.working(_("Reading…"), 640):
        for checkpoint in chosen:
            try:
                found.append(_memory(checkpoint.name, checkpoint.hash, word, filler, upto, checkpoint))
            except ValueError as error:
                faults.append(str(error))
    for fault in dict.fromkeys(faults):
        st.info(plain(fault))
    if not found:
        return

    from core.figures.inside.memory_decay import memory_curves

    st.plotly_chart(
        memory_curves(found, classes.of_models(one.model for one in found)),
        key="memory",
        alt=_("Verdict, effect of the first word, and gradient at it, against k"),
    )
    _say(found)
    st.caption(
        _(
            "One word and one filler, so one case; whether others fare alike is asked further down. The effect is what "
            " counts for memory; the verdict also moves by what the filler says on its own (dotted), and the "
            "gradient tells how a small change of the word would move the logit, not how far the whole word does."
        )
    )
    header = ["model", "k", "probability", "probability_without", "logit", "logit_without", "gradient_first_word"]
    controls.csv_button("memory", header, lambda: _rows(found))
    retention.view(chosen)


def _ask() -> tuple[str, str, int]:
    """The first word, the filler and the most words of it."""
    from core.probes.dynamics.memory_decay import FILLER

    query_params.restore("word", _WORD, lambda told: told, "trajectories word")
    query_params.restore("filler", FILLER, lambda told: told, "trajectories filler")
    if not query_params.restore("upto", _UPTO, query_params.whole(1, _MOST), "trajectories upto"):
        st.caption(_("The link asks for a number of words that cannot be, so the usual one stands."))
    left, right = st.columns([2, 1])
    word = left.text_input(_("The first word"), key="trajectories word", live=True, persist_state="session") or ""
    upto = right.number_input(
        _("Words after it, at most"), 1, _MOST, key="trajectories upto", step=10, persist_state="session", required=True
    )
    filler = (
        st.text_area(
            _("The words after it (read again from the start where they are too few)"),
            key="trajectories filler",
            persist_state="session",
        )
        or ""
    )
    _carry("word", word, _WORD)
    _carry("filler", filler, FILLER)
    query_params.carry("upto", None if upto == _UPTO else str(upto))
    return limits.short_enough(word), limits.short_enough(filler), upto


def _carry(name: str, told: str, usual: str) -> None:
    if len(told) > query_params.LONGEST:
        st.caption(_("This text is too long for the link, which does not carry it."))
        told = usual
    query_params.carry(name, None if told == usual else told)


def _say(found: Sequence[Memory]) -> None:
    """What the curves show, in a sentence each and in numbers."""
    from core.probes.dynamics.memory_decay import FORGOTTEN

    if found[0].cycled:
        st.caption(_("The filler was read more than once."))
    for memory in found:
        if not memory.known:
            st.warning(
                _("{model} does not know the first word: it is the same to it as any other unknown one.").format(
                    model=plain(model_name(memory.model))
                ),
                icon=":material/help:",
            )
        if memory.unknown:
            st.caption(
                _("{model} does not know these words of the filler: {words}").format(
                    model=plain(model_name(memory.model)), words=plain(visible(listed(memory.unknown[:20])))
                )
            )
        told = _("{model}: {statement}.").format(
            model=f"**{plain(model_name(memory.model))}**", statement=plain(memory.statement)
        )
        st.markdown(told)
    last = int(found[0].k[-1])
    lines = {
        _("effect at once (logit)"): [f"{memory.effect[0]:+.3f}" for memory in found],
        _("effect after {k} words").format(k=last): [f"{memory.effect[-1]:+.3f}" for memory in found],
        _("share left"): [f"{_share(memory):.0%}" for memory in found],
        _("below {share:.0%} for good from k =").format(share=FORGOTTEN): [
            _or_never(memory.forgotten(FORGOTTEN)) for memory in found
        ],
        _("verdict first turns at k ="): [_or_never(memory.turned) for memory in found],
        _("gradient at once"): [f"{memory.gradient_first_word[0]:.3g}" for memory in found],
        _("gradient after {k} words").format(k=last): [f"{memory.gradient_first_word[-1]:.3g}" for memory in found],
    }
    names = [model_name(memory.model) for memory in found]
    st.dataframe(
        [{_("of the first word"): line, **dict(zip(names, told, strict=True))} for line, told in lines.items()],
        hide_index=True,
    )


def _share(memory: Memory) -> float:
    return float(memory.effect[-1] / memory.effect[0]) if memory.effect[0] else math.nan


def _or_never(k: int | None) -> str:
    return _("never here") if k is None else str(k)


@st.cache_data(max_entries=64, show_spinner=False)
def _memory(name: str, model_hash: str, word: str, filler: str, upto: int, _checkpoint: Checkpoint) -> Memory:
    from core.probes.dynamics.memory_decay import memory

    return memory(_checkpoint, word, filler, upto)


def _rows(found: Sequence[Memory]) -> list[tuple[object, ...]]:
    return [
        (memory.model, *row)
        for memory in found
        for row in zip(
            memory.k.tolist(),
            memory.probability.tolist(),
            memory.probability_without.tolist(),
            memory.logit.tolist(),
            memory.logit_without.tolist(),
            memory.gradient_first_word.tolist(),
            strict=True,
        )
    ]
