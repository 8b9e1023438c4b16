"""Where the models fail, kind of sentence by kind of sentence: the behavioural suite, its rates and failing cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shown
from core.probes.checklist.suite import CASES, INVARIANCES, TOLERANCE, Settings, Suite, cases
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext, together
from core.runtime.malloc import give_back
from pages.server.caches import cached
from pages.server.fingerprint import fingerprint
from pages.widgets import black_box, classes, frame, models, query_params, tables
from pages.widgets.number_inputs import ask_decimal, ask_whole
from pages.wording import estimates
from pages.wording.estimates import Estimate
from pages.wording.terms import term
from pages.wording.tokens import lead, plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.checklist.suite import Outcome, Rate

_MOST_CASES, _MOST_SEED = 100, 999_999


def view() -> None:
    """Failure rates by capability, settings, and one capability's templates and failing cases."""
    with black_box.faults_shown():
        checkpoints = classes.sentiment_only(models.loaded(), _("the templates are sentences with a known sentiment."))
        if checkpoints:
            _suites(checkpoints)


def _suites(checkpoints: list[Checkpoint]) -> None:
    place = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choice = st.container(width="content")
        with st.popover(_("Settings"), icon=":material/tune:"):
            settings = _settings()
    texts = list(dict.fromkeys(text for case in cases(settings) for text in case.texts))
    for checkpoint in checkpoints:
        black_box.ask_first(checkpoint, texts)
    with place:
        with frame.working(_("Running the models…"), 450):
            suites = [_suite(checkpoint, settings) for checkpoint in checkpoints]
        lead(_in_a_sentence(suites))
        from core.figures.checklist import failure_rates

        alt = _("Share of failing cases by capability and model")
        st.plotly_chart(failure_rates(suites), key="suite rates", alt=alt)
    with choice:
        name = _capability(suites)
    _failures_of(suites, name)
    with st.expander(_("Table of all capabilities"), icon=":material/table:"):
        _rates_table(suites)
        _say_what_ran(suites)


def _in_a_sentence(suites: list[Suite]) -> str:
    """Each model's failure rate, and where it is highest."""
    rates = [
        _("{model} {rate:.0%}").format(model=model_name(suite.model), rate=suite.rate.rate or 0) for suite in suites
    ]
    line = _("Failures in {cases:,} hand-written cases: {rates}.").format(
        cases=suites[0].rate.cases, rates=listed(rates)
    )
    worst = {max(suite.capabilities, key=lambda one: one.rate.rate or 0).name for suite in suites}
    weakest = _("Weakest in: {names}.").format(names=listed(_(name) for name in sorted(worst)))
    return together([line, weakest])


def _say_what_ran(suites: list[Suite]) -> None:
    whole = suites[0].rate
    left_out = ngettext(
        "{count:,} more case is left out: {model} reads both of its texts as the same text.",
        "{count:,} more cases are left out: {model} reads both of their texts as the same text.",
        whole.left_out,
    ).format(count=whole.left_out, model=plain(model_name(suites[0].model)))
    st.caption(
        _(
            "{templates} templates, {cases:,} cases; the intervals are clustered by template. The "
            "results apply to templates like these, which are hard by design, not to tweets in "
            "general. {left_out}"
        ).format(templates=whole.templates, cases=whole.cases, left_out=left_out if whole.left_out else "")
    )


@cached(32)
def _suite(checkpoint: Checkpoint, settings: Settings) -> Suite:
    from core.probes.checklist.suite import run

    suite = run(checkpoint, settings)
    give_back()
    return suite


def _settings() -> Settings:
    rules = {
        "verdict": _("the verdict changes"),
        "checklist": _("the verdict changes and P(positive) moves by more than the tolerance"),
        "probability": _("P(positive) moves by more than the tolerance"),
    }
    with query_params.one_note():
        left, middle, right = st.columns(3)
        with left:
            seed = ask_whole(_("Sampling seed"), "seed", 0, _MOST_SEED, 0, key="suite seed")
        with middle:
            most = ask_whole(_("Maximum cases per template"), "cases", 1, _MOST_CASES, CASES, key="suite cases")
        more = {"key": "suite tolerance", "step": 0.05, "required": True}
        with right:
            tolerance = ask_decimal(_("Tolerance in P(positive)"), "tolerance", 0.99, TOLERANCE, **more)
        rule = query_params.linked(
            st.radio,
            _("Invariance fails if"),
            list(INVARIANCES),
            name="rule",
            key="suite rule",
            default="verdict",
            read=query_params.one_of(list(INVARIANCES)),
            format_func=rules.__getitem__,
        )
    return Settings(seed=seed, cases=most, tolerance=round(tolerance, 4), invariance=rule)


