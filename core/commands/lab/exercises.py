"""The verb lab: the exercises of the Maths lab, each with its working and its check."""

from __future__ import annotations

import argparse

from core.commands.lab import boosting, bptt, lstm, mixture
from core.commands.verbs import Add, adder


def add_verbs(add: Add) -> None:
    """Add the verb and its exercises."""
    added = adder(add(lab, json_output=False).add_subparsers(required=True, metavar="EXERCISE"))
    for module in (lstm, bptt, boosting, mixture):
        module.add_exercise(added)


def lab(options: argparse.Namespace) -> int:
    """Exercises by hand: the working, and how far it is from an independent computation."""
    raise AssertionError(f"argparse asks for an exercise: {options}")
