"""Sarcasm: comments that a person reads as negative and a model as positive."""

from __future__ import annotations

import streamlit as st

from core.data.examples import examples
from core.runtime.i18n import gettext as _
from pages.widgets import frame

frame.set_up("Sarcasm")
st.title(_("Sarcasm"))
st.write(_("Which comments fool a model, and how can you find them? Type a comment and choose its gold label."))
text = frame.sentence(next(example.text for example in examples() if example.name == _("Deadpan")))
views = {
    "comment": _("Test a comment"),
    "edits": _("Small edits"),
    "compose": _("Compose"),
    "file": _("Search a file"),
    "behaviour": _("Behavioural tests"),
    "measured": _("Results on corpora"),
    "kept": _("Kept finds"),
}
view = frame.choose_view(_("Task"), views)

with frame.loading():
    # Heavy imports, here so that the page is on the screen before them.
    from pages.views.sarcasm import checklist, comment, compose, edits, files, kept, measured
    from pages.widgets import black_box, models

    checkpoints, faults = models.load_all()
models.tell_of(faults)
with black_box.faults_shown():
    if view == "kept":
        kept.view()
    elif view == "measured":
        measured.view()
    elif not checkpoints:
        models.tell_of_none()
    elif view == "edits":
        edits.view(text, checkpoints)
    elif view == "compose":
        compose.view(checkpoints)
    elif view == "file":
        files.view(checkpoints)
    elif view == "behaviour":
        checklist.view(checkpoints)
    else:
        comment.view(text, checkpoints)
