"""Which class is explained of models with more than two: each text's prediction, or one that a person names.

The link keeps it as ``target``, and the class that it is compared with as ``against``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.data import targets
from core.data.labels import Names, shown
from core.data.targets import Target
from core.runtime.i18n import gettext as _
from pages.widgets import classes, query_params
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.predict import Verdict
    from core.models.predictor import Model


class Aim(NamedTuple):
    """The name of the target class and of the one that it is compared with; None for the prediction, for all others."""

    name: str | None = None
    against: str | None = None

    def of(self, labels: Names) -> Target | None:
        """The target among a model's classes; None where no class is named, or these lack it."""
        if self.name not in labels:
            return None
        return targets.named(labels, self.name, self.against if self.against in labels else None)

    def model(self, model: Model) -> Model:
        """The model with that target, or as it is."""
        target = self.of(model.labels)
        return model if target is None else model.targeted(target)

    def verdict(self, verdict: Verdict) -> Verdict:
        """The verdict with that target, or as it is."""
        target = self.of(verdict.labels)
        return verdict if target is None else verdict.aimed(target)


def column(target: Target) -> str:
    """A target in a table that is downloaded: a class's name, or two."""
    return " against ".join(target.as_json().values())


def choose(several: Sequence[Model], key: str, *, predicted: bool = True) -> Aim:
    """The target, asked for where a model has more than two classes; `key` is the page's or view's.

    Without `predicted` a class is named always, the last unless another is chosen.
    """
    many = [model for model in several if targets.default(model.labels) is None]
    if not (names := classes.named_by(many)):
        return Aim()
    with st.container(horizontal=True, width="content"):
        prediction = {"": _("predicted class")} if predicted else {}
        name = query_params.choice(
            st.selectbox,
            _("Target class"),
            prediction | {name: shown(name) for name in names},
            name="target",
            key=f"{key} target",
            default="" if predicted else names[-1],
            width=240,
        )
        others = [other for other in classes.named_by(one for one in many if name in one.labels) if other != name]
        if not others:
            return Aim()
        against = query_params.choice(
            st.selectbox,
            _("Compared with"),
            {"": _("all others")} | {other: shown(other) for other in others},
            name="against",
            key=f"{key} against",
            width=240,
        )
    if lacking := [model for model in several if name not in model.labels]:
        line = _("These models do not have the class {name}, so their own targets are shown: {models}.")
        st.caption(line.format(name=plain(shown(name)), models=classes.listed(lacking)))
    return Aim(name, against or None)
