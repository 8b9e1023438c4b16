"""Which methods rank a sentence's words alike?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from pages.views.attributions import controls
from pages.views.attributions import names as attribution_names
from pages.widgets import tables
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from pages.widgets.sentences import Sentence


def view(asked: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """A map of rank correlations between all methods, for every model chosen."""
    from core.figures.attribution.scores import agreement_map
    from core.probes.attribution.attribute import METHODS, available
    from core.probes.attribution.measures import agreement

    cells, baseline = controls.choose_cells(asked, checkpoints)
    attributions = controls.run(cells, list(METHODS), baseline, "agreement")
    rows: list[tuple[object, ...]] = []
    for cell in cells:
        name = cell.checkpoint.name
        keys = [(cell.sentence.number, name, method) for method in available(cell.checkpoint)]
        here = [attributions[key] for key in keys if key in attributions]
        if len(cell.tokens) == 1:
            line = _("{model}: a single word has no ranking, so agreement is undefined.")
            st.info(plain(line.format(model=model_name(name))))
            continue
        matrix = agreement([one.scores for one in here], [METHODS[one.method].signed for one in here])
        names = [attribution_names.method(one.method) for one in here]
        title = _("Agreement between methods, {model}").format(model=attribution_names.model(name, here[0].target))
        st.plotly_chart(
            agreement_map(names, matrix, title),
            key=f"agreement {name}",
            alt=_("Rank correlation of the scores for each pair of methods"),
        )
        rows += [
            (name, one.method, other.method, "" if value != value else value, attribution_names.column(one.target))
            for one, correlations in zip(here, matrix.tolist(), strict=True)
            for other, value in zip(here, correlations, strict=True)
        ]
    st.caption(
        plain(
            _(
                "Kendall’s τ-b between the scores of two methods on this sentence. It is 1 if they "
                "rank its words alike, 0 if the rankings are unrelated. Methods without signs are "
                "compared by magnitude. Agreement does not make methods right: methods that ask the "
                "same question must agree. Some methods draw at random, so they rank nearly equal "
                "words by chance (Shapley sampling and values beyond 12 words, KernelSHAP, LIME, "
                "Gradient SHAP, SmoothGrad)."
            )
        )
    )
    tables.download_chart("agreement", ["model", "method", "other", "tau_b", "target"], lambda: rows)
