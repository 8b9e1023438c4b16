"""Models that read a text from both ends: what cannot be shown of them, said in a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.black_box import BlackBox
from core.language import listed, ngettext
from pages.parts.tokens import plain

if TYPE_CHECKING:
    from core.black_box import Model
    from core.checkpoints import Checkpoint


def only(checkpoints: Sequence[Checkpoint]) -> list[Checkpoint]:
    """The models that read from left to right; a line names those that do not, an error says where none does."""
    found = [checkpoint for checkpoint in checkpoints if not checkpoint.model.bidirectional]
    others = [checkpoint.name for checkpoint in checkpoints if checkpoint.model.bidirectional]
    if others:
        (st.caption if found else st.error)(_not_shown(others))
    return found


def tell_of_layers(checkpoints: Sequence[Checkpoint]) -> None:
    """A line on the models of several layers, if there are any: which of these the states and gates are of."""
    deep = [checkpoint.name for checkpoint in checkpoints if checkpoint.model.recurrent.num_layers > 1]
    if deep:
        st.caption(
            ngettext(
                "{names} has several layers: states, gates and interventions are those of the top one, which the "
                "verdict is read from.",
                "{names} have several layers: states, gates and interventions are those of the top one, which the "
                "verdict is read from.",
                len(deep),
            ).format(names=_listed(deep))
        )


def tell_of_missing_curves(readers: Sequence[Model]) -> None:
    """A line on the models that have a point in place of a curve as they read from both ends, if there are any."""
    names = [reader.name for reader in readers if not isinstance(reader, BlackBox) and reader.model.bidirectional]
    if names:
        st.caption(
            ngettext(
                "{names} is bidirectional: it reads the text from both ends, so it has one verdict, on all of it, and "
                "no curve.",
                "{names} are bidirectional: they read the text from both ends, so each has one verdict, on all of it, "
                "and no curve.",
                len(names),
            ).format(names=_listed(names))
        )


def _not_shown(names: Sequence[str]) -> str:
    return ngettext(
        "Not here: {names} is bidirectional. It reads a text from both ends, so it has no state, gate or verdict after "
        "each word on the way.",
        "Not here: {names} are bidirectional. They read a text from both ends, so they have no state, gate or verdict "
        "after each word on the way.",
        len(names),
    ).format(names=_listed(names))


def _listed(names: Sequence[str]) -> str:
    return plain(listed(name.upper() for name in names))
