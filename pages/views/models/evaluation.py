"""Views of how models do on a labelled file: slices, calibration, confusion, threshold, two models side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.data.labels import shown as named
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from pages.server.fingerprint import fingerprint
from pages.views.models.source import Shown, choose_model
from pages.widgets import classes, frame, query_params, tables
from pages.wording import estimates
from pages.wording.tokens import Number, plain, signed

if TYPE_CHECKING:
    from core.evaluation.assessment import Example


def slices(shown: Shown) -> None:
    """Accuracy by slice."""
    from core.figures.evaluations import accuracy_by_slice

    tallies, names = shown.tallies.tallies, _slice_names()
    st.plotly_chart(accuracy_by_slice(tallies, names), key="slices", alt=_("Accuracy by slice, with intervals"))
    st.caption(
        _(
            "Dots: accuracy with its 95 % interval (Wilson). Dotted lines: accuracy on all rows. "
            "Slices of different families overlap, so a low accuracy shows where errors are, not why."
        )
    )
    one = named(tallies[0].labels[1])
    header = [_("slice"), _("model"), _("rows"), _("accuracy"), _("share of {one}").format(one=one)]
    rows: list[tuple[object, ...]] = [
        (
            names[cell.family, cell.name],
            model_name(tally.model),
            cell.rows,
            estimates.share(cell.accuracy, cell.interval),
            None if cell.share is None else f"{cell.share:.1%}",
        )
        for cells in zip(*(tally.cells() for tally in tallies), strict=True)
        for tally, cell in zip(tallies, cells, strict=True)
    ]
    with st.expander(_("Table of all slices"), icon=":material/table:"):
        tables.table(header, rows, "slices")


def calibration(shown: Shown) -> None:
    """Reliability plot, expected calibration error, Brier score, temperature."""
    from core.figures.evaluations import reliability

    tallies = shown.tallies.tallies
    st.plotly_chart(
        reliability(tallies),
        key="reliability",
        alt=_("Observed share of the second class against predicted probability"),
    )
    header = [
        _("model"),
        _("calibration error (ECE)"),
        _("Brier score"),
        _("log-loss (nats)"),
        _("best temperature"),
        _("rows"),
    ]
    rows: list[tuple[object, ...]] = [
        (
            model_name(tally.model),
            f"{tally.calibration_error:.4f}",
            f"{tally.brier:.4f}",
            f"{tally.log_loss:.4f}",
            "–" if tally.temperature is None else f"{tally.temperature:.3f}",
            tally.rows,
        )
        for tally in tallies
    ]
    tables.table(header, rows)
    st.caption(
        _(
            "Points on the diagonal are calibrated: of the rows predicted at 80 %, 80 % are in the "
            "second class. ECE is the mean distance from the diagonal over 15 equal ranges. In a "
            "small file even a calibrated model has some. Temperature: the best divisor of the "
            "logits on this file; above 1, the model is overconfident. The models were already "
            "divided by their own temperature at the end of training, on other rows."
        )
    )


def confusion(shown: Shown) -> None:
    """The confusion table of a model, and rows of each field to ask more of."""
    from core.figures.evaluations import confusion as drawn

    model = choose_model(shown.tallies)
    tally = shown.tallies.of(model)
    left, right = st.columns([2, 3])
    left.plotly_chart(drawn(tally), key="confusion", alt=_("Gold labels against predictions"))
    at, one = tally.at(0.5), named(tally.labels[1])
    with right:
        tables.table(
            [_("measure"), _("value (95 % interval)")],
            [
                (_("accuracy"), estimates.share(at.accuracy, at.accuracy_interval)),
                (
                    _("precision: share of predicted {one} that is right").format(one=one),
                    estimates.share(at.precision, at.precision_interval),
                ),
                (
                    _("recall: share of gold {one} that is found").format(one=one),
                    estimates.share(at.recall, at.recall_interval),
                ),
                (_("rows"), f"{tally.rows:,}"),
            ],
        )
    if shown.assessment is None:
        _no_texts()
        return
    st.header(_("Rows to inspect"))
    zero, one = (plain(named(label)) for label in tally.labels)
    fields = {
        "01": _("gold {zero}, predicted {one}").format(zero=zero, one=one),
        "10": _("gold {one}, predicted {zero}").format(zero=zero, one=one),
        "00": _("gold {zero}, predicted {zero}").format(zero=zero),
        "11": _("gold {one}, predicted {one}").format(one=one),
    }
    field = query_params.choice(st.segmented_control, _("Matrix cell"), fields, name="field", key="models field")
    examples = shown.assessment.fields[model][int(field[0]), int(field[1])]
    count = int(at[{"00": 1, "01": 2, "10": 3, "11": 4}[field]])
    line = ngettext("{count:,} row", "{count:,} rows", count).format(count=count)
    st.caption(_("{rows}. Listed, most confident first: {shown}.").format(rows=line, shown=len(examples)))
    _examples(examples, [model], tally.labels, f"confusion {model} {field}")


def threshold(shown: Shown) -> None:
    """From which P(class 1) on class 1 is said: precision, recall, and both curves."""
    from core.figures.evaluations import precision_recall, roc

    tallies = shown.tallies.tallies
    one, chance = plain(named(tallies[0].labels[1])), classes.probability_name_plain(tallies[0].labels)
    hundredths = query_params.linked(
        st.slider,
        _("Decision threshold for {one} ({chance}, in hundredths)").format(one=one, chance=chance),
        0,
        100,
        name="threshold",
        key="models threshold",
        default=50,
        read=query_params.whole(0, 100),
    )
    at_threshold = [(tally, tally.at(hundredths / 100)) for tally in tallies]
    header = [
        _("model"),
        _("precision"),
        _("recall"),
        _("accuracy"),
        "F1",
        _("false positive rate"),
        _("area under ROC"),
        _("average precision"),
    ]
    rows: list[tuple[object, ...]] = [
        (
            model_name(tally.model),
            estimates.share(at.precision, at.precision_interval),
            estimates.share(at.recall, at.recall_interval),
            estimates.share(at.accuracy, at.accuracy_interval),
            "–" if at.f1 is None else f"{at.f1:.4f}",
            "–" if at.false_positive_rate is None else f"{at.false_positive_rate:.1%}",
            estimates.area(tally),
            "–" if tally.average_precision is None else f"{tally.average_precision:.4f}",
        )
        for tally, at in at_threshold
    ]
    tables.table(header, rows)
    left, right = st.columns(2)
    left.plotly_chart(
        precision_recall(tallies, hundredths / 100), key="precision recall", alt=_("Precision against recall")
    )
    right.plotly_chart(roc(tallies, hundredths / 100), key="roc", alt=_("Recall against false positive rate"))
    st.caption(
        _(
            "Rings: the models at this threshold. Dashed lines: predicting {one} for every row, and "
            "guessing. Counts at each hundredth are exact; areas come from 300 bins. A threshold "
            "chosen on a file looks better there than on another file."
        ).format(one=one)
    )


def compare(shown: Shown) -> None:
    """Two models on the same rows: McNemar's test, the difference with its interval, the rows where they differ."""
    names = [tally.model for tally in shown.tallies.tallies]
    if len(names) < 2:
        st.info(_("Only one model is available. A comparison needs two."))
        return
    two = names[:2] if "lstm" not in names else [next(name for name in names if name != "lstm"), "lstm"]
    titles = {name: model_name(name) for name in names}
    a, b = (
        query_params.choice(box.selectbox, label, titles, name=name, key=f"models compare {name}", default=usual)
        for name, usual, box, label in zip("ab", two, st.columns(2), (_("First model"), _("Second model")), strict=True)
    )
    if a == b:
        st.info(_("Choose two different models."))
        return
    pair = shown.tallies.pair(a, b)
    low, high = pair.interval
    first, second = plain(model_name(a)), plain(model_name(b))
    if low > 0 or high < 0:
        better, worse = (first, second) if low > 0 else (second, first)
        verdict = _("{better} is more accurate than {worse} on this file.").format(better=better, worse=worse)
    else:
        verdict = _("No significant difference between {a} and {b} on this file.").format(a=first, b=second)
    st.header(verdict)
    left, middle, right = st.columns(3)
    left.metric(
        _("accuracy of {a} minus {b} (points)").format(a=first, b=second),
        signed(100 * pair.difference),
        _("{low:+.2f} to {high:+.2f}").format(low=Number(100 * low), high=Number(100 * high)),
        delta_color="off",
        delta_arrow="off",
    )
    middle.metric(_("McNemar’s p"), f"{pair.p_value:.2g}")
    right.metric(_("rows with different verdicts"), f"{pair.only_a + pair.only_b:,}")
    tables.table(
        ["", _("{b} right").format(b=model_name(b)), _("{b} wrong").format(b=model_name(b))],
        [
            (_("{a} right").format(a=model_name(a)), pair.both, pair.only_a),
            (_("{a} wrong").format(a=model_name(a)), pair.only_b, pair.neither),
        ],
    )
    st.caption(
        _(
            "The interval is Newcombe’s for paired proportions, 95 %. The test is McNemar’s, exact. "
            "Both cover the sampling of rows, not of the training seed: another seed also changes a "
            "model’s accuracy."
        )
    )
    if shown.assessment is None:
        _no_texts()
        return
    st.header(_("Rows where they disagree"))
    differing = shown.assessment.differing
    _examples(differing.get((a, b), differing.get((b, a), ())), [a, b], shown.tallies.of(a).labels, f"compare {a} {b}")


