"""Maths lab: exercises whose numbers can be changed, with every intermediate shown and checked."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import streamlit as st

from core.language import gettext as _
from pages.parts import frame, link

frame.set_up(_("Maths lab"))
st.title(_("Maths lab"))
st.write(_("The arithmetic by hand: change the numbers, see every intermediate, and see it checked."))
# A section is a line here and a module of its name, lab_NAME, with a function view.
every = {
    "lstm": _("LSTM by hand"),
    "bptt": _("Backpropagation through time"),
    "boosting": _("Boosting"),
    "mixture": _("Gaussian mixture"),
    "cells": _("RNN, GRU, LSTM"),
}
sections = {name: title for name, title in every.items() if find_spec(f"pages.parts.lab_{name}")}
if not link.restore("lab", "lstm", link.one_of(list(sections)), key="lab section"):
    st.caption(_("The link asks for an exercise that is not here; the first one is shown."))
chosen = st.segmented_control(
    _("Exercise"),
    list(sections),
    format_func=sections.__getitem__,
    key="lab section",
    required=True,
    persist_state="session",
    label_visibility="collapsed",
)
link.carry("lab", None if chosen == "lstm" else chosen)
import_module(f"pages.parts.lab_{chosen}").view()  # only this one: some need torch
