"""How is a sarcastic remark put together? Patterns of named parts, whose human reading is negative by construction.

Every pattern says something purely good about the situation, and about nothing else: a positive phrase about a
negative situation (Riloff et al. 2013). The parts are cues that readers and classifiers are known to go by:
interjections, intensifiers and punctuation (Kreuz & Caucci 2007, "Lexical influences on the perception of sarcasm";
Bamman & Smith 2015, "Contextualized sarcasm detection on Twitter"), hyperbole (Kreuz & Roberts 1995, "Two cues for
verbal irony"), thanks and wishes that cannot be meant (Kumon-Nakamura, Glucksberg & Brown 1995, "How about another
piece of pie"), rhetorical questions (Oraby et al. 2017, "Are you serious?").

What keeps the reading negative, and what was left out for it:

- no negation in any part but the situation: "not my best day" is sincere;
- nothing praised but the situation or the day that holds it: "the crew was lovely, my flight was delayed" is mixed;
- no relief or concession ("finally", "at least", "luckily", "could be worse"): these can be meant;
- no mild praise ("nice", "I enjoy", "I am glad", "I do not mind"): only what nobody says in earnest of such a thing;
- no comfort from elsewhere ("life is good", "love my family", a smiley): a cheerful person may mean it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from math import prod

from core.probes.sarcasm.situations import Situation
from core.runtime.i18n import mark

HUMAN_READING = "negative"

_PARTS = (mark("opener"), mark("intensifier"), mark("praise"), mark("target"), mark("closer"))
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Recipe:
    """What a candidate is made of: its pattern, the form of its situation, and its parts, as they stand in the text.

    `opener` is an interjection; `target` what the praise is for or who is thanked; a part that is not there is empty.
    """

    pattern: str
    form: str
    opener: str
    intensifier: str
    praise: str
    target: str
    situation: str
    closer: str

    @property
    def human_reading(self) -> str:
        """How a person reads it, if the situation is unwelcome."""
        return HUMAN_READING

    def parts(self) -> dict[str, str]:
        """The named parts that are there."""
        return {name: part for name in _PARTS if (part := getattr(self, name))}


@dataclass(frozen=True)
class Pattern:
    """A way to be sarcastic: templates of slots, what may stand in each, and the forms of a situation that fit."""

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
        words = {form: situation.form(form) for form in self.forms}
        first = {text: form for form, text in reversed(words.items()) if text is not None}
        return [(form, text) for form, text in words.items() if text is not None and first[text] == form]

    def build(self, situation: Situation, number: int) -> tuple[str, Recipe]:
        """The text and recipe of a number from 0 to below `count`."""
        forms = self.situations(situation)
        number, place = divmod(number, len(forms))
        form, words = forms[place]
        chosen = []
        for choices in self._choices:
            number, place = divmod(number, len(choices))
            chosen.append(choices[place])
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
    for place, piece in enumerate(_SLOT.split(template)):
        is_slot = place % 2 == 1
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


_ENDS = (".", "!", "!!!", "...")
_CHEERS = (*_ENDS, "! Lucky me!")
_ASKED = ("?", "?!", "? Lucky me!")
_OPENERS = ("", "Oh,", "Wow,", "Yay,", "Oh wow,", "Ah,")
_EXCLAIMED = ("", "Oh", "Wow,", "Yay,", "Oh wow,", "Ah,")
_ADJECTIVES = ("great", "wonderful", "amazing", "fantastic", "brilliant", "lovely", "perfect", "awesome", "beautiful")
_THRILLED = ("happy", "thrilled", "delighted", "excited", "overjoyed")
_LUCKY_QUESTIONS = (
    "how lucky am I",
    "how lucky can one person be",
    "could my day get any better",
    "could I be any luckier",
    "could I be any happier",
    "what more could I want",
    "what more could anyone ask for",
    "how wonderful is my life",
)
_ANY = ("whole", "noun")
_NOMINAL = ("gerund", "event", "noun")

PATTERNS = (
    Pattern(
        mark("great, then what happened"),
        _ANY,
        ("{opener} {intensifier} {praise}, {situation}{closer}",),
        _ADJECTIVES,
        _CHEERS,
        _EXCLAIMED,
        ("", "just", "how", "absolutely", "simply"),
    ),
    Pattern(
        mark("what happened, then great"),
        _ANY,
        ("{situation}. {opener} {intensifier} {praise}{closer}",),
        _ADJECTIVES,
        _CHEERS,
        _EXCLAIMED,
        ("", "just", "how", "absolutely", "simply"),
    ),
    Pattern(
        mark("just what I needed"),
        ("whole", "noun", "gerund", "event"),
        (
            "{opener} {intensifier} {praise}: {situation}{closer}",
            "{situation}. {opener} {intensifier} {praise}{closer}",
        ),
        ("what I needed", "what I wanted", "what I always dreamed of", "what I asked for", "what I was hoping for"),
        _ENDS,
        _OPENERS,
        ("just", "exactly"),
    ),
    Pattern(
        mark("I love it"),
        ("gerund", "event"),
        ("{opener} I {intensifier} {praise} {situation}{closer}",),
        ("love", "adore"),
        (*_CHEERS, " so much!"),
        _OPENERS,
        ("just", "absolutely", "really", "simply", "truly", "totally"),
    ),
    Pattern(
        mark("so happy that"),
        ("clause",),
        ("{opener} I am {intensifier} {praise} that {situation}{closer}",),
        _THRILLED,
        _CHEERS,
        _OPENERS,
        ("so", "absolutely", "truly", "just so"),
    ),
    Pattern(
        mark("so happy about"),
        _NOMINAL,
        ("{opener} I am {intensifier} {praise} about {situation}{closer}",),
        _THRILLED,
        _CHEERS,
        _OPENERS,
        ("so", "absolutely", "truly", "just so"),
    ),
    Pattern(
        mark("what could be better"),
        _NOMINAL,
        ("{opener} {praise} {situation}{closer}",),
        (
            "what could be better than",
            "what could be sweeter than",
            "what could be more fun than",
            "what could be lovelier than",
            "is there anything better than",
            "is there anything more wonderful than",
            "who could ask for more than",
        ),
        _ASKED,
        _OPENERS,
    ),
    Pattern(
        mark("how lucky am I, then what happened"),
        _ANY,
        ("{opener} {praise}? {situation}{closer}",),
        _LUCKY_QUESTIONS,
        _ENDS,
        _OPENERS,
    ),
    Pattern(
        mark("what happened, then how lucky am I"),
        _ANY,
        ("{situation}. {opener} {praise}{closer}",),
        _LUCKY_QUESTIONS,
        _ASKED,
        _OPENERS,
    ),
    Pattern(
        mark("thanks"),
        _ANY,
        (
            "{opener} {praise}, {target}! {situation}{closer}",
            "{situation}. {opener} {praise}, {target}{closer}",
        ),
        ("thank you so much", "thank you ever so much", "thanks so much", "thanks a million"),
        _ENDS,
        _OPENERS,
        targets=("universe", "life", "world", "fate"),
    ),
    Pattern(
        mark("best day ever"),
        _ANY,
        (
            "{opener} {intensifier} {praise} {target} ever: {situation}{closer}",
            "{situation}. {opener} {intensifier} {praise} {target} ever{closer}",
        ),
        ("best", "greatest", "happiest", "luckiest"),
        _ENDS,
        _OPENERS,
        ("", "the", "easily the"),
        ("day", "week", "year"),
    ),
    Pattern(
        mark("living the dream"),
        ("whole", "noun", "gerund"),
        ("{opener} {praise}: {situation}{closer}", "{situation}. {opener} {praise}{closer}"),
        (
            "living the dream",
            "I am living the dream",
            "this is the life",
            "having the time of my life",
            "a dream come true",
            "all my dreams have come true",
            "what a time to be alive",
            "pure bliss",
            "heaven on earth",
        ),
        _CHEERS,
        _OPENERS,
    ),
    Pattern(
        mark("lucky me"),
        _ANY,
        ("{opener} {praise}: {situation}{closer}", "{situation}. {opener} {praise}{closer}"),
        (
            "lucky me",
            "lucky, lucky me",
            "I must be the luckiest person alive",
            "I am the luckiest person in the world",
            "today must be my lucky day",
            "I feel so lucky",
            "feeling so blessed",
        ),
        _ENDS,
        _OPENERS,
    ),
    Pattern(
        mark("great news"),
        ("whole", "noun"),
        ("{opener} {praise}: {situation}{closer}", "{opener} {praise}! {situation}{closer}"),
        (
            "great news",
            "wonderful news",
            "amazing news",
            "the best news ever",
            "the best news of the year",
            "time to celebrate",
            "congratulations to me",
            "three cheers for me",
        ),
        _CHEERS,
        _OPENERS,
    ),
    Pattern(
        mark("what a treat"),
        _ANY,
        (
            "{opener} what a(n) {intensifier} {praise}: {situation}{closer}",
            "{situation}. {opener} what a(n) {intensifier} {praise}{closer}",
        ),
        ("treat", "gift", "surprise", "moment", "experience"),
        _ENDS,
        _EXCLAIMED,
        ("lovely", "wonderful", "beautiful", "amazing", "magical"),
    ),
    Pattern(
        mark("what a way to spend the day"),
        ("gerund",),
        ("{opener} what a(n) {intensifier} {praise} to {target}: {situation}{closer}",),
        ("way",),
        _CHEERS,
        _EXCLAIMED,
        ("lovely", "wonderful", "beautiful", "amazing", "fantastic", "great", "perfect"),
        ("spend the day", "spend my time", "spend my free time"),
    ),
    Pattern(
        mark("my idea of fun"),
        _NOMINAL,
        ("{opener} {praise} {target}: {situation}{closer}",),
        ("my idea of", "just my idea of", "exactly my idea of"),
        _CHEERS,
        _OPENERS,
        targets=("fun", "heaven", "paradise", "a good time", "a perfect day"),
    ),
    Pattern(
        mark("so much fun"),
        ("gerund",),
        ("{opener} {praise} {situation}{closer}",),
        (
            "it is so much fun",
            "so much fun",
            "such fun",
            "always a pleasure",
            "such a joy",
            "such a pleasure",
            "it is a dream come true",
            "it is simply magical",
            "it feels amazing",
        ),
        _CHEERS,
        _OPENERS,
    ),
    Pattern(
        mark("five stars"),
        _ANY,
        ("{situation}. {opener} {praise}{closer}",),
        (
            "five stars",
            "five stars, would recommend",
            "ten out of ten",
            "ten out of ten, would do it again",
            "highly recommended",
            "I recommend it to everyone",
        ),
        _ENDS,
        _OPENERS,
    ),
)
