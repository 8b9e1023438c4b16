"""Which methods rank a sentence's words alike?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from pages.views.attributions import controls
from pages.views.attributions import names as attribution_names
from pages.views.attributions.controls import Cell
from pages.views.trajectories import controls as trajectories
from pages.views.trajectories.controls import Sentence
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint


def view(asked: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """A map of rank correlations between all methods, for every model asked."""
    from core.figures.attribution.scores import agreement_map
    from core.probes.attribution.agreement import agreement
    from core.probes.attribution.attribute import METHODS, available

    left, right = st.columns(2)
    with left:
        sentence = trajectories.choose_sentence(asked)
        chosen = controls.choose_models(checkpoints, [sentence])
    with right:
        baseline = controls.choose_baseline()
    cells = [Cell(sentence, checkpoint) for checkpoint in chosen if checkpoint.preprocessing(sentence.text)]
    found = controls.run(cells, list(METHODS), baseline, "agreement")
    rows: list[tuple[object, ...]] = []
    for cell in cells:
        name = cell.checkpoint.name
        here = [
            found[key] for method in available(cell.checkpoint) if (key := (sentence.number, name, method)) in found
        ]
        matrix = agreement(here)
        names = [attribution_names.method(one.method) for one in here]
        if len(cell.tokens) == 1:
            line = _("{model}: a single word has no ranking, so no two methods can agree or disagree on it.")
            st.info(plain(line.format(model=model_name(name))))
            continue
        st.plotly_chart(
            agreement_map(names, matrix, _("Agreement of methods, {model}").format(model=model_name(name))),
            key=f"agreement {name}",
            alt=_("Rank correlation of every two methods' scores"),
        )
        rows += [
            (name, one.method, other.method, "" if value != value else value)
            for one, line in zip(here, matrix.tolist(), strict=True)
            for other, value in zip(here, line, strict=True)
        ]
    st.caption(
        plain(
            _(
                "Kendall’s τ-b between the scores of two methods on this one sentence: 1 where both rank its words "
                "alike, 0 where they have nothing in common. Methods without signs are compared by magnitudes. That "
                "methods agree does not make them right: those that ask the same question are bound to. Methods that "
                "draw at random (Shapley sampling and values beyond 12 words, KernelSHAP, LIME, Gradient SHAP, "
                "SmoothGrad) rank words that are nearly alike by chance."
            )
        )
    )
    trajectories.csv_button("agreement", ["model", "method", "other", "tau_b"], lambda: rows)
