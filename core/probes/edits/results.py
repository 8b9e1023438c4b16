"""The result of a search over edits: the edited sentences, the guards' judgements, and what was tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from core.data.labels import Names
from core.data.targets import Target
from core.probes.edits import claims
from core.probes.edits.changes import Diff, Edit
from core.runtime.shown import Shown


@dataclass(frozen=True)
class GuardReport:
    """A guard's judgement of the chosen edits, and counts over the single edits within the constraints.

    `judgement` is ``passed``, ``failed`` (only where the guard is off) or ``cannot judge``, None without a flip. Of
    `asked` single edits `failed` fail the guard, and `unjudged` cannot be judged.
    """

    on: bool
    judgement: str | None
    failed: int
    unjudged: int
    asked: int


@dataclass(frozen=True)
class Edited:
    """One edited sentence: P(target), logit, change of fluency in nats (None without a scorer), guards' judgements.

    `diff` is the original as pieces (kind, before, after). `minimal`: fewer of the edits do not flip the verdict; None
    where that was not checked. `label` is the predicted class.
    """

    edits: tuple[Edit, ...]
    tokens: tuple[str, ...]
    diff: Diff
    probability: float
    logit: float
    fluency_change: float | None
    guards: dict[str, str]
    minimal: bool | None
    label: str

    @property
    def text(self) -> str:
        """The tokens as text."""
        return " ".join(self.tokens)


@dataclass(frozen=True)
class MinimalEdits(Shown):
    """A search's result for one sentence under one model.

    `goal` and `reading`, the original's gold label, are names of classes, or ``flip`` and ``mixed``; `label` is the
    original's predicted class. Probabilities and logits are of the `target`. `best` is the flip with the fewest edits,
    then the most fluent; None without a flip. `found` is true too where the verdict was as asked from the start.
    `others` are further flips in the same order, `flips` counts all; `closest` is the nearest attempt without a flip.

    `candidates` counts the single edits admitted, of `proposed`; `refused` those that each constraint refused.
    `queries` counts the sentences that the model scored, a gradient as one. `complete`: every candidate was scored.
    `gathered`: the candidates are known; else the search was stopped before. `tried` says how many sets of each size
    were scored, `complete_sizes` for which sizes those are all, `flips_of_size` how many flips take as few edits as the
    best; `knows_nothing`: the model knows no word of the sentence.
    """

    listed: ClassVar[tuple[str, ...]] = ("best", "others", "closest")

    model: str
    text: str
    tokens: tuple[str, ...]
    goal: str
    reading: str
    probability: float
    found: bool
    best: Edited | None
    others: tuple[Edited, ...]
    closest: Edited | None
    flips: int
    candidates: int
    proposed: int
    refused: dict[str, int]
    guards: dict[str, GuardReport]
    queries: int
    complete: bool
    gathered: bool
    tried: Mapping[int, int]
    complete_sizes: frozenset[int]
    flips_of_size: int
    knows_nothing: bool
    labels: Names
    label: str
    target: Target
    scorer: str | None
    seconds: float

    @property
    def certificate(self) -> str:
        """What was tried and what that shows, in the current language."""
        return claims.certificate(self)


class EditProgress(NamedTuple):
    """`queries` of `total` (an estimate) are made, with `flips` flips; `result()` is the result so far."""

    queries: int
    total: int
    flips: int
    result: Callable[[], MinimalEdits]
