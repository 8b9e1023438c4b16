"""The figures of sarcasm, kept in one JSON file beside the checkpoints: figures, hashes and settings, no texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from core.evaluation.intervals import RESAMPLES
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.probes.sarcasm.corpora import SarcasmCorpus
from core.probes.sarcasm.report import SarcasmReport
from core.runtime import json_file

FILE = "sarcasm.json"
FORMAT = 1


@dataclass(frozen=True)
class SarcasmResults:
    """Reports as kept: `models` has the hash of each model by name, `corpora` the SHA-256 of each file by name."""

    models: dict[str, str]
    corpora: dict[str, str]
    reports: tuple[SarcasmReport, ...]

    def outdated(self, hashes: Mapping[str, str]) -> list[str]:
        """The models, by name, that are not those the figures are of any more, or are gone; `hashes` are today's."""
        return [name for name, known in self.models.items() if hashes.get(name) != known]


def save(
    folder: Path, corpora: Sequence[SarcasmCorpus], models: Sequence[Checkpoint], reports: Sequence[SarcasmReport]
) -> Path:
    """Write the figures of some models on some corpora. Raises as `json_file.write`."""
    content = {
        "models": {model.name: model.hash for model in models},
        "corpora": {corpus.name: corpus.sha256 for corpus in corpora},
        "resamples": RESAMPLES,
        "reports": [asdict(report) for report in reports],
    }
    folder.mkdir(parents=True, exist_ok=True)
    json_file.write(folder / FILE, FORMAT, content)
    return folder / FILE


def load(folder: Path | None = None) -> SarcasmResults | None:
    """The figures kept beside the checkpoints, None where there are none. Raises ValueError for a damaged file."""
    path = (folder or checkpoints.root()) / FILE
    return json_file.read(path, FORMAT, partial(json_file.made, SarcasmResults)) if path.exists() else None
