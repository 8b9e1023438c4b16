"""A small exercise for tests: two steps, three blanks."""

from __future__ import annotations

import math

from core.lab.attempt import Blank, Part, Problem, Slip
from core.lab.worksheet import Line


def chain(a: float) -> Problem:
    """A number is bent by tanh, and what comes out is squared."""
    bent = Blank("h", "h", r"\tanh(a)", lambda v: math.tanh(v["a"]), (Slip("not bent", lambda v: v["a"]),))
    slope = Blank("s", "s", "1 - h^2", lambda v: 1 - v["h"] ** 2)
    square = Blank("q", "q", "h^2", lambda v: v["h"] ** 2)
    parts = (Part("bend", "One number after the other.", (bent, slope)), Part("square", "", (square,)))
    return Problem("A chain", "Work out q.", (Line(f"a = {a}", "Given"),), {"a": a}, parts)
