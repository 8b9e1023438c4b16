"""Test a comment: how a person reads it, every model's verdict, whether it is fooled, and which words pull it there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shared, shown
from core.models.gold_labels import MIXED, gold_labels, usual_gold_label
from core.probes.sarcasm import comment as probe
from core.probes.sarcasm.comment import Comment
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext
from core.storage.database import Prediction
from pages.server.caches import cached
from pages.views.sarcasm.kept import FindCandidate, fooled_name, keep_find_form, reading_name
from pages.widgets import answers, classes, frame, tables, target
from pages.wording.tokens import plain, pull_strip, signed, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint

_LITTLE, _FAR = 0.1, 0.3  # of P(positive), from 0.5
_MOST_NAMED = 5  # words named in a line


def view(text: str, checkpoints: list[Checkpoint]) -> None:
    """The question how a person reads the text, and everything said of it."""
    reading = ask_reading(classes.named_by(checkpoints))
    aim = target.choose(checkpoints, "comment")
    readers, verdicts = answers.answers(checkpoints, text)
    if not readers:
        frame.invite(text)
        return
    verdicts = [aim.verdict(verdict) for verdict in verdicts]
    comments = [Comment(reading, verdict, None) for verdict in verdicts]
    _say_how_many(comments)
    for column, comment in zip(st.columns(len(readers)), comments, strict=True):
        with column:
            _card(comment)
    st.header(_("Effect of leaving out each word"))
    with frame.working(_("Leaving out each word…"), 330):
        comments = [
            one
            if len(verdict.tokens) > probe.MOST
            else Comment(reading, verdict, *_leave_one_out(model.targeted(verdict.target), verdict.tokens))
            for model, one, verdict in zip(readers, comments, verdicts, strict=True)
        ]
    _strips(comments)
    st.header(_("Keep this comment"))
    said = {verdict.model: Prediction.of(verdict) for verdict in verdicts}
    keep_find_form(FindCandidate(text, said, reading), "keep comment")


def ask_reading(labels: Sequence[str]) -> str:
    """How a person reads the text: as a class of these names, or mixed; in the link."""
    usual = usual_gold_label(labels)
    return classes.choose(
        _("Your gold label"),
        {reading: reading_name(reading) for reading in gold_labels(labels)},
        name="reading",
        key="sarcasm reading",
        unreadable=_("The link names an unknown label. Using {reading}.").format(reading=plain(reading_name(usual))),
        default=usual,
        help=_("Mixed: several, or none. A model cannot answer “mixed”, so no model is wrong."),
    )


def _say_how_many(comments: list[Comment]) -> None:
    judged, others = ([one for one in comments if (one.fooled is None) is never] for never in (False, True))
    if judged:
        _say_of_judged(judged)
    if others:
        _say_of_others(others)


def _say_of_judged(judged: list[Comment]) -> None:
    count, fooled = len(judged), sum(bool(one.fooled) for one in judged)
    if fooled and count == 1:
        line = _("**The model is fooled**: predicted {opposite}, gold label {reading}.")
    elif fooled:
        line = ngettext(
            "**{fooled} of {count} models is fooled**: predicted {opposite}, gold label {reading}.",
            "**{fooled} of {count} models are fooled**: predicted {opposite}, gold label {reading}.",
            fooled,
        )
    else:
        line = ngettext(
            "**The model is not fooled**: it agrees with you ({reading}).",
            "**None of {count} models is fooled**: all agree with you ({reading}).",
            count,
        )
    verdicts = dict.fromkeys(plain(shown(one.verdict.label)) for one in judged if one.fooled)
    reading = plain(reading_name(judged[0].reading))
    st.markdown(line.format(fooled=fooled, count=count, opposite=listed(verdicts), reading=reading))


def _say_of_others(comments: list[Comment]) -> None:
    """Why these models cannot be fooled by the text."""
    reading = comments[0].reading
    if reading == MIXED:
        st.write(_("A mixed comment has no wrong verdict. These are the models’ answers."))
        return
    line = ngettext(
        "{models} has no class “{reading}”, so it cannot be fooled here.",
        "{models} have no class “{reading}”, so they cannot be fooled here.",
        len(comments),
    )
    models = plain(listed(model_name(one.model) for one in comments))
    st.caption(line.format(models=models, reading=plain(reading_name(reading))))


def _card(comment: Comment) -> None:
    said = comment.verdict
    with st.container(border=True):
        classes.metric(said)
        if comment.fooled is not None:
            icon, colour = (":material/theater_comedy:", "orange") if comment.fooled else (":material/check:", "green")
            st.badge(fooled_name(comment.fooled), icon=icon, color=colour)
        st.caption(_by_how_much(comment))


def _by_how_much(comment: Comment) -> str:
    margin, logit = comment.margin, comment.verdict.logit
    if not comment.verdict.target.wins_at_half:
        return _by_how_much_of_several(comment)
    if margin is None:
        return _("Logit: {logit}.").format(logit=signed(logit))
    if not comment.fooled:
        line = _("Agrees with you: {margin:.3f} on your side of 0.5, {logit:.2f} in the logit.")
    elif margin < _LITTLE:
        line = _("Slightly fooled: {margin:.3f} on the wrong side of 0.5, {logit:.2f} in the logit.")
    elif margin < _FAR:
        line = _("Clearly fooled: {margin:.3f} on the wrong side of 0.5, {logit:.2f} in the logit.")
    else:
        line = _("Badly fooled: {margin:.3f} on the wrong side of 0.5, {logit:.2f} in the logit.")
    return line.format(margin=abs(margin), logit=abs(logit))


def _by_how_much_of_several(comment: Comment) -> str:
    verdict, margin = comment.verdict, comment.margin
    if margin is None:
        return _("{quantity}: {number}.").format(
            quantity=targets.log_odds_name(verdict.target, plain), number=signed(verdict.logit)
        )
    if not comment.fooled:
        line = _("Agrees with you: {difference:.3f} more probable than {other}.")
    elif margin < _LITTLE:
        line = _("Slightly fooled: {difference:.3f} more probable than {other}.")
    elif margin < _FAR:
        line = _("Clearly fooled: {difference:.3f} more probable than {other}.")
    else:
        line = _("Badly fooled: {difference:.3f} more probable than {other}.")
    other = comment.reading if comment.fooled else verdict.runner_up
    return line.format(difference=2 * abs(margin), other=plain(shown(other)))


_leave_one_out = cached(1_024)(probe.leave_one_out)


def _strips(comments: list[Comment]) -> None:
    long = [comment for comment in comments if comment.pulls is None]
    if long:
        st.info(
            _("Words are left out one at a time in texts of up to {most:,} tokens; this text has {count:,}.").format(
                most=probe.MOST, count=max(len(comment.verdict.tokens) for comment in long)
            )
        )
    comments = [comment for comment in comments if comment.pulls is not None]
    if not comments:
        return
    labels = shared(comment.verdict.labels for comment in comments)
    if targets.default(labels) is None:
        line = _(
            "Each word is left out in turn. The number below it is the log-odds of the target class with "
            "the word minus those without it. Blue (+) supports the target class, orange (−) speaks against "
            "it. Words that act only together may show no effect."
        )
    else:
        line = _(
            "Each word is left out in turn. The number below it is the logit with the word minus the "
            "logit without it. Blue (+) supports {second}, orange (−) {first}. Words that act only "
            "together may show no effect."
        ).format(first=classes.said(0, labels), second=classes.said(1, labels))
    st.caption(line)
    for comment in comments:
        about = comment.verdict.target
        named = "" if about.wins_at_half else f": {targets.log_odds_name(about, plain)}"
        st.markdown(f"**{plain(model_name(comment.model))}**{named}")
        pull_strip(comment.verdict.tokens, comment.verdict.known, comment.pulls or (), _hints(comment))
        _say_what_turns(comment)
    if not all(all(comment.verdict.known) for comment in comments):
        st.caption(
            _("Dashed, with a question mark: not in the vocabulary. The models treat all such words as the same word.")
        )
    _table(comments)


def _hints(comment: Comment) -> list[str]:
    return [
        _("{token}: {pull}; without it {chance} is {probability:.3f}").format(
            token=visible(token),
            pull=signed(pull),
            chance=classes.probability_name(comment.verdict.target),
            probability=probability,
        )
        for token, pull, probability in zip(
            comment.verdict.tokens, comment.pulls or (), comment.probabilities_without or (), strict=True
        )
    ]


def _say_what_turns(comment: Comment) -> None:
    turning = comment.turning
    if not turning:
        st.caption(_("No single word flips the verdict when it is left out."))
        return
    named = listed(
        _("“{word}” (word {place})").format(word=plain(visible(comment.verdict.tokens[place])), place=place + 1)
        for place in turning[:_MOST_NAMED]
    )
    more = len(turning) - _MOST_NAMED
    if len(turning) == 1:
        line = _("Leaving out only {words} flips the verdict.")
    elif more > 0:
        line = _("Leaving out any one of these flips the verdict: {words} and {more:,} more.")
    else:
        line = _("Leaving out any one of these flips the verdict: {words}.")
    st.caption(line.format(words=named, more=more))


def _table(comments: list[Comment]) -> None:
    labels = shared(comment.verdict.labels for comment in comments)
    without = _("{chance} without it").format(chance=classes.probability_name(labels))
    several = targets.default(labels) is None  # else the header names the target
    header = [_("model"), _("index"), _("word"), _("known"), _("effect (logits)"), without]
    rows = [
        (
            *(model_name(comment.model), place, token, known, round(pull, 4), round(probability, 4)),
            *([shown(comment.verdict.target.name)] if several else []),
        )
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
    with st.expander(_("Table of all words"), icon=":material/table:"):
        tables.table([*header, *([_("target class")] if several else [])], rows, "words", key="comment words")
