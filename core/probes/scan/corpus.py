"""What do models say of every row of a corpus, however large? Scored in partitions, by one process or many.

Each partition's rows go to their own file (`core.probes.scan.parts`), so an interrupted scan, or one whose worker was
lost, resumes with the missing partitions. The parts are the same whichever process scored them, to the rounding of a
batch.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from core.data.formats.layout import ANY, NAMED, Layout
from core.probes.scan import inputs, parts
from core.probes.scan.partitions import Position, partitions
from core.probes.scan.parts import Part
from core.probes.scan.scoring import ModelSource
from core.probes.scan.tallies import BINS, Summary
from core.probes.scan.tasks import Task, score
from core.runtime import cluster, files, workers

PART_ROWS = 16_384  # so few that the last parts keep several workers about equally long
_FORMAT = 2


@dataclass(frozen=True)
class CorpusScan:
    """A scan's progress: `rows` in finished parts, `before` of them before it was resumed, `share` of the corpus.

    The last event has the `summary` of all rows, and the `seconds` since this run began.
    """

    rows: int
    before: int
    share: float
    parts: int
    seconds: float
    summary: Summary | None = None

    @property
    def rows_per_second(self) -> float:
        """Of the rows of this run."""
        return (self.rows - self.before) / max(self.seconds, 1e-9)


def corpus_scan(
    names: Sequence[str | Path],
    source: ModelSource,
    out: str | Path,
    text_column: str | None = None,
    *,
    layout: Layout | None = None,
    resume: bool = False,
    part_rows: int = PART_ROWS,
    processes: int | None = None,
    scheduler: str | None = None,
) -> Generator[CorpusScan, None, None]:
    """Score the text column (``text``) of tables, folders of tables and glob patterns; an event comes with every part.

    It runs in this process, in so many `processes` of one thread each, or on a Dask `scheduler`'s workers. `resume`
    goes on with the scan in the folder `out`, if there is one.

    Raises ValueError for a folder with another scan, or one not to be resumed, a column without texts and a part
    without rows; LookupError for a missing column or file; OSError, saying how much is kept, for a part that cannot be
    written.
    """
    if part_rows < 1:
        raise ValueError(f"a part has at least one row; given: {part_rows:,}")
    if processes is not None and scheduler is not None:
        raise ValueError("workers of this machine and a scheduler were given; expected one of them")
    if processes is not None:
        workers.check(processes)
    column, folder = text_column or "text", Path(out)
    paths = inputs.input_files(names)
    for path in paths:
        if folder.resolve() in path.resolve().parents:
            raise ValueError(f"{path} lies in {folder}, where the output goes; write to another folder")
    paths = [path for path in paths if inputs.check(path, column, layout)]
    if not paths:
        raise ValueError(f"{', '.join(map(str, names))}: no rows")
    plan: dict[str, Any] = {
        "format": _FORMAT,
        "inputs": [inputs.identified(path)._asdict() for path in paths],
        "models": [{"name": name, "hash": digest, **source.output(name).as_json()} for name, digest in source.hashes],
        "settings": {"text_column": column, "layout": (layout or ANY).as_json(), "part_rows": part_rows},
    }
    if scheduler is not None:
        cluster.check(scheduler)
    done = _begun(folder, plan, resume)
    scan = parts.identity(plan)

    def tasks() -> Iterator[Task]:
        known = {number: part.partition for number, part in done.items()}
        for partition in partitions(paths, layout, part_rows, known):
            if partition.number not in known:
                read = [paths[file] for file in partition.files]
                absolute, given = tuple(path.resolve() for path in read), tuple(map(str, read))
                yield Task(scan, partition, absolute, given, column, layout, source, folder.resolve())

    def results() -> Iterable[Part]:
        if scheduler is not None:
            return cluster.results(score, tasks(), scheduler)
        if processes is not None:
            return workers.results(score, tasks(), processes)
        return map(score, tasks())

    began = time.perf_counter()
    before = rows = sum(part.partition.rows for part in done.values())
    share = sum(part.partition.share for part in done.values())
    count = len(done)
    yield CorpusScan(rows, before, min(share, 1.0), count, 0.0)
    try:
        for part in results():  # ended before what its workers left unfinished is cleared
            if not parts.path_of(folder, part.partition.number).exists():
                raise OSError(f"a worker has written to another {folder}: all need to see the same files")
            rows, share, count = rows + part.partition.rows, share + part.partition.share, count + 1
            yield CorpusScan(rows, before, min(share, 1.0), count, time.perf_counter() - began)
    except OSError as error:
        reason = (error.strerror or "").lower() or str(error)
        raise OSError(f"{reason}; rows kept in {folder}: {rows:,}; continue with --resume") from None
    finally:
        parts.clear(folder)
    written = parts.read(folder, scan)
    _check_whole(written, len(plan["inputs"]), folder)
    summary = reduce(add, (written[number].summary for number in sorted(written)), Summary())
    event = CorpusScan(rows, before, 1.0, count, time.perf_counter() - began, summary)
    if rows > before or not (folder / parts.SUMMARY).exists():
        text = json.dumps(as_json(event, plan), indent=1, ensure_ascii=False)
        files.write(folder / parts.SUMMARY, (text + "\n").encode("utf-8", "backslashreplace"))
    yield event


def as_json(event: CorpusScan, plan: Mapping[str, Any]) -> dict[str, object]:
    """The summary as it is kept beside the parts."""
    summary = event.summary or Summary()
    models = {
        model["name"]: {
            "hash": model["hash"],
            **{key: model[key] for key in ("target", "against") if key in model},
            **summary.models[model["name"]].as_json(),
        }
        for model in plan["models"]
    }
    return {
        "inputs": plan["inputs"],
        **plan["settings"],
        "rows": summary.rows,
        "empty": summary.empty,
        "malformed": summary.malformed,
        "problems": [problem._asdict() for problem in summary.problems],
        "models": models,
        "histogram_edges": [number / BINS for number in range(BINS + 1)],
        "parts": event.parts,
        "worker_seconds": round(summary.seconds, 3),  # all runs and workers together
        "last_run": {
            "rows": event.rows - event.before,
            "seconds": round(event.seconds, 3),
            "rows_per_second": round(event.rows_per_second, 1),
        },
    }


def _begun(folder: Path, plan: Mapping[str, Any], resume: bool) -> dict[int, Part]:
    """The parts that are there of a scan that begins or goes on."""
    kept = folder / parts.SCAN
    if kept.is_file():
        if not resume:
            raise ValueError(f"{folder} holds a scan already; --resume goes on with it")
        try:
            before = json.loads(kept.read_bytes())
            _check_same(before, plan, folder)
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError):
            raise ValueError(f"{kept} is damaged; scan to another folder") from None
        parts.clear(folder)
        return parts.read(folder, parts.identity(plan))
    if not folder.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {folder.parent} to write {folder.name} to")
    folder.mkdir(exist_ok=True)
    parts.clear(folder)
    if any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty and holds no scan; name a new folder")
    files.write(kept, (json.dumps(plan, indent=1) + "\n").encode())
    return {}


def _check_same(before: Mapping[str, Any], plan: Mapping[str, Any], folder: Path) -> None:
    """Raises ValueError that names the first thing in which a plan differs from the one before."""
    reason = f"the scan in {folder} cannot go on: "
    if before["format"] != plan["format"]:
        raise ValueError(f"{reason}it is of format {before['format']}, expected {plan['format']}")
    layouts = [_asked_for(settings["layout"]) for settings in (before["settings"], plan["settings"])]
    if layouts[0] != layouts[1]:
        raise ValueError(f"{reason}its layout was {layouts[0]} and is now {layouts[1]}")
    for name, value in plan["settings"].items():
        if before["settings"][name] != value:
            raise ValueError(f"{reason}{name.replace('_', ' ')} was {before['settings'][name]!r} and is {value!r}")
    for what, key in (("inputs", "path"), ("models", "name")):
        were, are = [entry[key] for entry in before[what]], [entry[key] for entry in plan[what]]
        if were != are:
            other = sorted(set(were) ^ set(are)) or ["their order"]
            raise ValueError(f"{reason}it has other {what} ({', '.join(other[:3])}{', …' * (len(other) > 3)})")
        for one, other in zip(before[what], plan[what], strict=True):
            if one != other:
                changed = ", ".join(name for name in {**one, **other} if one.get(name) != other.get(name))
                raise ValueError(f"{reason}{other[key]} has changed since it began ({changed})")


def _asked_for(layout: Mapping[str, Any]) -> str:
    """A request for a layout, as its options."""
    names = {delimiter: name for name, delimiter in NAMED.items()}
    flags = {("header", True): "--header", ("header", False): "--no-header", ("mend", True): "--mend"}
    flags["join", True] = "--join"
    options = [
        flags.get((name, value)) or f"--{name} {names.get(value, value) if name == 'delimiter' else value}"
        for name, value in layout.items()
    ]
    return " ".join(options) or "found by looking"


def _check_whole(written: Mapping[int, Part], files: int, folder: Path) -> None:
    """Raises ValueError where the parts are not, one after another, the whole corpus."""
    position = Position()
    for number in range(len(written)):
        if number not in written or not written[number].partition.start.same(position):
            raise ValueError(f"{parts.path_of(folder, number)} is missing; --resume makes it again")
        position = written[number].partition.stop
    if position.file != files:
        raise ValueError(f"the last parts are missing in {folder}; --resume makes them again")
