"""How a file is laid out, detected from its first part with the reader that reads the whole.

Each candidate (delimiter, quoted or not) reads the part; the one that leaves the fewest rows unread is taken. A file
that two candidates fit equally, with different rows, is refused with the option that decides.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from core.data.formats import record_lines
from core.data.formats.cell_values import mended
from core.data.formats.compression import opened, suffix_of
from core.data.formats.header import (
    are_labels,
    counts_rows,
    guessed,
    is_header,
    is_known,
    is_number,
    is_text,
    token_columns,
    unread_lists,
)
from core.data.formats.layout import (
    ANY,
    DELIMITED,
    ESCAPED,
    FOLDER,
    JSON,
    JSON_LINES,
    LINES,
    MOST_COLUMNS,
    NAME_ENCODING,
    NO_DELIMITER,
    OFF,
    ON,
    PARQUET,
    PLUS_SIGNS,
    SENTIMENT140_COLUMNS,
    Layout,
    called,
    codec,
    some,
    too_wide,
)
from core.data.formats.record_lines import Lines, unchecked
from core.data.formats.text_folders import classes, texts_of_folder
from core.runtime import i18n
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext

_PART = 262_144  # bytes looked at
_SENTIMENT140_LABELS = ("0", "2", "4")
_LABELLED = re.compile(r"(?:__label__\S+(?= )|\S{1,20}(?=\s[^\w\s]{2,}\s))(\s(?:[^\w\s]{2,}\s)?)")
_LABELS_OF_A_TEXT = re.compile(r"__label__\S+\s+__label__")
_LABEL_IN_FRONT = re.compile(r"([+-]?\d{1,3}|positive|negative|neutral|pos|neg|neu) (?=\s*\S)", re.IGNORECASE)
_MOST_LABELS = 20  # in front of texts
_USUAL = {".csv": (",", ";", "\t", "|"), ".tsv": ("\t", ",", ";", "|"), ".txt": (PLUS_SIGNS, "\t", ",", ";", "|")}
_UNDECODED = re.compile("[\udc80-\udcff]")
_IN_A_WORD = re.compile(r"(?<=[^\W\d_])[\x80-\x9f¢-\xac\xae-³µ¶\xb8-¿×](?=[^\W\d_])")  # no Western text has
_GUESSES = ("cp1252", "latin-1")
_OBJECT = re.compile(r'\{\s*(?=["}])')
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_HEADERS = ("text", "texts", "sentence", "sentences", "tweet", "tweets", "review", "reviews")  # of one text per line
_NUMBERS = ("id", "ids", "index", "idx", "n", "no", "nr", "number", "row", "line")  # names of row numbers
_MOST_BESIDE_TEXT = 50  # columns of a table one of which may hold the delimiter
_LOOKED = 100  # objects of JSON, files of a folder


def look(path: Path, asked: Layout | None = None) -> Layout:
    """The layout of a file: as asked, and the rest detected from its first part.

    Raises ValueError for a suffix that is not in `layout.SUFFIXES`, a file that is not laid out as asked, and one
    that fits two layouts; OSError for a file that cannot be opened.
    """
    asked = asked or ANY
    if path.is_dir():
        return _folder(path, asked)
    suffix = suffix_of(path) if path.suffix and path.suffix.lower() != ".zip" else ""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(_("{file} cannot be read twice; save it as a file first").format(file=path.name))
    suffix = suffix or suffix_of(path)
    return _looked(path.absolute(), suffix, asked, status.st_mtime_ns, status.st_size, i18n.current())


@lru_cache(maxsize=256)
def _looked(path: Path, suffix: str, asked: Layout, _modified: int, _size: int, _language: str) -> Layout:
    if suffix == ".parquet":
        return Layout(form=PARQUET, mend=asked.mend)
    if asked.encoding is not None:
        codec(asked.encoding)
    part, whole = _part(path)
    if asked.header is None and asked.delimiter is None and suffix == ".csv" and _is_sentiment140(part):
        encoding = "latin-1" if asked.encoding is None else codec(asked.encoding)
        layout = replace(asked, encoding=encoding, header=False, delimiter=",", quoting=ON, sure=True)
        layout = replace(layout, form=DELIMITED, columns=SENTIMENT140_COLUMNS, named=6)
        return _noticed(layout, _text(path, part, encoding, whole))
    encoding = codec(asked.encoding) if asked.encoding is not None else _encoding(path, part)
    text = _text(path, part, encoding, whole)
    layout = replace(asked, encoding=encoding)
    if asked.encoding is None and encoding in _GUESSES:
        layout = replace(layout, notes=(_guess(path, encoding, text),))
    if suffix in (".csv", ".tsv", ".txt") and (asked.delimiter, asked.quoting, asked.header) == (None, None, None):
        suffix = _json_in_another(text, whole) or suffix
    if suffix in (".json", ".jsonl"):
        layout = replace(layout, form=_form_of_json(path, suffix, text, whole))
        layout = _with_tokens_of_json(path, layout, text)
    elif suffix in (".pos", ".neg") or asked.delimiter == NO_DELIMITER:
        layout = _one_a_line(layout, suffix[1:] if suffix in (".pos", ".neg") else None, text)
    else:
        layout = _delimited(path, layout, suffix, text, whole)
    return _noticed(layout, text)


def _part(path: Path) -> tuple[bytes, bool]:
    """The first bytes of a file, with a line's end in them if there is one, and whether they are all."""
    with opened(path) as (content, _raw):
        part = content.read(_PART)
        if len(part) == _PART and b"\n" not in part and b"\r" not in part:
            part += content.read(record_lines.LINE_LIMIT)
        return part, not content.read(1)


