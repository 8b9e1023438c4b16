"""What does a certificate show? Sentences that claim what was read and no more."""

from __future__ import annotations

from core.data.labels import shown
from core.probes.robustness.certify import CERTIFIED, FLIPPED, Certificate
from core.probes.robustness.families import Moves
from core.probes.robustness.questions import Question
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together


def claim(question: Question, found: Certificate) -> str:
    """In the current language."""
    parts = []
    if question.floor is not None:
        parts.append(
            _(
                "Only orders at most {floor:g} nats less fluent than the text count; {passed:,} others are not read."
            ).format(floor=question.floor, passed=found.passed)
        )
    parts.append(_said(question, found))
    if found.status == CERTIFIED and found.bounded:
        parts.append(
            _("{bounded:,} of them are bounded by intervals, the others were read.").format(bounded=found.bounded)
        )
    if found.status == CERTIFIED and found.sequences > 1 and not isinstance(found.family, Moves):
        parts.append(_("That the listed words keep the meaning is not proved."))
    if question.alike:
        parts.append(
            ngettext(
                "{count:,} listed word is left out: the model reads it as another of these words.",
                "{count:,} listed words are left out: the model reads them as another of these words.",
                question.alike,
            ).format(count=question.alike)
        )
    if isinstance(found.family, Moves) and found.family.pinned:
        parts.append(_("Locked words, punctuation and links stay where they are."))
    return together(parts)


def _said(question: Question, found: Certificate) -> str:
    family = found.family
    numbers = {
        "count": found.sequences - (found.passed if found.status == CERTIFIED else 0),
        "covered": found.covered - found.passed,
        "most": family.most,
        "size": found.size or 0,
        "label": shown(found.witness.label) if found.witness else "",
        "window": family.window if isinstance(family, Moves) else None,
    }
    if found.sequences == 1:
        if isinstance(family, Moves):
            return _("No two different words stand near enough to change places.")
        return _("The list has no substitute that the model can tell from these words.")
    if isinstance(family, Moves):
        return _of_moves(found).format(**numbers)
    return _of_substitutions(found).format(**numbers)


def _of_substitutions(found: Certificate) -> str:
    most, size = found.family.most, found.size or 0
    if found.status == CERTIFIED:
        return ngettext(
            "Certified: none of the {count:,} ways to replace one of these words, or none, by a listed substitute "
            "changes the verdict.",
            "Certified: none of the {count:,} ways to replace up to {most} of these words by listed substitutes "
            "changes the verdict.",
            most,
        )
    if found.status == FLIPPED and size > 1 and found.complete < size - 1:
        return _("Replacing {size} words by listed substitutes changes the verdict to {label}.")
    if found.status == FLIPPED:
        return ngettext(
            "Replacing one word by a listed substitute changes the verdict to {label}.",
            "Replacing {size} words by listed substitutes changes the verdict to {label}; replacing fewer never does.",
            size,
        )
    return _(
        "Undecided: {covered:,} of the {count:,} ways to replace up to {most} words were read in the time given, and "
        "none changes the verdict."
    )


def _of_moves(found: Certificate) -> str:
    assert isinstance(found.family, Moves)
    most, size, windowed = found.family.most, found.size or 0, found.family.window is not None
    if found.status == CERTIFIED and windowed:
        return _(
            "Certified: none of the {count:,} orders that differ from the text within {window} words side by side, no "
            "word further than {most} from its place, changes the verdict."
        )
    if found.status == CERTIFIED:
        return ngettext(
            "Certified: none of the {count:,} orders with no word further than one place from its own changes the "
            "verdict.",
            "Certified: none of the {count:,} orders with no word further than {most} places from its own changes the "
            "verdict.",
            most,
        )
    if found.status == FLIPPED and size > 1 and (windowed or found.complete < size - 1):
        return _("Moving words by up to {size} places changes the verdict to {label}.")
    if found.status == FLIPPED:
        return ngettext(
            "Moving words by one place changes the verdict to {label}.",
            "Moving words by up to {size} places changes the verdict to {label}; moving them less far never does.",
            size,
        )
    return _(
        "Undecided: {covered:,} of the {count:,} orders were read in the time given, and none changes the verdict."
    )
