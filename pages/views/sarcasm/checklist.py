"""Where the models fail, kind of sentence by kind of sentence: the behavioural suite, its rates and failing cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shown
from core.probes.checklist.suite import CASES, INVARIANCES, TOLERANCE, Settings, Suite, cases
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
    from core.models.checkpoints import Checkpoint
    from core.probes.checklist.suite import Outcome, Rate

_MOST_CASES, _MOST_SEED = 100, 999_999


def view(checkpoints: list[Checkpoint]) -> None:
    """Settings, failure rates by capability, and one capability's templates and failing cases."""
    st.write(
        _(
            "Hand-written templates test what every model should know, what should not affect it, "
            "and how a change should move it. The sentence above is not used here."
        )
    )
    checkpoints = classes.sentiment_only(checkpoints, _("the templates are sentences with a known sentiment."))
    if not checkpoints:
        return
    settings = _settings()
    texts = list(dict.fromkeys(text for case in cases(settings) for text in case.texts))
    for checkpoint in checkpoints:
        black_box.ask_first(checkpoint, texts)
    with frame.working(_("Running the models…"), 450):
        suites = [_suite(checkpoint, settings) for checkpoint in checkpoints]
    from core.figures.checklist import failure_rates

    st.plotly_chart(failure_rates(suites), key="suite rates", alt=_("Share of failing cases by capability and model"))
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
        ).format(templates=whole.templates, cases=whole.cases, left_out=left_out)
    )
    _rates_table(suites)
    _capability(suites)


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
    with (
        query_params.one_note(_("The link has invalid test suite settings. Using the defaults.")),
        st.expander(_("Test suite settings"), icon=":material/tune:"),
    ):
        left, middle, right = st.columns(3)
        with left:
            seed = ask_whole(_("Sampling seed"), "seed", 0, _MOST_SEED, 0, key="suite seed")
        with middle:
            most = ask_whole(_("Maximum cases per template"), "cases", 1, _MOST_CASES, CASES, key="suite cases")
        tolerance = query_params.linked(
            right.number_input,
            _("Tolerance in P(positive)"),
            0.0,
            0.99,
            name="tolerance",
            key="suite tolerance",
            default=TOLERANCE,
            read=query_params.decimal(0, 0.99),
            step=0.05,
            required=True,
        )
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


def _capability(suites: list[Suite]) -> None:
    st.header(_("Failures"))
    names = [result.name for result in suites[0].capabilities]
    worst = max(suites[0].capabilities, key=lambda result: result.rate.rate or 0.0).name
    name = query_params.choice(
        st.selectbox,
        _("Capability"),
        {name: _(name) for name in names},
        name="capability",
        key="suite capability",
        default=worst,
    )
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
    for suite in suites:
        failed = [case for result in suite.templates if result.template.name in wanted for case in result.failed]
        failed.sort(key=lambda outcome: -outcome.excess)
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
        chances = dict.fromkeys(
            (_("P(positive)"), _("P(positive), changed")), st.column_config.NumberColumn(format="%.3f")
        )
        several = targets.default(suite.labels) is None
        st.dataframe([_case(outcome, several) for outcome in failed], hide_index=True, column_config=chances)


def _case(outcome: Outcome, several: bool) -> dict[str, object]:
    """A failing case as a row; what it was changed to only where it was.

    Of `several` classes, more than two, with the verdicts, which P(positive) does not tell.
    """
    case, changed = outcome.case, outcome.changed_probability
    row: dict[str, object] = {_("P(positive)"): round(outcome.probability, 3)}
    row |= {_("verdict"): shown(outcome.label)} if several else {}
    row |= {_("text"): case.text}
    if changed is not None:
        row |= {_("P(positive), changed"): round(changed, 3)}
        row |= {_("verdict, changed"): shown(outcome.changed_label or "")} if several else {}
        row |= {_("changed to"): case.changed}
    return row | {_("expected"): _expected()[case.expected]}
