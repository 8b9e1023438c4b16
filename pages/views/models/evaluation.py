"""Views of how models do on a labelled file: slices, calibration, confusion, threshold, two models side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import model_name
from core.data.labels import shown as named
from core.runtime.i18n import clauses, listed, ngettext, titled, together
from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.views.models.source import Shown, choose_model
from pages.widgets import classes, query_params, tables
from pages.widgets.number_inputs import slide_whole
from pages.wording import estimates
from pages.wording.tokens import Number, lead, plain

if TYPE_CHECKING:
    from core.evaluation.assessment import Example
    from core.evaluation.binned_metrics import Pair, Tally

_BESIDE = 4  # classes whose confusion table leaves room for figures beside it


def slices(shown: Shown) -> None:
    """Accuracy by slice."""
    from core.figures.evaluations import accuracy_by_slice

    tallies, names = shown.tallies.tallies, _slice_names()
    lead(_weakest(tallies, names))
    st.plotly_chart(accuracy_by_slice(tallies, names), key="slices", alt=_("Accuracy by slice, with intervals"))
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


def _weakest(tallies: Sequence[Tally], names: Mapping[tuple[str, str], str]) -> str:
    """Where each model is right least often, of the slices that are clearly weaker than the whole file."""
    found: dict[str, list[str]] = {}
    for tally in tallies:
        weak = [
            (cell.accuracy, names[cell.family, cell.name])
            for cell in tally.cells()
            if cell.accuracy is not None and cell.interval is not None and cell.interval[1] < tally.accuracy
        ]
        if weak:
            accuracy, name = min(weak)
            found.setdefault(name, []).append(_share(tally, accuracy))
    if not found:
        return _("No slice is clearly weaker than the whole file.")
    each = [_("“{slice}” ({models})").format(slice=name, models=listed(models)) for name, models in found.items()]
    whole = listed(_share(tally, tally.accuracy) for tally in tallies)
    return together(
        [
            _("Weakest: {slices}.").format(slices=clauses(each)),
            _("On all rows: {models}.").format(models=whole),
        ]
    )


def _share(tally: Tally, share: float | None) -> str:
    """A model's name and a share."""
    return f"{model_name(tally.model)} –" if share is None else f"{model_name(tally.model)} {share:.1%}"


def calibration(shown: Shown) -> None:
    """Reliability plot, expected calibration error, Brier score, temperature."""
    from core.figures.evaluations import reliability

    tallies = _aimed(shown)
    lead(_sure(tallies))
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
            f"{tally.calibration_error:.3f}",
            f"{tally.brier:.3f}",
            f"{tally.log_loss:.3f}",
            "–" if tally.temperature is None else f"{tally.temperature:.3f}",
            tally.rows,
        )
        for tally in tallies
    ]
    tables.table(header, rows)


def _sure(tallies: Sequence[Tally]) -> str:
    """Which models are over- or underconfident, by how many percentage points; chance may explain a small distance."""
    over, under, neither = list[str](), list[str](), list[str]()
    for tally in tallies:
        low, high = tally.accuracy_interval
        apart = not low <= tally.confidence <= high
        line = (
            _("{model} by {points:.1f} points ({sure:.1%} sure, {right:.1%} right)")
            if apart
            else _("{model} ({sure:.1%} sure, {right:.1%} right)")
        ).format(
            model=model_name(tally.model),
            points=100 * abs(tally.confidence - tally.accuracy),
            sure=tally.confidence,
            right=tally.accuracy,
        )
        (neither if not apart else over if tally.confidence > high else under).append(line)
    said = ((_("Overconfident: {models}."), over), (_("Underconfident: {models}."), under))
    lines = [line.format(models=listed(models)) for line, models in said if models]
    if neither:
        lines.append(_("As sure as right, up to chance: {models}.").format(models=listed(neither)))
    return together(lines)


def confusion(shown: Shown) -> None:
    """The confusion table of a model, and rows of each field to ask more of."""
    from core.figures.evaluations import confusion as drawn

    with shown.row:
        model = choose_model(shown.tallies)
    tally = shown.tallies.of(model)
    lead(_errors(tally))
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
            (_("macro-F1: mean of the classes’ F1"), f"{tally.macro_f1:.3f}"),
            (_("average recall: mean of the classes’ recalls"), f"{tally.average_recall:.3f}"),
        ]
    with right:
        tables.table(header, [accuracy, *measures, (_("rows"), f"{tally.rows:,}")])
    if second is None:
        _each_class(tally)
    if shown.assessment is None:
        return
    st.header(_("Rows to inspect"))
    label, predicted = _cell(tally)
    examples = shown.assessment.fields[model][label, predicted]
    count = int(tally.confusion[label, predicted])
    line = ngettext("{count:,} row", "{count:,} rows", count).format(count=count)
    st.caption(_("{rows}. Listed, most confident first: {shown}.").format(rows=line, shown=len(examples)))
    _examples(examples, [model], tally.labels, f"confusion {model} {label} {predicted}")


def _errors(tally: Tally) -> str:
    """How often a model is right, and its most frequent error."""
    gold, predicted = tally.frequent_error
    line = _("{model} is right on {share:.1%} of {rows:,} rows.").format(
        model=model_name(tally.model), share=tally.accuracy, rows=tally.rows
    )
    if gold == predicted:
        return line
    error = _("Most frequent error: {count:,} rows labelled {gold} are predicted {predicted}.").format(
        count=int(tally.confusion[gold, predicted]),
        gold=named(tally.labels[gold]),
        predicted=named(tally.labels[predicted]),
    )
    return together([line, error])


