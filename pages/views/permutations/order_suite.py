"""Composed pairs of two word orders: where is a model blind to order, and where does order alone turn its verdict?"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shown
from core.probes.permutations import composer
from core.probes.permutations.composer import DIFFER, OPEN, STAY
from core.probes.permutations.order_suite import OrderSuite, Settings
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext, together
from core.runtime.malloc import give_back
from pages.server.caches import cached
from pages.widgets import black_box, classes, frame, query_params, tables
from pages.widgets.number_inputs import ask_whole
from pages.wording import estimates
from pages.wording.terms import term
from pages.wording.tokens import lead, plain

if TYPE_CHECKING:
    from core.evaluation.intervals import Share
    from core.models.predictor import Model
    from core.probes.permutations.order_suite import Outcome, Result

_PAIRS, _MOST_PAIRS, _MOST_SEED = 50, 500, 999_999
_EXAMPLES = 5  # failing pairs of a model


def view(checkpoints: list[Model]) -> None:
    """How often each model fails, in a sentence; a chart by pattern; tables by pattern and of pairs that failed."""
    checkpoints = classes.sentiment_only(checkpoints, _("the pairs are sentences with a known sentiment."))
    if not checkpoints:
        return
    relations = {DIFFER: _("Opposite meanings"), STAY: _("Same meaning"), OPEN: _("Open meanings")}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        must = query_params.choice(st.pills, _("Pairs with"), relations, name="relation", key="order relation")
        with st.popover(_("Settings"), icon=":material/tune:"):
            settings = _settings()
    for checkpoint in filter(black_box.is_one, checkpoints):
        pairs = [pair for pattern in composer.load() for pair in pattern.draw(settings.pairs, settings.seed)]
        black_box.ask_first(checkpoint, [text for pair in pairs for text in (pair.a, pair.b)])
    with frame.working(_("Running the models…"), 900):
        suites = [_suite(checkpoint, settings) for checkpoint in checkpoints]
    lead(_in_a_sentence(suites, must))
    rows = [results for results in zip(*(suite.patterns for suite in suites), strict=True) if results[0].must == must]
    rows.sort(key=lambda results: -sum(_shown(result).share or 0.0 for result in results))

    from core.figures.order_suite import shares_by_pattern

    st.plotly_chart(
        shares_by_pattern(suites, must, [str(results[0].pattern) for results in rows]),
        key=f"order suite {must}",
        alt=_("Share of blind, brittle or turned pairs by pattern and model"),
    )
    tabs = st.tabs([_("By pattern"), _("Pairs that failed")] if must != OPEN else [_("By pattern")])
    with tabs[0]:
        _by_pattern(suites, must, rows)
        _left_out(suites)
    if must != OPEN:
        with tabs[1]:
            _failures(suites, must)


@cached(16)
def _suite(checkpoint: Model, settings: Settings) -> OrderSuite:
    from core.probes.permutations.order_suite import run

    suite: OrderSuite = deque(run(checkpoint, settings), maxlen=1).pop().result()
    give_back()
    return suite


def _settings() -> Settings:
    with query_params.one_note():
        pairs = ask_whole(_("Pairs per pattern"), "pairs", 1, _MOST_PAIRS, _PAIRS, key="order pairs")
        seed = ask_whole(_("Sampling seed"), "seed", 0, _MOST_SEED, 0, key="order seed")
    return Settings(pairs, seed)


def _in_a_sentence(suites: list[OrderSuite], must: str) -> str:
    """What the suite says of every model about the pairs of a relation."""
    results = [(suite.model, suite.relation(must)) for suite in suites]

    def each(of: Callable[[Result], Share | None]) -> str:
        return listed(f"{model_name(model)} {_percent(of(found))}" for model, found in results if found is not None)

    failing = each(_shown)
    if must == DIFFER:
        said = [
            _("Same verdict on pairs with opposite meanings (blind to order): {models}.").format(models=failing),
            _("Right on both sentences: {models}.").format(models=each(lambda result: result.right)),
        ]
    elif must == STAY:
        said = [_("The verdict turns though the meaning stays, on these pairs: {models}.").format(models=failing)]
    else:
        said = [_("The two sentences get different verdicts on these pairs: {models}.").format(models=failing)]
    return together(said)


def _left_out(suites: list[OrderSuite]) -> None:
    st.caption(
        _("{pairs:,} pairs of {patterns} patterns, drawn from {count:,}.").format(
            pairs=sum(result.pairs + result.left_out for result in suites[0].relations),
            patterns=len(suites[0].patterns),
            count=sum(pattern.count for pattern in composer.load()),
        )
    )
    for suite in suites:
        if left_out := sum(result.left_out for result in suite.relations):
            line = ngettext(
                "{count:,} pair is left out: {model} lacks its words and reads both sentences as the same.",
                "{count:,} pairs are left out: {model} lacks their words and reads both sentences as the same.",
                left_out,
            )
            st.caption(line.format(count=left_out, model=plain(model_name(suite.model))))


def _by_pattern(suites: list[OrderSuite], must: str, rows: list[tuple[Result, ...]]) -> None:
    examples = {pattern.name: pattern.draw(1, 0)[0] for pattern in composer.load()}
    header = [_("pattern"), _("pairs"), *(model_name(suite.model) for suite in suites)]
    header += [_("{model}, right on both").format(model=model_name(suite.model)) for suite in suites if must != OPEN]
    tables.table(
        [*header, _("first order, an example"), _("second order, an example")],
        [
            (
                term(str(results[0].pattern)),
                results[0].pairs,
                *(estimates.of(_shown(result)) for result in results),
                *(estimates.of(result.right) for result in results if must != OPEN),
                examples[str(results[0].pattern)].a,
                examples[str(results[0].pattern)].b,
            )
            for results in rows
        ],
        "order-suite",
        texts=[examples[str(results[0].pattern)].b for results in rows],
        firsts=[examples[str(results[0].pattern)].a for results in rows],
    )
    st.caption(_("Intervals are 95 %, clustered by one filler of each pattern. They cover these patterns only."))


def _failures(suites: list[OrderSuite], must: str) -> None:
    """The surest failures of each model, one of a pattern."""
    many = any(targets.default(classes.of(suite.model)) is None for suite in suites)
    header, rows, failed = [_("model"), _("pattern"), _("first order"), _("P(positive), first")], [], []
    header += [_("verdict, first")] if many else []
    header += [_("second order"), _("P(positive), second"), *([_("verdict, second")] if many else [])]
    counts = []
    for suite in suites:
        worst = [result.failed[0] for result in suite.patterns if result.must == must and result.failed]
        worst.sort(key=lambda outcome: -outcome.surety)
        count = sum(len(result.failed) for result in suite.patterns if result.must == must)
        counts.append(f"{model_name(suite.model)} {count:,}")
        for outcome in worst[:_EXAMPLES]:
            failed.append(outcome.pair)
            rows.append([model_name(suite.model), *_row(outcome, verdicts=many)])
    st.caption(plain(_("Failing pairs: {counts}. Here are the surest of each model.").format(counts=listed(counts))))
    if rows:
        chance = st.column_config.NumberColumn(format="%.3f")
        columns = dict.fromkeys((_("P(positive), first"), _("P(positive), second")), chance)
        tables.table(
            header,
            rows,
            "order-failures",
            column_config=columns,
            texts=[pair.b for pair in failed],
            firsts=[pair.a for pair in failed],
        )


def _row(outcome: Outcome, *, verdicts: bool) -> list[object]:
    return [
        term(outcome.pair.pattern),
        outcome.pair.a,
        round(outcome.probability_a, 3),
        *([shown(outcome.label_a)] if verdicts else []),
        outcome.pair.b,
        round(outcome.probability_b, 3),
        *([shown(outcome.label_b)] if verdicts else []),
    ]


def _shown(result: Result) -> Share:
    return result.failures or result.turned


def _percent(share: Share | None) -> str:
    return "–" if share is None or share.share is None else f"{share.share:.0%}"
