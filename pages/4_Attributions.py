"""Attributions: which words carried the verdict, by which method, and can the explanation be trusted?"""

from __future__ import annotations

from core.data.examples import examples
from core.runtime.i18n import gettext as _
from pages.widgets import frame

frame.set_up("Attributions")
views = {
    "words": _("Words"),
    "agreement": _("Agreement"),
    "order": _("Word order"),
    "pairs": _("Pairs"),
    "league": _("Method benchmark"),
}
view = frame.head(_("Attributions"), _("Which words drove the verdict, and can the explanation be trusted?"), views)
text, second = "", ""
if view != "league":
    text, second = frame.two_sentences(examples()[0].text, "attributions second", suggest=False)

with frame.loading():
    # Heavy imports, here so that the page is on the screen before them.
    from pages.views.attributions import agreement, benchmark, controls, order, pairs, words
    from pages.widgets import black_box, models, sentences

    checkpoints, faults = models.load_all()
    if view != "league":
        controls.load()
models.tell_of(faults)
with black_box.faults_shown():
    if not checkpoints:
        models.tell_of_none()
    elif view == "league":
        benchmark.view(checkpoints)
    else:
        asked = sentences.read(checkpoints, text, second)
        if not asked:
            frame.invite(text)
        elif view == "agreement":
            agreement.view(asked, checkpoints)
        elif view == "order":
            order.view(asked, checkpoints)
        elif view == "pairs":
            pairs.view(asked, checkpoints)
        else:
            words.view(asked, checkpoints)
