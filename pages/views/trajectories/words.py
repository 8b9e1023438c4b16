"""What every word adds to the final logit, and the verdict after every word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.data.targets import common, probability
from core.figures.palette import shade
from core.runtime.i18n import clauses, listed
from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls
from pages.widgets import classes, models, query_params, sentences, tables, target
from pages.wording.tokens import lead, minus, plain, signed, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace
    from pages.widgets.sentences import Sentence


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """Each word's contribution to the verdicts on one sentence or two."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = models.choose_some(sentences.readers(checkpoints, *texts), "trajectories models")
        chosen = controls.aimed(chosen, texts[0].text)
        by_sentence = {
            sentence.number: [
                models.traced(checkpoint, sentence.text) for checkpoint in sentences.readers(chosen, sentence)
            ]
            for sentence in texts
        }
        by_sentence = {number: traces for number, traces in by_sentence.items() if traces}
        starts = _ask_start(by_sentence)
    lead(_in_a_sentence(by_sentence))
    for number, traces in by_sentence.items():
        _contributions(number, traces, starts[number], len(by_sentence) > 1)
    with st.expander(_("Verdict after each token"), icon=":material/show_chart:"):
        _verdicts(texts, chosen)
    with st.expander(_("Sums"), icon=":material/functions:"):
        _sums(by_sentence)
    header = ["sentence", "model", "place", "token", "logit", "probability", "contribution", "cell_contribution"]
    tables.download_chart("contributions", [*header, "target"], lambda: _rows(by_sentence))


def _in_a_sentence(by_sentence: dict[int, list[Trace]]) -> str:
    """The word that moves each model most, sentence by sentence."""
    said = []
    for number, traces in by_sentence.items():
        most: dict[tuple[int, str], list[str]] = {}
        for trace in traces:
            at = int(abs(trace.contributions).argmax())
            name = _("{model} {moved}").format(model=model_name(trace.model), moved=signed(trace.contributions[at]))
            most.setdefault((at, trace.tokens[at]), []).append(name)
        told = clauses(
            _("“{word}” ({models})").format(word=visible(word), models=listed(names))
            for (_at, word), names in most.items()
        )
        said.append(
            told if len(by_sentence) == 1 else _("{words} in sentence {number}").format(words=told, number=number)
        )
    logit = classes.log_odds_name(*(trace.target for traces in by_sentence.values() for trace in traces))
    return _("What moves the {logit} most: {words}.").format(logit=logit, words=clauses(said))


def _contributions(number: int, traces: Sequence[Trace], first: int, several: bool) -> None:
    """The bars of a sentence and its words; the one that is clicked is marked and told of."""
    from core.figures.inside.contributions import contribution_bars

    longest = max(traces, key=len)
    own = fingerprint((number, longest.tokens))
    key, chart = f"trajectories word {own}", f"contributions {number}"
    query_params.restore(f"word{number}", None, controls.read_position(len(longest)), key)
    chosen = st.session_state[key]
    title = _("What each token adds to the {logit}, sentence {number}").format(
        logit=classes.log_odds_name(*(trace.target for trace in traces)), number=number
    )
    st.plotly_chart(
        contribution_bars(traces, title if several else "", first, chosen),
        key=chart,
        alt=_("Contribution of every token to the final logit, by model"),
    )
    largest = max(1.0, *(float(abs(trace.contributions).max()) for trace in traces))
    looks = [
        look._replace(ground=shade(longest.contributions[at] / largest))
        for at, look in enumerate(controls.verdict_looks(traces))
    ]
    moved = controls.chosen_step(longest.tokens, longest.known, looks, f"strip {own}", chosen, chart)
    if moved is not None:
        st.session_state[key] = moved
        st.session_state.pop(f"trajectories words {own}", None)
        st.rerun()
    query_params.carry(f"word{number}", None if chosen is None else controls.write_position(chosen))
    if chosen is not None:
        st.caption(plain(_after(traces, chosen)))


def _after(traces: Sequence[Trace], chosen: int) -> str:
    """What one word did in each model."""
    line = _("{model} {moved} ({chance} {before:.2f} → {after:.2f})")
    told = clauses(
        line.format(
            model=model_name(trace.model),
            moved=signed(trace.contributions[chosen]),
            chance=classes.probability_name(trace.target),
            before=probability(trace.empty_logit if not chosen else float(trace.logit[chosen - 1])),
            after=trace.probability[chosen],
        )
        for trace in traces
        if chosen < len(trace)
    )
    word = next(trace.tokens[chosen] for trace in traces if chosen < len(trace))
    return _("Word {number:,}, “{word}”: {told}.").format(number=chosen + 1, word=visible(word), told=told)


def _ask_start(by_sentence: dict[int, list[Trace]]) -> dict[int, int]:
    """Where the bars of each sentence begin; those of a long one show the token that moved the logit most at first."""
    from core.figures.inside.contributions import MOST_BARS

    longest = {number: max(traces, key=len) for number, traces in by_sentence.items()}
    if max(map(len, longest.values())) <= MOST_BARS:
        return dict.fromkeys(by_sentence, 0)
    starts = {}
    with st.popover(_("Settings"), icon=":material/tune:"):
        for number, trace in longest.items():
            own = fingerprint((number, trace.tokens))
            most = st.session_state.get(f"trajectories word {own}")
            most = int(abs(trace.contributions).argmax()) if most is None else most
            starts[number] = controls.window(len(trace), MOST_BARS, most, f"from{number}", f"trajectories words {own}")
    return starts


def _verdicts(texts: Sequence[Sentence], chosen: Sequence[Checkpoint]) -> None:
    from core.figures.prefixes import prefix_curves

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
                minus(f"{trace.empty_logit:.3f}"),
                minus(f"{trace.contributions.sum():.3f}"),
                "–" if trace.cell_contributions is None else minus(f"{trace.cell_contributions.sum():.3f}"),
                minus(f"{trace.logit[-1]:.3f}"),
                f"{trace.probability[-1]:.3f}",
            )
            for number, traces in by_sentence.items()
            for trace in traces
        ],
    )


def _rows(by_sentence: dict[int, list[Trace]]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for number, traces in by_sentence.items():
        for trace in traces:
            kept = [""] * len(trace) if trace.cell_contributions is None else trace.cell_contributions.tolist()
            columns = (trace.logit.tolist(), trace.probability.tolist(), trace.contributions.tolist(), kept)
            rows += [
                (number, trace.model, position, token, *values, target.column(trace.target))
                for position, (token, *values) in enumerate(zip(trace.tokens, *columns, strict=True), 1)
            ]
    return rows
