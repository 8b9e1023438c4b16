"""Home: type a sentence; every model's verdict, token by token."""

from __future__ import annotations

from core.data.examples import examples
from core.runtime.i18n import gettext as _
from pages.widgets import frame

frame.set_up("Home")
frame.head("Unrolled", _("How does a recurrent network read your sentence, word by word?"))
text = frame.sentence(examples()[0].text)
frame.example_picker(text)

with frame.loading():
    # Heavy imports, here so that the page is on the screen before them.
    from pages.views.home import verdicts
    from pages.widgets import models

    checkpoints, faults = models.load_all()
models.tell_of(faults)
if checkpoints:
    verdicts.answer(text, checkpoints)
else:
    models.tell_of_none()
frame.links_to_pages(text)
