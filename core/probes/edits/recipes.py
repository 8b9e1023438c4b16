"""How do attacks on a file's texts fare? Three recipes, a record of each text, and their table.

The table has the rows of TextAttack's (Morris et al. 2020) that need no other model. A text that the model gets wrong
is skipped, as there; without labels none is. Similarity is the cosine of the mean word vectors of both texts: it sees
topics rather than meaning, and little of order or negation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from core.probes.edits.neighbours import Neighbours
from core.probes.edits.results import MinimalEdits

RECIPES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "greedy": {"first": True, "widen": False},  # dives, to the first flip
        "beam": {"first": True},  # dives, then all single edits and the beam, to the first flip
        "exact": {"beam": None},  # every set of edits, the fewest first
    }
)
SKIPPED, FAILED, SUCCEEDED = "skipped", "failed", "succeeded"


def measures(result: MinimalEdits, neighbours: Neighbours | None) -> dict[str, Any]:
    """What became of a text: its status, the share of its words that were changed, the similarity of both texts."""
    best = result.best
    if best is None:
        return {"status": FAILED, "words_changed": None, "similarity": None}
    changed = sum(max(len(edit.before), len(edit.after)) for edit in best.edits)
    return {
        "status": SUCCEEDED,
        "words_changed": changed / len(result.tokens),
        "similarity": neighbours.similarity(result.tokens, best.tokens) if neighbours else None,
    }


@dataclass(frozen=True)
class Table:
    """Counts and means. Accuracies are shares of all texts, None without labels.

    `queries` is a mean over attacked texts, `words_changed` and `similarity` over flipped ones; None without any.
    """

    texts: int
    skipped: int
    failed: int
    succeeded: int
    accuracy: float | None
    accuracy_under_attack: float | None
    success_rate: float | None
    success_interval: tuple[float, float] | None
    queries: float | None
    words: float | None
    words_changed: float | None
    similarity: float | None


def table(lines: Iterable[Mapping[str, Any]]) -> Table:
    """The table of a recipe's lines."""
    from core.evaluation.metrics import wilson_interval

    lines = list(lines)
    attacked = [line for line in lines if line["status"] != SKIPPED]
    flipped = [line for line in attacked if line["status"] == SUCCEEDED]
    labelled = bool(lines) and all(line["gold_label"] is not None for line in lines)
    right = sum(line["gold_label"] == line["label"] for line in lines)
    lost = sum(line["gold_label"] == line["label"] for line in flipped)
    return Table(
        texts=len(lines),
        skipped=len(lines) - len(attacked),
        failed=len(attacked) - len(flipped),
        succeeded=len(flipped),
        accuracy=right / len(lines) if labelled else None,
        accuracy_under_attack=(right - lost) / len(lines) if labelled else None,
        success_rate=len(flipped) / len(attacked) if attacked else None,
        success_interval=wilson_interval(len(flipped), len(attacked)) if attacked else None,
        queries=_mean(attacked, "queries"),
        words=float(np.mean([len(line["tokens"]) for line in lines])) if lines else None,
        words_changed=_mean(flipped, "words_changed"),
        similarity=_mean(flipped, "similarity"),
    )


def _mean(lines: Iterable[Mapping[str, Any]], name: str) -> float | None:
    values = [line[name] for line in lines if line[name] is not None]
    return float(np.mean(values)) if values else None