def _text(path: Path, part: bytes, encoding: str, whole: bool) -> str:
    """The part as text, up to the end of its last line."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
    try:
        text = decoder.decode(part)
    except UnicodeError:  # of a codec that has no such error handler
        line = _("{file} is not {encoding} text").format(file=path.name, encoding=called(encoding))
        raise ValueError(line + NAME_ENCODING) from None
    if not whole and (end := max(text.rfind("\n"), text[:-1].rfind("\r"))) >= 0:
        text = text[: end + 1]
    return text.removeprefix("\ufeff")  # a mark that was written twice


def _is_sentiment140(part: bytes) -> bool:
    """Whether a CSV is the public Sentiment140 file: no header, six fields, the first of them 0, 2 or 4."""
    try:
        first = next(csv.reader(io.StringIO(part.decode("latin-1"), newline="")), [])
    except csv.Error:
        return False
    return len(first) == len(SENTIMENT140_COLUMNS) and first[0] in _SENTIMENT140_LABELS


def _encoding(path: Path, part: bytes) -> str:
    marks = (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    )
    for mark, name in marks:
        if part.startswith(mark):
            return name
    if b"\0" in part:  # in UTF-16 every other byte of Western text
        even, odd, half = part[::2].count(0), part[1::2].count(0), max(1, len(part) // 2)
        for name, nulls, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
            if nulls > half / 2 and others * 50 < nulls:
                return name
        return "utf-8-sig"
    text = part.decode("utf-8", "surrogateescape")
    bad = len(_UNDECODED.findall(text[:-3])) if len(part) >= _PART else len(_UNDECODED.findall(text))
    good = sum(not letter.isascii() for letter in text) - bad
    if not bad or good >= bad or _CONTROL.search(part):
        return "utf-8-sig"
    high = sum(byte >= 0x80 for byte in part)
    letters = sum(chr(byte).isalpha() for byte in part if byte < 0x80)
    if high * 3 > letters:
        raise ValueError(_("{file} is neither UTF-8 nor cp1252 text").format(file=path.name) + NAME_ENCODING)
    try:
        part.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _guess(path: Path, encoding: str, text: str) -> str:
    """A note on an encoding that bytes can never prove. Raises ValueError for signs inside words."""
    words = (word for line in text.splitlines() if not line.isascii() for word in line.split() if not word.isascii())
    first = next(words, "")
    if (wrong := next((word for word in [first, *words] if _IN_A_WORD.search(word)), None)) is not None:
        line = _("{file} is not UTF-8 text, and {encoding} gives symbols inside words ({word!r})")
        raise ValueError(line.format(file=path.name, encoding=called(encoding), word=wrong[:30]) + NAME_ENCODING)
    shown = re.sub(r"^[\W\d_]*|[\W\d_]*$", "", first[:30]) or first[:30]
    return _("{encoding} is a guess ({word}); name another with --encoding").format(
        encoding=called(encoding), word=shown if shown.isprintable() else repr(shown)[1:-1]
    )


def _noticed(layout: Layout, text: str) -> Layout:
    """The layout with a note on text that looks as if it had been read in another encoding."""
    if text.isascii() or layout.mend:
        return layout
    lines = [line for line in text.splitlines()[:2_000] if not line.isascii()]
    wrong = [line for line in lines if mended(line) != line]
    if not wrong:
        return layout
    shown = next((word for word in wrong[0].split() if mended(word) != word), wrong[0])[:30]
    note = ngettext(
        "{count:,} line looks like UTF-8 read in another encoding ({shown}): repair it (--mend)",
        "{count:,} lines look like UTF-8 read in another encoding ({shown}): repair them (--mend)",
        len(wrong),
    ).format(count=len(wrong), shown=shown)
    return replace(layout, notes=(*layout.notes, note))


def _one_a_line(layout: Layout, label: str | None, text: str) -> Layout:
    """One text per line, below a header where that is asked for or the first line is a usual header."""
    lines = [line.strip() for line in io.StringIO(text, newline="")]
    blank = next((number for number, line in enumerate(lines) if line), len(lines))
    first = lines[blank] if blank < len(lines) else ""
    header = layout.header if layout.header is not None else first.lower() in _HEADERS
    columns = (first if header and first else "text",) if label is None else ("text", "label")
    skip = blank + 1 if header else 0
    changes = {"label": label, "columns": columns, "named": len(columns), "header": header, "skip": skip}
    return replace(layout, form=LINES, quoting=OFF, **changes)  # type: ignore[arg-type]


# Delimited text


def _delimited(path: Path, layout: Layout, suffix: str, text: str, whole: bool) -> Layout:
    lines = list(io.StringIO(text, newline=""))
    skip = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    hint = re.fullmatch(r"sep=(.)\s*", lines[skip]) if skip < len(lines) else None
    if hint:  # a spreadsheet's
        skip, layout = skip + 1, replace(layout, delimiter=layout.delimiter or hint[1])
    lines = lines[skip:]
    if suffix == ".txt" and layout.delimiter is None:
        layout = replace(layout, delimiter=_of_text(lines))
        if layout.delimiter is None:
            return _one_a_line(layout, None, text)
    if layout.delimiter == " " and layout.header is not True and _of_text(lines) == " ":
        layout = replace(layout, header=False, quoting=layout.quoting or OFF)
        for number, line in enumerate(lines, skip + 1):
            if _LABELS_OF_A_TEXT.match(line):
                told = _("{file}, line {line}: more than one label; expected one __label__ per line")
                raise ValueError(told.format(file=path.name, line=number))
    if not lines:
        raise ValueError(_("{file} is empty; expected a header and rows").format(file=path.name))
    if len(lines[0]) > record_lines.LINE_LIMIT:
        raise in_header(path, _("longer than {limit:,} characters").format(limit=record_lines.LINE_LIMIT))
    content = "".join(lines)
    usual = _USUAL.get(suffix, _USUAL[".csv"])
    delimiters = [layout.delimiter] if layout.delimiter else [usual[0], *(one for one in usual[1:] if one in lines[0])]
    candidates = [_quoting(replace(layout, form=DELIMITED, delimiter=one), content) for one in delimiters]
    # Of equal ones the first: the suffix's own.
    best = max([one for one in candidates if one.width > 1] or candidates[:1], key=lambda one: one.fit)
    if best.unsure is not None:
        told = _(
            "{file}, line {line}: a quotation mark either opens a cell of several lines or belongs "
            "to the text; name the quoting (--quoting)"
        )
        raise ValueError(told.format(file=path.name, line=skip + best.unsure))
    return _headed(path, best, skip, len(lines))


def _of_text(lines: Sequence[str]) -> str | None:
    """The delimiter of a .txt, None where each line is one text."""
    filled = [line for line in lines if line.strip()]
    for delimiter in (PLUS_SIGNS, "\t"):
        if filled and all(line.count(delimiter) == filled[0].count(delimiter) > 0 for line in filled):
            return delimiter
    marks = {match and match[1] for match in map(_LABELLED.match, filled)}
    if len(filled) > 1 and len(marks) == 1 and None not in marks:  # as in fastText's “__label__1 …” and “1 ||| …”
        return marks.pop()
    fronts = [match and match[1] for match in map(_LABEL_IN_FRONT.match, filled)]
    if len(filled) > 3 and None not in fronts and len({*fronts}) <= min(_MOST_LABELS, len(filled) / 2):
        return " "
    for delimiter in _USUAL[".csv"]:
        names = [name.strip(' "\r\n').lower() for name in filled[0].split(delimiter)] if filled else []
        if len(names) > 1 and all(is_known(name) for name in names):
            return delimiter
    for delimiter in (";", "|", ",", "@"):  # a text and its label, without a header
        rows = [line.rstrip("\r\n").split(delimiter) for line in filled]
        if len(rows) > 3 and all(len(row) == 2 for row in rows):
            for column in zip(*rows, strict=True):
                if 1 < len(set(column)) <= len(rows) / 2 and are_labels([cell.strip() for cell in column]):
                    return delimiter
    return None


class _Candidate:
    """What a layout makes of the part: its records, and the lines at which they begin."""

    def __init__(self, layout: Layout, content: str):
        self.layout = layout
        self.unsure: int | None = None  # the line of a quote that may be either
        self.unquoted: _Candidate | None = None  # the same, quotation marks being text, where there are any
        self.proofs = 0  # rows that show that quotes enclose cells
        self.enclosed = False  # whether a column is enclosed in nearly every row below the first
        first = next(_records(layout, content))[0]
        self.problem = None if isinstance(first, list) else first
        self.width = len(first) if isinstance(first, list) else 0
        wide = replace(layout, columns=("",) * self.width, sure=True)
        reader = Lines(io.StringIO(content, newline=""), layout.encoding or "")
        self.records: list[list[str] | None] = []
        self.lines: list[int] = []
        for record, line in _records(wide, content, reader):
            self.records.append(record if isinstance(record, list) else None)
            self.lines.append(line)
        self.merged = set(reader.merged)
        below = [record for record in self.records[1:] if record is not None]
        ends = set(map(len, below))
        if self.width and len(ends) == 1 and not any("".join(row[self.width :]).strip() for row in below):
            more = max(0, ends.pop() - self.width)  # every row goes on with empty cells: columns without a name
            self.records[0] = [*(self.records[0] or []), *[""] * more]
            self.width += more
        self.bad = sum(record is None or len(record) != self.width for record in self.records)

    @property
    def fit(self) -> float:
        return 1 - self.bad / len(self.records)


def _records(layout: Layout, content: str, reader: Lines | None = None) -> Iterator[tuple[list[str] | str, int]]:
    """Each row that is not blank, or why it cannot be read, and its line."""
    reader = reader or Lines(io.StringIO(content, newline=""), layout.encoding or "")
    for batch, _block in unchecked(reader, layout):
        for index, (row, line) in enumerate(zip(batch.rows, batch.lines, strict=True)):
            if row != []:
                yield batch.problems[index] if row is None else row, int(line or 0)


def _quoting(layout: Layout, content: str) -> _Candidate:
    """The candidate, quoted or not, as its quotation marks suggest."""
    if layout.quoting not in (None, OFF) and len(layout.delimiter or "") > 1:
        raise ValueError(_("quoted cells need a delimiter of one character"))
    if layout.quoting is not None:
        return _Candidate(replace(layout, sure=True), content)
    tab, long = layout.delimiter == "\t", len(layout.delimiter or "") > 1
    if '"' not in content or long:
        return _Candidate(replace(layout, quoting=OFF if tab or long else ON), content)
    off, on = (_Candidate(replace(layout, quoting=quoting), content) for quoting in (OFF, ON))
    if '\\"' in content:
        escaped = _Candidate(replace(layout, quoting=ESCAPED), content)
        on = escaped if escaped.bad < on.bad else on
    proofs, enclosed = _proofs(on, content)
    if tab:
        fits = on.bad == 0 or (proofs and on.bad < off.bad)
        return on if fits and not on.merged and (proofs or enclosed) else off
    if on.problem is not None or on.bad > off.bad:
        return off
    if on.merged and not proofs and off.bad == 0:
        on.unsure = min(on.merged)
    on.unquoted, on.proofs = off, proofs
    on.layout = replace(on.layout, sure=proofs > 0)
    return on


def _proofs(on: _Candidate, content: str) -> tuple[int, bool]:
    """How many more rows show that quotes enclose cells than show the opposite, and whether a column is enclosed in
    every row."""
    lines = list(io.StringIO(content, newline=""))
    delimiter = on.layout.delimiter or ","
    proofs = against = 0
    enclosed: set[int] | None = None
    below: Counter[int] = Counter()
    for row, start, end in zip(on.records, on.lines, [*on.lines[1:], len(lines) + 1], strict=True):
        raw = "".join(lines[start - 1 : end - 1])
        cells = raw.rstrip("\r\n").split(delimiter)
        whole = {index for index, cell in enumerate(cells) if len(cell) > 1 and cell[0] == cell[-1] == '"'}
        below.update(whole if enclosed is not None else ())
        enclosed = whole if enclosed is None else enclosed & whole
        if row is None or '"' not in raw or len(row) != on.width:
            continue
        doubled = ('""' in raw or '\\"' in raw) and any('"' in cell for cell in row)
        several = start not in on.merged and (len(cells) != on.width or raw.rstrip("\r\n").count("\n"))
        lone = any('"' in line.rstrip("\r\n").split(delimiter) for line in lines[start - 1 : end - 1])
        if several or lone or (doubled and (whole or start in on.merged)):
            proofs += 1
        elif any('"' in cell and index not in whole for index, cell in enumerate(cells)) and start not in on.merged:
            against += 1
    on.enclosed = max(below.values(), default=0) * 10 >= 9 * max(1, len(on.records) - 1)
    return max(0, proofs - against), bool(enclosed) and len(on.records) > 1


# The header


def _headed(path: Path, candidate: _Candidate, skip: int, lines: int) -> Layout:
    layout, records, width = candidate.layout, candidate.records, candidate.width
    first = records[0]
    if first is None:
        raise in_header(path, candidate.problem or "")
    if width > MOST_COLUMNS:
        raise too_wide(path, width)
    header = layout.header
    if header is not False and _UNDECODED.search("".join(first)):
        what = _("bytes that are not {encoding} text").format(encoding=called(layout.encoding or ""))
        raise in_header(path, what + NAME_ENCODING)
    if header is None:
        header = is_header(path, first, [row for row in records[1:] if row is not None and len(row) == width])
    if header and "\0" in "".join(first):
        raise in_header(path, _("a NUL character (byte 0)") + NAME_ENCODING)
    rows = [row for row in records[header:] if row is not None]
    if not header and layout.delimiter and (len(layout.delimiter) > 1 or layout.delimiter == " "):
        width = 2  # a label, and a text that may hold what parts them
    layout = replace(layout, header=header)
    labelled = not header and layout.delimiter == " "
    names: Sequence[str] = _names(first) if header else ("label", "text") * labelled
    wide = sum(len(row) > width for row in rows)
    if wide > candidate.proofs and not candidate.enclosed and width <= _MOST_BESIDE_TEXT:
        # In a file that is quoted where needed, rather a few rows are faulty.
        plain = [row or [] for row in candidate.unquoted.records[header:]] if candidate.unquoted else rows
        layout, rows = _with_bare_column(layout, plain, width, names) or (layout, rows)
    rows = [row for row in rows if len(row) == width]
    notes = list(layout.notes)
    named = width
    if header:
        named = max((index + 1 for index, name in enumerate(first) if name.strip()), default=width)
        if named < width:
            note = ngettext("column {numbers} has no name", "columns {numbers} have no name", width - named)
            notes.append(note.format(numbers=some(names[named:])))
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            notes.append(_("several columns are called {names}").format(names=some(twice)))
    elif not labelled:
        names, told = guessed(rows, width)
        notes += told
    _refuse_lists(path, names, rows)
    tokens = token_columns(names, rows)
    if tokens:
        notes.append(_("lists of tokens in {columns}, joined by spaces").format(columns=some(tokens)))
    begin = skip
    if header:
        begin += candidate.lines[1] - 1 if len(candidate.lines) > 1 else lines
    return replace(layout, columns=tuple(names), named=named, skip=begin, tokens=tuple(tokens), notes=tuple(notes))


def _names(first: Sequence[str]) -> tuple[str, ...]:
    """The names of columns; one without a name is called by its number."""
    return tuple(name if name.strip() else str(number) for number, name in enumerate(first, 1))


def _with_bare_column(
    layout: Layout, rows: list[list[str]], width: int, names: Sequence[str]
) -> tuple[Layout, list[list[str]]] | None:
    """The layout with the one column that may hold delimiters, and the rows as it reads them; None unless one can."""
    delimiter = layout.delimiter or ","
    lengths = Counter(map(len, rows))
    if sum(count for length, count in lengths.items() if length < width) * 10 > len(rows):
        return None
    if len(lengths) == 1 and counts_rows([row[0] for row in rows]) and not (names and names[0].lower() in _NUMBERS):
        return None  # the header lacks the name of the column of row numbers

    def joined(index: int) -> list[list[str]]:
        return [record_lines.with_bare(row, index, width, delimiter) for row in rows if len(row) >= width]

    texts = [index for index, name in enumerate(names) if is_text(name)]
    exact = list(zip(*(row for row in rows if len(row) == width), strict=True)) or [()] * width
    numbers = [bool(column) and all(map(is_number, column)) for column in exact]
    wider = [row for row in rows if len(row) > width]

    def ends(index: int) -> bool:
        """Whether a wider row may as well end with empty cells: no evidence that texts hold delimiters."""
        if index < width - 1:
            return any(not cell.strip() for row in wider for cell in [*row[:index], *row[index + 1 - width :]])
        return delimiter != " " and sum(not row[-1].strip() for row in wider) * 2 >= len(wider) > 0

    fitting = [
        index
        for index in texts or range(width)
        if all(
            (is_number(cell) if numbers[other] else len(cell.split()) <= 1 and len(cell) <= 40)
            for row in joined(index)
            for other, cell in enumerate(row)
            if other != index
        )
    ]
    if len(fitting) != 1 or ends(fitting[0]):
        return None
    return replace(layout, bare=fitting[0], quoting=OFF), joined(fitting[0])


def _parsed(text: str) -> object:
    """The value of a text of JSON, None where it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _json_in_another(text: str, whole: bool) -> str | None:
    """The suffix of JSON in a file of another suffix: where the first line is an object, or all an array of objects."""
    start = text.lstrip("\ufeff \t\r\n")
    if start[:1] == "{" and isinstance(_parsed(start.splitlines()[0]), dict):
        return ".jsonl"
    array = _parsed(start) if whole and start[:1] == "[" else None
    return ".json" if isinstance(array, list) and array and all(isinstance(one, dict) for one in array) else None


