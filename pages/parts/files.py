"""A file of comments searched for those that a model reads against people, or that look sarcastic and read well."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import streamlit as st

from core import records
from core.labelling import Column, LabelsError
from core.language import gettext as _
from core.language import ngettext
from core.probes.scan import TOP, scan
from core.readings import NEGATIVE
from core.tables import as_csv, is_sentiment140
from pages.parts import classes, label_meaning, limits, search
from pages.parts.finds import FindCandidate, keep_find_form, readings
from pages.parts.fingerprint import fingerprint
from pages.parts.tokens import plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.checkpoints import Checkpoint
    from core.probes.scan import Find, Scan

MOST_TOP = 200
_OPTIONS = re.compile(r"[;,]? \(?name [^()]*(\(--\w+\)|--\w+ and --\w+\))$")


class _Event(NamedTuple):
    """A scan so far, which is its own result, and the whole output as soon as it is there."""

    scan: Scan
    out: bytes | None = None

    def result(self) -> _Event:
        return self


def view(checkpoints: list[Checkpoint]) -> None:
    """Upload a file, say which column is what, scan it, read its ranking, take the whole file along."""
    st.write(
        _(
            "With a column of human labels, rows rank by how surely a model says the opposite. Without one, they rank "
            "by cues of sarcasm times P(positive): texts worth a look, not errors. Larger files than 20 MB: "
            "`python -m core scan`."
        )
    )
    given = _given()
    if given is None:
        return
    name, path = given
    boxes = st.columns(4, vertical_alignment="bottom")
    encoding = encoding_box(boxes[3], "file encoding") if path.suffix != ".parquet" else None
    try:
        columns = records.columns(path, encoding)
    except (ValueError, LookupError, OSError) as error:
        st.error(plain(told(error)))
        return
    asked = _asked(columns, boxes, encoding)
    checkpoints = _fitting(checkpoints, asked)
    if not checkpoints:
        return
    if asked.label is not None:
        column = Column(name, asked.label, is_sentiment140(path))
        meaning = label_meaning.ask(path, path.parent.name, column, encoding, checkpoints, "file labels")
        if meaning is None:
            return
        asked = asked._replace(meaning=tuple(meaning.items()))
    key = (name, str(path), *asked, *(checkpoint.hash for checkpoint in checkpoints))

    def start() -> search.Start:
        return lambda breathe: _scan(path, checkpoints, asked, breathe)

    search.view("file", key, start, _say, _show, _("Search the file"))


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
    encoding: str | None
    meaning: tuple[tuple[str, str], ...] = ()


def _given() -> tuple[str, Path] | None:
    """The name of the upload and where it lies; it stays while another view is looked at, which empties the box."""

    def forget() -> None:
        st.session_state.pop("file kept", None)

    given = st.file_uploader(
        _("A file of comments"),
        type=limits.upload_types(),
        key="file",
        on_change=forget,
        max_upload_size=limits.largest_upload(),
    )
    given = limits.small_enough(given)
    if given is not None:
        st.session_state["file kept"] = given.name, _stored(given.getvalue(), Path(given.name).suffix.lower())
    kept: tuple[str, Path] | None = st.session_state.get("file kept")
    if kept and given is None:
        st.caption(_("The file from before is still here: {name}").format(name=plain(kept[0])))
    return kept


def _stored(content: bytes, suffix: str) -> Path:
    """The upload as a file of this session, which goes when the session does or another one comes."""
    if "file folder" not in st.session_state:
        st.session_state["file folder"] = TemporaryDirectory(prefix="unrolled-")
    folder = Path(st.session_state["file folder"].name)
    # A folder for each content: a search that another upload ends may be at work for a moment more.
    path = folder / sha256(content).hexdigest()[:16] / f"upload{suffix}"
    if not path.exists():
        for other in folder.iterdir():
            rmtree(other, ignore_errors=True)
        path.parent.mkdir()
        path.write_bytes(content)
    return path


def encoding_box(box: DeltaGenerator, key: str) -> str | None:
    """The encoding to read with, None for the usual one."""
    names = {"": "UTF-8", "cp1252": "Windows-1252", "latin-1": "Latin-1", "utf-16": "UTF-16"}
    chosen = box.selectbox(_("Encoding"), list(names), format_func=names.__getitem__, key=key, persist_state="session")
    return chosen or None


def told(error: Exception) -> str:
    """What is wrong, without the options of the command line, for which the page has boxes."""
    if isinstance(error, LabelsError):
        return error.found
    return _OPTIONS.sub("", str(error))


def _asked(columns: tuple[str, ...], boxes: Sequence[DeltaGenerator], encoding: str | None) -> _Asked:
    one, two, three, _last = boxes
    own = fingerprint(columns)
    text = one.selectbox(
        _("Texts"),
        columns,
        index=columns.index("text") if "text" in columns else 0,
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
    return _Asked(text, label, int(top), encoding)


def _scan(path: Path, checkpoints: list[Checkpoint], asked: _Asked, breathe: Callable[[], None]) -> Iterator[_Event]:
    out = path.with_name(f"{uuid4().hex}.csv")
    events = scan(
        path,
        checkpoints,
        asked.text,
        asked.label,
        out,
        asked=dict(asked.meaning),
        top=asked.top,
        encoding=asked.encoding,
        breathe=breathe,
    )
    try:
        with closing(events):
            for found in events:
                yield _Event(found, out.read_bytes() if found.done else None)
    except (ValueError, LookupError) as error:
        raise ValueError(told(error)) from error
    finally:
        out.unlink(missing_ok=True)


def _say(event: _Event) -> search.Shown:
    line = ngettext("{count:,} row read", "{count:,} rows read", event.scan.rows).format(count=event.scan.rows)
    return search.Shown(event.scan.share, line, queries=event.scan.rows)


def _show(event: _Event, key: str) -> None:
    found = event.scan
    whole = _("All {rows:,} rows were read.") if found.done else _("The first {rows:,} rows were read; then it ended.")
    line = whole.format(rows=found.rows) + " "
    line += _("{scored:,} scored, {empty:,} without a word, {malformed:,} malformed.").format(
        scored=found.scored, empty=found.empty, malformed=found.malformed
    )
    (st.success if found.done else st.info)(plain(line), icon=":material/fact_check:")
    if event.out is not None:
        st.download_button(
            _("Download every row with its verdicts (CSV)"),
            event.out,
            "unrolled-scan.csv",
            "text/csv",
            key=f"download scan {key}",
            on_click="ignore",
            icon=":material/download:",
        )
    _problems(found)
    for model, finds in found.top.items():
        _ranking(found, model, finds, key)


def _problems(found: Scan) -> None:
    count = found.malformed + found.misunderstood
    if not count:
        return
    label = ngettext("{count:,} row is not as it should be", "{count:,} rows are not as they should be", count)
    with st.expander(label.format(count=count), icon=":material/rule:"):
        st.dataframe(
            [
                {_("row"): problem.row, _("line"): problem.line, _("what is wrong"): problem.reason}
                for problem in found.problems
            ],
            hide_index=True,
        )
        if count > len(found.problems):
            st.caption(
                _("The first {shown:,} are listed; the column “problem” of the download has all of them.").format(
                    shown=len(found.problems)
                )
            )


def _ranking(found: Scan, model: str, finds: tuple[Find, ...], key: str) -> None:
    st.header(plain(model.upper()))
    if found.ranked_by == "disagreement":
        count, of = found.opposite[model], found.labelled
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
    labelled, names = found.ranked_by == "disagreement", readings(labels)
    header = [_("row"), classes.chance(labels), _("human label") if labelled else _("cues × P"), _("text"), _("cues")]
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
    event = st.dataframe(
        [dict(zip(header, row, strict=True)) for row in rows],
        hide_index=True,
        key=f"file ranking {model} {key}",
        on_select="rerun",
        selection_mode="single-row",
    )
    st.download_button(
        _("Download this ranking as CSV"),
        as_csv(header, rows),
        f"unrolled-ranking-{model}.csv",
        "text/csv",
        key=f"download ranking {model}",
        on_click="ignore",
        icon=":material/download:",
    )
    chosen = [row for row in event["selection"]["rows"] if 0 <= row < len(finds)]
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
