"""The memory experiment over many words and fillers: what share of their effect is left, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.data.targets import common
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed
from pages.server import limits
from pages.server.caches import cached
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls
from pages.widgets import classes, models, query_params, tables, target
from pages.widgets.number_inputs import ask_whole
from pages.wording.tokens import lead, minus, plain, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.dynamics.retention import Retention

_FILLERS, _UPTO, _SEED = 20, 100, 0
_MOST_WORDS, _MOST_FILLERS = 16, 50  # some seconds for three models


def view(checkpoints: Sequence[Checkpoint]) -> tuple[Sequence[Checkpoint], bool]:
    """What is left on average, in a sentence and as curves; the models chosen, and whether any could be tested."""
    answer = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = models.choose_some(checkpoints, "trajectories models")
        aim = target.choose(chosen, "memory", predicted=False)
        chosen = [aim.model(checkpoint) for checkpoint in chosen]
        with st.popover(_("Settings"), icon=":material/tune:"):
            words, fillers = _ask(chosen[0])
    with answer:
        results = _results(chosen, words, fillers)
        if results:
            _answer(results)
    if results:
        with st.expander(_("Share left, by word"), icon=":material/table:"):
            _say(results)
            header = ["model", "word", "filler", "k", "effect", "target"]
            tables.download_chart("retention", header, lambda: _rows(results))
    return chosen, bool(results)


def _results(checkpoints: Sequence[Checkpoint], words: tuple[str, ...], fillers: int) -> list[Retention]:
    if len(words) > _MOST_WORDS:
        st.info(
            _(
                "At most {most} words can be tested here; given: {count:,}. Remove some, or use the command line."
            ).format(most=_MOST_WORDS, count=len(words))
        )
        return []
    return controls.computed(
        checkpoints,
        lambda checkpoint: _retention(checkpoint, checkpoint.hash_with_polarity, words, fillers),
        _("Reading many words with many fillers…"),
        480,
    )


def _answer(results: Sequence[Retention]) -> None:
    """The shares left after the last word of filler, and the curves."""
    from core.figures.inside.memory_decay import retention_curves

    best_first = sorted(results, key=lambda result: -result.share[-1])
    shares = [f"{model_name(result.model)} {minus(f'{round(result.share[-1], 2) + 0.0:.0%}')}" for result in best_first]
    lead(
        _(
            "Share of a first word’s effect left after {k} neutral words: {shares} "
            "(average over {words} words, {fillers} fillers)."
        ).format(k=results[0].k[-1], shares=listed(shares), words=len(results[0].words), fillers=results[0].fillers)
    )
    st.plotly_chart(
        retention_curves(results),
        key="retention",
        alt=_("Share of the words' effect left, against k, by model"),
    )


def _ask(checkpoint: Checkpoint) -> tuple[tuple[str, ...], int]:
    usual = _usual_words(checkpoint)
    words = query_params.text(
        st.text_input,
        _("First words (comma-separated)"),
        name="words",
        key="trajectories words" if checkpoint.reads_sentiment else f"trajectories words {fingerprint(usual)}",
        default=", ".join(usual),
    )
    fillers = ask_whole(
        _("Fillers per word"),
        "fillers",
        1,
        _MOST_FILLERS,
        _FILLERS,
    )
    return tuple(word for word in limits.short_enough(words).split(",") if word.strip()), fillers


def _usual_words(checkpoint: Checkpoint) -> tuple[str, ...]:
    from core.probes.dynamics.retention import STRONG, strong_words

    try:
        return strong_words(checkpoint)
    except ValueError:  # it says so itself when it is asked
        return STRONG


def _say(results: Sequence[Retention]) -> None:
    for retention in results:
        if retention.unknown:
            st.caption(
                _("{model} does not know these words: {words}").format(
                    model=plain(model_name(retention.model)), words=plain(visible(listed(retention.unknown)))
                )
            )
    last = int(results[0].k[-1])
    middle = [k for k in (10, 50, last) if k <= last]
    lines = {
        _("after {k} words, all").format(k=k): [
            minus(f"{retention.share[k]:.0%} ({retention.low[k]:.0%} – {retention.high[k]:.0%})")
            for retention in results
        ]
        for k in middle
    }
    for index, word in enumerate(results[0].words):
        shares = [retention.by_word[index, last] for retention in results]
        lines[_("after {k} words, {word}").format(k=last, word=visible(word))] = [
            "–" if math.isnan(share) else minus(f"{share:.0%}") for share in shares
        ]
    header = [_("share left"), *(model_name(retention.model) for retention in results)]
    tables.table(header, [(line, *values) for line, values in lines.items()])
    lows, highs = zip(*(retention.probability_alone for retention in results), strict=True)
    st.caption(
        _(
            "Fillers are sampled (seed {seed}) from {neutral:,} frequent words that are neutral in the training data. "
            "For fillers alone, {chance} is mostly {low:.2f} to {high:.2f}."
        ).format(
            chance=classes.probability_name_plain(common([retention.target for retention in results])),
            seed=_SEED,
            neutral=results[0].neutral,
            low=min(lows),
            high=max(highs),
        )
    )


@cached(16)
def _retention(checkpoint: Checkpoint, with_polarity: str, words: tuple[str, ...], fillers: int) -> Retention:
    from core.probes.dynamics.retention import retention

    return retention(checkpoint, words, fillers, _UPTO, _SEED)


def _rows(results: Sequence[Retention]) -> list[tuple[object, ...]]:
    """A row for each model, word, filler and k."""
    return [
        (retention.model, word, filler, k, effect, target.column(retention.target))
        for retention in results
        for word, of_word in zip(retention.words, retention.effect.tolist(), strict=True)
        for filler, of_filler in enumerate(of_word, 1)
        for k, effect in enumerate(of_filler)
    ]
