"""The language of the interface: one gettext function for every message.

Catalogues are gettext's own, ``core/locale/<language>/LC_MESSAGES/unrolled.mo``; a message that they lack is shown in
English, as it is in the code.
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
    """Use this language from now on, in this thread or task. One without a catalogue is English."""
    _language.set(language)


def current() -> str:
    """The language of this thread or task."""
    return _language.get()


def gettext(message: str) -> str:
    """A message in the current language."""
    return _catalogue(_language.get()).gettext(message)


def mark(message: str) -> str:
    """The message itself, marked for the catalogues; it is translated where it is shown."""
    return message


def ngettext(singular: str, plural: str, number: int) -> str:
    """A message that depends on a number, in the current language."""
    return _catalogue(_language.get()).ngettext(singular, plural, number)


def together(sentences: Iterable[str]) -> str:
    """Sentences one after another, with a space between two, but none after a Chinese full stop."""
    text = ""
    for sentence in sentences:
        text += (" " if text and not text.endswith("。") else "") + sentence
    return text


def clauses(parts: Iterable[str]) -> str:
    """Parts of a sentence: ``a; b; c``, or with Chinese’s own semicolon."""
    return ("；" if _language.get() == TRADITIONAL_CHINESE else "; ").join(parts)


def titled(name: str, text: str) -> str:
    """``name: text``, or with Chinese’s own colon."""
    return name + ("：" if _language.get() == TRADITIONAL_CHINESE else ": ") + text


def listed(names: Iterable[str]) -> str:
    """Names in a row: ``a, b, c``, or with Chinese’s own comma for lists."""
    return ("、" if _language.get() == TRADITIONAL_CHINESE else ", ").join(names)


@cache
def _catalogue(language: str) -> NullTranslations:
    return translation(DOMAIN, LOCALE, [language], fallback=True)


class LazyMessage(str):
    """A message about numbers in English, as JSON and a terminal show it; `worded` translates it.

    A result is kept while its reader changes the language, so it is translated only where it is shown.
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
        """The message in the current language."""
        return gettext(self.message).format(**self.numbers) if self.message else ""
