"""The models' cards as a page: how good they are, how they learnt, what each choice bought, what they are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.data.labels import SENTIMENT, model_name, shown
from core.data.small_data import class_counts, majority, trained_counts
from core.models import checkpoints
from core.models.checkpoints import EMBEDDINGS
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, together
from pages.widgets import models, tables
from pages.wording import estimates, names
from pages.wording.terms import term
from pages.wording.tokens import lead, plain


def view(cards: dict[str, Any], word_vectors: dict[str, Any] | None) -> None:
    """Which model is right more often, and on what; then everything else that the cards say."""
    reports, people = _measured(cards, "report"), _measured(cards, "people")
    histories = {name: card["history"] for name, card in cards.items() if card.get("history")}
    if reports:
        lead(_best(reports, people))
    else:
        st.info(_("No model here has a report yet. Train with --report FILE to add one."))
    if reports or histories:
        left, right = st.columns(2)
        with left:
            _by_length(reports)
        with right:
            _curves(histories, cards)
    _bring_your_own()
    every_card = cards | ({"word2vec": word_vectors} if word_vectors else {})
    study = models.study()
    tabs = {
        _("Test results"): lambda: _test_results(cards, reports, people),
        _("Ablations: what each choice adds"): lambda: study and _study(study),
        _("Intended use and limits"): lambda: _use(every_card),
    }
    for tab, draw in zip(st.tabs(list(tabs)), tabs.values(), strict=True):
        with tab:
            draw()


def _best(reports: Mapping[str, Any], people: Mapping[str, Any]) -> str:
    """Which model is right most often on the rows of the reports, and on texts that people labelled.

    A tie: the accuracy is in the best one's interval.
    """
    lines = []
    for measured, rows in (
        (reports, _("{rows:,} test rows")),
        (people, _("{rows:,} texts that people labelled")),
    ):
        same: dict[object, dict[str, Any]] = {}
        for name, report in measured.items():
            same.setdefault((report["rows"], report.get("sha256")), {})[model_name(name)] = report
        for some in sorted(same.values(), key=len, reverse=True):
            best = max(some.values(), key=lambda report: report["accuracy"])
            tied = [name for name, report in some.items() if report["accuracy"] >= best["accuracy_interval"][0]]
            accuracies = {name: report["accuracy"] for name, report in some.items()}
            lines.append(estimates.in_order(accuracies, tied, rows.format(rows=best["rows"])))
    return together(lines[:2])


def _by_length(reports: Mapping[str, Any]) -> None:
    if reports:
        from core.figures.models import accuracy_by_length

        st.plotly_chart(accuracy_by_length(reports), key="by_length", alt=_("Accuracy by length, one line per model"))


def _curves(histories: Mapping[str, Any], cards: Mapping[str, Any]) -> None:
    if not histories:
        return
    from core.figures.models import training_curves

    st.plotly_chart(training_curves(histories), key="curves", alt=_("Held-out log-loss by training step"))
    before = [model_name(name) for name in histories if "calibration" in cards[name]]
    if 0 < len(before) < len(histories):
        line = _("Curves of {names}: before temperature scaling; of the other models: after it.")
        st.caption(plain(line.format(names=listed(before))))


def _bring_your_own() -> None:
    """How a model of a person's own comes here, in one line."""
    root = checkpoints.root()
    folder = "checkpoints" if root == Path(checkpoints.__file__).parents[2] / "checkpoints" else "$UNROLLED_CHECKPOINTS"
    st.caption(
        _(
            "Add your own model: `{train}` trains one, `{bring}` imports one. Each folder "
            "`{folder}/NAME` is a model here."
        ).format(
            train="python -m core train --data FILE",
            bring="python -m core import-torch --weights FILE --vocabulary FILE --name NAME",
            folder=folder,
        )
    )


def _test_results(cards: Mapping[str, Any], reports: Mapping[str, Any], people: Mapping[str, Any]) -> None:
    if not reports:
        return
    _evaluations(reports)
    _tell_of_labels([name for name in reports if checkpoints.labels_of(cards[name]) == SENTIMENT], reports)
    if people:
        _evaluations(people)
        st.caption(_("Measured on texts that people labelled."))
    if without := [model_name(name) for name in cards if name not in reports]:
        line = _("No report: {names}. Add one in training with --report FILE.")
        st.caption(plain(line.format(names=listed(without))))


