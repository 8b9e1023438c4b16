"""Test a comment: how a person reads it, every model's verdict, whether it is fooled, and which words pull it there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import SENTIMENT, Names, model_name, shared
from core.models.gold_labels import GOLD_LABELS, MIXED, NEGATIVE, POSITIVE
from core.probes.sarcasm import comment as probe
from core.probes.sarcasm.comment import Comment
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext
from pages.server.caches import cached
from pages.views.sarcasm.kept import FindCandidate, fooled_name, keep_find_form, readings
from pages.widgets import answers, classes, frame, query_params, tables
from pages.wording.tokens import plain, pull_strip, signed, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint

_LITTLE, _FAR = 0.1, 0.3  # of P(positive), from 0.5
_MOST_NAMED = 5  # words named in a line


def view(text: str, checkpoints: list[Checkpoint]) -> None:
    """The question how a person reads the text, and everything said of it."""
    labels = classes.of_all(checkpoints)
    reading = ask_reading(labels)
    given = answers.answers(checkpoints, text)
    verdicts, readers = [said for _reader, said in given], [reader for reader, _said in given]
    if not readers:
        frame.invite(text)
        return
    summary, cards = st.container(), st.columns(len(readers))
    with summary:
        _say_how_many([Comment(reading, verdict, None) for verdict in verdicts])
    for column, verdict in zip(cards, verdicts, strict=True):
        with column:
            _card(Comment(reading, verdict, None))
    st.header(_("Which words pull?"))
    with frame.working(_("Leaving out each word…"), 330):
        comments = [
            Comment(reading, verdict, _without(checkpoint, verdict.tokens))
            for checkpoint, verdict in zip(readers, verdicts, strict=True)
        ]
    _strips(comments)
    st.header(_("Keep this comment"))
    chances = {verdict.model: verdict.probability for verdict in verdicts}
    keep_find_form(FindCandidate(text, chances, reading), "keep comment")


def ask_reading(labels: Names = SENTIMENT) -> str:
    """How a person reads the text: one of `GOLD_LABELS`, which stand for classes of these names; in the link."""
    names = {key: plain(name) for key, name in readings(labels).items()}
    return query_params.choice(
        st.segmented_control,
        _("How do you read it?"),
        {reading: names[reading] for reading in GOLD_LABELS},
        name="reading",
        key="sarcasm reading",
        default=NEGATIVE,
        unreadable=_("The link names no reading that there is, so it is {reading}.").format(reading=names[NEGATIVE]),
        help=_("Mixed: both, or neither. A model has no such answer, so none is wrong then."),
    )


def _say_how_many(comments: list[Comment]) -> None:
    if comments[0].reading == MIXED:
        st.write(_("A mixed comment has no wrong verdict: here is what each model makes of it."))
        return
    count, fooled = len(comments), sum(bool(one.fooled) for one in comments)
    if fooled and count == 1:
        line = _("**The model is fooled**: it reads as {opposite} what you read as {reading}.")
    elif fooled:
        line = ngettext(
            "**{fooled} of {count} models is fooled**: it reads as {opposite} what you read as {reading}.",
            "**{fooled} of {count} models are fooled**: they read as {opposite} what you read as {reading}.",
            fooled,
        )
    else:
        line = ngettext(
            "**The model is not fooled**: it reads as {reading} what you read so too.",
            "**None of {count} models is fooled**: all read as {reading} what you read so too.",
            count,
        )
    labels = shared(one.verdict.labels for one in comments)
    names, reading = {key: plain(name) for key, name in readings(labels).items()}, comments[0].reading
    opposite = names[POSITIVE if reading == NEGATIVE else NEGATIVE]
    st.markdown(line.format(fooled=fooled, count=count, opposite=opposite, reading=names[reading]))


def _card(comment: Comment) -> None:
    said = comment.verdict
    with st.container(border=True):
        classes.metric(said)
        if comment.fooled is not None:
            icon, colour = (":material/theater_comedy:", "orange") if comment.fooled else (":material/check:", "green")
            st.badge(fooled_name(comment.fooled), icon=icon, color=colour)
        st.caption(_by_how_much(comment))


def _by_how_much(comment: Comment) -> str:
    margin, logit = comment.margin, comment.logit_margin
    if margin is None or logit is None:
        return _("Its logit is {logit}.").format(logit=signed(comment.verdict.logit))
    if not comment.fooled:
        line = _("{margin:.3f} on your side of 0.5, {logit:.2f} in the logit.")
    elif margin < _LITTLE:
        line = _("By a little: {margin:.3f} on the wrong side of 0.5, {logit:.2f} in the logit.")
    elif margin < _FAR:
        line = _("Clearly: {margin:.3f} on the wrong side of 0.5, {logit:.2f} in the logit.")
    else:
        line = _("By far: {margin:.3f} on the wrong side of 0.5, {logit:.2f} in the logit.")
    return line.format(margin=abs(margin), logit=abs(logit))


def _without(checkpoint: Checkpoint, tokens: tuple[str, ...]) -> tuple[float, ...] | None:
    if len(tokens) > probe.MOST:
        return None
    return _leave_one_out(checkpoint, tokens)


_leave_one_out = cached(1_024)(probe.leave_one_out)


def _strips(comments: list[Comment]) -> None:
    long = [comment for comment in comments if comment.pulls is None]
    if long:
        st.info(
            _("Each word is left out in turn in texts of up to {most:,} tokens; this one has {count:,}.").format(
                most=probe.MOST, count=max(len(comment.verdict.tokens) for comment in long)
            )
        )
    comments = [comment for comment in comments if comment.pulls is not None]
    if not comments:
        return
    labels = shared(comment.verdict.labels for comment in comments)
    st.caption(
        _(
            "Each word is left out in turn; the number below it is how much higher the logit is with it than without. "
            "Blue (+) pulls to {second}, orange (−) to {first}. Words that act only together may show in none."
        ).format(first=classes.said(0, labels), second=classes.said(1, labels))
    )
    for comment in comments:
        st.markdown(f"**{plain(model_name(comment.model))}**")
        pull_strip(comment.verdict.tokens, comment.verdict.known, comment.pulls or (), _hints(comment))
        _say_what_turns(comment)
    if not all(all(comment.verdict.known) for comment in comments):
        st.caption(_("Dashed, with a question mark: not in the vocabulary; all such words are one to the models."))
    _table(comments)


def _hints(comment: Comment) -> list[str]:
    return [
        _("{token}: {pull}; without it {chance} is {probability:.3f}").format(
            token=visible(token),
            pull=signed(pull),
            chance=classes.probability_name(comment.verdict.labels),
            probability=probability,
        )
        for token, pull, probability in zip(
            comment.verdict.tokens, comment.pulls or (), comment.probabilities_without or (), strict=True
        )
    ]


def _say_what_turns(comment: Comment) -> None:
    turning = comment.turning
    if not turning:
        st.caption(_("No word alone turns the verdict when it is left out."))
        return
    named = listed(
        _("“{word}” (word {place})").format(word=plain(visible(comment.verdict.tokens[place])), place=place + 1)
        for place in turning[:_MOST_NAMED]
    )
    more = len(turning) - _MOST_NAMED
    if len(turning) == 1:
        line = _("Leaving out {words} alone turns the verdict.")
    elif more > 0:
        line = _("Leaving out any one of these turns the verdict: {words} and {more:,} more.")
    else:
        line = _("Leaving out any one of these turns the verdict: {words}.")
    st.caption(line.format(words=named, more=more))


def _table(comments: list[Comment]) -> None:
    labels = shared(comment.verdict.labels for comment in comments)
    without = _("{chance} without it").format(chance=classes.probability_name(labels))
    header = [_("model"), _("place"), _("word"), _("known"), _("pull (logits)"), without]
    rows = [
        (model_name(comment.model), place, token, known, round(pull, 4), round(probability, 4))
        for comment in comments
        for place, (token, known, pull, probability) in enumerate(
            zip(
                comment.verdict.tokens,
                comment.verdict.known,
                comment.pulls or (),
                comment.probabilities_without or (),
                strict=True,
            ),
            1,
        )
    ]
    with st.expander(_("Every word as a table"), icon=":material/table:"):
        tables.table(header, rows, "words", key="comment words")
