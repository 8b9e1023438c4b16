"""Test a comment: how a person reads it, every model's verdict, whether it is fooled, and which words pull it there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shared, shown
from core.models.gold_labels import MIXED
from core.probes.sarcasm import comment as probe
from core.probes.sarcasm.comment import Comment
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext, titled, together
from core.storage.database import Prediction
from pages.server.caches import cached
from pages.views.sarcasm import reading
from pages.views.sarcasm.kept import FindCandidate, fooled_name, keep_find_form
from pages.widgets import answers, classes, frame, tables, target, text_strip
from pages.wording.tokens import lead, plain, signed, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint

_LITTLE, _FAR = 0.1, 0.3  # of P(positive), from 0.5
_MOST_NAMED = 5  # words named in a line


def view(text: str, checkpoints: list[Checkpoint]) -> None:
    """The question how a person reads the text, and everything said of it."""
    with st.container(horizontal=True):
        read = reading.ask(classes.named_by(checkpoints))
        aim = target.choose(checkpoints, "comment")
    readers, verdicts = answers.answers(checkpoints, text)
    if not readers:
        frame.invite(text)
        return
    verdicts = [aim.verdict(verdict) for verdict in verdicts]
    comments = [Comment(read or "", verdict, None) for verdict in verdicts]
    text_strip.warn_of_unknown(*(verdict.known for verdict in verdicts))
    lead(_in_a_sentence(comments, read))
    _say_of_others(comments)
    for column, comment in zip(st.columns(len(readers)), comments, strict=True):
        with column, st.container(border=True):
            _card(comment)
    if read:
        said = {verdict.model: Prediction.of(verdict) for verdict in verdicts}
        keep_find_form(FindCandidate(text, said, read), "keep comment")
    with frame.working(_("Leaving out each word…"), 330):
        comments = [
            one
            if len(verdict.tokens) > probe.MOST
            else Comment(one.reading, verdict, *_leave_one_out(model.targeted(verdict.target), verdict.tokens))
            for model, one, verdict in zip(readers, comments, verdicts, strict=True)
        ]
    _strips(comments)


def _in_a_sentence(comments: list[Comment], read: str | None) -> str:
    """Who is fooled and who agrees with the person; until they say how they read it, who predicts what."""
    fooled = [one for one in comments if one.fooled]
    agreeing = [one for one in comments if one.fooled is False]
    said = []
    if fooled:
        verdicts = listed(dict.fromkeys(shown(one.verdict.label) for one in fooled))
        line = ngettext(
            "{models} is fooled: it says {verdicts}, you say {reading}.",
            "{models} are fooled: they say {verdicts}, you say {reading}.",
            len(fooled),
        )
        said.append(line.format(models=_named(fooled), verdicts=verdicts, reading=reading.name(fooled[0].reading)))
    if agreeing:
        line = ngettext("{models} agrees with you: {reading}.", "{models} agree with you: {reading}.", len(agreeing))
        said.append(line.format(models=_named(agreeing), reading=reading.name(agreeing[0].reading)))
    if not said:
        of: dict[str, list[Comment]] = {}
        for one in comments:
            of.setdefault(one.verdict.label, []).append(one)
        said = [_("{models}: {label}.").format(models=_named(some), label=shown(label)) for label, some in of.items()]
        if read is None:
            said.append(_("Say how you read it to see whether a model is fooled."))
        elif read == MIXED:
            said.append(_("Of a mixed comment no verdict is wrong."))
    return together(said)


def _named(comments: list[Comment]) -> str:
    return listed(model_name(one.model) for one in comments)


def _say_of_others(comments: list[Comment]) -> None:
    """Which models cannot be fooled by a text that is read as a class."""
    others = [one for one in comments if one.reading not in ("", MIXED) and one.fooled is None]
    if others:
        line = ngettext(
            "{models} has no class “{reading}”, so it cannot be fooled here.",
            "{models} have no class “{reading}”, so they cannot be fooled here.",
            len(others),
        )
        st.caption(line.format(models=plain(_named(others)), reading=plain(reading.name(others[0].reading))))


def _card(comment: Comment) -> None:
    classes.metric(comment.verdict)
    if comment.fooled is None:
        return
    icon, colour = (":material/theater_comedy:", "violet") if comment.fooled else (":material/check:", "green")
    st.badge(_how_far(comment), icon=icon, color=colour, help=_by_how_much(comment))


def _how_far(comment: Comment) -> str:
    """Whether a model is fooled, and by how much, in a word or two."""
    margin = comment.margin or 0.0
    if not comment.fooled:
        return fooled_name(comment.fooled)
    if margin < _LITTLE:
        return _("slightly fooled")
    return _("clearly fooled") if margin < _FAR else _("badly fooled")


def _by_how_much(comment: Comment) -> str:
    """A judged comment's distance from the other verdict."""
    margin, verdict = comment.margin or 0.0, comment.verdict
    if not verdict.target.wins_at_half:
        other = plain(shown(comment.reading if comment.fooled else verdict.runner_up))
        return _("{difference:.3f} more probable than {other}").format(difference=2 * abs(margin), other=other)
    if comment.fooled:
        line = _("{margin:.3f} on the wrong side of 0.5, {logit:.2f} in the logit")
    else:
        line = _("{margin:.3f} on your side of 0.5, {logit:.2f} in the logit")
    return line.format(margin=abs(margin), logit=abs(verdict.logit))


_leave_one_out = cached(1_024)(probe.leave_one_out)


def _strips(comments: list[Comment]) -> None:
    """Each model's effect of leaving out each word; a click on a word says what is left without it."""
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
    st.header(_("Effect of leaving out each word"))
    for comment in comments:
        about = comment.verdict.target
        name = f"**{plain(model_name(comment.model))}**"
        st.markdown(name if about.wins_at_half else titled(name, targets.log_odds_name(about, plain)))
        hints = _hints(comment)
        looks = text_strip.effect_looks(comment.pulls or (), hints, about)
        key = f"comment {comment.model}"
        chosen = text_strip.choose(comment.verdict.tokens, comment.verdict.known, looks, key=key)
        if chosen is None:
            _say_what_turns(comment)
        else:
            st.caption(plain(hints[chosen]))
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
            *(model_name(comment.model), place, visible(token), known, round(pull, 4), round(probability, 4)),
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