def _each_class(tally: Tally) -> None:
    """Precision and recall of each class."""
    header = [_("class"), _("rows"), _("precision"), _("recall"), "F1", _("area under ROC")]
    rows = [
        (
            named(one.label),
            one.rows,
            estimates.share(one.precision, one.precision_interval),
            estimates.share(one.recall, one.recall_interval),
            "–" if one.f1 is None else f"{one.f1:.3f}",
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
        shown.row.selectbox,
        _("Target class"),
        prediction | {name: named(name) for name in labels},
        name="target",
        key="models target",
        default="" if predicted else labels[-1],
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
    label = _("Decision threshold for {one} ({chance}, in hundredths)").format(one=one, chance=chance)
    with shown.row:
        hundredths = slide_whole(label, "threshold", 0, 100, 50, key="models threshold", width=360)
    at_threshold = [(tally, tally.at(hundredths / 100)) for tally in tallies]
    lead(
        together(
            [
                _("Recall of {one} at {threshold:.2f}: {models}.").format(
                    threshold=hundredths / 100,
                    one=named(target.name),
                    models=listed(_share(tally, at.recall) for tally, at in at_threshold),
                ),
                _("Precision: {models}.").format(
                    one=named(target.name), models=listed(_share(tally, at.precision) for tally, at in at_threshold)
                ),
            ]
        )
    )
    left, right = st.columns(2)
    left.plotly_chart(
        precision_recall(tallies, hundredths / 100), key="precision recall", alt=_("Precision against recall")
    )
    right.plotly_chart(roc(tallies, hundredths / 100), key="roc", alt=_("Recall against false positive rate"))
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
            "–" if at.f1 is None else f"{at.f1:.3f}",
            "–" if at.false_positive_rate is None else f"{at.false_positive_rate:.1%}",
            estimates.area(tally),
            "–" if tally.average_precision is None else f"{tally.average_precision:.3f}",
        )
        for tally, at in at_threshold
    ]
    tables.table(header, rows)


def compare(shown: Shown) -> None:
    """Two models on the same rows: McNemar's test, the difference with its interval, the rows where they differ."""
    from core.figures.evaluations import only_one_right

    names = [tally.model for tally in shown.tallies.tallies]
    if len(names) < 2:
        st.info(_("Only one model is available. A comparison needs two."))
        return
    two = names[:2] if "lstm" not in names else [next(name for name in names if name != "lstm"), "lstm"]
    titles = {name: model_name(name) for name in names}
    a, b = (
        query_params.choice(
            shown.row.selectbox,
            label,
            titles,
            name=name,
            key=f"models compare {name}",
            default=usual,
            width=200,
        )
        for name, usual, label in zip("ab", two, (_("First model"), _("Second model")), strict=True)
    )
    if a == b:
        st.info(_("Choose two different models."))
        return
    pair = shown.tallies.pair(a, b)
    if pair.difference < 0:  # the better one first
        pair, a, b = pair.turned(), b, a
    lead(_which_is_better(pair))
    st.plotly_chart(
        only_one_right(pair), key="only one right", alt=_("Rows that only one model gets right, a bar for each model")
    )
    st.caption(plain(titled(_("McNemar’s test"), estimates.p_value(pair.p_value))))
    with st.expander(_("Rows by who is right"), icon=":material/table:"):
        tables.table(
            [_("rows"), _("{b} right").format(b=model_name(b)), _("{b} wrong").format(b=model_name(b))],
            [
                (_("{a} right").format(a=model_name(a)), pair.both, pair.only_a),
                (_("{a} wrong").format(a=model_name(a)), pair.only_b, pair.neither),
            ],
        )
    if shown.assessment is None:
        return
    st.header(_("Rows where only one is right"))
    differing = shown.assessment.differing
    _examples(differing.get((a, b), differing.get((b, a), ())), [a, b], shown.tallies.of(a).labels, f"compare {a} {b}")


def _which_is_better(pair: Pair) -> str:
    """Which model is right more often, and whether the difference is beyond chance; `pair` has the better one first."""
    low, high = pair.interval
    shares = [(pair.both + alone) / pair.rows for alone in (pair.only_a, pair.only_b)]
    known = {
        "a": model_name(pair.a),
        "b": model_name(pair.b),
        "a_right": f"{shares[0]:.1%}",
        "b_right": f"{shares[1]:.1%}",
        "rows": f"{pair.rows:,}",
        "points": f"{100 * pair.difference:.2f}",
        "low": f"{Number(100 * low):.2f}",
        "high": f"{Number(100 * high):.2f}",
    }
    if low > 0:
        first = _("{a} is right more often than {b}: {a_right} against {b_right} of {rows} rows.")
        second = _("The difference of {points} points ({low} to {high}) is beyond chance.")
    else:
        first = _("{a} and {b} are right about equally often: {a_right} and {b_right} of {rows} rows.")
        second = _("The difference of {points} points ({low} to {high}) may be chance.")
    return together([first.format(**known), second.format(**known)])


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
    tables.table(
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
        texts=[one.text for one in examples],
    )


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
        ("unknown", "2 or more"): _("2 or more unknown words"),
        ("length", "31 or more"): _("31 or more tokens"),
    }
    return {
        (family, name): words.get((family, name)) or _("{range} tokens").format(range=name) for family, name in SLICES
    }
