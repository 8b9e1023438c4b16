"""What does a search over edits show? Sentences that claim what was tried and no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together


@dataclass(frozen=True)
class Claim:
    """What was tried.

    Of `candidates` single edits admitted, among `proposed`, `tried` says how many sets of each size were scored, and
    `complete` for which sizes those are all. `size` is how many edits the chosen flip takes, None without one; `flips`
    of that size were found. `minimal` and `every_subset` are of the chosen flip. `already` is the label of a sentence
    that needs no edit, with its `probability`. `candidates` is None where the search was stopped before it began.
    """

    probability: float
    already: str | None
    candidates: int | None
    proposed: int = 0
    tried: Mapping[int, int] = field(default_factory=dict)
    complete: Collection[int] = ()
    size: int | None = None
    flips: int = 0
    scorer: str | None = None
    minimal: bool | None = None
    every_subset: bool = False
    knows_nothing: bool = False

    def worded(self) -> str:
        """What was tried and what that shows, in the current language."""
        if self.already is not None:
            return _("The model already says {label} ({probability:.4f}): there is nothing to edit.").format(
                label=self.already, probability=self.probability
            )
        if self.candidates is None:
            return _("Only the sentence itself was scored: nothing is known of its edits.")
        parts = []
        if self.knows_nothing:
            parts.append(_("The model knows none of the sentence’s words: to it they are all one unknown word."))
        if not self.candidates:
            line = _("There is no edit to try: of {proposed:,} proposed, none was allowed.")
            parts.append(line.format(proposed=self.proposed))
            return together(parts)
        parts.append(_singles(self.candidates, self.tried.get(1, 0), self.flips if self.size == 1 else 0))
        parts += [
            _together(number, tried, number in self.complete, self.flips if self.size == number else 0)
            for number, tried in sorted(self.tried.items())
            if number > 1
        ]
        if self.flips > 1:
            line = _("The most certain is shown.")
            if self.scorer is not None:
                line = _("The most fluent (by the {scorer}) is shown.").format(scorer=self.scorer)
            parts.append(line)
        if self.size and self.size > 1:
            parts.append(_minimality(self.minimal, self.every_subset))
        return together(parts)


def _singles(candidates: int, scored: int, flips: int) -> str:
    rest = candidates - scored
    if not scored:
        sentence = _("None of {candidates:,} allowed single edits was scored by itself.")
    elif not flips and not rest:
        sentence = ngettext(
            "The only allowed edit does not flip the verdict: it was scored.",
            "No single edit of these {candidates:,} flips the verdict: all of them were scored.",
            candidates,
        )
    elif not rest:
        sentence = ngettext(
            "A single edit flips the verdict in {flips:,} case of {candidates:,}: all of them were scored.",
            "A single edit flips the verdict in {flips:,} cases of {candidates:,}: all of them were scored.",
            flips,
        )
    elif not flips:
        sentence = _(
            "No single edit among the {scored:,} scored flips the verdict; of the other {rest:,} nothing is known."
        )
    else:
        sentence = ngettext(
            "A single edit flips the verdict in {flips:,} case of {scored:,} scored; of the other "
            "{rest:,} nothing is known.",
            "A single edit flips the verdict in {flips:,} cases of {scored:,} scored; of the other "
            "{rest:,} nothing is known.",
            flips,
        )
    return sentence.format(candidates=candidates, scored=scored, rest=rest, flips=flips)


def _together(size: int, tried: int, complete: bool, flips: int) -> str:
    if flips:
        sentence = ngettext(
            "{size} edits together flip it in {flips:,} case of {tried:,} tried",
            "{size} edits together flip it in {flips:,} cases of {tried:,} tried",
            flips,
        )
    else:
        sentence = ngettext(
            "{size} edits together do not flip it in the {tried:,} case tried",
            "{size} edits together flip it in none of {tried:,} cases tried",
            tried,
        )
    if complete:
        sentence += _(": every combination that is reachable one allowed step at a time.")
    else:
        sentence += _("; nothing is known of other cases.")
    return sentence.format(size=size, tried=tried, flips=flips)


def _minimality(minimal: bool | None, every_subset: bool) -> str:
    """Whether fewer of a flip's edits flip too."""
    if minimal is None:
        return _("Whether fewer of these edits are enough was not checked.")
    if not minimal:
        return _("Fewer of these edits flip it too, but are less fluent than allowed.")
    if every_subset:
        return _("Undoing any of its edits, one or several, undoes the flip: every subset was checked.")
    return _("Undoing any one of its edits undoes the flip: each was checked.")
