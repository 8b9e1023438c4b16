"""The verdict after every word, where two sentences part, and what every word adds to the final logit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.data.targets import common, log_odds_name
from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls
from pages.widgets import classes, models, sentences, tables, target
from pages.wording.tokens import minus, plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace
    from pages.widgets.sentences import Sentence


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """Verdicts of one sentence or two, and each word's contribution to them."""
    from core.figures.inside.contributions import contribution_bars

    chosen = models.choose_some(sentences.readers(checkpoints, *texts), "trajectories models")
    chosen = controls.aimed(chosen, texts[0].text)
    _verdicts(texts, chosen)
    by_sentence = {
        sentence.number: [
            models.traced(checkpoint, sentence.text) for checkpoint in sentences.readers(chosen, sentence)
        ]
        for sentence in texts
    }
    for number, traces in by_sentence.items():
        title = _("What each token adds to the {logit}, sentence {number}").format(
            logit=classes.log_odds_name(*(trace.target for trace in traces)), number=number
        )
        longest = max(traces, key=len)
        st.plotly_chart(
            contribution_bars(traces, title, _first_shown(longest, number)),
            key=f"contributions {number}",
            alt=_("Contribution of every token to the final logit, by model"),
        )
    st.caption(
        _(
            "A token’s contribution is the logit after it minus the logit before it. So a model’s "
            "bars sum to its final logit minus the empty text’s logit. The LSTM’s hatched bars, γ of "
            "Murdoch & Szlam 2017, have the same sum. They count what a token wrote into the cell "
            "state and the later forget gates kept."
        )
    )
    _sums(by_sentence)
    header = ["sentence", "model", "place", "token", "logit", "probability", "contribution", "cell_contribution"]
    named = target.columns(trace.target for traces in by_sentence.values() for trace in traces)
    tables.download_chart("contributions", header + named, lambda: _rows(by_sentence, named))


def _first_shown(trace: Trace, number: int) -> int:
    """Where the bars of a sentence begin; those of a long one show the token that moved the logit most at first."""
    from core.figures.inside.contributions import MOST_BARS

    most = int(abs(trace.contributions).argmax())
    own = fingerprint((number, trace.tokens))
    return controls.window(len(trace), MOST_BARS, most, f"from{number}", f"trajectories words {own}")


def _verdicts(texts: Sequence[Sentence], chosen: Sequence[Checkpoint]) -> None:
    from core.figures.comparison import comparison_curves
    from core.figures.prefixes import prefix_curves
    from core.probes.permutations.comparison import Comparison, contrast

    both = sentences.readers(chosen, *texts, which=all)
    if len(texts) == 2 and both:
        first, second = ([models.verdict(checkpoint, text) for checkpoint in both] for _number, text in texts)
        compared = Comparison(tuple(contrast(one, other) for one, other in zip(first, second, strict=True)))
        st.plotly_chart(
            comparison_curves(compared),
            key="verdicts",
            alt=_("{chance} after each word of both sentences").format(
                chance=classes.probability_name(common([verdict.target for verdict in (*first, *second)]))
            ),
        )
        for one in compared.contrasts:
            if one.parts_at is None and len(one.a.tokens) == len(one.b.tokens):
                line = _("{model}: same verdict at the end.")
            elif one.parts_at is None:
                line = _("{model}: same verdict at the end of the shorter sentence.")
            else:
                line = _("{model}: the verdicts diverge from word {step} on.")
            st.caption(line.format(model=plain(model_name(one.model)), step=one.parts_at))
        return
    for sentence in texts:
        verdicts = [models.verdict(checkpoint, sentence.text) for checkpoint in sentences.readers(chosen, sentence)]
        if verdicts:
            st.plotly_chart(
                prefix_curves(verdicts),
                key=f"verdicts {sentence.number}",
                alt=_("{chance} after each word, one curve per model").format(
                    chance=classes.probability_name(common([verdict.target for verdict in verdicts]))
                ),
            )


def _sums(by_sentence: dict[int, list[Trace]]) -> None:
    chance = classes.probability_name(common([trace.target for traces in by_sentence.values() for trace in traces]))
    header = [_("sentence"), _("model"), _("before the first token (logit)"), _("sum of contributions"), _("sum of γ")]
    header += [_("final logit"), chance]
    tables.table(
        header,
        [
            (
                number,
                model_name(trace.model),
                minus(f"{trace.empty_logit:.4f}"),
                minus(f"{trace.contributions.sum():.4f}"),
                "–" if trace.cell_contributions is None else minus(f"{trace.cell_contributions.sum():.4f}"),
                minus(f"{trace.logit[-1]:.4f}"),
                f"{trace.probability[-1]:.4f}",
            )
            for number, traces in by_sentence.items()
            for trace in traces
        ],
    )


def _rows(by_sentence: dict[int, list[Trace]], named: Sequence[str]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for number, traces in by_sentence.items():
        for trace in traces:
            kept = [""] * len(trace) if trace.cell_contributions is None else trace.cell_contributions.tolist()
            columns = (trace.logit.tolist(), trace.probability.tolist(), trace.contributions.tolist(), kept)
            rows += [
                (number, trace.model, position, token, *values, *(log_odds_name(trace.target) for _column in named))
                for position, (token, *values) in enumerate(zip(trace.tokens, *columns, strict=True), 1)
            ]
    return rows
