"""How a file of text is laid out: its form, encoding, delimiter, quoting and header.

A person names some of it, `core.data.formats.detection` finds the rest, and every reader follows the result.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DELIMITED, LINES, JSON_LINES, JSON, PARQUET, FOLDER = "delimited", "lines", "jsonl", "json", "parquet", "folder"
ON, OFF, ESCAPED = "on", "off", "escaped"  # quoting: doubled quotes, none at all, quotes behind a backslash
PLUS_SIGNS = " +++$+++ "
NO_DELIMITER = ""  # a line is one text
NAMED = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "plus": PLUS_SIGNS, "none": NO_DELIMITER}
"""Delimiters by the names that a person may give."""
SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl", ".json", ".txt", ".pos", ".neg")
PACKED = (".gz", ".zip")
SENTIMENT140_COLUMNS = ("label", "id", "date", "query", "user", "text")
MOST_COLUMNS = 2_000  # of a table that somebody chooses columns of
NAME_ENCODING = "; name its encoding (--encoding)"
NAME_COLUMN = "; name another (--text-column, --label-column)"
"""Advice for the command line, in English; a page has a box for it and cuts this off."""


@dataclass(frozen=True)
class Layout:
    """How a file is laid out. In a request None means: detect it; the fields from `form` on are only ever detected.

    `header`: whether the first row names the columns. `mend`: repair UTF-8 that was read as cp1252, or the reverse.
    `join`: cells behind the last named column belong to it. `skip`: lines before the first row. `bare`: the column
    that may hold delimiters without quotes. `sure`: a quoted row may go over lines that each fit the header. `named`:
    how many columns have names; they come first. `tokens`: columns whose lists of words are joined.
    """

    encoding: str | None = None
    delimiter: str | None = None
    quoting: str | None = None
    header: bool | None = None
    mend: bool = False
    join: bool = False
    form: str | None = None
    columns: tuple[str, ...] = ()
    skip: int = 0
    bare: int | None = None
    sure: bool = False
    named: int = 0
    tokens: tuple[str, ...] = ()
    label: str | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)

    def as_json(self) -> dict[str, object]:
        """What was asked for, without what was not."""
        return {name: value for name, value in asdict(self).items() if value != getattr(ANY, name)}


ANY = Layout()
"""The request to detect everything."""


def codec(encoding: str) -> str:
    """The codec to open a file with. Raises ValueError for an unknown encoding or one that is not of text."""
    try:
        info = codecs.lookup(encoding)
        "".encode(encoding)
    except LookupError as error:
        raise ValueError(str(error)) from None
    return "utf-8-sig" if info.name == "utf-8" else encoding  # with a byte order mark or without


def called(encoding: str) -> str:
    """An encoding's name, for people."""
    return encoding.removesuffix("-sig").upper()


def delimiter_of(name: str) -> str:
    """The delimiter that a person names. Raises ValueError for quotation marks and line ends."""
    delimiter = NAMED.get(name, name.replace("\\t", "\t"))
    if not name or {*delimiter} & {'"', "\n", "\r"}:
        raise ValueError(f"a delimiter is some characters, or one of {', '.join(NAMED)}; given: {name!r}")
    return delimiter


def said(layout: Layout) -> str:
    """A layout in one line: ``tab-separated, unquoted, UTF-8, 3 columns (id, label, text), header``."""
    encoding = called(layout.encoding or "")
    if layout.form == PARQUET:
        return "parquet"
    if layout.form == FOLDER:
        first = _("a folder of texts by class ({classes})").format(classes=layout.label)
    elif layout.form in (JSON, JSON_LINES):
        first = _("a JSON array") if layout.form == JSON else _("JSON lines")
    elif layout.form == LINES:
        first = _("one text per line")
        if layout.label is not None:
            first += _(", each labelled {label}").format(label=layout.label)
        if layout.header:
            first += _(", header")
    else:
        return listed([*_delimited(layout), *layout.notes])
    return listed([first, encoding, *layout.notes])


def some(names: Sequence[str], most: int = 6) -> str:
    """The first names of columns, and dots for more."""
    shown = listed(name[:60] if name.isprintable() else repr(name[:60]) for name in names[:most])
    return shown + (", …" if len(names) > most else "")


def too_wide(path: Path, columns: int) -> ValueError:
    """The error for a table of too many columns to choose from."""
    return ValueError(
        _("{file} has {count:,} columns; at most {most:,} can be listed").format(
            file=path.name, count=columns, most=MOST_COLUMNS
        )
    )


def _delimited(layout: Layout) -> Iterator[str]:
    names = {
        "\t": _("tab-separated"),
        ",": _("comma-separated"),
        ";": _("semicolon-separated"),
        "|": _("separated by |"),
        " ": _("separated by spaces"),
    }
    delimiter = layout.delimiter or ""
    yield names.get(delimiter) or _("separated by {delimiter}").format(delimiter=delimiter.strip() or repr(delimiter))
    yield {ON: _("quoted"), OFF: _("unquoted"), ESCAPED: _('quoted, with \\" for a quotation mark')}[
        layout.quoting or ON
    ]
    yield called(layout.encoding or "")
    columns = ngettext("{count:,} column ({names})", "{count:,} columns ({names})", len(layout.columns))
    yield columns.format(count=len(layout.columns), names=some(layout.columns))
    yield _("header") if layout.header else _("no header")
    if layout.bare is not None:
        yield _("{column} may hold the delimiter").format(column=layout.columns[layout.bare])


_listener: ContextVar[Callable[[str], object] | None] = ContextVar("listener", default=None)


@contextmanager
def telling(listener: Callable[[str], object]) -> Iterator[None]:
    """Call `listener` in this context with a line about each file that is read: its layout, and what readers notice."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(path: Path, message: str | Layout) -> None:
    """Report something about a file to the listener, if there is one: a line, or its layout (that of parquet is not
    news)."""
    listener = _listener.get()
    if listener is not None and not (isinstance(message, Layout) and message.form == PARQUET):
        listener(f"{path.name}: {said(message) if isinstance(message, Layout) else message}")
