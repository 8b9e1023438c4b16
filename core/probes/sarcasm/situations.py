"""Which unwelcome situations does sarcasm praise, and in which grammatical forms?

Sarcasm as Riloff et al. 2013 ("Sarcasm as contrast between a positive sentiment and negative situation", EMNLP) find it
is a positive phrase about a negative situation: a gerund ("missing my bus"), a noun phrase ("another flat tyre") or a
clause ("my flight is delayed again"). A `Situation` has those of its forms that are known:

- the bank, ``situations.tsv``, was written by hand in plain English, each situation unwelcome to any reader;
- a person's own situation has the form in which it was typed, and those that the rules of `core.probes.sarcasm.phrases`
  are sure of. Any phrase can be used in recipes that quote it whole.

Whether a person's situation is unwelcome is not checked.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.probes.sarcasm import phrases
from core.runtime.i18n import gettext as _

LONGEST = 40  # words; the models read tweets, of 140 characters
FORMS = ("whole", "clause", "gerund", "event", "noun")


@dataclass(frozen=True)
class Situation:
    """An unwelcome situation: `text` as given, and its forms; None where a form is not known, `missing` says why.

    `core.probes.sarcasm.phrases` explains the forms; all but clauses stand where a noun can. `topic` is the bank's.
    """

    text: str
    clause: str | None
    gerund: str | None
    event: str | None
    noun: str | None
    topic: str = ""
    missing: tuple[tuple[str, str], ...] = ()

    def form(self, name: str) -> str | None:
        """One of `FORMS`; ``whole`` is the text as given. Raises LookupError for another name."""
        if name not in FORMS:
            raise LookupError(f"no form {name!r} of a situation; there are: {', '.join(FORMS)}")
        form: str | None = self.text if name == "whole" else getattr(self, name)
        return form


@cache
def bank() -> tuple[Situation, ...]:
    """The hand-written situations, in the file's order."""
    with Path(__file__).with_suffix(".tsv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Situation(row["clause"], row["clause"], row["gerund"], None, row["noun"] or None, row["topic"])
            for row in csv.DictReader(file, delimiter="\t", strict=True)
        )


def read(text: str) -> Situation:
    """A person's own situation, with the forms that the rules can make of it.

    Raises ValueError for a text without a word, of one word, or of more than `LONGEST`.
    """
    shown = " ".join(text.split())
    if not shown:
        raise ValueError(_("the situation is empty; say what happened, such as: my flight is delayed again"))
    count = sum(any(char.isalnum() for char in word) for word in shown.split())
    if not count:
        start = shown if len(shown) <= 40 else shown[:39] + "…"
        raise ValueError(_("the situation {text!r} has no word in it").format(text=start))
    if not 2 <= count <= LONGEST:
        line = _("describe the situation in {longest} words at most; it has {count:,}")
        if count < 2:
            line = _("describe the situation in two words or more, such as: my flight is delayed again")
        raise ValueError(line.format(longest=LONGEST, count=count))
    shown = phrases.uncapitalised(shown.rstrip(" .!?…,;:"))
    forms = phrases.forms(shown)
    made = {name: form if isinstance(form, str) else None for name, form in forms.items()}
    missing = tuple((name, str(form)) for name, form in forms.items() if not isinstance(form, str) and name != "event")
    return Situation(shown, made["clause"], made["gerund"], made["event"], made["noun"], missing=missing)
