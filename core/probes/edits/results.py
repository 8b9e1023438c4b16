"""What does a search over edits give back? The edited sentences, what guards made of them, and what was tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from core.models.predict import label
from core.probes.edits.changes import Diff, Edit
from core.probes.edits.claims import Claim


@dataclass(frozen=True)
class GuardReport:
    """What a guard made of the chosen edits, and of all edits within the other constraints.

    `judgement` is ``passed``, ``failed`` (only where the guard is off) or ``cannot judge``, None without a flip.
    `failed` counts the single edits that it refused, or would have refused, `unjudged` those that it cannot judge, both
    of `asked`.
    """

    on: bool
    judgement: str | None
    failed: int
    unjudged: int
    asked: int


@dataclass(frozen=True)
class Edited:
    """One edited sentence: P(positive), logit, change of fluency in nats (None without a scorer), guards' judgements.

    `diff` is the original as pieces (kind, before, after). `minimal` says that fewer of the edits do not flip the
    verdict, None where that was not checked.
    """

    edits: tuple[Edit, ...]
    tokens: tuple[str, ...]
    diff: Diff
    probability: float
    logit: float
    fluency_change: float | None
    guards: dict[str, str]
    minimal: bool | None

    @property
    def text(self) -> str:
        """The tokens as text."""
        return " ".join(self.tokens)

    @property
    def label(self) -> str:
        """The class's name."""
        return label(self.probability)


@dataclass(frozen=True)
class MinimalEdits:
    """What a search found about one sentence under one model.

    `target` is the verdict asked for, `reading` how a person is taken to read the original. `best` is the flip with the
    fewest edits, then the most fluent. It is None where none was found and where none is needed, since the model
    already says what is asked: there `found` is true. `others` are further flips in the same order; `closest` came
    nearest where there is no flip. `flips` counts all that were found.

    `candidates` counts the single edits admitted, of `proposed`; `refused` how many each constraint kept out. `queries`
    counts the sentences that the model scored, a gradient as one. `complete` says that every candidate was scored.
    """

    model: str
    text: str
    tokens: tuple[str, ...]
    goal: str
    target: str
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
    claim: Claim
    scorer: str | None
    seconds: float

    @property
    def certificate(self) -> str:
        """What was tried and what that shows, in the current language."""
        return self.claim.worded()


class Progress(NamedTuple):
    """`queries` of `total` (as far as is known yet) are made, `flips` found; `result()` is the answer so far."""

    queries: int
    total: int
    flips: int
    result: Callable[[], MinimalEdits]
