"""Which single edits does a search choose from? What the transformations propose, constraints and guards permitting.

Edits that leave the same tokens behind are one: the first proposed counts. A guard that is switched off judges all the
same, so that a result can say what it would have refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.probes.edits.changes import Edit
from core.probes.edits.guards import CANNOT_JUDGE, FAILED, Guard
from core.runtime.i18n import mark

if TYPE_CHECKING:
    from core.probes.edits.constraints import Constraint, Fluency, FluencyOfEdits
    from core.probes.edits.transformations import Transformation

FLUENCY = mark("fluency")


@dataclass(frozen=True)
class Candidates:
    """The single edits admitted, and what became of the others.

    `fluency` float64 [N] is each edit's change in nats, None without a scorer. `proposed` counts distinct edits,
    `refused` by constraint, in the order in which these are asked; guards are asked of what is left: `failed` and
    `unjudged` count for each guard, switched on or not, the edits that fail it and that it cannot judge.
    """

    edits: tuple[Edit, ...]
    fluency: np.ndarray | None
    proposed: int
    refused: dict[str, int]
    failed: dict[str, int]
    unjudged: dict[str, int]

    def __len__(self) -> int:
        return len(self.edits)


def gather(
    tokens: Sequence[str],
    transformations: Sequence[Transformation],
    constraints: Sequence[Constraint] = (),
    fluency: Fluency | None = None,
    original: FluencyOfEdits | None = None,
    guards: Sequence[Guard] = (),
    off: frozenset[str] = frozenset(),
    reading: str = "mixed",
) -> Candidates:
    """The candidates for a sentence; `original` is its fluency where there is a bound on it."""
    proposed = _distinct(tokens, [edit for transformation in transformations for edit in transformation(tokens)])
    refused: Counter[str] = Counter()
    allowed: list[Edit] = []
    for edit in proposed:
        reason = next((rule.name for rule in constraints if not rule.allows(edit)), None)
        if reason is None:
            allowed.append(edit)
        else:
            refused[reason] += 1
    changes = None
    if fluency and original:
        changes = original.changes(allowed, original)
        within = np.flatnonzero(changes >= -fluency.floor)
        refused[FLUENCY] = len(allowed) - len(within)
        allowed, changes = [allowed[number] for number in within], changes[within]
    kept = np.ones(len(allowed), dtype=bool)
    failed, unjudged = {}, {}
    for guard in guards:
        judged = [guard.judge((edit,), reading) for edit in allowed]
        failed[guard.name], unjudged[guard.name] = judged.count(FAILED), judged.count(CANNOT_JUDGE)
        if guard.name not in off:
            kept &= np.array([judgement != FAILED for judgement in judged], dtype=bool)
    return Candidates(
        edits=tuple(edit for edit, keep in zip(allowed, kept, strict=True) if keep),
        fluency=None if changes is None else changes[kept],
        proposed=len(proposed),
        refused=dict(refused),
        failed=failed,
        unjudged=unjudged,
    )


def _distinct(tokens: Sequence[str], edits: Sequence[Edit]) -> list[Edit]:
    """The first of the edits that leave the same tokens behind; none that leaves the sentence as it is, or empty."""
    found: dict[tuple[int, int, tuple[str, ...]], Edit] = {}
    for edit in edits:
        if edit.growth > -len(tokens):
            key = _least(tokens, edit)
            if key[0] < key[1] or key[2]:
                found.setdefault(key, edit)
    return list(found.values())


def _least(tokens: Sequence[str], edit: Edit) -> tuple[int, int, tuple[str, ...]]:
    """The smallest span replaced, and by what: the same for all edits that leave the same tokens behind.

    What the old and the new words have in common at either end is left out; a pure deletion or insertion, which may
    stand at several places of a repetition, is moved to the leftmost.
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