def _study(study: Mapping[str, Any]) -> None:
    from core.figures.models import study_differences

    st.write(
        _(
            "The base is an LSTM with {units} units, trained on {rows:,} tweets. Each variant "
            "changes one thing and is judged on the same {held:,} held-out tweets. If the 95 % "
            "interval of a difference includes zero, the study shows no difference. “Another "
            "seed” changes nothing but chance, so differences of its size mean little."
        ).format(units=study["base"]["hidden_size"], rows=study["data"]["rows"], held=study["data"]["held_out_rows"])
    )
    variants = study["variants"]
    differences = study_differences(variants, [names.variant(row) for row in variants])
    st.plotly_chart(differences, key="study", alt=_("Differences in accuracy from the base"))
    _vocabulary_by_step(study)


def _use(every_card: Mapping[str, Mapping[str, Any]]) -> None:
    _statements(every_card)
    for name in every_card:
        with st.expander(_("Card of {name}").format(name=plain(model_name(name))), icon=":material/description:"):
            _card(name, every_card)


def _measured(cards: Mapping[str, Any], on: str) -> dict[str, Any]:
    """The cards' evaluations of one kind, by model."""
    return {name: card["metrics"][on] for name, card in cards.items() if on in card.get("metrics", {})}


def _evaluations(reports: Mapping[str, Mapping[str, Any]]) -> None:
    """One row a model: accuracy with its interval, and the other measures."""
    measures = {"f1": "F1", "auc": "AUC"}
    if any(report["f1"] is None for report in reports.values()):  # of more than two classes
        measures |= {"macro_f1": _("macro-F1"), "average_recall": _("average recall")}
    header = [_("model"), _("accuracy (95 % interval)"), *measures.values(), _("log-loss (nats)")]
    tables.table(
        [*header, _("calibration error"), _("unknown tokens"), _("rows")],
        [
            (
                model_name(name),
                estimates.share(report["accuracy"], report["accuracy_interval"]),
                *("–" if report.get(measure) is None else f"{report[measure]:.3f}" for measure in measures),
                f"{report['log_loss']:.3f}",
                f"{report['calibration_error']:.3f}",
                f"{report['unknown_rate']:.1%}",
                f"{report['rows']:,}",
            )
            for name, report in reports.items()
        ],
    )


def _tell_of_labels(taught: Sequence[str], reports: Mapping[str, object]) -> None:
    """On which rows models were measured; the labels of those that emoticons `taught` are noisy."""
    if len(taught) == len(reports):
        st.caption(
            _(
                "Measured on tweets that no model was trained or selected on. Their labels come from the "
                "emoticons in them, so some of the errors are errors of the labels."
            )
        )
        return
    st.caption(_("Measured on rows that no model was trained or selected on."))
    if taught:
        line = _("{names}: the labels come from the emoticons in the tweets, so some of the errors are theirs.")
        st.caption(plain(line.format(names=listed(map(model_name, taught)))))


def _vocabulary_by_step(study: Mapping[str, Any]) -> None:
    """Vocabulary and unknown words as the preprocessing steps are added."""
    steps = names.steps()
    tables.table(
        [_("steps added so far"), _("distinct tokens"), _("vocabulary"), _("unknown tokens")],
        [
            (
                _("none") if number == 0 else f"+ {steps.get(row['step'], row['step'])}",
                f"{row['distinct']:,}",
                f"{row['vocabulary']:,}",
                f"{row['unknown_rate']:.1%}",
            )
            for number, row in enumerate(study["vocabulary_by_step"])
        ],
    )
    st.caption(
        _(
            "The vocabulary contains the words that occur at least {least} times in the study's "
            "training rows. Unknown tokens are counted in its held-out rows. The file’s HTML "
            "entities were already decoded."
        ).format(least=study["min_count"])
    )


