"""How is an uploaded file read? The upload, a line on what was found, boxes to change it, the first rows as read."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from itertools import islice
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeVar

import streamlit as st

from core.data import records
from core.data.formats.compression import ending
from core.data.formats.detection import look
from core.data.formats.header import columns_of
from core.data.formats.layout import ESCAPED, NAMED, OFF, ON, PARQUET, SUFFIXES, Layout, codec, delimiter_of, said
from core.data.label_inference import LabelsError
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from pages.server import limits
from pages.server.fingerprint import fingerprint
from pages.widgets import tables
from pages.wording.tokens import plain

Choice = TypeVar("Choice")

_ROWS, _SHOWN, _CELL = 1_000, 8, 300  # rows looked at and shown, characters of a cell
_OPTIONS = re.compile(r"[;,]? \(?name [^()]*(\(--[\w-]+(?:, --[\w-]+)*\)|--\w+ and --\w+\))$")
_OPTION = re.compile(r" \(--[\w-]+(?:, --[\w-]+)*\)")


class Upload(NamedTuple):
    """A file of this session's: the name that it came with, where it lies, its SHA-256."""

    name: str
    path: Path
    digest: str


class Read(NamedTuple):
    """How a file is to be read, the columns that it then has, and the positions of those that seem to be texts and
    labels."""

    layout: Layout
    columns: tuple[str, ...]
    text: int
    label: int


def upload(title: str, key: str, kept: str) -> Upload | None:
    """The box for a file, and the file; it stays while another view is looked at, which empties the box."""
    given = st.file_uploader(
        title,
        type=limits.upload_types(),
        key=key,
        on_change=lambda: st.session_state.pop(f"{kept} kept", None),
        max_upload_size=limits.largest_upload(),
    )
    given = limits.small_enough(given)
    if given is not None:
        content = given.getvalue()
        digest = sha256(content).hexdigest()
        st.session_state[f"{kept} kept"] = Upload(given.name, _stored(kept, content, digest, given.name), digest)
    upload: Upload | None = st.session_state.get(f"{kept} kept")
    if upload is not None and given is None:
        st.caption(_("Still using the earlier file: {name}").format(name=plain(upload.name)))
    return upload


def _stored(kept: str, content: bytes, digest: str, name: str) -> Path:
    """The upload as a file of this session, which goes when the session does or another one comes."""
    if f"{kept} folder" not in st.session_state:
        st.session_state[f"{kept} folder"] = TemporaryDirectory(prefix="unrolled-")
    folder = Path(st.session_state[f"{kept} folder"].name)
    suffix = ending(name)
    if suffix.removesuffix(".gz") not in (*SUFFIXES, ".zip"):
        suffix = Path(name).suffix.lower()
    # A folder for each content: a search that another upload ends may be at work for a moment more.
    path = folder / digest[:16] / f"upload{suffix}"
    if not path.exists():
        for other in folder.iterdir():
            rmtree(other, ignore_errors=True)
        path.parent.mkdir()
        path.write_bytes(content)
    return path


