"""How does a person read a text, and is a model fooled by it?

A reading is the person's own: ``negative``, ``positive``, or ``mixed`` where it is both or neither. A model is fooled
where its verdict is the opposite of a negative or positive reading; a mixed one has no opposite.
"""

from __future__ import annotations

from core.models.predict import label

NEGATIVE, POSITIVE, MIXED = READINGS = ("negative", "positive", "mixed")


def check_reading(reading: str) -> None:
    """Raises ValueError for an unknown reading."""
    if reading not in READINGS:
        raise ValueError(f"unknown reading {reading!r}; available: {', '.join(READINGS)}")


def fooled(probability: float, reading: str) -> bool | None:
    """Whether the verdict that a P(positive) stands for is the opposite of a reading; None for a mixed one.

    Raises ValueError for an unknown reading.
    """
    check_reading(reading)
    return None if reading == MIXED else label(probability) != reading
