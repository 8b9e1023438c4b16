"""Permutations: does the order of the words move the verdict, and among which valid orders?"""

from __future__ import annotations

import streamlit as st

from core.data.examples import examples
from core.runtime.i18n import gettext as _
from pages.widgets import frame
from pages.widgets.sentences import second_sentence

frame.set_up("Permutations")
views = {
    "flip": _("Find a flip"),
    "hand": _("By hand"),
    "search": _("Search orders"),
    "compare": _("Compare two sentences"),
    "suite": _("Order suite"),
    "kept": _("Kept pairs"),
}
view = frame.head(
    _("Permutations"), _("Can another order of the same words flip the verdict and still be English?"), views
)
text = second = ""
if view == "compare":
    first, other = st.columns(2)
    with first:
        text = frame.sentence(examples()[0].text)
    with other:
        second = second_sentence(text, _("Second sentence"), "permutations second")
elif view not in ("suite", "kept"):
    text = frame.sentence(examples()[0].text)

with frame.loading():
    # Heavy imports, here so that the page is on the screen before them.
    from pages.views.permutations import by_hand, compare, flip, kept_pairs, order_suite, search
    from pages.widgets import black_box, models

    checkpoints, faults = models.load_all()
models.tell_of(faults)
with black_box.faults_shown():
    if view == "kept":
        kept_pairs.view()
    elif not checkpoints:
        models.tell_of_none()
    elif view == "compare":
        compare.view(text, second, checkpoints)
    elif view == "suite":
        order_suite.view(checkpoints)
    elif view == "search":
        search.view(text, checkpoints)
    elif view == "hand":
        by_hand.view(text, checkpoints)
    else:
        flip.view(text, checkpoints)
