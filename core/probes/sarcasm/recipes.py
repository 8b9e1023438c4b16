"""How is a sarcastic remark put together? Patterns of named parts, whose gold label is negative by construction.

Every pattern says something purely good about the situation, and about nothing else: a positive phrase about a
negative situation (Riloff et al. 2013). The parts are cues that readers and classifiers are known to go by:
interjections, intensifiers and punctuation (Kreuz & Caucci 2007, "Lexical influences on the perception of sarcasm";
Bamman & Smith 2015, "Contextualized sarcasm detection on Twitter"), hyperbole (Kreuz & Roberts 1995, "Two cues for
verbal irony"), thanks and wishes that cannot be meant (Kumon-Nakamura, Glucksberg & Brown 1995, "How about another
piece of pie"), rhetorical questions (Oraby et al. 2017, "Are you serious?").

What keeps the gold label negative, and what was left out for it:

- no negation in any part but the situation: "not my best day" is sincere;
- nothing praised but the situation or the day that holds it: "the crew was lovely, my flight was delayed" is mixed;
- no relief or concession ("finally", "at least", "luckily", "could be worse"): these can be meant;
- no mild praise ("nice", "I enjoy", "I am glad", "I do not mind"): only what nobody says in earnest of such a thing;
- no comfort from elsewhere ("life is good", "love my family", a smiley): a cheerful person may mean it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path

from core.probes.sarcasm.situations import Situation
from core.runtime.i18n import mark

GOLD_LABEL = "negative"  # of every remark, if the situation is unwelcome

_PARTS = (mark("opener"), mark("intensifier"), mark("praise"), mark("target"), mark("closer"))
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Recipe:
    """A candidate's pattern, the form of its situation, and its parts, as in the text; a missing part is empty.

    `opener` is an interjection; `target` what the praise is for or who is thanked.
    """

    pattern: str
    form: str
    opener: str
    intensifier: str
    praise: str
    target: str
    situation: str
    closer: str

    def parts(self) -> dict[str, str]:
        """The named parts that are not empty."""
        return {name: part for name in _PARTS if (part := getattr(self, name))}


@dataclass(frozen=True)
class Pattern:
    """One kind of sarcasm: templates of slots, what may stand in each, and the forms of a situation that fit."""

    name: str
    forms: tuple[str, ...]
    templates: tuple[str, ...]
    praises: tuple[str, ...]
    closers: tuple[str, ...]
    openers: tuple[str, ...] = ("",)
    intensifiers: tuple[str, ...] = ("",)
    targets: tuple[str, ...] = ("",)

    def count(self, situation: Situation) -> int:
        """How many recipes this pattern has for a situation."""
        return len(self.situations(situation)) * self._per_form

    def situations(self, situation: Situation) -> list[tuple[str, str]]:
        """The situation's forms that fit, (name, words), none the same as another."""
        first: dict[str, str] = {}
        for form in self.forms:
            if (text := situation.form(form)) is not None:
                first.setdefault(text, form)
        return [(form, text) for text, form in first.items()]

    def build(self, situation: Situation, number: int) -> tuple[str, Recipe]:
        """The text and recipe of a number from 0 to below `count`."""
        forms = self.situations(situation)
        number, index = divmod(number, len(forms))
        form, words = forms[index]
        chosen = []
        for choices in self._choices:
            number, index = divmod(number, len(choices))
            chosen.append(choices[index])
        template, opener, intensifier, praise, target, closer = chosen
        recipe = Recipe(self.name, form, opener, intensifier, praise, target, words, closer)
        return _joined(template, recipe), recipe

    @cached_property
    def _per_form(self) -> int:
        return prod(len(choices) for choices in self._choices)

    @property
    def _choices(self) -> tuple[tuple[str, ...], ...]:
        return self.templates, self.openers, self.intensifiers, self.praises, self.targets, self.closers


def _joined(template: str, recipe: Recipe) -> str:
    """The text: one space between pieces, none before marks; capitals where sentences begin; "a" or "an"."""
    text = ""
    for number, piece in enumerate(_SLOT.split(template)):
        is_slot = number % 2 == 1
        words = (getattr(recipe, piece) if is_slot else piece).strip()
        if not words:
            continue
        if text.endswith((" a(n)", " A(n)")):
            text = text.removesuffix("(n)") + ("n" if words[0].lower() in "aeiou" else "")
        if not text or (text[-1] in ".!?" and words[0] not in ".,:!?"):
            words = words[0].upper() + words[1:]
        attached = words[0] in ".,:!?" and piece != "situation"
        text += words if attached or not text else f" {words}"
    return text


def _load() -> tuple[Pattern, ...]:
    """The patterns of ``recipes.toml``, in the file's order."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))

    def parts(value: str | list[str]) -> tuple[str, ...]:
        return tuple(table["parts"][value] if isinstance(value, str) else value)

    return tuple(
        Pattern(pattern.pop("name"), **{name: parts(value) for name, value in pattern.items()})
        for pattern in table["pattern"]
    )


PATTERNS = _load()
