"""Which cases does the behavioural suite have? Patterns with slots, their fillers, and the cases made of them.

The templates are in ``suite.toml`` beside this module, whose head explains how they are written; the three kinds are
those of Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList":

- MFT, minimum functionality: a text has a label;
- INV, invariance: a change that must not matter;
- DIR, direction: a change that may move P(positive) one way only.

A template of few combinations of fillers gives a case for each; of more, as many as asked for are drawn, in such a way
that every filler comes up.
"""

from __future__ import annotations

import tomllib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from core.runtime.i18n import mark
from core.text.slots import Filler, Words, combination, combinations, draw, fillers, slots

CAPABILITIES = (
    mark("vocabulary"),
    mark("negation"),
    mark("double negation"),
    mark("contrast"),
    mark("sarcasm"),
    mark("word order"),
    mark("names and links"),
    mark("emphasis"),
    mark("spelling"),
    mark("temporal"),
)
EXPECTED = {"MFT": ("negative", "positive"), "INV": ("same",), "DIR": ("up", "down")}
_FILE = Path(__file__).with_name("suite.toml")


@dataclass(frozen=True)
class Case:
    """One text, or a text and its change (`changed` is None for MFT), and what is expected of a model."""

    template: str
    capability: str
    kind: str
    expected: str
    text: str
    changed: str | None

    @property
    def texts(self) -> tuple[str, ...]:
        """The text, and its change where there is one."""
        return (self.text,) if self.changed is None else (self.text, self.changed)


@dataclass(frozen=True)
class Template:
    """A pattern, for INV and DIR also the changed one, and the fillers of each slot, in order of appearance.

    Raises ValueError for a kind, capability or expectation that does not exist, and for slots without fillers.
    """

    name: str
    capability: str
    kind: str
    expected: str
    text: str
    changed: str | None
    words: Words

    def __post_init__(self) -> None:
        if self.capability not in CAPABILITIES:
            raise ValueError(f"template {self.name!r}: no capability {self.capability!r}; {', '.join(CAPABILITIES)}")
        if self.kind not in EXPECTED or self.expected not in EXPECTED[self.kind]:
            allowed = "; ".join(f"{kind}: {', '.join(expected)}" for kind, expected in EXPECTED.items())
            raise ValueError(
                f"template {self.name!r} expects {self.expected!r} as {self.kind!r}; possible are {allowed}"
            )
        if (self.changed is None) != (self.kind == "MFT"):
            raise ValueError(f"template {self.name!r}: INV and DIR have a changed text, MFT has none")
        if [name for name, _of_slot in self.words] != slots(self.text, self.changed or ""):
            raise ValueError(f"template {self.name!r}: its slots and its fillers are not the same")
        if not all(of_slot and len(set(of_slot)) == len(of_slot) for _name, of_slot in self.words):
            raise ValueError(f"template {self.name!r}: a slot has no filler, or one twice")

    @property
    def combinations(self) -> int:
        """How many there are of the fillers."""
        return combinations(self.words)

    def cases(self, limit: int, seed: int) -> tuple[Case, ...]:
        """All combinations as cases, or `limit` of them drawn with the seed, in the fillers' order.

        Every filler comes up where no slot has more fillers than the limit.
        """
        # A stream of its own: a template's draw stays what it is when others come or go.
        rng = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        return tuple(self._case(combination(self.words, number)) for number in draw(self.words, limit, rng))

    def _case(self, chosen: Mapping[str, Filler]) -> Case:
        return Case(
            template=self.name,
            capability=self.capability,
            kind=self.kind,
            expected=self.expected,
            text=self.text.format(**chosen),
            changed=None if self.changed is None else self.changed.format(**chosen),
        )


@cache
def load() -> tuple[Template, ...]:
    """The templates, in the file's order. Raises ValueError for an invalid one."""
    table = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    words = table["words"]
    joined = {name: [word for part in parts for word in words[part]] for name, parts in table["joined"].items()}
    templates = tuple(_template(entry, words | joined) for entry in table["template"])
    if len({template.name for template in templates}) != len(templates):
        raise ValueError(f"{_FILE.name} has two templates of one name")
    return templates


def _template(entry: Mapping[str, Any], shared: Mapping[str, Any]) -> Template:
    own = entry.get("words", {})
    lists = {**shared, **own}
    names = dict.fromkeys([*slots(entry["text"], entry.get("changed", "")), *own])
    words = tuple((name, fillers(lists[name])) for name in names if name in lists)
    return Template(**{"changed": None, **entry, "words": words})
