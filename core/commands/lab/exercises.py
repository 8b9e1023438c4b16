"""The verb lab: the exercises of the maths lab, each with its working and its check."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Protocol

from core.commands.verbs import Add

Exercise = Callable[[argparse.Namespace], int]


class Exercises:
    """Adds exercises to the verb: each by its function, whose docstring is its help; returns the parser for its
    options."""

    def __init__(self, parsers: argparse._SubParsersAction[argparse.ArgumentParser]):
        self._parsers = parsers

    def add(self, name: str, exercise: Exercise) -> argparse.ArgumentParser:
        """``python -m core lab NAME [--json]``, answered by the function, which returns the exit status."""
        added = self._parsers.add_parser(name, help=exercise.__doc__, description=exercise.__doc__)
        added.set_defaults(exercise=exercise)
        added.add_argument("--json", action="store_true", help="print one JSON list")
        return added


class Exercising(Protocol):
    """A module of exercises."""

    def add_exercise(self, exercises: Exercises) -> None: ...


def add_verbs(add: Add) -> None:
    """Add the verb and its exercises."""
    exercises = Exercises(add(lab, json_output=False).add_subparsers(required=True, metavar="EXERCISE"))
    for module in _exercises():
        module.add_exercise(exercises)


def lab(options: argparse.Namespace) -> int:
    """Exercises by hand: the working, and how far it is from an independent computation."""
    return int(options.exercise(options))


def _exercises() -> tuple[Exercising, ...]:
    from core.commands.lab import boosting, bptt, lstm, mixture

    return (lstm, bptt, boosting, mixture)
