"""A dozen sentences worth asking about, written for this project; each has a short name and a reason."""

from __future__ import annotations

from typing import NamedTuple

from core.runtime.i18n import gettext as _


class Example(NamedTuple):
    """A sentence, what it is an example of, and what to look for."""

    name: str
    text: str
    reason: str


def examples() -> list[Example]:
    """The examples, in the order in which they are offered; the sentences stay English, as the models read English."""
    return [
        Example(_("Proverb"), "Better late than never", _("a proverb; reordering its words reverses the meaning.")),
        Example(_("Reversed"), "Better never than late", _("the same four words, the opposite advice.")),
        Example(_("Negation"), "I don't think this is a good idea", _("a good word, negated from a distance.")),
        Example(_("Two negations"), "Not bad at all, I can't complain", _("two bad words, both denied.")),
        Example(_("But"), "The food was terrible but the company made my night", _("the turn comes after “but”.")),
        Example(_("Sarcasm"), "Oh great, another Monday. Just what I needed", _("good words, said in anger.")),
        Example(_("Deadpan"), "Wow thanks for cancelling my flight, best airline ever", _("praise that is not meant.")),
        Example(
            _("Swearing"),
            "Damn, I walked all the way to the market this morning and then along the river to my sister's house where "
            "we cooked rice and talked about the garden until it was time for the train",
            _("one strong word, then three dozen plain ones: how long does its effect last?"),
        ),
        Example(_("Stretched"), "sooooooo happyyyyy!!!!! @alex thank youuuu <3", _("letters squeezed, a mention, <3.")),
        Example(
            _("Link"), "@sam read this http://example.com/story it&#39;s awful", _("a mention, a link, an entity.")
        ),
        Example(_("Unknown"), "that frabjous slithy gig was mimsy", _("words that no model has learnt.")),
        Example(_("Neither"), "The meeting is on the second floor", _("no feeling, and no class for it.")),
    ]
