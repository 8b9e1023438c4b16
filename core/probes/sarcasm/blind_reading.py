"""Do people label the candidates as their recipes say? A sheet to label blind, and the agreement.

Somebody labels a sheet of numbered, shuffled texts, without recipe, score or source, by how the writer feels:
negative, positive or mixed. Half of the candidates are those that the models are surest are positive, half are drawn at
random, each about another situation. Controls are honest praise in the same words ("Oh wow, I passed my driving test")
and plain complaints, so that no single answer is always right. The agreement is the share of candidates labelled
negative, with Wilson's 95 % interval; it is of one reader and one sheet.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path

from core.evaluation.metrics import wilson_interval
from core.models.gold_labels import GOLD_LABELS
from core.probes.sarcasm.compose import Candidate, Composition
from core.probes.sarcasm.recipes import GOLD_LABEL, PATTERNS
from core.probes.sarcasm.situations import Situation, bank

SUREST, DRAWN, CONTROL = "surest", "drawn", "control"
_PER_PATTERN = 3  # of one model's surest, so that the sheet is not one recipe over and over
_LINE = re.compile(r"\s*(\d+)\s*[\s,;:.]\s*([a-z]+)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Item:
    """A text of the sheet: its number from 1, its source, the expected label, and the reader's.

    `source` is ``surest`` (for `model`, with P(positive) `probability`), ``drawn`` or ``control``; `pattern` is empty
    for a control, `reading` until somebody has labelled the text.
    """

    number: int
    text: str
    source: str
    expected: str
    pattern: str = ""
    model: str = ""
    probability: float | None = None
    reading: str = ""


@dataclass(frozen=True)
class Agreement:
    """Of `texts` texts of one kind, `agreed` were labelled as expected; the share's 95 % interval, and the others."""

    kind: str
    texts: int
    agreed: int
    interval: tuple[float, float]
    others: tuple[Item, ...]


@cache
def controls() -> tuple[tuple[str, str], ...]:
    """Honest praise and plain complaints, written for this project: (reading, text)."""
    with Path(__file__).with_name("controls.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True)
        return tuple((row["reading"], row["text"]) for row in rows)


def sheet(compositions: Sequence[Composition], candidates: int = 100, seed: int = 0) -> tuple[Item, ...]:
    """A sheet of so many candidates and all controls, shuffled and numbered, from compositions of the bank.

    Each candidate is about another of the bank's situations. Raises ValueError for more candidates than situations.
    """
    if not 2 <= candidates <= len(bank()):
        raise ValueError(f"a sheet has 2 to {len(bank())} candidates, one of each situation; given: {candidates}")
    draw = random.Random(seed)
    models = list(dict.fromkeys(one.model for one in compositions))
    used: set[str] = set()
    items = [
        Item(0, one.text, SUREST, GOLD_LABEL, one.recipe.pattern, model, one.probability)
        for number, model in enumerate(models)
        for one in _surest(
            [one for one in compositions if one.model == model], (candidates // 2 + number) // len(models), used
        )
    ]
    left = [situation for situation in bank() if situation.text not in used]
    items += [_drawn(situation, draw) for situation in draw.sample(left, candidates - len(items))]
    items += [Item(0, text, CONTROL, reading) for reading, text in controls()]
    draw.shuffle(items)
    return tuple(replace(item, number=number) for number, item in enumerate(items, 1))


def _surest(compositions: Iterable[Composition], count: int, used: set[str]) -> Iterator[Candidate]:
    """The surest of each situation and recipe, no situation twice, no recipe more than a few times."""
    bests = [share.best for one in compositions for share in one.by_recipe]
    taken: dict[str, int] = {}
    for best in sorted(bests, key=lambda one: -one.probability):
        pattern = best.recipe.pattern
        if count and best.about not in used and taken.get(pattern, 0) < max(_PER_PATTERN, -(-count // len(PATTERNS))):
            count -= 1
            used.add(best.about)
            taken[pattern] = taken.get(pattern, 0) + 1
            yield best


def _drawn(situation: Situation, draw: random.Random) -> Item:
    pattern = draw.choice([pattern for pattern in PATTERNS if pattern.count(situation)])
    text, _recipe = pattern.build(situation, draw.randrange(pattern.count(situation)))
    return Item(0, text, DRAWN, GOLD_LABEL, pattern.name)


def parse_readings(lines: Iterable[str], numbers: int) -> dict[int, str]:
    """Readings by number, from lines such as ``12 negative`` or ``12,negative``; blank lines and a header are skipped.

    Raises ValueError for a malformed line, a number outside the sheet or given twice, or one that is missing.
    """
    readings: dict[int, str] = {}
    for line_number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            if not line.strip() or (line_number == 1 and "number" in line.lower()):
                continue
            raise ValueError(f"line {line_number} of the readings is {line.strip()[:60]!r}, expected: 12 negative")
        number, reading = int(match[1]), match[2].lower()
        if reading not in GOLD_LABELS:
            raise ValueError(f"line {line_number}: {reading!r} is no reading; expected one of {', '.join(GOLD_LABELS)}")
        if not 1 <= number <= numbers or number in readings:
            raise ValueError(f"line {line_number}: number {number} is outside 1 to {numbers} or given twice")
        readings[number] = reading
    missing = [number for number in range(1, numbers + 1) if number not in readings]
    if missing:
        raise ValueError(f"{len(missing)} of {numbers} texts have no reading, the first of them number {missing[0]}")
    return readings


def with_readings(items: Iterable[Item], readings: dict[int, str]) -> tuple[Item, ...]:
    """The items, read."""
    return tuple(replace(item, reading=readings[item.number]) for item in items)


def agreement(items: Sequence[Item]) -> tuple[Agreement, ...]:
    """Agreement on all candidates, on each half, and on honest praise and plain complaints. Items must be read."""
    kinds = {
        "candidates": [item for item in items if item.source != CONTROL],
        "those that a model is surest are positive": [item for item in items if item.source == SUREST],
        "those drawn at random": [item for item in items if item.source == DRAWN],
        "honest praise": [item for item in items if item.source == CONTROL and item.expected == "positive"],
        "plain complaints": [item for item in items if item.source == CONTROL and item.expected == "negative"],
    }
    return tuple(_agreement(kind, of) for kind, of in kinds.items() if of)


def _agreement(kind: str, items: Sequence[Item]) -> Agreement:
    others = tuple(item for item in items if item.reading != item.expected)
    agreed = len(items) - len(others)
    return Agreement(kind, len(items), agreed, wilson_interval(agreed, len(items)), others)


def save(path: Path, items: Iterable[Item]) -> None:
    """Write items as CSV, a row each."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Item)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(item) for item in items)


def load(path: Path) -> tuple[Item, ...]:
    """What `save` wrote. Raises ValueError where it is no such file."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        if reader.fieldnames != [field.name for field in fields(Item)]:
            raise ValueError(f"{path.name} is no sheet: its columns are {reader.fieldnames}")
        return tuple(_item(row) for row in reader)


def _item(row: dict[str, str]) -> Item:
    probability = float(row["probability"]) if row["probability"] else None
    rest = {name: row[name] for name in ("text", "source", "expected", "pattern", "model", "reading")}
    return Item(number=int(row["number"]), probability=probability, **rest)
