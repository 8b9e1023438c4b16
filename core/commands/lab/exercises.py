"""The verb lab: the exercises of the Maths lab, each with its working and its check."""

from __future__ import annotations

from core.commands.lab import boosting, bptt, lstm, mixture, worksheet
from core.commands.options import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its exercises."""
    about = "Exercises by hand: the working, and how far it is from an independent computation."
    exercises = verbs.group("lab", about, "EXERCISE")
    for module in (lstm, bptt, boosting, mixture, worksheet):
        module.add_exercise(exercises)
