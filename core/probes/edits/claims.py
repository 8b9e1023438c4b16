"""What does a search over edits show? Sentences that claim what was tried and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.data import targets
from core.data.labels import shown
from core.probes.edits.best_first import MOST_SUBSETS
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together

if TYPE_CHECKING:
    from core.probes.edits.results import MinimalEdits


def certificate(result: MinimalEdits) -> str:
    """What was tried and what that shows, in the current language."""
    if result.found and result.best is None:
        return _("The model already says {label} ({probability:.4f}): there is nothing to edit.").format(
            label=shown(result.label), probability=result.probability
        )
    if not result.gathered:
        return _("Only the sentence itself was scored, none of its edits.")
    parts = []
    if result.goal in result.labels and targets.default(result.labels) is None:  # another verdict may be neither
        parts.append(_("Only the verdict “{label}” counts as a flip.").format(label=shown(result.goal)))
    if result.knows_nothing:
        parts.append(_("The model knows none of the sentence’s words: to it they are all one unknown word."))
    if not result.candidates:
        line = _("There is no edit to try: of {proposed:,} proposed, none was allowed.")
        parts.append(line.format(proposed=result.proposed))
        return together(parts)
    size = len(result.best.edits) if result.best else 0
    parts.append(_singles(result.candidates, result.tried.get(1, 0), result.flips_of_size if size == 1 else 0))
    parts += [
        _together(number, tried, number in result.complete_sizes, result.flips_of_size if size == number else 0)
        for number, tried in sorted(result.tried.items())
        if number > 1
    ]
    if result.flips_of_size > 1:
        line = _("The most certain is shown.")
        if result.scorer is not None:
            line = _("The most fluent (by the {scorer}) is shown.").format(scorer=result.scorer)
        parts.append(line)
    if result.best and size > 1:
        parts.append(_minimality(result.best.minimal, size <= MOST_SUBSETS))
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
            "No single edit among the {scored:,} scored flips the verdict; the rest ({rest:,}) were not scored."
        )
    else:
        sentence = ngettext(
            "A single edit flips the verdict in {flips:,} case of {scored:,} scored; the rest "
            "({rest:,}) were not scored.",
            "A single edit flips the verdict in {flips:,} cases of {scored:,} scored; the rest "
            "({rest:,}) were not scored.",
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
        sentence += _("; other cases were not tried.")
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
