"""The callable that the app was started with, if any: among the models wherever answers are enough, told of elsewhere.

    streamlit run app.py -- --predictor package.module:callable

It is read from the arguments of the program and nowhere else: a page or a link can name none, as naming one runs it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.models import checkpoints, predictor
from core.models.predictor import BlackBox, PredictorError
from core.runtime.i18n import gettext as _
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model


def joined(several: Sequence[Model], faults: list[str]) -> tuple[list[Model], list[str]]:
    """The callable before some models, and a line about it after others' where it cannot be used."""
    try:
        spec = predictor.asked_for(sys.argv[1:])
        if spec is None:
            return [*several], faults
        own = _loaded(spec)
        with st.spinner(_("Asking {model}…").format(model=plain(model_name(own.name)))):
            _classes = own.labels  # a callable without names is asked once how many classes it has
        return [own, *several], faults
    except PredictorError as error:
        return [*several], [*faults, str(error)]


@st.cache_resource(max_entries=2, show_spinner=False)
def _loaded(spec: str) -> BlackBox:
    return predictor.load(spec, checkpoints.names())


def is_one(model: Model) -> bool:
    """Whether a model is a black box."""
    return isinstance(model, BlackBox)


def inside(several: Sequence[Model]) -> list[Checkpoint]:
    """Those with states and weights; a line says that a black box has none to show."""
    line = _("{model} is a black box, so its states, weights and gradients cannot be shown.")
    _say_of_black_boxes(several, line)
    return [model for model in several if not isinstance(model, BlackBox)]


def without_beginnings(several: Sequence[Model]) -> None:
    """Says why a black box has no curve."""
    line = _("{model} is a black box: it answers only for whole texts, so it has no curve.")
    _say_of_black_boxes(several, line)


def _say_of_black_boxes(several: Sequence[Model], line: str) -> None:
    for model in filter(is_one, several):
        st.caption(line.format(model=plain(model_name(model.name))))


@contextmanager
def faults_shown() -> Iterator[None]:
    """What a callable does wrong while the page asks it is said in a line, and the page ends there."""
    try:
        yield
    except PredictorError as error:
        st.error(plain(str(error)), icon=":material/error:")


def ask_first(model: Model, texts: Sequence[str]) -> None:
    """Ask a callable about many texts, showing how far it is; it knows them afterwards."""
    if not isinstance(model, BlackBox):
        return
    name = plain(model_name(model.name))
    bar = st.progress(0.0, _("Asking {model}…").format(model=name))
    line = _("Querying {model}: {done:,} of {total:,} texts")

    def show(done: int, total: int) -> None:
        bar.progress(done / total, line.format(model=name, done=done, total=total))

    try:
        with predictor.telling(show):
            model.probabilities(texts)
    finally:
        bar.empty()
