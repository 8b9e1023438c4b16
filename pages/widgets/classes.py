"""What a reader sees for a model's classes. Names may be a person's own: escaped where Markdown is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from core.data import targets
from core.data.labels import CLASSES, SENTIMENT, Names, model_name, shared, shown
from core.data.targets import Target, probability_of
from core.figures.palette import THRESHOLD, of_class
from core.models import checkpoints as folder
from core.runtime import i18n
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from pages.widgets import black_box, models, query_params
from pages.wording.tokens import plain, share_bar

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predict import Verdict
    from core.models.predictor import Model

AnyModel = TypeVar("AnyModel", bound="Model")
_SIDE_BY_SIDE = 6  # options


def of(model: str) -> Names:
    """The names of a model's classes, by the model's name; of one that is not there any more, those of none."""
    try:
        return folder.labels_of(models.card(model))
    except ValueError:
        callables, _faults = black_box.joined([], [])
        return next((one.labels for one in callables if one.name == model), CLASSES)


def of_all(several: Iterable[Checkpoint]) -> Names:
    """The names that some models' classes share, or those of none, as first and second class."""
    return shared(checkpoint.labels for checkpoint in several)


def named_by(several: Iterable[Checkpoint]) -> tuple[str, ...]:
    """The names of all classes of some models, each once."""
    return tuple(dict.fromkeys(name for checkpoint in several for name in checkpoint.labels))


def colour(labels: Names, number: int, known: Sequence[bool]) -> str:
    """A class's colour; grey for a verdict on a text of which the model knows no word."""
    return of_class(labels, number).color if any(known) else THRESHOLD


def metric(verdict: Verdict) -> None:
    """A model's name, its verdict, and the probability of its target; of several others, the runner-up's too."""
    delta = _("{chance} = {probability:.3f}").format(
        chance=probability_name_plain(verdict.target), probability=verdict.probability
    )
    if verdict.target.rival is None:
        second = plain(shown(verdict.runner_up))
        delta = _("{chance}; runner-up: {label} {probability:.3f}").format(
            chance=delta, label=second, probability=max(verdict.distribution) - verdict.margin
        )
    st.metric(
        plain(model_name(verdict.model)),
        plain(shown(verdict.label)) if any(verdict.known) else f":gray[{plain(shown(verdict.label))}]",
        delta=delta,
        delta_color="off",
        delta_arrow="up" if verdict.predicted == verdict.target.number else "down",
    )
    bar(verdict)


def bar(verdict: Verdict) -> None:
    """The probabilities of a verdict's classes as one bar."""
    shares = zip(verdict.labels, verdict.distribution, strict=True)
    share_bar(
        [
            (shown(name), share, colour(verdict.labels, number, verdict.known))
            for number, (name, share) in enumerate(shares)
        ],
        tick=verdict.target.wins_at_half,
    )


def probability_name(about: Target | Names = SENTIMENT) -> str:
    """``P(positive)``, or that of another target, as it stands: for tables and alternative texts."""
    return probability_of(about)


def probability_name_plain(about: Target | Names = SENTIMENT) -> str:
    """As `probability_name`, for a place that reads Markdown."""
    return probability_of(about, plain)


def log_odds_name(*several: Target) -> str:
    """``logit``, or the log-odds of the target that results of more than two classes share. Not escaped."""
    names = {targets.log_odds_name(target) for target in several}
    return names.pop() if len(names) == 1 else targets.log_odds_name(None)


def choose(label: str, options: Mapping[str, str], **more: Any) -> str:
    """One of some classes, or of what else is offered beside them: side by side, or in a box where they are many.

    `options` say how a reader sees each, not escaped; `more` is as of `query_params.choice`.
    """
    if len(options) > _SIDE_BY_SIDE:
        return query_params.choice(st.selectbox, label, options, width=240, **more)
    return query_params.choice(st.segmented_control, label, {one: plain(name) for one, name in options.items()}, **more)


def listed(several: Iterable[Checkpoint]) -> str:
    """``LSTM (negative or positive), MAIL (ham or spam)``, for a place that reads Markdown."""
    return i18n.listed(
        _("{model} ({first} or {second})").format(
            model=plain(model_name(one.name)),
            first=i18n.listed(plain(shown(name)) for name in one.labels[:-1]),
            second=plain(shown(one.labels[-1])),
        )
        for one in several
    )


def sentiment_only(several: list[Checkpoint], why: str) -> list[Checkpoint]:
    """Those of some models that tell negative from positive; one line says why the others are left out."""
    fitting = [checkpoint for checkpoint in several if checkpoint.reads_sentiment]
    others = [checkpoint for checkpoint in several if not checkpoint.reads_sentiment]
    if others:
        st.info(
            ngettext(
                "This does not apply to {models}, which does not predict negative or positive: {why}",
                "This does not apply to {models}, which do not predict negative or positive: {why}",
                len(others),
            ).format(models=listed(others), why=why),
            icon=":material/label_off:",
        )
    return fitting
