"""The benchmark of the attribution methods, kept in one JSON file beside the checkpoints, without texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.models import checkpoints
from core.probes.attribution.removal import BASELINES
from core.probes.attribution.standings import COLUMNS, Benchmark
from core.runtime import json_file
from core.runtime.i18n import gettext as _

FILE = "faithfulness.json"
FORMAT = 1


@dataclass(frozen=True)
class BenchmarkRows:
    """Where the sentences came from: `rows` drawn by `seed` from the `drawn_from` rows of a file."""

    file: str
    sha256: str
    rows: int
    drawn_from: int
    seed: int


@dataclass(frozen=True)
class Benchmarks:
    """The benchmarks of some models on the same rows."""

    source: BenchmarkRows
    benchmarks: tuple[Benchmark, ...]

    def outdated(self, hashes: Mapping[str, str]) -> list[str]:
        """The models, by name, that are not those measured any more, or are gone; `hashes` are today's."""
        return [benchmark.model for benchmark in self.benchmarks if hashes.get(benchmark.model) != benchmark.hash]


def save(path: Path, source: BenchmarkRows, benchmarks: Sequence[Benchmark]) -> None:
    """Write benchmarks, rounded to 6 digits. Messages of methods that failed may quote a text and are left out.

    Raises as `json_file.write`.
    """
    json_file.write(
        path, FORMAT, {"source": asdict(source), "leagues": [as_json(benchmark) for benchmark in benchmarks]}
    )


def load(folder: Path | None = None) -> Benchmarks | None:
    """The benchmarks kept beside the checkpoints, None where there are none. Raises ValueError for a damaged file."""
    path = (folder or checkpoints.root()) / FILE
    return read_benchmarks(path) if path.exists() else None


def read_benchmarks(path: Path) -> Benchmarks:
    """The benchmarks of a file. Raises ValueError, in one line, for one that is not what `save` writes."""
    return json_file.read(path, FORMAT, _benchmarks)


def as_json(benchmark: Benchmark, *, failures: bool = False) -> dict[str, object]:
    """A benchmark for JSON; what methods said where they failed only if asked for."""
    content = json_file.as_json(benchmark)
    for name in ("target", "against"):
        if content[name] is None:
            del content[name]
    for standing in content["standings"]:
        if not (failures and standing["failure"]):
            del standing["failure"]
    return {**content, "statement": benchmark.statement}


def _benchmarks(content: dict[str, Any]) -> Benchmarks:
    benchmarks = tuple(_checked(json_file.made(Benchmark, one)) for one in content["leagues"])
    if len({benchmark.model for benchmark in benchmarks}) != len(benchmarks):
        raise ValueError(_("a model is named twice"))
    return Benchmarks(json_file.made(BenchmarkRows, content["source"]), benchmarks)


def _checked(benchmark: Benchmark) -> Benchmark:
    names = [standing.method for standing in benchmark.standings]
    if len(set(names)) != len(names):
        raise ValueError(_("a method is named twice"))
    if not {*benchmark.tied, benchmark.best, benchmark.runner_up} <= {*names, None}:
        raise ValueError(_("a method named as best or tied has no row"))
    if benchmark.removal not in BASELINES:
        raise ValueError(
            _("removal {removal!r:.40} is not one of {available}").format(
                removal=benchmark.removal, available=", ".join(BASELINES)
            )
        )
    measures = [
        benchmark.random,
        *(one for standing in benchmark.standings for one in (standing.measures, standing.gains)),
    ]
    for column in COLUMNS:
        for one in measures:
            one[column]  # KeyError: a measure that is not there
    return benchmark