def _share(rate: Rate) -> Estimate:
    return estimates.share(rate.rate, rate.interval)


def _rates_table(suites: list[Suite]) -> None:
    header = [_("capability"), _("templates"), _("cases"), *(model_name(suite.model) for suite in suites)]
    whole = suites[0].rate
    rows: list[tuple[object, ...]] = [
        (
            _(capabilities[0].name),
            capabilities[0].rate.templates,
            capabilities[0].rate.cases,
            *(_share(one.rate) for one in capabilities),
        )
        for capabilities in zip(*(suite.capabilities for suite in suites), strict=True)
    ]
    rows.append((_("all"), whole.templates, whole.cases, *(_share(suite.rate) for suite in suites)))
    tables.table(header, rows, "suite", height="content")


def _capability(suites: list[Suite]) -> str:
    names = [result.name for result in suites[0].capabilities]
    worst = max(suites[0].capabilities, key=lambda result: result.rate.rate or 0.0).name
    return query_params.choice(
        st.selectbox,
        _("Failures in"),
        {name: _(name) for name in names},
        name="capability",
        key="suite capability",
        default=worst,
        width=260,
    )


def _failures_of(suites: list[Suite], name: str) -> None:
    """The templates of one capability, and each model's failing cases."""
    templates = [result.template for result in suites[0].templates if result.template.capability == name]
    by_model = {suite.model: {result.template.name: result for result in suite.templates} for suite in suites}
    chosen = tables.table(
        [_("template"), _("kind"), _("pattern"), _("expected"), *map(model_name, by_model)],
        [
            (
                term(template.name),
                template.kind,
                template.text if template.changed is None else f"{template.text}  →  {template.changed}",
                _expected()[template.expected],
                *(_share(result[template.name].rate) for result in by_model.values()),
            )
            for template in templates
        ],
        key=f"suite templates {name}",
        select="single-row",
        height="content",
    )
    if not chosen:
        st.caption(
            _("Choose a template to see its failing cases. Until then, the worst cases of each model are shown.")
        )
    wanted = {templates[row].name for row in chosen} or {template.name for template in templates}
    for suite, tab in zip(suites, st.tabs([plain(model_name(suite.model)) for suite in suites]), strict=True):
        failed = [case for result in suite.templates if result.template.name in wanted for case in result.failed]
        failed.sort(key=lambda outcome: -outcome.excess)
        with tab:
            _failures(suite, failed if chosen else failed[:5], len(failed))


def _expected() -> dict[str, str]:
    return {
        "negative": _("negative"),
        "positive": _("positive"),
        "same": _("no change"),
        "up": _("no decrease"),
        "down": _("no increase"),
    }


def _failures(suite: Suite, failed: list[Outcome], count: int) -> None:
    line = ngettext("{model}: {count:,} failing case", "{model}: {count:,} failing cases", count)
    st.markdown("**" + line.format(model=plain(model_name(suite.model)), count=count) + "**")
    if failed:
        several = targets.default(suite.labels) is None  # then P(positive) does not tell the verdict
        changed = any(outcome.changed_probability is not None for outcome in failed)
        header = [
            _("P(positive)"),
            *([_("verdict")] if several else []),
            _("text"),
            *([_("P(positive), changed")] if changed else []),
            *([_("verdict, changed")] if changed and several else []),
            *([_("changed to")] if changed else []),
            _("expected"),
        ]
        rows = [_case(outcome, changed=changed, several=several) for outcome in failed]
        texts = [outcome.case.changed or outcome.case.text for outcome in failed]
        look = dict.fromkeys(
            (_("P(positive)"), _("P(positive), changed")), st.column_config.NumberColumn(format="%.3f")
        )
        key = f"suite failures {suite.model} {fingerprint(texts)}"
        tables.table(header, rows, key=key, texts=texts, column_config=look)


def _case(outcome: Outcome, *, changed: bool, several: bool) -> tuple[object, ...]:
    """A failing case as a row; with `changed`, also what it was changed to, with `several` classes the verdicts too."""
    case, after = outcome.case, outcome.changed_probability
    return (
        round(outcome.probability, 3),
        *([shown(outcome.label)] if several else []),
        case.text,
        *([None if after is None else round(after, 3)] if changed else []),
        *([shown(outcome.changed_label or "")] if changed and several else []),
        *([case.changed] if changed else []),
        _expected()[case.expected],
    )
