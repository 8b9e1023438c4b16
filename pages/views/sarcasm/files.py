"""A file of comments searched for those that a model reads against people, or that look sarcastic and read well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import streamlit as st

from core.data import targets
from core.data.formats.layout import Layout
from core.data.labels import model_name, shown
from core.probes.scan.one_file import TOP, scan
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext, together
from core.storage.database import Prediction
from pages.server import background_search
from pages.views.sarcasm import reading
from pages.views.sarcasm.kept import FindCandidate, keep_find_form
from pages.widgets import classes, label_meaning, tables, uploaded_file
from pages.wording.terms import term
from pages.wording.tokens import lead, plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.scan.one_file import RankedRow, Scan

MOST_TOP = 200


class _Event(NamedTuple):
    """A scan so far, and the whole output as soon as it is there."""

    scan: Scan
    out: bytes | None = None


def view(checkpoints: list[Checkpoint]) -> None:
    """Upload a file, say which column is what, scan it, read its ranking, take the whole file along."""
    given = uploaded_file.upload(_("File of comments"), "file", "file")
    if given is None:
        st.caption(
            _(
                "Rows that a model most confidently contradicts come first; without gold labels, rows with cues of "
                "sarcasm. For a file above 20 MB: `python -m core scan`."
            )
        )
        return
    read = uploaded_file.control(given, "file")
    if read is None:
        return
    boxes = st.columns(3, vertical_alignment="bottom")
    text, label = uploaded_file.ask_columns(read, boxes, "file", _("Gold labels (optional)"))
    top = boxes[2].number_input(
        _("Rows to list"), 1, MOST_TOP, TOP, key="file top", required=True, persist_state="session"
    )
    asked = _Asked(text, label, int(top), read.layout)
    checkpoints = _fitting(checkpoints, asked)
    if not checkpoints:
        return
    if label is not None:
        meaning = label_meaning.ask(given, label, read.layout, checkpoints, "file labels")
        if meaning is None:
            return
        asked = asked._replace(meaning=tuple(meaning.items()))
    key = (given.name, str(given.path), *asked, *(checkpoint.hash for checkpoint in checkpoints))
    start = partial(_scan, given, checkpoints, asked)
    background_search.view("file", key, lambda: start, _say, _show, _("Search the file"))


def _fitting(checkpoints: list[Checkpoint], asked: _Asked) -> list[Checkpoint]:
    """The models that can be ranked together on these columns."""
    if asked.label is None:  # then rows rank by cues of sarcasm
        why = _("without gold labels, rows are ranked by sarcasm cues. Choose a label column.")
        return classes.sentiment_only(checkpoints, why)
    first = checkpoints[0]
    fitting = [checkpoint for checkpoint in checkpoints if checkpoint.labels == first.labels]
    if len(fitting) < len(checkpoints):
        others = [checkpoint for checkpoint in checkpoints if checkpoint.labels != first.labels]
        st.info(
            _("One label column fits one set of classes. Used: {first}. Left out: {others}.").format(
                first=classes.listed([first]), others=classes.listed(others)
            ),
            icon=":material/label_off:",
        )
    return fitting


class _Asked(NamedTuple):
    """The columns and words that were chosen, and how many rows to list."""

    text: str
    label: str | None
    top: int
    layout: Layout
    meaning: tuple[tuple[str, str], ...] = ()


def _scan(
    given: uploaded_file.Upload, checkpoints: list[Checkpoint], asked: _Asked, check_cancelled: Callable[[], None]
) -> Iterator[_Event]:
    out = given.path.with_name(f"{uuid4().hex}.csv")
    events = scan(
        given.path,
        checkpoints,
        asked.text,
        asked.label,
        out,
        asked=dict(asked.meaning),
        top=asked.top,
        classes=classes.named_by(one for one in checkpoints if targets.default(one.labels) is None),
        layout=asked.layout,
        check_cancelled=check_cancelled,
    )
    try:
        with uploaded_file.faults_named(given), closing(events):
            for result in events:
                yield _Event(result, out.read_bytes() if result.done else None)
    finally:
        out.unlink(missing_ok=True)


def _say(event: _Event) -> background_search.Shown:
    line = ngettext("{count:,} row read", "{count:,} rows read", event.scan.rows).format(count=event.scan.rows)
    return background_search.Shown(event.scan.share, line, queries=event.scan.rows)


def _show(event: _Event, key: str) -> None:
    result = event.scan
    lead(_in_a_sentence(result))
    if result.top:
        tabs = st.tabs([plain(model_name(model)) for model in result.top])
        for (model, finds), tab in zip(result.top.items(), tabs, strict=True):
            with tab:
                _ranking(result, model, finds, key)
    whole = _("Read all {rows:,} rows.") if result.done else _("Read the first {rows:,} rows; then the search ended.")
    counts = _("{scored:,} scored, {empty:,} without a word, {malformed:,} malformed.").format(
        scored=result.scored, empty=result.empty, malformed=result.malformed
    )
    st.caption(plain(together([whole.format(rows=result.rows), counts])))
    if event.out is not None:
        tables.download("scan", event.out, label=_("Download all rows with verdicts (CSV)"))
    count = result.malformed + result.misunderstood
    label = ngettext("{count:,} row with a problem", "{count:,} rows with a problem", count)
    rest = _("Showing the first {shown:,}. The column “problem” of the download has all of them.")
    uploaded_file.problems(result.problems, count, label, rest)


def _in_a_sentence(result: Scan) -> str:
    """How many rows each model contradicts, or, without labels, how many are listed."""
    if result.ranked_by == "disagreement":
        each = [
            _("{model} {count:,}").format(model=model_name(model), count=count)
            for model, count in result.opposite.items()
        ]
        return _("Verdicts that contradict the label, of {labelled:,} rows: {each}.").format(
            labelled=result.labelled, each=listed(each)
        )
    count = len({find.row for finds in result.top.values() for find in finds})
    return _("Worth a look: {count:,} of {scored:,} rows, ranked by cues of sarcasm × P(positive).").format(
        count=count, scored=result.scored
    )


def _ranking(result: Scan, model: str, finds: tuple[RankedRow, ...], key: str) -> None:
    labelled = result.ranked_by == "disagreement"
    if not finds:
        st.caption(_("No row matches."))
        return
    st.caption(_("Most confident contradiction first.") if labelled else _("Cues are no errors: read the rows."))
    labels = classes.of(model)
    usual = targets.default(labels)  # of more than two classes, P does not say which one is predicted
    header = [
        _("row"),
        *([] if usual else [_("verdict")]),
        classes.probability_name(targets.shared_target(find.target for find in finds) or labels),
        _("gold label") if labelled else _("cues × P"),
        _("text"),
        _("cues"),
    ]
    rows: list[tuple[object, ...]] = [
        (
            find.row,
            *([] if usual else [shown(find.label)]),
            round(find.probability, 3),
            reading.name(find.human or "") if labelled else round(find.score, 3),
            find.text,
            listed(map(term, find.cues)),
        )
        for find in finds
    ]
    texts = [find.text for find in finds]
    chosen = tables.table(header, rows, f"ranking-{model}", key=f"file ranking {model} {key}", texts=texts)
    if chosen:
        find = finds[chosen[0]]
        keep_find_form(
            FindCandidate(
                text=find.text,
                predictions={model: Prediction(find.probability, find.label, find.target)},
                source="file",
                how=_("row {row} of a file; {why}").format(
                    row=find.row,
                    why=_("labelled {label}").format(label=reading.name(find.human))
                    if find.human
                    else ", ".join(find.cues),
                ),
            ),
            f"keep file {model} {key}",
        )
