"""The limits that a person sets for a search."""

from __future__ import annotations


def check_limits(seconds: float | None = None, **counts: int | None) -> None:
    """Raises ValueError for a count below 1, or seconds that are not above 0; None is no limit."""
    for name, count in counts.items():
        if count is not None and count < 1:
            raise ValueError(f"{name}: at least 1; given: {count:,}")
    if seconds is not None and not seconds > 0:
        raise ValueError(f"seconds: above 0; given: {seconds}")
