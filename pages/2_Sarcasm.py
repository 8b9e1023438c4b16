"""Sarcasm: comments that a person reads as negative and a model as positive."""

from __future__ import annotations

from core.data.examples import examples
from core.runtime.i18n import gettext as _
from pages.widgets import frame

frame.set_up("Sarcasm")
views = {
    "comment": _("Test a comment"),
    "edits": _("Small edits"),
    "compose": _("Compose"),
    "file": _("Search a file"),
    "behaviour": _("Behavioural tests"),
    "measured": _("Results on corpora"),
    "kept": _("Kept finds"),
}
view = frame.head(_("Sarcasm"), _("Which comments fool a model, and how can you find them?"), views)
text = (
    frame.sentence(next(example.text for example in examples() if example.name == _("Deadpan")))
    if view in ("comment", "edits")
    else ""
)

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