def _form_of_json(path: Path, suffix: str, text: str, whole: bool) -> str:
    """JSON or JSON_LINES. Raises ValueError for text that is neither, saying what it is."""
    text = text.lstrip("\ufeff \t\r\n")
    lines = [(number, line.strip()) for number, line in enumerate(io.StringIO(text, newline=None), 1) if line.strip()]
    if not lines:
        return JSON_LINES
    first = lines[0][1]
    if text[0] == "[":
        one = _parsed(first)  # of .jsonl rather a row that is no object
        if suffix == ".jsonl" and one is not None:
            array = isinstance(one, list) and all(isinstance(item, dict) for item in one)
            return JSON if whole and len(lines) == 1 and array else JSON_LINES
        comma = re.search(r",(?=\s*[\]}])", text) if whole and _parsed(text) is None else None
        if comma and isinstance(_parsed(re.sub(r",(?=\s*[\]}])", "", text)), list):
            line = text.count("\n", 0, comma.start()) + 1
            raise _no_json(path, _("an extra comma before a bracket in line {line}").format(line=line))
        return JSON
    if any(isinstance(_parsed(line), dict) for _number, line in lines[:_LOOKED]):
        return JSON_LINES
    if isinstance(_parsed(first.rstrip(",")), dict):
        raise _no_json(path, _("a comma after the object"))
    if text[0] == "{" and len(lines) > 1:
        try:
            end = json.JSONDecoder().raw_decode(text)[1]
        except (ValueError, RecursionError):
            return JSON_LINES
        if "\n" in text[:end].replace("\r", "\n"):
            raise _no_json(path, _("an object over several lines"))
    elif suffix == ".json" and text[0] != "{" and _parsed(first) is None and not _UNDECODED.search(first):
        raise _no_json(path, _("not JSON: {text!r}").format(text=first[:30]))
    return JSON_LINES


