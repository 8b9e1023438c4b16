"""A file of comments searched for those that a model reads against people, or that look sarcastic and read well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import streamlit as st

from core.data.formats.layout import Layout
from core.data.label_inference import Column
from core.data.labels import model_name
from core.data.tables import as_csv, is_sentiment140
from core.models.gold_labels import NEGATIVE
from core.probes.scan.one_file import TOP, scan
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from pages.server import background_search
from pages.server.fingerprint import fingerprint
from pages.views.sarcasm.kept import FindCandidate, keep_find_form, readings
from pages.widgets import classes, label_meaning, tables, uploaded_file
from pages.wording.tokens import plain

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
    st.write(
        _(
            "With a column of human labels, rows rank by how surely a model says the opposite. Without one, they rank "
            "by cues of sarcasm times P(positive): texts worth a look, not errors. Larger files than 20 MB: "
            "`python -m core scan`."
        )
    )
    given = uploaded_file.upload(_("A file of comments"), "file", "file")
    read = given and uploaded_file.control(given, "file")
    if given is None or read is None:
        return
    path = given.path
    asked = _asked(read)
    checkpoints = _fitting(checkpoints, asked)
    if not checkpoints:
        return
    if asked.label is not None:
        column = Column(given.name, asked.label, is_sentiment140(path))
        meaning = label_meaning.ask(given, column, read.layout, checkpoints, "file labels")
        if meaning is None:
            return
        asked = asked._replace(meaning=tuple(meaning.items()))
    key = (given.name, str(path), *asked, *(checkpoint.hash for checkpoint in checkpoints))

    def start() -> background_search.Start:
        return lambda check_cancelled: _scan(given, checkpoints, asked, check_cancelled)

    background_search.view("file", key, start, _say, _show, _("Search the file"))


def _fitting(checkpoints: list[Checkpoint], asked: _Asked) -> list[Checkpoint]:
    """The models that can be ranked together on these columns."""
    if asked.label is None:  # then rows rank by cues of sarcasm
        why = _("without a column of labels, rows rank by cues of sarcasm. Choose one.")
        return classes.sentiment_only(checkpoints, why)
    first = checkpoints[0]
    fitting = [checkpoint for checkpoint in checkpoints if checkpoint.labels == first.labels]
    if len(fitting) < len(checkpoints):
        others = [checkpoint for checkpoint in checkpoints if checkpoint.labels != first.labels]
        st.info(
            _("One column of labels speaks of {first}; left out: {others}.").format(
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


def _asked(read: uploaded_file.Read) -> _Asked:
    one, two, three = st.columns(3, vertical_alignment="bottom")
    columns = read.columns
    own = fingerprint(columns)
    text = one.selectbox(
        _("Texts"),
        columns,
        index=read.text,
        key=f"file text {own}",
        persist_state="session",
    )
    label = two.selectbox(
        _("Human labels, if any"),
        columns,
        index=None,
        key=f"file label {own}",
        placeholder=_("none"),
        persist_state="session",
    )
    top = three.number_input(
        _("Rows to list"), 1, MOST_TOP, TOP, key="file top", required=True, persist_state="session"
    )
    return _Asked(text, label, int(top), read.layout)


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
        layout=asked.layout,
        check_cancelled=check_cancelled,
    )
    try:
        with closing(events):
            for result in events:
                yield _Event(result, out.read_bytes() if result.done else None)
    except (ValueError, LookupError) as error:
        raise ValueError(uploaded_file.told(error, given)) from error
    finally:
        out.unlink(missing_ok=True)


def _say(event: _Event) -> background_search.Shown:
    line = ngettext("{count:,} row read", "{count:,} rows read", event.scan.rows).format(count=event.scan.rows)
    return background_search.Shown(event.scan.share, line, queries=event.scan.rows)


def _show(event: _Event, key: str) -> None:
    result = event.scan
    whole = _("All {rows:,} rows were read.") if result.done else _("The first {rows:,} rows were read; then it ended.")
    line = whole.format(rows=result.rows) + " "
    line += _("{scored:,} scored, {empty:,} without a word, {malformed:,} malformed.").format(
        scored=result.scored, empty=result.empty, malformed=result.malformed
    )
    (st.success if result.done else st.info)(plain(line), icon=":material/fact_check:")
    if event.out is not None:
        tables.download("scan", event.out, label=_("Download every row with its verdicts (CSV)"))
    _problems(result)
    for model, finds in result.top.items():
        _ranking(result, model, finds, key)


def _problems(result: Scan) -> None:
    count = result.malformed + result.misunderstood
    label = ngettext("{count:,} row with a problem", "{count:,} rows with a problem", count)
    line = _("The first {shown:,} are listed; the column “problem” of the download has all of them.")
    uploaded_file.problems(result.problems, count, label, line)


def _ranking(result: Scan, model: str, finds: tuple[RankedRow, ...], key: str) -> None:
    st.header(plain(model_name(model)))
    if result.ranked_by == "disagreement":
        count, of = result.opposite[model], result.labelled
        st.write(
            _("The verdict is opposite to the label on {count:,} of {of:,} labelled rows; the surest first.").format(
                count=count, of=of
            )
        )
    else:
        st.write(_("Ranked by cues of sarcasm times P(positive), as there are no labels."))
    if not finds:
        st.caption(_("No row qualifies."))
        return
    labels = classes.of(model)
    labelled, names = result.ranked_by == "disagreement", readings(labels)
    header = [
        _("row"),
        classes.probability_name(labels),
        _("human label") if labelled else _("cues × P"),
        _("text"),
        _("cues"),
    ]
    rows: list[tuple[object, ...]] = [
        (
            find.row,
            round(find.probability, 4),
            names.get(find.human or "", "") if labelled else round(find.score, 4),
            find.text,
            ", ".join(find.cues),
        )
        for find in finds
    ]
    chosen = tables.table(header, rows, key=f"file ranking {model} {key}", select="single-row")
    csv = as_csv(header, rows)
    tables.download(f"ranking-{model}", csv, label=_("Download this ranking as CSV"))
    if chosen:
        find = finds[chosen[0]]
        st.text(find.text)
        keep_find_form(
            FindCandidate(
                text=find.text,
                original=None,
                probabilities={model: find.probability},
                reading=find.human or NEGATIVE,
                source="file",
                how=_("row {row} of a file; {why}").format(
                    row=find.row,
                    why=_("labelled {label}").format(label=names[find.human]) if find.human else ", ".join(find.cues),
                ),
            ),
            f"keep file {model} {key}",
        )
