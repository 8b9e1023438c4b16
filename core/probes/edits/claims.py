"""What does a search over edits show? Sentences that claim what was tried and no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together


def already(label: str, probability: float) -> str:
    """Of a sentence that needs no edit."""
    return _("The model already says {label} ({probability:.4f}): there is nothing to edit.").format(
        label=label, probability=probability
    )


def nothing_tried() -> str:
    """Of a search stopped before it began."""
    return _("Only the sentence itself was scored: nothing is known of its edits.")


def certificate(
    *,
    candidates: int,
    proposed: int,
    tried: Mapping[int, int],
    complete: Collection[int],
    size: int | None,
    flips: int,
    scorer: str | None,
    minimal: bool | None,
    every_subset: bool,
    knows_nothing: bool,
) -> str:
    """What was tried, and what that shows.

    Of `candidates` single edits admitted, among `proposed`, `tried` says how many sets of each size were scored, and
    `complete` for which sizes those are all. `size` is how many edits the chosen flip takes, None without one; `flips`
    of that size were found. `minimal` and `every_subset` are of the chosen flip.
    """
    parts = []
    if knows_nothing:
        parts.append(_("The model knows none of the sentence’s words: they are all one unknown word to it."))
    if not candidates:
        parts.append(
            _("There is no edit to try: of {proposed:,} proposed none was admitted.").format(proposed=proposed)
        )
        return together(parts)
    parts.append(_singles(candidates, tried.get(1, 0), flips if size == 1 else 0))
    parts += [
        _together(number, tried[number], number in complete, flips if size == number else 0)
        for number in sorted(tried)
        if number > 1
    ]
    if flips > 1:
        chosen = _("The surest is chosen.") if scorer is None else _("The most fluent (by the {scorer}) is chosen.")
        parts.append(chosen.format(scorer=scorer))
    if size and size > 1:
        parts.append(_minimality(minimal, every_subset))
    return together(parts)


def _singles(candidates: int, scored: int, flips: int) -> str:
    rest = candidates - scored
    if not scored:
        sentence = _("None of {candidates:,} single edits admitted was scored by itself.")
    elif not flips and not rest:
        sentence = ngettext(
            "The one edit admitted does not flip the verdict: it was scored.",
            "No single edit among these {candidates:,} flips the verdict: all of them were scored.",
            candidates,
        )
    elif not rest:
        sentence = ngettext(
            "A single edit flips the verdict in {flips:,} case among {candidates:,}: all of them were scored.",
            "A single edit flips the verdict in {flips:,} cases among {candidates:,}: all of them were scored.",
            flips,
        )
    elif not flips:
        sentence = _(
            "No single edit among the {scored:,} scored flips the verdict; of the other {rest:,} nothing is known."
        )
    else:
        sentence = ngettext(
            "A single edit flips the verdict in {flips:,} case among {scored:,} scored; of the other {rest:,} nothing "
            "is known.",
            "A single edit flips the verdict in {flips:,} cases among {scored:,} scored; of the other {rest:,} nothing "
            "is known.",
            flips,
        )
    return sentence.format(candidates=candidates, scored=scored, rest=rest, flips=flips)


def _together(size: int, tried: int, complete: bool, flips: int) -> str:
    if flips:
        sentence = ngettext(
            "{size} edits together flip it in {flips:,} case among {tried:,} tried",
            "{size} edits together flip it in {flips:,} cases among {tried:,} tried",
            flips,
        )
    else:
        sentence = ngettext(
            "{size} edits together do not flip it in the {tried:,} case tried",
            "{size} edits together flip it in none of {tried:,} cases tried",
            tried,
        )
    if complete:
        sentence += _(": all that such edits can be added up to, one allowed step at a time.")
    else:
        sentence += _("; of other cases nothing is known.")
    return sentence.format(size=size, tried=tried, flips=flips)


def _minimality(minimal: bool | None, every_subset: bool) -> str:
    """Whether fewer of a flip's edits flip too."""
    if minimal is None:
        return _("Whether fewer of these edits would do was not checked.")
    if not minimal:
        return _("Fewer of these edits flip it too, but less fluently than is allowed.")
    if every_subset:
        return _("Undoing any of its edits, one or several, undoes the flip: every subset was checked.")
    return _("Undoing any one of its edits undoes the flip: each was checked.")
