"""Two sentences side by side: the same words or not, every model's verdicts, where they part."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shown
from core.models.predict import EmptyTextError
from core.probes.permutations.comparison import Comparison, compare
from core.runtime.i18n import gettext as _
from core.storage.database import Prediction
from pages.views.permutations.kept_pairs import keep_form
from pages.widgets import black_box, classes, frame, prefixwise, tables, target
from pages.widgets.sentences import second_sentence
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.permutations.comparison import Contrast, Words

_SECOND = "permutations second"  # the key of the second sentence's box


def view(text: str, checkpoints: list[Checkpoint]) -> None:
    """The box for the second sentence and everything said of the two."""
    second = second_sentence(text, _("Second sentence"), _SECOND)
    aim = target.choose(checkpoints, "compare")
    readers: list[Checkpoint] = []
    contrasts: list[Contrast] = []
    for checkpoint in checkpoints:
        with black_box.faults_shown(), suppress(EmptyTextError):
            contrasts += compare([aim.model(checkpoint)], text, second).contrasts
            readers.append(checkpoint)
    if not readers:
        if any(checkpoint.preprocessing(text) for checkpoint in checkpoints):
            frame.invite(second, _("No second sentence yet. Type one or pick an example."), _SECOND)
        else:
            frame.invite(text)
        return
    comparison = Comparison(tuple(contrasts))
    if comparison.words is not None:
        _words(comparison.words)
    else:
        for contrast in contrasts:
            st.caption(plain(model_name(contrast.model)))
            _words(contrast.words)
    for column, contrast in zip(st.columns(len(readers)), contrasts, strict=True):
        with column:
            _card(contrast)

    from core.figures.comparison import comparison_curves

    st.plotly_chart(
        comparison_curves(comparison),
        key="compared",
        alt=_("{chance} after each word of both sentences, by model").format(
            chance=classes.probability_name(
                targets.shared_target(contrast.a.target for contrast in contrasts) or classes.of_all(readers)
            )
        ),
    )
    black_box.without_beginnings(readers)
    prefixwise.tell_of_missing_curves(readers)
    if all(contrast.words.permutations for contrast in contrasts):
        st.header(_("Keep this pair"))
        said = {one.model: (Prediction.of(one.a), Prediction.of(one.b, one.a.target)) for one in contrasts}
        keep_form("keep compared", text, second, said)


def _words(words: Words) -> None:
    if words.permutations:
        step = words.first_difference
        st.success(
            _("Same words in another order, from word {step} on.").format(step=step),
            icon=":material/shuffle:",
        )
    elif words.same_words:
        st.info(_("Same words in the same order."), icon=":material/equal:")
    else:
        st.warning(_("Not permutations: the sentences have different words."), icon=":material/difference:")
        tables.table(
            [_("more often in"), _("word"), _("extra times")],
            [
                (name, token, count)
                for name, more in ((_("first sentence"), words.only_a), (_("second sentence"), words.only_b))
                for token, count in more
            ],
        )


def _card(contrast: Contrast) -> None:
    one, other = (plain(shown(verdict.label)) for verdict in (contrast.a, contrast.b))
    same = f"{contrast.a.probability:.3f}" == f"{contrast.b.probability:.3f}"
    grows = contrast.b.probability > contrast.a.probability
    with st.container(border=True):
        st.metric(
            _("{model}, {chance}").format(
                model=plain(model_name(contrast.model)), chance=classes.probability_name_plain(contrast.a.target)
            ),
            _("Flipped") if contrast.opposite else one,
            delta=f"{contrast.a.probability:.3f} → {contrast.b.probability:.3f}",
            delta_color="off",
            delta_arrow="off" if same else "up" if grows else "down",
        )
        if contrast.opposite:
            st.badge(f"{one} → {other}", icon=":material/swap_horiz:", color="orange")
        if contrast.indistinguishable:
            st.caption(_("This model reads both as the same sequence."))
        elif contrast.parts_at is not None:
            st.caption(_("The verdicts diverge from word {step} on.").format(step=contrast.parts_at))
        elif contrast.a.prefix_probabilities:  # else it has no verdict on the way, which is said below the curves
            st.caption(_("Same verdict at the end of the shorter sentence."))
