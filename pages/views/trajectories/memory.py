"""The memory experiment: a strong word first, then more and more neutral ones; what is left of its effect?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed
from pages.server import limits
from pages.server.caches import cached
from pages.views.trajectories import controls, retention
from pages.widgets import query_params, tables, target
from pages.widgets.number_inputs import ask_whole
from pages.wording.tokens import minus, plain, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.dynamics.memory_decay import Memory

_WORD, _UPTO, _MOST = "damn", 100, 300


def view(checkpoints: Sequence[Checkpoint]) -> None:
    """What is left of many words on average, then the experiment with one word."""
    chosen, found = retention.view(checkpoints)
    with st.expander(
        _("Try one word"),
        icon=":material/looks_one:",
        on_change="rerun",
        key="trajectories one word",
        expanded=not found or query_params.opens("one word", "word", "filler", "upto"),
    ) as opened:
        if opened.open:
            _one_word(chosen)


def _one_word(chosen: Sequence[Checkpoint]) -> None:
    word, filler, upto = _ask()
    memories = controls.computed(chosen, lambda checkpoint: _memory(checkpoint, word, filler, upto), _("Reading…"), 640)
    if not memories:
        return

    from core.figures.inside.memory_decay import memory_curves

    st.plotly_chart(
        memory_curves(memories),
        key="memory",
        alt=_("Verdict, effect of the first word and gradient at it, against k"),
    )
    _say(memories)
    header = ["model", "k", "probability", "probability_without", "logit", "logit_without", "gradient_first_word"]
    tables.download_chart("memory", [*header, "target"], lambda: _rows(memories))


def _ask() -> tuple[str, str, int]:
    """The first word, the filler and the most words of it."""
    from core.probes.dynamics.memory_decay import FILLER

    with st.container(horizontal=True, vertical_alignment="bottom"):
        word = query_params.text(
            st.text_input, _("First word"), name="word", key="trajectories word", default=_WORD, live=True, width=320
        )
        with st.popover(_("Settings"), icon=":material/tune:"):
            upto = ask_whole(
                _("Maximum filler words"),
                "upto",
                1,
                _MOST,
                _UPTO,
                step=10,
            )
            filler = query_params.text(
                st.text_area,
                _("Filler words (repeated if too few)"),
                name="filler",
                key="trajectories filler",
                default=FILLER,
            )
    return limits.short_enough(word), limits.short_enough(filler), upto


def _say(memories: Sequence[Memory]) -> None:
    """What the curves show, in a sentence each and in numbers."""
    from core.probes.dynamics.memory_decay import FORGOTTEN

    if memories[0].cycled:
        st.caption(_("The filler was repeated."))
    for memory in memories:
        if not memory.known:
            st.warning(
                _("{model} does not know the first word and reads it as any other unknown word.").format(
                    model=plain(model_name(memory.model))
                ),
                icon=":material/help:",
            )
        if memory.unknown:
            st.caption(
                _("{model} does not know these filler words: {words}").format(
                    model=plain(model_name(memory.model)), words=plain(visible(listed(memory.unknown[:20])))
                )
            )
        name = f"**{plain(model_name(memory.model))}**"
        st.markdown(_("{model}: {statement}.").format(model=name, statement=plain(memory.statement)))
    last = int(memories[0].k[-1])
    lines = {
        _("initial effect (logit)"): [minus(f"{memory.effect[0]:+.3f}") for memory in memories],
        _("effect after {k} words").format(k=last): [minus(f"{memory.effect[-1]:+.3f}") for memory in memories],
        _("share left"): [minus(f"{_share(memory):.0%}") for memory in memories],
        _("stays below {share:.0%} from k =").format(share=FORGOTTEN): [
            _or_never(memory.forgotten(FORGOTTEN)) for memory in memories
        ],
        _("verdict first flips at k ="): [_or_never(memory.turned) for memory in memories],
        _("initial gradient"): [f"{memory.gradient_first_word[0]:.3f}" for memory in memories],
        _("gradient after {k} words").format(k=last): [f"{memory.gradient_first_word[-1]:.3f}" for memory in memories],
    }
    header = [_("measure (first word)"), *(model_name(memory.model) for memory in memories)]
    tables.table(header, [(line, *values) for line, values in lines.items()])


def _share(memory: Memory) -> float:
    return float(memory.effect[-1] / memory.effect[0]) if memory.effect[0] else math.nan


def _or_never(k: int | None) -> str:
    return _("not in this range") if k is None else str(k)


@cached(64)
def _memory(checkpoint: Checkpoint, word: str, filler: str, upto: int) -> Memory:
    from core.probes.dynamics.memory_decay import memory

    return memory(checkpoint, word, filler, upto)


def _rows(memories: Sequence[Memory]) -> list[tuple[object, ...]]:
    return [
        (memory.model, *row, target.column(memory.target))
        for memory in memories
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
