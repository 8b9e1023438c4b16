"""Maths lab: exercises whose numbers can be changed, with every intermediate shown and checked."""

from __future__ import annotations

from core.runtime.i18n import gettext as _
from pages.widgets import frame

frame.set_up("Maths_Lab")
sections = {
    "lstm": _("LSTM by hand"),
    "bptt": _("Backpropagation through time"),
    "boosting": _("Boosting"),
    "mixture": _("Gaussian mixture"),
    "cells": _("RNN, GRU, LSTM"),
}
chosen = frame.head(
    _("Maths lab"),
    _("Work an exercise by hand: every number you type is checked."),
    sections,
    name="lab",
    key="lab section",
)
with frame.waiting(_("Loading the exercise…"), 420):
    # Only the chosen one is loaded: some need torch.
    if chosen == "lstm":
        from pages.views.maths_lab import lstm as section
    elif chosen == "bptt":
        from pages.views.maths_lab import bptt as section
    elif chosen == "boosting":
        from pages.views.maths_lab import boosting as section
    elif chosen == "mixture":
        from pages.views.maths_lab import mixture as section
    else:
        from pages.views.maths_lab import cells as section
section.view()
