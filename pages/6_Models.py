"""Models: what was trained, on what, how good; on which sentences not; two of them side by side; what words mean."""

from __future__ import annotations

from core.runtime.i18n import gettext as _
from pages.widgets import frame, models

frame.set_up("Models")
views = {
    "cards": _("Cards"),
    "slices": _("Slices"),
    "calibration": _("Calibration"),
    "confusion": _("Confusion"),
    "threshold": _("Threshold"),
    "compare": _("Compare two models"),
    "evaluate": _("Your file"),
    "words": _("Words"),
    "behaviour": _("Behavioural tests"),
    "robustness": _("Robustness"),
    "measured": _("Results on corpora"),
}
view = frame.head(
    _("Models"),
    _("How accurate is each model, where is it weak, and what was it trained on?"),
    views,
)
cards, faults = models.cards()
word_vectors, more_faults = models.word_vectors_card()
models.tell_of(faults + more_faults)
if view not in ("evaluate", "words", "behaviour", "robustness"):  # which load the models and say so themselves
    models.tell_of_unchecked(cards)

# Heavy imports below this line: the cards alone need none of them.
if view == "cards":
    from pages.views.models import cards as models_cards

    models_cards.view(cards, word_vectors)
elif view == "evaluate":
    from pages.views.models import upload

    upload.view()
elif view == "words":
    from pages.views.models import words

    words.view(word_vectors)
elif view == "behaviour":
    from pages.views.models import behaviour

    behaviour.view()
elif view == "robustness":
    from pages.views.models import robustness

    robustness.view()
elif view == "measured":
    from pages.views.models import measured

    measured.view()
else:
    from pages.views.models import evaluation as models_views
    from pages.views.models import source

    shown = source.choose(cards)
    if shown is not None:
        getattr(models_views, view)(shown)
        source.tell_of(shown)
