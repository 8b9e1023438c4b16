"""Short names that core writes, in the reader's language: guards, recipes, templates, fields of a card.

They are data, stored and compared in English, so only a page translates them. They are marked where core defines
them; those of a card, which are names of settings, stand in ``words.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from core.runtime.i18n import clauses, titled
from core.runtime.i18n import gettext as _


def words(kind: str) -> frozenset[str]:
    """The words of a kind in ``words.toml``: ``equations`` or ``cards``."""
    with Path(__file__).with_name("words.toml").open("rb") as file:
        return frozenset(tomllib.load(file)[kind])


def extract(file: BinaryIO, *_arguments: object, **_options: object) -> Iterator[tuple[int, str, str, list[str]]]:
    """All of them, for pybabel to put into the catalogues (`tool.babel` in pyproject.toml)."""
    for several in tomllib.load(file).values():
        for word in several:
            yield 1, "mark", word, []


def term(name: str) -> str:
    """A name in the current language; one that is in no catalogue, say a file's or a person's own, as it is."""
    return _(name) if name else ""


def parts(line: str) -> str:
    """A line such as ``insert: ∅ → very; typo: good → godo``: the name before each colon in the current language."""
    pieces = [piece.partition(": ") for piece in line.split("; ")]
    return clauses(titled(term(name), rest) if colon else term(name) for name, colon, rest in pieces)