def _statements(cards: Mapping[str, Mapping[str, Any]]) -> None:
    """What several cards say word for word, once, under the names of their models."""
    together: dict[tuple[str, ...], list[str]] = {}
    for statement, holders in _holders(cards).items():
        if len(holders) > 1:
            together.setdefault(tuple(holders), []).append(statement)
    for holders, shared in together.items():
        st.markdown(f"**{plain(listed(map(model_name, holders)))}**")
        _list(shared)


def _card(name: str, cards: Mapping[str, Mapping[str, Any]]) -> None:
    """What sets a checkpoint apart: the statements it alone makes, its data, settings, versions, hardware; then all of
    its card as JSON."""
    content = cards[name]
    data = content.get("data", {})
    if content.get("kind") == EMBEDDINGS:  # word2vec reads every row, whatever a classifier holds out
        if {"rows", "file"} <= data.keys():
            rows, file = data["rows"], data["file"]
            st.text(_("Trained on all {rows:,} rows of {file}, without labels.").format(rows=rows, file=file))
    elif {"training_rows", "held_out_rows", "file"} <= data.keys():
        st.text(
            _("Trained on {training:,} rows of {file}; {held:,} of its rows were held out for selection.").format(
                training=data["training_rows"], file=data["file"], held=data["held_out_rows"]
            )
        )
    _classes(content)
    _imported(content)
    _list([statement for statement, holders in _holders(cards).items() if holders == [name]])
    parts = {
        "sizes": _("sizes"),
        "settings": _("settings"),
        "embeddings": _("word vectors"),
        "data": _("data"),
        "calibration": _("calibration"),
        "hardware": _("hardware"),
        "versions": _("versions"),
    }
    tables.table(
        [_("part"), _("name"), _("value")],
        [
            (title, term(key), term(str(value)))
            for part, title in parts.items()
            for key, value in content.get(part, {}).items()
        ],
    )
    st.json(dict(content), expanded=False)


def _imported(content: Mapping[str, Any]) -> None:
    """Of a model trained elsewhere: whether it was compared with its owner's outputs, and what was assumed of it."""
    imported = content.get("imported")
    if not isinstance(imported, Mapping):
        return
    if models.unchecked({"": content}):
        st.text(_("Not checked against outputs from its owner. Assumed, because its files do not say:"))
    else:
        checked = imported["checked"]
        line = _("{rows:,} rows of {file} agree with its owner’s outputs. Largest difference: {difference:.1e}.")
        st.text(line.format(rows=checked["rows"], file=checked["file"], difference=checked["largest_difference"]))
    for line in imported.get("assumed", ()):
        st.text(f"· {line}")


def _classes(content: Mapping[str, Any]) -> None:
    """How many rows each class had in the file, and how accuracy on held-out rows compares with the largest class."""
    counts, selection = trained_counts(content), content.get("metrics", {}).get("selection")
    names = [shown(name) for name in content.get("labels", SENTIMENT)]
    if counts is None or len(counts) != len(names) or content.get("kind") == EMBEDDINGS:  # made without labels
        return
    rows = listed(f"{count:,} {name}" for count, name in zip(counts, names, strict=True))
    st.text(_("Rows in the file: {classes}.").format(classes=rows))
    if not selection:
        return
    held = class_counts(selection)
    low, high = selection["accuracy_interval"]
    st.text(
        _(
            "Accuracy {accuracy:.1%} on {rows:,} held-out rows (95 % interval {low:.1%} to "
            "{high:.1%}). Always predicting {label} would give {majority:.1%}."
        ).format(
            accuracy=selection["accuracy"],
            rows=selection["rows"],
            low=low,
            high=high,
            label=names[held.index(max(held))],
            majority=majority(selection),
        )
    )


def _holders(cards: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Every statement on use, limits and terms, with the names of the models whose cards make it."""
    holders: dict[str, list[str]] = {}
    for name, content in cards.items():
        for statement in (content.get("intended_use"), *content.get("limits", ()), content.get("terms")):
            if statement:
                holders.setdefault(statement, []).append(name)
    return holders


def _list(sentences: Sequence[str]) -> None:
    if sentences:
        st.markdown("\n".join(f"- {plain(_(sentence))}" for sentence in sentences))