def control(given: Upload, key: str) -> Read | None:
    """The layout detected, boxes to change it, and the first rows as read; None, with an error, if unreadable."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    line = row.container()
    try:
        parquet = given.path.suffix == ".parquet"
        layout = Layout() if parquet else _asked(row, key)
        source = look(given.path, layout)
        columns = records.columns(given.path, layout)
        with closing(records.windows(given.path, _ROWS, layout)) as table:
            window = next(table)
    except (ValueError, LookupError, OSError) as error:
        st.error(plain(message_of(error, given)))
        return None
    if source.form != PARQUET:
        line.caption(_("Read as: {layout}").format(layout=plain(_OPTION.sub("", said(source)))))
    names = [name if columns.count(name) == 1 else f"{name} ({column})" for column, name in enumerate(columns, 1)]
    with st.expander(_("Preview"), icon=":material/table_view:"):
        st.dataframe(
            [
                dict(zip(names, ["" if cell is None else str(cell)[:_CELL] for cell in cells], strict=True))
                for cells in islice(window.cells(), _SHOWN)
            ],
            hide_index=True,
            key=f"{key} preview",
        )
    if bad := len(window.problems):
        row, reason = min(window.problems.items())
        st.warning(
            plain(
                ngettext(
                    "{count:,} of the first {rows:,} rows cannot be read. The first is row {row}: {why}",
                    "{count:,} of the first {rows:,} rows cannot be read. The first is row {row}: {why}",
                    bad,
                ).format(count=bad, rows=len(window), row=window.first + row, why=message_of(ValueError(reason), given))
            ),
            icon=":material/rule:",
        )
    readable = [cells for row, cells in enumerate(window.cells()) if row not in window.problems]
    return Read(layout, columns, *columns_of(columns, readable))


def ask_columns(read: Read, boxes: Sequence[Any], key: str, labels: str | None = None) -> tuple[str, str | None]:
    """Which column holds the texts and which the labels, asked in two of the boxes.

    `labels` is the title of the second box where there need be no labels.
    """
    own = fingerprint(read.columns)
    text = boxes[0].selectbox(
        _("Texts"), read.columns, index=read.text, key=f"{key} text {own}", persist_state="session"
    )
    label = boxes[1].selectbox(
        labels or _("Labels"),
        read.columns,
        index=None if labels else read.label,
        key=f"{key} label {own}",
        placeholder=_("none"),
        persist_state="session",
    )
    return text, label


def _asked(row: st.delta_generator.DeltaGenerator, key: str) -> Layout:
    """The layout that a person chose, the delimiter in the row, the rest behind a button; None for what is to be
    detected. Raises ValueError for nonsense."""
    detected = _("detect automatically")
    encodings = {
        None: detected,
        "utf-8": "UTF-8",
        "cp1250": "Windows-1250",
        "cp1251": "Windows-1251",
        "cp1252": "Windows-1252",
        "latin-1": "Latin-1",
        "shift_jis": "Shift-JIS",
        "gbk": "GBK",
        "big5": "Big5",
        "utf-16": "UTF-16",
        "utf-16-le": "UTF-16-LE",
        "utf-16-be": "UTF-16-BE",
    }
    delimiters = {
        None: detected,
        " ": _("space"),
        NAMED["comma"]: _("comma"),
        NAMED["tab"]: _("tab"),
        NAMED["semicolon"]: _("semicolon"),
        NAMED["pipe"]: "|",
        NAMED["plus"]: "+++$+++",
        NAMED["none"]: _("one text per line"),
    }
    quotings = {
        None: detected,
        ON: _('cells may be quoted "…"'),
        OFF: _("quotes are plain text"),
        ESCAPED: _('quoted cells "…", with \\" inside'),
    }
    headers = {None: detected, True: _("names the columns"), False: _("is data")}
    delimiter = _chosen(row, _("Delimiter"), delimiters, f"{key} delimiter", typed=True, width=200)
    box = row.popover(_("Change"), width="content")
    encoding = _chosen(box, _("Encoding"), encodings, f"{key} encoding", typed=True)
    quoting = _chosen(box, _("Quotation marks"), quotings, f"{key} quoting")
    header = _chosen(box, _("First row"), headers, f"{key} header")
    mend = box.checkbox(
        _("Repair UTF-8 that was decoded wrongly (donâ€™t)"), key=f"{key} mend", persist_state="session"
    )
    join = box.checkbox(_("Join cells after the last named column"), key=f"{key} join", persist_state="session")
    if encoding is not None:
        codec(encoding)
        if codecs.lookup(encoding).name in ("idna", "punycode"):  # of names of hosts, and slow on long texts
            raise ValueError(f"unknown encoding: {encoding}")
    if delimiter is not None and delimiter not in delimiters:
        delimiter = delimiter_of(delimiter)
    return Layout(encoding, delimiter, quoting, header, mend=bool(mend), join=bool(join))


def _chosen(
    box: st.delta_generator.DeltaGenerator,
    title: str,
    choices: dict[Choice, str],
    key: str,
    typed: bool = False,
    **more: Any,
) -> Choice:
    """A choice, or with `typed` what was typed in its place, which is offered from then on."""
    kept = st.session_state.get(key)
    if typed and kept not in choices:
        choices = {**choices, kept: str(kept)}
    return box.selectbox(  # type: ignore[return-value]  # None is one of the choices
        title,
        list(choices),
        format_func=lambda choice: choices.get(choice, str(choice)),
        key=key,
        accept_new_options=typed,
        persist_state="session",
        **more,
    )


def problems(listed: Sequence[Any], count: int, label: str, rest: str) -> None:
    """The rows of a file that could not be used, folded under `label`; `rest` says that not all are listed."""
    if not count:
        return
    with st.expander(label.format(count=count), icon=":material/rule:"):
        header = [_("row"), _("line"), _("problem")]
        tables.table(header, [(problem.row, problem.line, problem.reason) for problem in listed])
        if count > len(listed):
            st.caption(rest.format(shown=len(listed)))


@contextmanager
def faults_named(given: Upload) -> Iterator[None]:
    """Lets errors name the upload as it came, and the page's boxes: see `message_of`."""
    try:
        yield
    except (ValueError, LookupError) as error:
        raise ValueError(message_of(error, given)) from error


def message_of(error: Exception, given: Upload) -> str:
    """What is wrong, under the upload's own name, and with the page's boxes in place of the command line's options."""
    if isinstance(error, LabelsError):
        return _renamed(error.found, given)
    line = _renamed(str(error), given)
    short = _OPTION.sub("", _OPTIONS.sub("", line))
    titles = {
        "encoding": _("Encoding"),
        "delimiter": _("Delimiter"),
        "quoting": _("Quotation marks"),
        "header": _("First row"),
        "join": _("Join cells after the last named column"),
    }
    cut = [titles[name] for name in re.findall(r"--([\w-]+)", line) if name in titles and f"--{name}" not in short]
    return _("{what}. Choose it above: {box}.").format(what=short, box=cut[0]) if cut else short


def _renamed(line: str, given: Upload) -> str:
    """A line on the file as it lies here, under the name that it came with."""
    lies = re.escape(given.path.name)
    line = line.replace(str(given.path), given.name)
    return re.sub(rf"(?<![\w.]){lies}(?![\w.])", lambda _found: given.name, line, count=1)
