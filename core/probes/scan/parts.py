"""The output of a corpus scan: a folder of parquet files, one for each partition, and what says whose they are.

    OUT/_scan.json             what is scanned, with what, how: a scan goes on only where all of it is still the same
    OUT/part-000000.parquet    columns file, row (from 1), line, those of each model, problem
    OUT/_summary.json          when all parts are there

A model's column is <model>_probability, that of its target; a model of more than two classes has <model>_verdict too,
and <model>_P_<class> for each class that was asked for. A part is written under another name and renamed
when all of it is on the disk, so every part is whole, however a scan ended. Its footer names its scan and partition and
has the counts. How far a scan is, only the parts say: there is no journal that could contradict them.
Readers of parquet folders pass over names that begin with an underscore.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from core.data.targets import default
from core.data.writers import Columns
from core.probes.scan.partitions import Partition, Position
from core.probes.scan.scoring import Output
from core.probes.scan.tallies import Summary
from core.runtime import files

SCAN, SUMMARY = "_scan.json", "_summary.json"
_KEY = b"unrolled.scan"
_PART = re.compile(r"part-([0-9]{6,})\.parquet")


class Part(NamedTuple):
    """A partition that is done, and what it came to."""

    partition: Partition
    summary: Summary


def path_of(folder: Path, number: int) -> Path:
    """Where a partition's part stands."""
    return folder / f"part-{number:06}.parquet"


def identity(plan: Mapping[str, object]) -> str:
    """What stands for a scan in its parts' footers."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


def columns_of(output: Output, probabilities: np.ndarray) -> dict[str, np.ndarray]:
    """A model's columns in a part, float64 [N] or names [N], of its probabilities [N] or [N, K]."""
    named = {} if default(output.labels) else {f"{output.model}_verdict": output.verdicts(probabilities)}
    chances = {f"{output.model}_probability": output.chances(probabilities)}
    return {**chances, **named, **output.by_class(probabilities)}


def write(folder: Path, scan: str, part: Part, columns: Columns, answers: Mapping[str, np.ndarray]) -> None:
    """Put a part in its place: columns file, row, line, problem, and the models' `answers` (`columns_of`).

    Raises OSError where it cannot be written; then nothing of it is left.
    """
    import pyarrow
    import pyarrow.parquet

    fields = [("file", pyarrow.string()), ("row", pyarrow.int64()), ("line", pyarrow.int64())]
    fields += [
        (name, pyarrow.string() if values.dtype == object else pyarrow.float64()) for name, values in answers.items()
    ]
    fields.append(("problem", pyarrow.string()))
    cells = {**columns, **answers}
    footer = {"scan": scan, "partition": part.partition, "summary": part.summary.as_json()}
    schema = pyarrow.schema(fields, metadata={_KEY: json.dumps(footer).encode()})
    table = pyarrow.table(
        [pyarrow.array(cells[name], type=kind, from_pandas=True) for name, kind in fields], schema=schema
    )
    content = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(table, content, compression="zstd")
    files.write(path_of(folder, part.partition.number), memoryview(content.getvalue()))


def read(folder: Path, scan: str) -> dict[int, Part]:
    """The parts of a scan that are there, by number. Raises ValueError for one that is damaged or another scan's."""
    parts = {}
    for path in sorted(folder.iterdir()):
        if match := _PART.fullmatch(path.name):
            parts[int(match[1])] = _read(path, int(match[1]), scan)
    return parts


def _read(path: Path, number: int, scan: str) -> Part:
    import pyarrow
    import pyarrow.parquet

    try:
        metadata = pyarrow.parquet.read_metadata(path)
        footer: dict[str, Any] = json.loads((metadata.metadata or {}).get(_KEY, b"{}"))
        if footer.get("scan") != scan:
            raise ValueError(f"{path} is of another scan; give that one a folder of its own")
        which, start, stop, rows, share = footer["partition"]
        part = Part(
            Partition(which, Position.of(start), Position.of(stop), rows, share), Summary.from_json(footer["summary"])
        )
    except (pyarrow.ArrowException, KeyError, TypeError, OSError) as error:
        raise ValueError(f"{path} is damaged ({str(error).splitlines()[0]}); remove it and resume") from None
    if which != number or metadata.num_rows != rows:
        raise ValueError(f"{path} is not the part that its name says; remove it and resume")
    return part


def clear(folder: Path) -> None:
    """Remove what an interrupted scan, or a lost worker, was writing."""
    for path in folder.glob(f".*{files.UNFINISHED}"):
        path.unlink(missing_ok=True)
