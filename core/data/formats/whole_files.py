"""JSON arrays, read whole, and folders of texts by class: forms whose rows are counted before they are read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.data.formats import record_lines
from core.data.formats.cell_values import Batch, converted
from core.data.formats.layout import JSON, LINES, NAME_ENCODING, Layout, called
from core.data.formats.record_lines import Lines, batches, no_object, not_json, stream
from core.data.formats.text_folders import texts_of_folder
from core.runtime.i18n import gettext as _

JSON_LIMIT = 64_000_000  # characters of a JSON array, bytes of the .pos and .neg files of a folder
_LOADED = 4_096  # rows at a time


def loaded(path: Path, layout: Layout, start: int) -> Iterator[tuple[Batch, float]]:
    """The rows of a JSON array or of a folder of texts, some at a time."""
    whole = items(path, layout)
    for begin in range(start, len(whole), _LOADED):
        part = whole[begin : begin + _LOADED]
        rows: list[Any] = []
        problems: dict[int, str] = {}
        for item in part:
            row: Any = {"text": item} if isinstance(item, str) else item
            if isinstance(item, Path | tuple):
                row, problem = _text_file(item, path, layout) if isinstance(item, Path) else item
                if problem is not None:
                    problems[len(rows)] = problem
            elif not isinstance(row, dict):
                problems[len(rows)], row = no_object(row), None
            rows.append(row)
        yield converted(Batch([None] * len(rows), rows, problems), layout), (begin + len(part)) / len(whole)


def items(path: Path, layout: Layout) -> list[Any]:
    """The elements of a JSON array; of a folder its files of one text, and the rows of others or what is wrong."""
    if layout.form == JSON:
        return _array(path, layout)
    whole: list[Any] = []
    held = 0
    for file in texts_of_folder(path):
        if file.suffix.lower() not in (".pos", ".neg"):
            whole.append(file)
            continue
        held += file.stat().st_size
        if held > JSON_LIMIT:
            told = _("{file} is read whole, up to {limit:,} bytes; read one of its files instead")
            raise ValueError(told.format(file=path.name, limit=JSON_LIMIT))
        one = replace(layout, form=LINES, columns=("text", "label"), label=file.suffix[1:].lower())
        with stream(file, layout.encoding or "") as (text, _raw):
            for batch in batches(Lines(text, layout.encoding or "", layout.mend), one):
                whole += [
                    (row and [*row, file.name], batch.problems.get(index)) for index, row in enumerate(batch.rows)
                ]
    return whole


def _text_file(path: Path, folder: Path, layout: Layout) -> tuple[list[str] | None, str | None]:
    """A text, its class and its name, or what is wrong with it."""
    if path.stat().st_size > 4 * record_lines.LINE_LIMIT:
        return None, _("longer than {limit:,} characters").format(limit=record_lines.LINE_LIMIT)
    content = path.read_bytes()
    try:
        text = content.decode(layout.encoding or "utf-8")
    except UnicodeError:
        if not layout.mend:
            return None, _("bytes that are not {encoding} text").format(encoding=called(layout.encoding or ""))
        text = content.decode("cp1252", "replace")
    if len(text) > record_lines.LINE_LIMIT:
        return None, _("longer than {limit:,} characters").format(limit=record_lines.LINE_LIMIT)
    return [text.strip("\r\n"), path.parent.name, str(path.relative_to(folder))], None


def _array(path: Path, layout: Layout) -> list[Any]:
    """The elements of a JSON array. Raises ValueError for another value, or a larger one than is read whole."""
    with stream(path, layout.encoding or "") as (file, _raw):
        content = file.read(JSON_LIMIT + 1)
    if len(content) > JSON_LIMIT:
        raise ValueError(
            _(
                "{file}: a JSON array is read whole, up to {limit:,} characters; write it as JSON lines, one object "
                "per line"
            ).format(file=path.name, limit=JSON_LIMIT)
        )
    lines = Lines(io.StringIO(), layout.encoding or "", layout.mend)
    content = lines.decoded(content)
    if lines.wrong(content):
        raise ValueError(_("{file}: {why}").format(file=path.name, why=lines.undecoded) + NAME_ENCODING)
    try:
        array = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(_("{file}: {why}").format(file=path.name, why=not_json(error))) from None
    return list(array)