def _no_json(path: Path, what: str) -> ValueError:
    """The error for a file that is called JSON and has no rows of it."""
    told = _("{file}: found {what}; expected one object per line, or an array of objects in [ ]")
    return ValueError(told.format(file=path.name, what=what))


def _refuse_lists(path: Path, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Raises ValueError for a column of lists of tokens that cannot be read as such."""
    if (unread := unread_lists(names, rows)) is not None:
        told = _(
            "{file}: column {column!r} holds lists that cannot be read, such as {cell!r}; write them "
            "as JSON lists of texts, or join the tokens with spaces"
        )
        raise ValueError(told.format(file=path.name, column=unread[0], cell=unread[1][:30]))


def _with_tokens_of_json(path: Path, layout: Layout, text: str) -> Layout:
    """The layout with the keys of the first objects, and those of them that hold lists of tokens."""
    decoder = json.JSONDecoder()
    objects: list[dict[str, object]] = []
    end = 0
    for _attempt in range(_LOOKED):
        start = _OBJECT.search(text, end)
        if start is None:
            break
        try:
            value, end = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            end = start.end()
            continue
        if isinstance(value, dict):
            objects.append(value)
    names = list(dict.fromkeys(key for one in objects for key in one))
    if not objects or len(names) > 1_000:
        return layout
    cells = [[one.get(name) for name in names] for one in objects]
    _refuse_lists(path, names, cells)
    tokens = token_columns(names, cells)
    if not tokens:
        return layout
    note = _("lists of tokens in {columns}, joined by spaces").format(columns=i18n.listed(tokens))
    return replace(layout, tokens=tuple(tokens), notes=(*layout.notes, note))


def in_header(path: Path, why: str) -> ValueError:
    """The error for a header that cannot be read."""
    return ValueError(_("{file}, header: {why}").format(file=path.name, why=why))


# A folder of texts by class


def _folder(path: Path, asked: Layout) -> Layout:
    names = [folder.name for folder in classes(path)]
    names = names or sorted({one.suffix[1:].lower() for one in texts_of_folder(path)})
    if len(names) < 2:
        told = _(
            "{file} is a folder; expected a file, a folder of .pos and .neg files, or two or more "
            "folders of .txt files, each named after its class"
        )
        raise ValueError(told.format(file=path.name))
    encoding = asked.encoding and codec(asked.encoding)
    if encoding is None:
        texts = texts_of_folder(path)
        some = texts[:: max(1, len(texts) // _LOOKED)]
        part = b"\n".join(one.read_bytes()[: _PART // _LOOKED] for one in some)
        encoding = _encoding(path, part)
        if encoding in _GUESSES:
            asked = replace(asked, notes=(_guess(path, encoding, part.decode(encoding, "replace")),))
    columns = ("text", "label", "file")
    return replace(asked, form=FOLDER, encoding=encoding, label=i18n.listed(names), columns=columns, named=3)
