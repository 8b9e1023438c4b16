"""What words mean to a model: neighbours, analogies, a map, and what training moved."""

from __future__ import annotations


def view() -> None:
    """To come."""
