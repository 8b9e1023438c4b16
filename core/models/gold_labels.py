"""Gold labels: how a person reads a text, and whether a model is fooled by it.

A gold label is the name of a class, or ``mixed`` for several or none. A model is fooled if its verdict is another of
its classes; no verdict contradicts a mixed gold label, or one that the model has no class for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.data.labels import SENTIMENT
from core.data.targets import default

MIXED = "mixed"
GOLD_LABELS = (*SENTIMENT, MIXED)
"""Those of sentiment."""


def gold_labels(classes: Iterable[str]) -> tuple[str, ...]:
    """The gold labels that a text can have where these are the classes; a class that is called mixed is that class."""
    return tuple(dict.fromkeys((*classes, MIXED)))


def usual_gold_label(classes: Sequence[str]) -> str:
    """The gold label where nobody names one: negative where that is a class, else the first of two, else mixed."""
    if SENTIMENT[0] in classes:
        return SENTIMENT[0]
    return classes[0] if default(tuple(classes)) else MIXED


def check_gold_label(gold: str, classes: Iterable[str] = SENTIMENT) -> None:
    """Raises ValueError for an unknown gold label."""
    available = gold_labels(classes)
    if gold not in available:
        raise ValueError(f"unknown gold label {gold!r}; available: {', '.join(available)}")


def fooled(verdict: str, gold: str, classes: Sequence[str] = SENTIMENT) -> bool | None:
    """Whether a verdict of a model with these classes contradicts a gold label; None where that is no class of it."""
    return verdict != gold if gold in classes else None
