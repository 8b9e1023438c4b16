"""The words of a sentence put in order by hand, every model's verdict following."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import shared, shown
from core.probes.permutations import search as probe
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from core.storage.database import Prediction
from pages.server.fingerprint import fingerprint
from pages.views.permutations.kept_pairs import keep_form
from pages.views.permutations.permuted import changes, flip_badge, left_out, pins, readers_of, verdicts_on
from pages.widgets import black_box, classes, frame, models, query_params, target
from pages.widgets.word_order import reorder
from pages.wording.terms import term
from pages.wording.tokens import Number, lead, plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predict import Verdict

MOST_BY_HAND = 200  # words; as many as the fluency model takes, and more than anybody moves


def view(text: str, checkpoints: list[Checkpoint]) -> None:
    """Chips to move, and every model's verdict on the order they stand in beside that on the original."""
    readers = readers_of(text, checkpoints)
    if not readers:
        return
    tokens = tuple(readers[0].preprocessing(text))
    if len(tokens) > MOST_BY_HAND:
        st.info(
            _("Up to {most} words can be moved by hand; this sentence has {count:,}.").format(
                count=len(tokens), most=MOST_BY_HAND
            )
        )
        return
    start, key = f"permutations order {fingerprint(tokens)}", "permutations by hand"
    identity, read = list(range(len(tokens))), query_params.positions(len(tokens), all_of_them=True)
    query_params.restore("order", identity, read, start)
    words, answer = st.container(), st.container()
    others = [checkpoint for checkpoint in readers if tuple(checkpoint.preprocessing(text)) != tokens]
    readers = [checkpoint for checkpoint in readers if checkpoint not in others]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        aim = target.choose(readers, "hand")
        with st.popover(_("Settings"), icon=":material/tune:"):
            pinned = pins(tokens)
    with words:
        known = models.verdict_on_tokens(readers[0], tokens).known
        order = reorder(tokens, pinned, key=key, start=st.session_state[start], known=known)
    moved = list(order) != identity
    query_params.carry("order", query_params.written(order) if moved else None)
    put = tuple(tokens[index] for index in order)
    both = [verdicts_on(checkpoint, tokens, put, aim.of(checkpoint.labels)) for checkpoint in readers]
    with answer:
        lead(_in_a_sentence(both, moved=moved))
        for column, (one, other) in zip(st.columns(len(both)), both, strict=True):
            with column:
                _card(one, other, moved=moved)
    left_out(others)
    fluencies, scorer = _fluencies(*both[0])
    if moved:
        _curves([one for one, _other in both], [other for _one, other in both])
        black_box.without_beginnings(readers)
        predictions = {one.model: (Prediction.of(one), Prediction.of(other, one.target)) for one, other in both}
        threshold = probe.FLOOR if fluencies else None
        keep_form("keep by hand", text, both[0][1].text, predictions, fluencies, scorer, threshold)


def _in_a_sentence(both: list[tuple[Verdict, Verdict]], *, moved: bool) -> str:
    """What the order does to the verdicts, and whether the judge of word order accepts it."""
    flips = [pair for pair in both if pair[0].label != pair[1].label]
    if not moved:
        said = [_("This is the order as typed. Move a word to see whether a verdict flips.")]
    elif flips:
        said = [_("This order flips {models}.").format(models=changes(flips))]
    else:
        said = [_("This order flips no verdict.")]
    judge, _fault = models.judge()
    valid = None if judge is None else judge.judgement(both[0][1].tokens)
    if judge is not None and valid is not None:
        line = _("The judge of word order accepts it: P(valid) {valid:.2f}.")
        if valid < judge.threshold:
            line = _("The judge of word order does not accept it: P(valid) {valid:.2f}.")
        said.append(line.format(valid=valid))
    return together(said)


def _card(before: Verdict, after: Verdict, *, moved: bool) -> None:
    with st.container(border=True):
        classes.metric(after)
        if before.label != after.label:
            flip_badge(_("flipped"), after)
        if moved:
            st.caption(
                _("was {label}, {probability:.3f}").format(
                    label=plain(shown(before.label)), probability=before.probability
                )
            )


def _fluencies(before: Verdict, after: Verdict) -> tuple[tuple[float, float] | None, str | None]:
    """The fluency of both orders and its scorer, said on the page; nothing where there is no fluency model."""
    with frame.waiting(_("Loading the fluency model…"), 20):
        fluency, fault = models.fluency()
    if fluency is None:
        st.caption(_("Fluency not available: {fault}.").format(fault=plain(fault)))
        return None, None
    one, other = (float(value) for value in fluency.trigram.score([before.tokens, after.tokens]))
    line = _("Fluency ({scorer}): {fluency:.1f} nats.")
    if before.tokens != after.tokens:
        line = _("Fluency ({scorer}): {fluency:.1f} nats, {change:+.1f} against the original (threshold: {floor:g}).")
    name, change, floor = plain(term(fluency.trigram.name)), Number(other - one), Number(-probe.FLOOR)
    st.caption(line.format(scorer=name, fluency=Number(other), change=change, floor=floor))
    return (one, other), fluency.trigram.name


def _curves(before: list[Verdict], after: list[Verdict]) -> None:
    from core.figures.comparison import comparison_curves
    from core.probes.permutations.comparison import Comparison, contrast

    both = [(one, other) for one, other in zip(before, after, strict=True) if one.prefix_probabilities]
    if not both:
        return
    comparison = Comparison(tuple(contrast(one, other) for one, other in both))
    with st.expander(_("Where the verdicts diverge, word by word"), icon=":material/ssid_chart:", expanded=True):
        st.plotly_chart(
            comparison_curves(comparison),
            key="by hand",
            alt=_("{chance} after each word, by model: the original (first) and this order (second)").format(
                chance=classes.probability_name(
                    targets.shared_target(verdict.target for verdict in before)
                    or shared(verdict.labels for verdict in before)
                )
            ),
        )
        st.caption(_("The first sentence is the original, the second your order."))
