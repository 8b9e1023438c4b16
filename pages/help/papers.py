"""What a text about a view is made of, and the papers that several of them cite."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Paper(NamedTuple):
    """A paper, and its lasting address, if it has one."""

    authors: str
    year: int
    title: str
    venue: str
    link: str


class About(NamedTuple):
    """What is said of a view, in English, every text marked for the catalogues; `letters` names those of the equations.

    The texts are Markdown of this project's own; nothing that a person typed comes in. Equations are LaTeX.
    """

    idea: str
    reading: str
    limits: str
    equations: tuple[str, ...] = ()
    letters: str = ""
    papers: tuple[Paper, ...] = ()


@cache
def every() -> dict[str, Paper]:
    """The papers of ``papers.csv``, by the key that stands before each."""
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return {row.pop("key"): Paper(**row | {"year": int(row["year"])}) for row in csv.DictReader(file)}


def cited(*keys: str) -> tuple[Paper, ...]:
    """The papers of these keys, in this order."""
    return tuple(every()[key] for key in keys)
