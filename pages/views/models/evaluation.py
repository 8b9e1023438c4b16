"""Views of how models do on a labelled file: slices, calibration, confusion, threshold, two models side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
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
    from core.evaluation.binned_metrics import Tally

_BESIDE = 4  # classes whose confusion table leaves room for figures beside it


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
    target = tallies[0].target
    shares = [] if target is None else [_("share of {one}").format(one=named(target.name))]
    header = [_("slice"), _("model"), _("rows"), _("accuracy"), *shares]
    rows: list[tuple[object, ...]] = [
        (
            names[cell.family, cell.name],
            model_name(tally.model),
            cell.rows,
            estimates.share(cell.accuracy, cell.interval),
            *(None if cell.share is None else f"{cell.share:.1%}" for _title in shares),
        )
        for cells in zip(*(tally.cells() for tally in tallies), strict=True)
        for tally, cell in zip(tallies, cells, strict=True)
    ]
    with st.expander(_("Table of all slices"), icon=":material/table:"):
        tables.table(header, rows, "slices")


def calibration(shown: Shown) -> None:
    """Reliability plot, expected calibration error, Brier score, temperature."""
    from core.figures.evaluations import reliability

    tallies = _aimed(shown)
    st.plotly_chart(
        reliability(tallies),
        key="reliability",
        alt=_("Observed share of the class against its predicted probability"),
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
            "Points on the diagonal are calibrated: of the rows whose class is predicted at 80 %, 80 % "
            "are of that class. ECE is the mean distance from the diagonal over 15 equal ranges. In a "
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
    left, right = st.columns([2, 3]) if len(tally.labels) <= _BESIDE else (st.container(), st.container())
    left.plotly_chart(drawn(tally), key="confusion", alt=_("Gold labels against predictions"))
    header = [_("measure"), _("value (95 % interval)")]
    accuracy = (_("accuracy"), estimates.share(tally.accuracy, tally.accuracy_interval))
    if (second := targets.default(tally.labels)) is not None:
        at, one = tally.at(0.5), named(second.name)
        measures: list[tuple[object, ...]] = [
            (
                _("precision: share of predicted {one} that is right").format(one=one),
                estimates.share(at.precision, at.precision_interval),
            ),
            (
                _("recall: share of gold {one} that is found").format(one=one),
                estimates.share(at.recall, at.recall_interval),
            ),
        ]
    else:
        measures = [
            (_("macro-F1: mean of the classes’ F1"), f"{tally.macro_f1:.4f}"),
            (_("average recall: mean of the classes’ recalls"), f"{tally.average_recall:.4f}"),
        ]
    with right:
        tables.table(header, [accuracy, *measures, (_("rows"), f"{tally.rows:,}")])
    if second is None:
        _each_class(tally)
    if shown.assessment is None:
        _no_texts()
        return
    st.header(_("Rows to inspect"))
    label, predicted = _cell(tally)
    examples = shown.assessment.fields[model][label, predicted]
    count = int(tally.confusion[label, predicted])
    line = ngettext("{count:,} row", "{count:,} rows", count).format(count=count)
    st.caption(_("{rows}. Listed, most confident first: {shown}.").format(rows=line, shown=len(examples)))
    _examples(examples, [model], tally.labels, f"confusion {model} {label} {predicted}")


def _each_class(tally: Tally) -> None:
    """Precision and recall of each class."""
    header = [_("class"), _("rows"), _("precision"), _("recall"), "F1", _("area under ROC")]
    rows = [
        (
            named(one.label),
            one.rows,
            estimates.share(one.precision, one.precision_interval),
            estimates.share(one.recall, one.recall_interval),
            "–" if one.f1 is None else f"{one.f1:.4f}",
            estimates.area(tally.targeted(targets.named(tally.labels, one.label))),
        )
        for one in tally.by_class
    ]
    tables.table(header, rows, "classes")


def _cell(tally: Tally) -> tuple[int, int]:
    """The gold label and the prediction whose texts are listed, by number.

    In the link: of two classes both as ``field``, of more their names as ``gold`` and ``predicted``.
    """
    labels = tally.labels
    if targets.default(labels) is not None:
        zero, one = (plain(named(label)) for label in labels)
        fields = {
            "01": _("gold {zero}, predicted {one}").format(zero=zero, one=one),
            "10": _("gold {one}, predicted {zero}").format(zero=zero, one=one),
            "00": _("gold {zero}, predicted {zero}").format(zero=zero),
            "11": _("gold {one}, predicted {one}").format(one=one),
        }
        field = query_params.choice(st.segmented_control, _("Matrix cell"), fields, name="field", key="models field")
        return int(field[0]), int(field[1])
    gold, predicted = (
        query_params.choice(
            box.selectbox,
            title,
            {name: named(name) for name in labels},
            name=name,
            key=f"models {name}",
            default=labels[number],
            unreadable=_("The link names an unknown class. Using another one."),
        )
        for name, title, number, box in zip(
            ("gold", "predicted"),
            (_("Gold label"), _("Predicted class")),
            tally.frequent_error,
            st.columns(2),
            strict=True,
        )
    )
    return labels.index(gold), labels.index(predicted)


def _aimed(shown: Shown, predicted: bool = True) -> tuple[Tally, ...]:
    """The tallies with a target class, asked for where there are more than two; without `predicted`, one is named.

    In the link: ``target``.
    """
    tallies = shown.tallies.tallies
    labels = tallies[0].labels
    if targets.default(labels) is not None:
        return tallies
    prediction = {"": _("predicted class")} if predicted else {}
    name = query_params.choice(
        st.selectbox,
        _("Target class"),
        prediction | {name: named(name) for name in labels},
        name="target",
        key="models target",
        default="" if predicted else labels[-1],
        unreadable=_("The link names an unknown class. Using another one."),
        width=240,
    )
    return shown.tallies.targeted(name or None).tallies


def threshold(shown: Shown) -> None:
    """From which probability on a class is said: precision, recall, and both curves."""
    from core.figures.evaluations import precision_recall, roc

    tallies = _aimed(shown, predicted=False)
    target = tallies[0].target
    assert target is not None
    one, chance = plain(named(target.name)), classes.probability_name_plain(target)
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
        _("accuracy") if target.rival else _("accuracy ({one} or not)").format(one=named(target.name)),
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
    right.metric(_("rows where only one is right"), f"{pair.only_a + pair.only_b:,}")
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
    st.header(_("Rows where only one is right"))
    differing = shown.assessment.differing
    _examples(differing.get((a, b), differing.get((b, a), ())), [a, b], shown.tallies.of(a).labels, f"compare {a} {b}")


def _no_texts() -> None:
    st.info(_("The report’s texts are not stored. Choose this project’s sentences, or evaluate your own file."))


def _examples(examples: Sequence[Example], names: Sequence[str], labels: Sequence[str], key: str) -> None:
    """Rows as a table; a click on one takes its text to any page."""
    if not examples:
        st.caption(_("No rows."))
        return
    said = names if targets.default(tuple(labels)) is None else ()  # of two classes the probability says which
    header = [
        _("text"),
        _("gold label"),
        *(_("predicted by {model}").format(model=model_name(name)) for name in said),
        *(f"P {model_name(name)}" for name in names),
        _("row"),
    ]
    rows = tables.table(
        header,
        [
            (
                one.text,
                named(labels[one.label]),
                *(named(labels[one.predicted[name]]) for name in said),
                *(round(one.probabilities[name], 3) for name in names),
                one.row,
            )
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
