"""Gold labels: how a person reads a text, and whether a model is fooled by it.

A gold label is ``negative``, ``positive``, or ``mixed`` for both or neither. A model is fooled if its verdict is the
opposite of a negative or positive one; a mixed one has no opposite.
"""

from __future__ import annotations

from core.models.predict import label

NEGATIVE, POSITIVE, MIXED = GOLD_LABELS = ("negative", "positive", "mixed")


def check_gold_label(gold: str) -> None:
    """Raises ValueError for an unknown gold label."""
    if gold not in GOLD_LABELS:
        raise ValueError(f"unknown gold label {gold!r}; available: {', '.join(GOLD_LABELS)}")


def fooled(probability: float, gold: str) -> bool | None:
    """Whether the verdict of a P(positive) is the opposite of a gold label; None for a mixed one. Raises ValueError."""
    check_gold_label(gold)
    return None if gold == MIXED else label(probability) != gold
