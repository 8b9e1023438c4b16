"""In which language does the interface speak? One gettext function for every word a person reads.

Catalogues are gettext's own, ``core/locale/<language>/LC_MESSAGES/unrolled.mo``; where there is none, or it lacks a
message, the English message in the code is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache
from gettext import NullTranslations, translation
from pathlib import Path
from typing import Self

ENGLISH, TRADITIONAL_CHINESE = "en", "zh_TW"
LANGUAGES = {ENGLISH: "English", TRADITIONAL_CHINESE: "繁體中文"}
"""The languages that the interface speaks, each by its own name."""

DOMAIN = "unrolled"
LOCALE = Path(__file__).parents[1] / "locale"
_language: ContextVar[str] = ContextVar("language", default="en")


def use(language: str) -> None:
    """Speak this language from now on, in this thread or task. One that there is no catalogue of is English."""
    _language.set(language)


def current() -> str:
    """The language that this thread or task speaks."""
    return _language.get()


def gettext(message: str) -> str:
    """A message in the current language."""
    return _catalogue(_language.get()).gettext(message)


def mark(message: str) -> str:
    """The message itself, marked for the catalogues: one that is kept in English and translated where it is shown."""
    return message


def ngettext(singular: str, plural: str, number: int) -> str:
    """A message that depends on a number, in the current language."""
    return _catalogue(_language.get()).ngettext(singular, plural, number)


def together(sentences: Iterable[str]) -> str:
    """Sentences one after another: a space stands between two, but none after a full stop as wide as a character."""
    told = ""
    for sentence in sentences:
        told += (" " if told and not told.endswith("。") else "") + sentence
    return told


def clauses(parts: Iterable[str]) -> str:
    """Parts of a sentence: ``a; b; c``, or with Chinese’s own semicolon."""
    return ("；" if _language.get() == TRADITIONAL_CHINESE else "; ").join(parts)


def listed(names: Iterable[str]) -> str:
    """Names in a row: ``a, b, c``, or with Chinese’s own comma for lists."""
    return ("、" if _language.get() == TRADITIONAL_CHINESE else ", ").join(names)


@cache
def _catalogue(language: str) -> NullTranslations:
    return translation(DOMAIN, LOCALE, [language], fallback=True)


class LazyMessage(str):
    """A line about numbers, of a message marked for the catalogues: itself in English, as JSON and a terminal have it.

    A result is kept while its reader changes the language, so the line is worded only where it is shown.
    """

    __slots__ = ("message", "numbers")
    message: str
    numbers: dict[str, float]

    def __new__(cls, message: str = "", **numbers: float) -> Self:
        """A message's fields are filled by name."""
        line = super().__new__(cls, message.format(**numbers))
        line.message, line.numbers = message, numbers
        return line

    def worded(self) -> str:
        """The line in the current language; nothing where nothing is said."""
        return gettext(self.message).format(**self.numbers) if self.message else ""
