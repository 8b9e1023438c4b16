"""Writes tables, archives and folders of texts for tests, and reads a table in both ways."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.data import records
from core.data.formats.detection import look
from core.data.formats.layout import Layout
from core.data.tables import rows

FORMATS = (".parquet", ".csv", ".tsv", ".jsonl")


def write(path: Path, content: str | bytes | dict[str, Any]) -> Path:
    """A file of this content; a table of these columns, in the format of its suffix; or a folder of these texts."""
    if isinstance(content, str | bytes):
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    elif all(isinstance(text, str) for text in content.values()):
        for name, text in content.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text, encoding="utf-8")
    elif path.suffix == ".parquet":
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table(content), path)
    else:
        cells = list(zip(*content.values(), strict=True))
        with path.open("w", encoding="utf-8", newline="") as file:
            if path.suffix == ".jsonl":
                file.writelines(json.dumps(dict(zip(content, row, strict=True))) + "\n" for row in cells)
            else:
                csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows([list(content), *cells])
    return path


def read_table(path: Path) -> list[dict[str, Any]]:
    """A table by another reader than ours: texts from CSV and TSV, None where parquet has no value."""
    if path.suffix == ".parquet":
        import pandas

        return pandas.read_parquet(path).astype(object).where(lambda frame: frame.notna(), None).to_dict("records")
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in file]
        return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))


def zipped(content: bytes, *names: str) -> bytes:
    """A .zip that has this content under each name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return out.getvalue()


def both(path: Path, asked: Layout | None = None) -> tuple[list[list[object]], list[tuple[int, str]], str | None]:
    """Every row of the windows, what is wrong with which, and what the strict reader said; they must not disagree."""
    try:
        found = list(records.windows(path, 7, asked))
    except ValueError as error:
        first = str(error)
        with pytest.raises((ValueError, LookupError)):
            taken = list(rows(path, ["text"], asked))
            raise ValueError(f"{len(taken)} rows") from None  # no rows at all are an error of the caller's
        return [], [], first
    cells = [list(row) for window in found for row in window.cells()]
    wrong = [(window.first + place, why) for window in found for place, why in window.problems.items()]
    assert [window.first for window in found] == [1 + 7 * number for number in range(len(found))]
    columns = list(dict.fromkeys(found[0].columns))
    if len(columns) != len(found[0].columns):
        return cells, wrong, None
    strict: list[list[object]] = []
    said = None
    try:
        for row in rows(path, columns, asked):
            assert row.number == len(strict) + 1
            strict.append(list(row.values))
    except (ValueError, LookupError) as error:
        said = str(error)
    if look(path, asked).form not in ("jsonl", "json"):
        assert strict == cells[: len(strict)] and (said is None) == (not wrong)
        assert len(strict) == (wrong[0][0] - 1 if wrong else len(cells))
    return cells, wrong, said
