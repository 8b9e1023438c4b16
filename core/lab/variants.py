"""The exercises with numbers drawn by a seed, so that a class gets different ones."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from core.lab.attempt import Problem
from core.runtime.i18n import gettext as _

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
        raise LookupError(
            _("unknown exercise {name}; available: {names}").format(name=repr(name[:30]), names=", ".join(MODULES))
        )
    if not 0 <= seed <= MOST_SEED:
        raise ValueError(_("a seed is 0 to {most:,}; given: {seed}").format(most=MOST_SEED, seed=seed))
    return _problem(MODULES[name], seed)


def _problem(module: str, seed: int) -> Problem:
    found = import_module(module)
    problem: Problem = found.problem(found.drawn(seed))
    return problem
