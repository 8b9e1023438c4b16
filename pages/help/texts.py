"""The texts about views, methods and gates, and the papers they cite: one TOML file a page, and ``papers.csv``."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

_FOLDER = Path(__file__).parent
_PROSE = ("idea", "reading", "limits", "letters", "name")


class Paper(NamedTuple):
    """A paper, and its lasting address, if it has one."""

    authors: str
    year: int
    title: str
    venue: str
    link: str


class About(NamedTuple):
    """What is said of a view, in English, or of another thing with a `name`; `letters` names those of the equations.

    The texts are Markdown of this project's own; nothing that a person typed comes in. Equations are LaTeX.
    """

    idea: str
    reading: str = ""
    limits: str = ""
    letters: str = ""
    name: str = ""
    equations: tuple[str, ...] = ()
    papers: tuple[Paper, ...] = ()


@cache
def papers() -> dict[str, Paper]:
    """The papers, by the key that stands before each."""
    with (_FOLDER / "papers.csv").open(encoding="utf-8", newline="") as file:
        return {row.pop("key"): Paper(**row | {"year": int(row["year"])}) for row in csv.DictReader(file)}


@cache
def texts(page: str) -> Mapping[str, About]:
    """What is said of a page's views, by view; ``""`` is the page that has no views. Empty for an unknown page."""
    path = _FOLDER / f"{page.lower()}.toml"
    if not path.exists():
        return {}
    views = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        view: About(
            **_prose(about),
            equations=tuple(about.get("equations", ())),
            papers=tuple(papers()[key] for key in about.get("papers", ())),
        )
        for view, about in views.items()
    }


def _prose(about: Mapping[str, str]) -> dict[str, str]:
    """The texts of a view, each on one line."""
    return {name: " ".join(about[name].split()) for name in _PROSE if name in about}


def extract(file: BinaryIO, *_arguments: object, **_options: object) -> Iterator[tuple[int, str, str, list[str]]]:
    """The texts of a TOML file, for pybabel to put into the catalogues (`tool.babel` in pyproject.toml)."""
    for about in tomllib.load(file).values():
        for text in (*_prose(about).values(), *(task["ask"] for task in about.get("tasks", ()))):
            yield 1, "mark", text, []
