"""Composed pairs of two word orders: where is a model blind to order, and where does order alone turn its verdict?"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shown
from core.probes.permutations import composer
from core.probes.permutations.composer import DIFFER, OPEN, STAY
from core.probes.permutations.order_suite import OrderSuite, Settings
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from core.runtime.malloc import give_back
from pages.server.caches import cached
from pages.widgets import black_box, classes, frame, query_params, tables
from pages.widgets.number_inputs import ask_whole
from pages.wording import estimates
from pages.wording.estimates import Estimate
from pages.wording.terms import term
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.evaluation.intervals import Share
    from core.models.predictor import Model
    from core.probes.permutations.order_suite import Outcome, Result

_PAIRS, _MOST_PAIRS, _MOST_SEED = 50, 500, 999_999
_EXAMPLES = 3  # failing pairs of a model


def view(checkpoints: list[Model]) -> None:
    """How often each model fails, in a sentence; a chart and a table by pattern; some pairs that failed."""
    checkpoints = classes.sentiment_only(checkpoints, _("the pairs are sentences with a known sentiment."))
    if not checkpoints:
        return
    settings = _settings()
    for checkpoint in filter(black_box.is_one, checkpoints):
        pairs = [pair for pattern in composer.load() for pair in pattern.draw(settings.pairs, settings.seed)]
        black_box.ask_first(checkpoint, [text for pair in pairs for text in (pair.a, pair.b)])
    with frame.working(_("Running the models…"), 900):
        suites = [_suite(checkpoint, settings) for checkpoint in checkpoints]
    for suite in suites:
        _answer(suite)
    st.caption(
        _(
            "{pairs:,} pairs of {patterns} patterns, drawn from {count:,}. Both sentences of a pair have "
            "the same words and are valid English. The sentence above is not used here."
        ).format(
            pairs=sum(result.pairs + result.left_out for result in suites[0].relations),
            patterns=len(suites[0].patterns),
            count=sum(pattern.count for pattern in composer.load()),
        )
    )
    relations = {DIFFER: _("Opposite meanings"), STAY: _("Same meaning"), OPEN: _("Open meanings")}
    must = query_params.choice(st.segmented_control, _("Pairs with"), relations, name="relation", key="order relation")
    _by_pattern(suites, must)
    _failures(suites, must)


@cached(16)
def _suite(checkpoint: Model, settings: Settings) -> OrderSuite:
    from core.probes.permutations.order_suite import run

    suite: OrderSuite = deque(run(checkpoint, settings), maxlen=1).pop().result()
    give_back()
    return suite


def _settings() -> Settings:
    with (
        query_params.one_note(_("The link has invalid test suite settings. Using the defaults.")),
        st.expander(_("Test suite settings"), icon=":material/tune:"),
    ):
        left, right = st.columns(2)
        with left:
            pairs = ask_whole(_("Pairs per pattern"), "pairs", 1, _MOST_PAIRS, _PAIRS, key="order pairs")
        with right:
            seed = ask_whole(_("Sampling seed"), "seed", 0, _MOST_SEED, 0, key="order seed")
    return Settings(pairs, seed)


def _answer(suite: OrderSuite) -> None:
    """What the suite says of a model, in one line."""
    differ, stay = suite.relation(DIFFER), suite.relation(STAY)
    assert differ is not None and stay is not None and differ.right is not None
    st.markdown(
        _(
            "**{model}** is blind on **{blind}** of the pairs that mean opposite things: both get the "
            "same verdict. It is right on both sentences of {right}. Its verdict turns on **{brittle}** "
            "of the pairs that mean the same."
        ).format(
            model=plain(model_name(suite.model)),
            blind=_percent(differ.blind),
            right=_percent(differ.right),
            brittle=_percent(stay.brittle),
        )
    )
    left_out = sum(result.left_out for result in suite.relations)
    if left_out:
        line = ngettext(
            "{count:,} pair is left out: {model} lacks its words and reads both sentences as the same.",
            "{count:,} pairs are left out: {model} lacks their words and reads both sentences as the same.",
            left_out,
        )
        st.caption(line.format(count=left_out, model=plain(model_name(suite.model))))


def _by_pattern(suites: list[OrderSuite], must: str) -> None:
    from core.figures.order_suite import shares_by_pattern

    rows = [results for results in zip(*(suite.patterns for suite in suites), strict=True) if results[0].must == must]
    rows.sort(key=lambda results: -sum(_shown(result).share or 0.0 for result in results))
    about = {
        DIFFER: _(
            "Blind: both verdicts are equal, though the meanings are opposite. A bag of words is blind on every pair."
        ),
        STAY: _("Brittle: the verdict turns, though the meaning stays. A bag of words is never brittle."),
        OPEN: _("People may read either sentence as positive or negative, so no verdict is wrong here."),
    }
    st.caption(about[must])
    st.plotly_chart(
        shares_by_pattern(suites, must, [str(results[0].pattern) for results in rows]),
        key=f"order suite {must}",
        alt=_("Share of blind, brittle or turned pairs by pattern and model"),
    )
    examples = {pattern.name: pattern.draw(1, 0)[0] for pattern in composer.load()}
    header = [_("pattern"), _("pairs"), *(model_name(suite.model) for suite in suites)]
    header += [_("{model}, right on both").format(model=model_name(suite.model)) for suite in suites if must != OPEN]
    tables.table(
        [*header, _("first order, an example"), _("second order, an example")],
        [
            (
                term(str(results[0].pattern)),
                results[0].pairs,
                *(_estimate(_shown(result)) for result in results),
                *(_estimate(result.right) for result in results if must != OPEN),
                examples[str(results[0].pattern)].a,
                examples[str(results[0].pattern)].b,
            )
            for results in rows
        ],
        "order-suite",
        height="content",
    )
    st.caption(_("Intervals are 95 %, clustered by one filler of each pattern. They cover these patterns only."))


def _failures(suites: list[OrderSuite], must: str) -> None:
    """The surest failures of each model, one of a pattern."""
    if must == OPEN:
        return
    st.header(_("Pairs that failed"))
    for suite in suites:
        worst = [result.failed[0] for result in suite.patterns if result.must == must and result.failed]
        worst.sort(key=lambda outcome: -outcome.surety)
        count = sum(len(result.failed) for result in suite.patterns if result.must == must)
        line = ngettext("{model}: {count:,} failing pair", "{model}: {count:,} failing pairs", count)
        st.markdown("**" + line.format(model=plain(model_name(suite.model)), count=count) + "**")
        if worst:
            chance = st.column_config.NumberColumn(format="%.3f")
            columns = dict.fromkeys((_("P(positive), first"), _("P(positive), second")), chance)
            many = targets.default(classes.of(suite.model)) is None
            rows = [_row(outcome, verdicts=many) for outcome in worst[:_EXAMPLES]]
            st.dataframe(rows, hide_index=True, column_config=columns)


def _row(outcome: Outcome, *, verdicts: bool) -> dict[str, object]:
    return {
        _("first order"): outcome.pair.a,
        _("P(positive), first"): round(outcome.probability_a, 3),
        **({_("verdict, first"): shown(outcome.label_a)} if verdicts else {}),
        _("second order"): outcome.pair.b,
        _("P(positive), second"): round(outcome.probability_b, 3),
        **({_("verdict, second"): shown(outcome.label_b)} if verdicts else {}),
        _("pattern"): term(outcome.pair.pattern),
    }


def _shown(result: Result) -> Share:
    return result.failures or result.turned


def _estimate(share: Share | None) -> Estimate:
    return estimates.NONE if share is None else estimates.share(share.share, share.interval)


def _percent(share: Share | None) -> str:
    return "–" if share is None or share.share is None else f"{share.share:.0%}"
