"""Which methods rank a sentence's words alike?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from pages.views.attributions import controls, strips
from pages.views.attributions import names as attribution_names
from pages.widgets import tables, target
from pages.wording.tokens import Number, lead, plain

if TYPE_CHECKING:
    import numpy as np

    from core.models.checkpoints import Checkpoint
    from core.probes.attribution.results import Attribution
    from pages.widgets.sentences import Sentence


def view(asked: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """A map of rank correlations between all methods, for every model chosen."""
    from core.probes.attribution.attribute import METHODS, available
    from core.probes.attribution.measures import agreement

    cells, baseline = controls.choose_cells(asked, checkpoints)
    answers = st.container()
    attributions = controls.run(cells, list(METHODS), baseline, "agreement")
    rows: list[tuple[object, ...]] = []
    for cell in cells:
        name = cell.checkpoint.name
        keys = [(cell.sentence.number, name, method) for method in available(cell.checkpoint)]
        here = [attributions[key] for key in keys if key in attributions]
        if len(cell.tokens) == 1:
            line = _("{model}: a single word has no ranking, so agreement is undefined.")
            answers.info(plain(line.format(model=model_name(name))))
            continue
        if not here:
            continue
        matrix = agreement([one.scores for one in here], [METHODS[one.method].signed for one in here])
        with answers:
            lead(_answer(here, matrix))
            _map(here, matrix)
        rows += [
            (name, one.method, other.method, "" if value != value else value, target.column(one.target))
            for one, correlations in zip(here, matrix.tolist(), strict=True)
            for other, value in zip(here, correlations, strict=True)
        ]
    tables.download_chart("agreement", ["model", "method", "other", "tau_b", "target"], lambda: rows)


def _answer(here: Sequence[Attribution], matrix: np.ndarray) -> str:
    """Which words the methods call the strongest, and how alike two methods rank on average."""
    from core.probes.attribution.measures import mean_agreement, votes

    (first, most), *others = votes([one.scores for one in here])
    line = _("{model}: {most} of {count} methods call {word} the strongest word.")
    if others:
        line = _("{model}: {most} of {count} methods call {word} the strongest word, {fewer} call {other} so.")
    second, fewer = others[0] if others else (first, 0)
    line = line.format(
        model=model_name(here[0].model),
        most=most,
        count=len(here),
        word=strips.quoted(here[0].tokens, [first]),
        fewer=fewer,
        other=strips.quoted(here[0].tokens, [second]),
    )
    if (tau := mean_agreement(matrix)) is None:
        return line
    alike = _("Two methods’ rankings agree by τ = {tau:.2f} on average (1: the same).")
    return together((line, alike.format(tau=Number(tau))))


def _map(here: Sequence[Attribution], matrix: np.ndarray) -> None:
    from core.figures.attribution.scores import agreement_map

    title = _("Agreement between methods, {model}")
    st.plotly_chart(
        agreement_map(
            [attribution_names.marked(one.method) for one in here],
            matrix,
            title.format(model=attribution_names.model(here[0].model, here[0].target)),
        ),
        key=f"agreement {here[0].model}",
        alt=_("Rank correlation of the scores for each pair of methods"),
    )
