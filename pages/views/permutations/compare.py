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
from core.runtime.i18n import listed, together
from core.storage.database import Prediction
from pages.views.permutations.flip import best
from pages.views.permutations.kept_pairs import keep_form
from pages.views.permutations.permuted import flip_badge
from pages.widgets import answers, black_box, classes, frame, tables, target, text_strip
from pages.wording.tokens import lead, plain, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predict import Verdict
    from core.probes.permutations.comparison import Contrast


def view(text: str, second: str, checkpoints: list[Checkpoint]) -> None:
    """Where the verdicts part, in a sentence and as curves; the form that keeps the pair."""
    aim = target.choose(checkpoints, "compare")
    readers: list[Checkpoint] = []
    contrasts: list[Contrast] = []
    for checkpoint in checkpoints:
        with black_box.faults_shown(), suppress(EmptyTextError):
            contrasts += compare([aim.model(checkpoint)], text, second).contrasts
            readers.append(checkpoint)
    if not readers:
        if any(checkpoint.preprocessing(text) for checkpoint in checkpoints):
            _offer(text)
        else:
            frame.invite(text)
        return
    comparison = Comparison(tuple(contrasts))
    for sentence in ("a", "b"):
        text_strip.warn_of_unknown(*(getattr(one, sentence).known for one in contrasts))
    lead(_in_a_sentence(comparison))
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
    if comparison.words is not None:
        _strip([contrast.a for contrast in contrasts], "compared first")
        _strip([contrast.b for contrast in contrasts], "compared second")
    black_box.without_beginnings(readers)
    answers.tell_of_missing_curves(readers)
    if all(contrast.words.permutations for contrast in contrasts):
        said = {one.model: (Prediction.of(one.a), Prediction.of(one.b, one.a.target)) for one in contrasts}
        keep_form("keep compared", text, second, said)
        return
    for words in dict.fromkeys(contrast.words for contrast in contrasts if not contrast.words.same_words):
        with st.expander(_("Words that differ"), icon=":material/difference:"):
            tables.table(
                [_("more often in"), _("word"), _("extra times")],
                [
                    (name, visible(token), count)
                    for name, more in ((_("first sentence"), words.only_a), (_("second sentence"), words.only_b))
                    for token, count in more
                ],
            )


def _strip(verdicts: list[Verdict], key: str) -> None:
    """A sentence's words, which point at their steps in the chart, each with every model's verdict after it."""
    marks = text_strip.verdict_marks((one.model, one.labels, one.prefix_distributions, one.known) for one in verdicts)
    text_strip.choose(verdicts[0].tokens, verdicts[0].known, marks, key=key, chart="compared")


def _offer(text: str) -> None:
    """What could stand in the empty box: the best flip of the first sentence, if one was found."""
    order = best(text)
    if order is None:
        st.info(_("Type a second sentence above, for example the same words in another order."))
        return
    st.info(_("No second sentence yet. Type one, or use the flip that was found."))

    def use() -> None:
        st.session_state["permutations second"] = order

    st.button(plain(order), icon=":material/swap_horiz:", on_click=use)


def _in_a_sentence(comparison: Comparison) -> str:
    """Whether the words are the same, and which models' verdicts part at which word."""
    words = comparison.contrasts[0].words
    if any(contrast.words.permutations != words.permutations for contrast in comparison.contrasts):
        said = [_("The models split the sentences into different words.")]
    elif words.permutations:
        said = [_("Same words in another order, from word {step} on.").format(step=words.first_difference)]
    elif words.same_words:
        said = [_("Same words in the same order.")]
    else:
        said = [_("The sentences have different words.")]
    groups: dict[tuple[bool, int | None], list[Contrast]] = {}
    for contrast in comparison.contrasts:
        groups.setdefault((contrast.opposite, contrast.parts_at if contrast.opposite else None), []).append(contrast)
    for (opposite, step), several in groups.items():
        names = listed(model_name(contrast.model) for contrast in several)
        if not opposite:
            said.append(_("Same verdict on both: {models}.").format(models=names))
        elif step is None:
            said.append(_("Different verdicts: {models}.").format(models=names))
        else:
            said.append(_("The verdicts part at word {step}: {models}.").format(step=step, models=names))
    return together(said)


def _card(contrast: Contrast) -> None:
    same = f"{contrast.a.probability:.3f}" == f"{contrast.b.probability:.3f}"
    grows = contrast.b.probability > contrast.a.probability
    with st.container(border=True):
        st.metric(
            _("{model}, {chance}").format(
                model=plain(model_name(contrast.model)), chance=classes.probability_name_plain(contrast.a.target)
            ),
            _("Flipped") if contrast.opposite else plain(shown(contrast.a.label)),
            delta=f"{contrast.a.probability:.3f} → {contrast.b.probability:.3f}",
            delta_color="off",
            delta_arrow="off" if same else "up" if grows else "down",
        )
        if contrast.opposite:
            flip_badge(f"{shown(contrast.a.label)} → {shown(contrast.b.label)}", contrast.b)
        classes.bar(contrast.a)
        classes.bar(contrast.b)
        if contrast.indistinguishable:
            st.caption(_("This model reads both as the same sequence."))