def _no_texts() -> None:
    st.info(_("The report’s texts are not stored. Choose this project’s sentences, or evaluate your own file."))


def _examples(examples: Sequence[Example], names: Sequence[str], labels: Sequence[str], key: str) -> None:
    """Rows as a table; a click on one takes its text to any page."""
    if not examples:
        st.caption(_("No rows."))
        return
    rows = tables.table(
        [_("text"), _("gold label"), *(f"P {model_name(name)}" for name in names), _("row")],
        [
            (one.text, named(labels[one.label]), *(round(one.probabilities[name], 3) for name in names), one.row)
            for one in examples
        ],
        key=f"models rows {fingerprint((key, examples))}",
        select="single-row",
    )
    if not rows:
        st.caption(_("Choose a row to open its text on another page."))
        return
    st.text(examples[rows[0]].text)
    frame.links_to_pages(examples[rows[0]].text)


def _slice_names() -> dict[tuple[str, str], str]:
    """What a reader sees for the slices, in order."""
    from core.data.slices import SLICES

    words = {
        ("negation", "without"): _("no negation"),
        ("negation", "with"): _("negation"),
        ("question", "without"): _("no question mark"),
        ("question", "with"): _("question mark"),
        ("emoticon", "without"): _("no emoticon"),
        ("emoticon", "with"): _("emoticon"),
        ("unknown", "0"): _("all words known"),
        ("unknown", "1"): _("1 unknown word"),
        ("unknown", "2 or more"): _("2 or more unknown"),
        ("length", "31 or more"): _("31 or more tokens"),
    }
    return {
        (family, name): words.get((family, name)) or _("{range} tokens").format(range=name) for family, name in SLICES
    }
