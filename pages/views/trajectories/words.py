"""The verdict after every word, where two sentences part, and what every word adds to the final logit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name, shared
from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls
from pages.widgets import classes, models
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace
    from pages.views.trajectories.controls import Sentence


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """Verdicts of one sentence or two, and each word's contribution to them."""
    from core.figures.inside.contributions import contribution_bars

    chosen = controls.choose_models(
        [reader for reader in checkpoints if any(reader.preprocessing(sentence.text) for sentence in texts)]
    )
    _verdicts(texts, chosen)
    found = {
        sentence.number: [
            controls.traced(checkpoint, sentence.text) for checkpoint in controls.readers(chosen, sentence.text)
        ]
        for sentence in texts
    }
    for number, traces in found.items():
        title = _("What each token adds to the logit, sentence {number}").format(number=number)
        longest = max(traces, key=len)
        st.plotly_chart(
            contribution_bars(traces, title, _first_shown(longest, number)),
            key=f"contributions {number}",
            alt=_("Contribution of every token to the final logit, by model"),
        )
    st.caption(
        _(
            "A token’s contribution is the logit after it minus the logit before it, so a model’s bars sum to its "
            "final logit minus the empty text’s. The LSTM’s hatched bars, γ of Murdoch & Szlam 2017, sum to the same: "
            "they count what a token wrote into the cell state only as far as the later forget gates let it stand."
        )
    )
    _sums(found, classes.probability_name(classes.of_all(chosen)))
    header = ["sentence", "model", "place", "token", "logit", "probability", "contribution", "cell_contribution"]
    controls.csv_button("contributions", header, lambda: _rows(found))


def _first_shown(trace: Trace, number: int) -> int:
    """Where the bars of a sentence begin; of a long one the token that moved the logit most is among them at first."""
    from core.figures.inside.contributions import MOST_BARS

    most = int(abs(trace.contributions).argmax())
    own = fingerprint((number, trace.tokens))
    return controls.window(len(trace), MOST_BARS, most, f"from{number}", f"trajectories words {own}")


def _verdicts(texts: Sequence[Sentence], chosen: Sequence[Checkpoint]) -> None:
    from core.figures.comparison import comparison_curves
    from core.figures.prefixes import prefix_curves
    from core.probes.permutations.comparison import Comparison, contrast

    both = [checkpoint for checkpoint in chosen if all(checkpoint.preprocessing(sentence.text) for sentence in texts)]
    if len(texts) == 2 and both:
        first, second = ([models.verdict(checkpoint, text) for checkpoint in both] for _number, text in texts)
        compared = Comparison(tuple(contrast(one, other) for one, other in zip(first, second, strict=True)))
        st.plotly_chart(
            comparison_curves(compared),
            key="verdicts",
            alt=_("{chance} after each word of both sentences").format(
                chance=classes.probability_name(classes.of_all(both))
            ),
        )
        for found in compared.contrasts:
            if found.parts_at is None and len(found.a.tokens) == len(found.b.tokens):
                line = _("{model}: the verdicts agree at the end.")
            elif found.parts_at is None:
                line = _("{model}: the verdicts agree at the end of the shorter sentence.")
            else:
                line = _("{model}: the verdicts part from word {step} on.")
            st.caption(line.format(model=plain(model_name(found.model)), step=found.parts_at))
        return
    for sentence in texts:
        found_verdicts = [
            models.verdict(checkpoint, sentence.text) for checkpoint in controls.readers(chosen, sentence.text)
        ]
        if found_verdicts:
            st.plotly_chart(
                prefix_curves(found_verdicts),
                key=f"verdicts {sentence.number}",
                alt=_("{chance} after each word, a curve per model").format(
                    chance=classes.probability_name(shared(verdict.labels for verdict in found_verdicts))
                ),
            )


def _sums(found: dict[int, list[Trace]], chance: str) -> None:
    st.dataframe(
        [
            {
                _("sentence"): number,
                _("model"): model_name(trace.model),
                _("before the first token (logit)"): f"{trace.empty_logit:.4f}",
                _("sum of contributions"): f"{trace.contributions.sum():.4f}",
                _("sum of γ"): "–" if trace.cell_contributions is None else f"{trace.cell_contributions.sum():.4f}",
                _("final logit"): f"{trace.logit[-1]:.4f}",
                chance: f"{trace.probability[-1]:.4f}",
            }
            for number, traces in found.items()
            for trace in traces
        ],
        hide_index=True,
    )


def _rows(found: dict[int, list[Trace]]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for number, traces in found.items():
        for trace in traces:
            kept = [""] * len(trace) if trace.cell_contributions is None else trace.cell_contributions.tolist()
            columns = (trace.logit.tolist(), trace.probability.tolist(), trace.contributions.tolist(), kept)
            rows += [
                (number, trace.model, place, token, *values)
                for place, (token, *values) in enumerate(zip(trace.tokens, *columns, strict=True), 1)
            ]
    return rows
