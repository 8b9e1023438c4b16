"""Sarcasm: comments that a person reads as negative and a model as positive."""

from __future__ import annotations

import streamlit as st

from core.data.examples import examples
from core.runtime.i18n import gettext as _
from pages.views.sarcasm import reading
from pages.widgets import frame

frame.set_up("Sarcasm")
asked = st.query_params.to_dict()
views = {
    "comment": _("Test a comment"),
    "edits": _("Small edits"),
    "compose": _("Compose"),
    "file": _("Search a file"),
    "kept": _("Kept finds"),
}
view = frame.head(_("Sarcasm"), _("Which comments fool a model, and how can you find them?"), views)
if asked.get("view") in ("behaviour", "measured"):
    line = _("Behavioural tests and results on corpora are on the page Models now: open them there.")
    st.page_link("pages/6_Models.py", label=line, icon=":material/arrow_forward:", query_params=asked)
text = ""
if view in ("comment", "edits"):
    reading.forget_others()
    text = frame.sentence(next(example.text for example in examples() if example.name == _("Deadpan")))

with frame.loading():
    # Heavy imports, here so that the page is on the screen before them.
    from pages.views.sarcasm import comment, compose, edits, files, kept
    from pages.widgets import black_box, models

    checkpoints, faults = models.load_all()
models.tell_of(faults)
with black_box.faults_shown():
    if view == "kept":
        kept.view()
    elif not checkpoints:
        models.tell_of_none()
    elif view == "edits":
        edits.view(text, checkpoints)
    elif view == "compose":
        compose.view(checkpoints)
    elif view == "file":
        files.view(checkpoints)
    else:
        comment.view(text, checkpoints)
