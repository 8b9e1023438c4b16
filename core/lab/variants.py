"""The exercises with numbers drawn by a seed, so that a class gets different ones."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from core.lab.attempt import Problem

MODULES: Mapping[str, str] = {
    "lstm": "core.lab.cells.problem",
    "bptt": "core.lab.bptt.problem",
    "boosting": "core.lab.boosting.problem",
    "mixture": "core.lab.mixture.problem",
}
"""By exercise, the module that has ``drawn``, from a seed to an exercise, and ``problem``, from that to a problem."""
MOST_SEED = 999_999


def variant(name: str, seed: int) -> Problem:
    """An exercise with the numbers of a seed. Raises LookupError for another name, ValueError for another seed."""
    if name not in MODULES:
        raise LookupError(f"unknown exercise {name[:30]!r}; available: {', '.join(MODULES)}")
    if not 0 <= seed <= MOST_SEED:
        raise ValueError(f"a seed is 0 to {MOST_SEED:,}; given: {seed}")
    return _problem(MODULES[name], seed)


def _problem(module: str, seed: int) -> Problem:
    found = import_module(module)
    problem: Problem = found.problem(found.drawn(seed))
    return problem
