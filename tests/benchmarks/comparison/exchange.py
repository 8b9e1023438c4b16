"""What the two sides of a comparison tell each other, as JSON: what is to be attacked, and what came of it.

Both sides get the same victim, texts, candidates and constraints from one `Request`; each writes `Answer`s. No text of
a corpus is in a request: texts are rows of a file, by number. Imports nothing that either environment may lack.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """One row of the file, counted from 0, and what may stand in the place of each of its tokens (often nothing)."""

    row: int
    substitutes: list[list[str]]


@dataclass(frozen=True)
class Request:
    """Flip `model`'s verdict on each target by replacing at most `max_edits` tokens, each once, by its substitutes.

    `candidates` says in words where the substitutes are from.
    """

    model: str
    max_edits: int
    candidates: str
    targets: list[Target]

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Request:
        """What `write` wrote."""
        request = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**request, "targets": [Target(**target) for target in request["targets"]]})


@dataclass(frozen=True)
class Attempt:
    """What one search made of one target.

    `queries` are as the searcher counts them, the first look at the text included. `seconds` is wall time of the search
    alone. Probabilities are P(positive); `edited` are the tokens at the end, a flip or the best there was.
    """

    row: int
    success: bool
    queries: int
    seconds: float
    probability: float
    edited_probability: float
    edits: int
    edited: list[str]


@dataclass(frozen=True)
class Answer:
    """One search over every target; `search` names it."""

    search: str
    attempts: list[Attempt]


def check(request: Request, answer: Answer, tokens: Sequence[Sequence[str]]) -> None:
    """Whether an answer keeps to the request; `tokens` are those of each target. Raises ValueError where it does not.

    That the probabilities are the victim's is for the caller to see, who has the victim.
    """
    for target, attempt, original in zip(request.targets, answer.attempts, tokens, strict=True):
        where = f"{answer.search}, row {target.row}"
        if attempt.row != target.row or len(attempt.edited) != len(original):
            raise ValueError(f"{where}: another row, or another number of tokens")
        changed = [place for place, (old, new) in enumerate(zip(original, attempt.edited, strict=True)) if old != new]
        if len(changed) != attempt.edits or len(changed) > request.max_edits:
            raise ValueError(f"{where}: {len(changed)} edits, {attempt.edits} told, {request.max_edits} allowed")
        foreign = [attempt.edited[place] for place in changed if attempt.edited[place] not in target.substitutes[place]]
        if foreign:
            raise ValueError(f"{where}: {foreign} are no candidates")
        if attempt.success != ((attempt.probability >= 0.5) != (attempt.edited_probability >= 0.5)):
            raise ValueError(f"{where}: a flip is told where there is none, or the other way round")


def write_answers(answers: list[Answer], path: Path) -> None:
    """Write several searches' answers to one request."""
    path.write_text(json.dumps([asdict(answer) for answer in answers]), encoding="utf-8")


def read_answers(path: Path) -> list[Answer]:
    """What `write_answers` wrote."""
    return [
        Answer(**{**answer, "attempts": [Attempt(**attempt) for attempt in answer["attempts"]]})
        for answer in json.loads(path.read_text(encoding="utf-8"))
    ]
