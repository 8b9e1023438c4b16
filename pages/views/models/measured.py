"""How often sarcasm fools the models, as measured on corpora of it: the figures kept beside the checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.probes.sarcasm import report_file
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed
from pages.widgets import models, tables
from pages.wording import estimates
from pages.wording.estimates import Estimate
from pages.wording.tokens import lead, plain

if TYPE_CHECKING:
    from core.evaluation.intervals import Mean
    from core.probes.sarcasm.report import SarcasmReport


def view() -> None:
    """The report, or how to make it; a line where a model has changed since."""
    try:
        stored = report_file.load()
    except ValueError as error:
        st.error(plain(str(error)))
        return
    if stored is None:
        st.info(
            _("Nothing measured yet. Run: python -m core sarcasm-report --data FILE … --out checkpoints"),
            icon=":material/straighten:",
        )
        return
    outdated = stored.outdated(models.hashes())
    if outdated:
        st.warning(
            _("These figures were measured on other models than the ones here: {names}.").format(
                names=plain(listed(outdated))
            ),
            icon=":material/history:",
        )
    if stored.reports:
        lead(_in_a_sentence(stored.reports))
        from core.figures.sarcasm import fooling_rates

        if any(report.reworded for report in stored.reports):
            alt = _("Share of texts that fool a model, by corpus and model")
            st.plotly_chart(fooling_rates(stored.reports), key="measured fooling", alt=alt)
    tables_of = {
        _("Honest rewordings"): _reworded,
        _("Intended sentiment"): _meant,
        _("Predicted positive"): _positive,
        _("Corpora"): _corpora,
    }
    for tab, show in zip(st.tabs(list(tables_of)), tables_of.values(), strict=True):
        with tab:
            show(stored.reports)


def _in_a_sentence(reports: Sequence[SarcasmReport]) -> str:
    """How often sarcasm fools the models, by the best evidence there is: of rewordings, else of all sarcastic texts."""
    reworded = [one.reworded for one in reports if one.reworded]
    fooling = [one.fooling.share for one in reworded if one.fooling and one.fooling.share is not None]
    opposite = [one.opposite.share for one in reworded if one.opposite and one.opposite.share is not None]
    if not fooling or not opposite:
        known = [one.read_positive.sarcastic for one in reports]
        shares = [one.share for one in known if one and one.share is not None]
        return _("The models say positive of {low:.0%} to {high:.0%} of sarcastic texts.").format(
            low=min(shares, default=0), high=max(shares, default=0)
        )
    return _(
        "Sarcasm fools the models in {low:.0%} to {high:.0%} of texts whose honest rewording is predicted negative. "
        "The opposite flip happens in {low_opposite:.0%} to {high_opposite:.0%}."
    ).format(low=min(fooling), high=max(fooling), low_opposite=min(opposite), high_opposite=max(opposite))


def _meant(reports: Sequence[SarcasmReport]) -> None:
    header = [
        _("corpus"),
        _("model"),
        _("accuracy, sarcastic"),
        _("accuracy, plain"),
        _("meant negative, predicted positive: sarcastic"),
        _("meant negative, predicted positive: plain"),
        _("difference (points)"),
    ]
    rows: list[tuple[object, ...]] = [
        (
            report.data,
            model_name(report.model),
            *(estimates.of(one) for one in report.meant.accuracy),
            *(estimates.of(one) for one in report.meant.negative_read_positive),
            _points(report.meant.negative_difference),
        )
        for report in reports
        if report.meant
    ]
    _table(
        _("Accuracy: the share of verdicts that equal the gold label; 95 % intervals."),
        header,
        rows,
        "meant",
    )


def _reworded(reports: Sequence[SarcasmReport]) -> None:
    header = [
        _("corpus"),
        _("model"),
        _("texts"),
        _("mean change in P(positive)"),
        _("lower for honest rewording"),
        _("fooling rate"),
        _("opposite case"),
    ]
    rows: list[tuple[object, ...]] = [
        (
            report.data,
            model_name(report.model),
            report.reworded.texts,
            _mean(report.reworded.change, 3),
            estimates.of(report.reworded.lower),
            estimates.of(report.reworded.fooling),
            estimates.of(report.reworded.opposite),
        )
        for report in reports
        if report.reworded
    ]
    _table(
        _(
            "Change: P(positive) of the sarcastic text minus that of its honest rewordings. Fooling "
            "rate: of the texts whose honest rewording is predicted negative, the share predicted "
            "positive. The opposite case is shown for comparison, because any rewording sometimes "
            "flips a verdict."
        ),
        header,
        rows,
        "reworded",
    )


def _positive(reports: Sequence[SarcasmReport]) -> None:
    header = [_("corpus"), _("model"), _("sarcastic"), _("plain"), _("difference (points)")]
    rows: list[tuple[object, ...]] = [
        (
            report.data,
            model_name(report.model),
            estimates.of(report.read_positive.sarcastic),
            estimates.of(report.read_positive.plain),
            _points(report.read_positive.difference),
        )
        for report in reports
    ]
    _table(
        _("This is not an error rate: sarcastic and plain texts also differ in topic and tone."),
        header,
        rows,
        "positive",
    )


def _corpora(reports: Sequence[SarcasmReport]) -> None:
    tables.table(
        [_("corpus"), _("description"), _("rows"), _("sarcastic"), _("plain"), _("hashtags removed")],
        [
            (
                report.data,
                _(report.about) if report.about else "",
                report.rows,
                report.sarcastic,
                report.plain,
                report.give_aways,
            )
            for report in {report.data: report for report in reports}.values()
        ],
    )


def _table(about: str, header: list[str], rows: list[tuple[object, ...]], name: str) -> None:
    if not rows:
        st.caption(_("No corpus here has this information."))
        return
    st.caption(about)
    tables.table(header, rows, name, height="content")


def _mean(mean: Mean | None, decimals: int, scale: float = 1) -> Estimate:
    if mean is None:
        return estimates.NONE
    low, high = mean.interval
    return estimates.signed(scale * mean.mean, (scale * low, scale * high), decimals)


def _points(difference: Mean | None) -> Estimate:
    return _mean(difference, 1, 100)
