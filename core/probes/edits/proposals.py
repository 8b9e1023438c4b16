"""Which single edits does a search choose from? The transformations' proposals that pass constraints and guards.

Of edits that give the same sentence the first proposed counts. A guard that is switched off judges too, so that a
result can say what it would have refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from core.models.gold_labels import MIXED
from core.probes.edits.changes import Edit
from core.probes.edits.guards import CANNOT_JUDGE, FAILED, Guard
from core.runtime.i18n import mark

if TYPE_CHECKING:
    from core.probes.edits.constraints import Constraint, Fluency, SentenceFluency
    from core.probes.edits.transformations import Transformation

FLUENCY = mark("fluency")


@dataclass(frozen=True)
class Candidates:
    """The single edits admitted, and how many were not.

    `proposed` counts distinct edits, `refused` those that each constraint refuses, in the constraints' order. Of the
    rest, `failed` and `unjudged` count for each guard, switched on or not, the edits that fail it and that it cannot
    judge. `changes` are the edits' of fluency in nats, float64 [N]; None without a scorer.
    """

    edits: tuple[Edit, ...]
    proposed: int
    refused: dict[str, int]
    failed: dict[str, int]
    unjudged: dict[str, int]
    changes: np.ndarray | None = field(default=None, compare=False)

    def __len__(self) -> int:
        return len(self.edits)


def gather(
    tokens: Sequence[str],
    transformations: Sequence[Transformation],
    constraints: Sequence[Constraint] = (),
    fluency: Fluency | None = None,
    original: SentenceFluency | None = None,
    guards: Sequence[Guard] = (),
    off: frozenset[str] = frozenset(),
    gold_label: str = MIXED,
    check_cancelled: Callable[[], object] = lambda: None,
) -> Candidates:
    """The candidates for a sentence; `original` is its fluency where there is a bound on it.

    `check_cancelled` is called many times a second, and what it raises ends the search for candidates.
    """
    edits: list[Edit] = []
    for transformation in transformations:
        for edit in transformation(tokens):
            check_cancelled()
            edits.append(edit)
    proposed = _distinct(tokens, edits)
    refused: Counter[str] = Counter()
    changes = None
    allowed: list[Edit] = []
    for edit in proposed:
        check_cancelled()
        reason = next((rule.name for rule in constraints if not rule.allows(edit)), None)
        if reason is None:
            allowed.append(edit)
        else:
            refused[reason] += 1
    if fluency and original:
        changes = original.changes(allowed, original, check_cancelled)
        within = np.flatnonzero(changes >= -fluency.floor)
        refused[FLUENCY] = len(allowed) - len(within)
        allowed, changes = [allowed[number] for number in within.tolist()], changes[within]
    rejected: set[int] = set()
    failed, unjudged = {}, {}
    for guard in guards:
        judged = []
        for edit in allowed:
            check_cancelled()
            judged.append(guard.judge((edit,), gold_label))
        failed[guard.name], unjudged[guard.name] = judged.count(FAILED), judged.count(CANNOT_JUDGE)
        if guard.name not in off:
            rejected.update(number for number, judgement in enumerate(judged) if judgement == FAILED)
    kept = [number for number in range(len(allowed)) if number not in rejected]
    return Candidates(
        edits=tuple(allowed[number] for number in kept),
        proposed=len(proposed),
        refused=dict(refused),
        failed=failed,
        unjudged=unjudged,
        changes=None if changes is None else changes[kept],
    )


def _distinct(tokens: Sequence[str], edits: Sequence[Edit]) -> list[Edit]:
    """The first of the edits that leave the same tokens behind; none that leaves the sentence as it is, or empty."""
    distinct: dict[tuple[int, int, tuple[str, ...]], Edit] = {}
    for edit in edits:
        if edit.growth > -len(tokens):
            key = _least(tokens, edit)
            if key[0] < key[1] or key[2]:
                distinct.setdefault(key, edit)
    return list(distinct.values())


def _least(tokens: Sequence[str], edit: Edit) -> tuple[int, int, tuple[str, ...]]:
    """The smallest span replaced, and by what: the same for all edits that leave the same tokens behind.

    What the old and the new words have in common at either end is left out; a pure deletion or insertion, which may
    stand at several positions of a repetition, is moved to the leftmost.
    """
    start, stop, after = edit.position, edit.stop, edit.after
    while start < stop and after and tokens[start] == after[0]:
        start, after = start + 1, after[1:]
    while start < stop and after and tokens[stop - 1] == after[-1]:
        stop, after = stop - 1, after[:-1]
    if not after:
        while start < stop and start and tokens[start - 1] == tokens[stop - 1]:
            start, stop = start - 1, stop - 1
    elif start == stop:
        while start and tokens[start - 1] == after[-1]:
            start, stop, after = start - 1, stop - 1, (after[-1], *after[:-1])
    return start, stop, after
