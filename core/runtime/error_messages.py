"""Error messages of Python's readers, pyarrow and SQLite, in the reader's language.

They are English; those that people's files are known to cause are translated, any other is shown as it is.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark

if TYPE_CHECKING:
    import csv
    import sqlite3

_KNOWN = (
    # csv
    mark("unexpected end of data"),
    mark(
        "new-line character seen in unquoted field - do you need to open the file in universal-newline mode?"
    ),  # until Python 3.12
    mark("new-line character seen in unquoted field - do you need to open the file with newline=''?"),
    # json
    mark("Expecting value"),
    mark("Expecting property name enclosed in double quotes"),
    mark("Expecting ':' delimiter"),
    mark("Expecting ',' delimiter"),
    mark("Illegal trailing comma before end of object"),
    mark("Illegal trailing comma before end of array"),
    mark("Unterminated string starting at"),
    mark("Invalid control character at"),
    mark("Invalid \\escape"),
    mark("Invalid \\uXXXX escape"),
    mark("Extra data"),
    # pyarrow
    mark("Parquet magic bytes not found in footer. Either the file is corrupted or this is not a parquet file."),
    # SQLite
    mark("attempt to write a readonly database"),
    mark("unable to open database file"),
    mark("database is locked"),
    mark("database or disk is full"),
    mark("disk I/O error"),
    mark("file is not a database"),
    mark("database disk image is malformed"),
)
_EXPECTED = re.compile(r"'(.)' expected after '\"'", re.DOTALL)
_SIZE = re.compile(r"Parquet file size is (\d+) bytes")
_TOO_SMALL = re.compile(r"Parquet file size is (\d+) bytes, smaller than the minimum file footer \((\d+) bytes\)")
_TOO_LARGE = re.compile(r"field larger than field limit \((\d+)\)")


def of_csv(error: csv.Error) -> str:
    """Why a line is no row of a CSV."""
    message = str(error)
    if expected := _EXPECTED.fullmatch(message):
        return _("'{delimiter}' expected after '\"'").format(delimiter=expected[1])
    if too_large := _TOO_LARGE.fullmatch(message):
        return _("field larger than field limit ({limit})").format(limit=too_large[1])
    return _known(message)


def of_json(error: Exception) -> str:
    """Why a text is no JSON, and where."""
    if isinstance(error, json.JSONDecodeError):
        return _("{what}: line {line} column {column} (char {character})").format(
            what=_known(error.msg), line=error.lineno, column=error.colno, character=error.pos
        )
    return str(error)


def of_parquet(error: Exception) -> str:
    """Why a file is no parquet file, in one line."""
    message = str(error).splitlines()[0]
    if too_small := _TOO_SMALL.fullmatch(message):
        return _("Parquet file size is {size} bytes, smaller than the minimum file footer ({least} bytes)").format(
            size=too_small[1], least=too_small[2]
        )
    if empty := _SIZE.fullmatch(message):
        return _("Parquet file size is {size} bytes").format(size=empty[1])
    return _known(message)


def of_sqlite(error: sqlite3.Error) -> str:
    """Why a collection's file cannot be used."""
    return _known(str(error))


def _known(message: str) -> str:
    return _(message) if message in _KNOWN else message
