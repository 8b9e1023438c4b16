r"""Which words and marks in a text hint at sarcasm? A small lexicon of named cues.

The cues are those that studies of verbal irony name: interjections, strengthened praise, thanks and set phrases
(Kreuz & Caucci 2007, "Lexical influences on the perception of sarcasm"; Liebrecht, Kunneman & van den Bosch 2013 on
hyperbole), marks of distance in spelling (Carvalho et al. 2009, "Clues for detecting irony in user-generated contents":
quotes, heavy punctuation, laughter), rhetorical questions, and praise beside an unpleasant situation (Riloff et al.
2013). The patterns are this project's own and English.

A text's score is 1 − exp(−Σ w) over the cues it shows, 0 without any. A cue's weight w is measured among tweets that
the project's LSTM reads as positive: the logarithm of how many times as often it stands in sarcastic as in other tweets
(training parts of SemEval-2018 Task 3 and of iSarcasmEval) and in tweets that people read as negative as in others
(SemEval 2013–2016); the mean of the three in nats, half a count added, to one decimal and at least 0.1. Thanks and
strengthened praise are cues in the literature and weigh little: most people who write them mean them. Shouted words and
superlatives came out below 0 and were left out. The score ranks texts that are worth a look; it is no probability. Most
sarcasm shows no such cue, and among everyday tweets, where sarcasm is rare, what shows them is mostly joy.

A cue is looked for only in texts that hold the words it needs (`Cue.needs`). Those are found word by word and
remembered, so that most texts need no more; the patterns alone would give the same.

Hashtags that say so themselves (#sarcasm, #not, and /s) are reported as ``give-away`` and weigh nothing: they are the
label, not a cue.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from core.runtime.i18n import mark
from core.text.word_cache import WordCache

GIVE_AWAY = mark("give-away")
LENGTH = 1_000  # characters: patterns stay fast on any text

_PRAISE = (
    r"(?:good|great|nice|awesome|amazing|wonderful|fantastic|lovely|brilliant|perfect|excellent|fabulous|delightful|"
    r"fun|funny|happy|glad|excited|exciting|thrilled|pleased|lucky|smart|clever|classy|cool|sweet|beautiful|best|"
    r"helpful|impressive|impressed|charming|productive|thoughtful|generous|interesting|proud|love|loving|enjoy|"
    r"enjoying|adore|appreciate)"
)
_TROUBLE = (
    r"(?:mondays?|homework|work(?:ing)?|exams?|finals|tests?|essays?|traffic|delay(?:ed|s)?|cancell?ed|late|waiting|"
    r"queues?|dentist|surgery|hospital|sick|ill|flu|fever|headaches?|migraines?|cramps|pain|hurts?|hurting|broken?|"
    r"rain(?:ing|y)?|snow(?:ing)?|storm|freezing|cleaning|chores|dishes|laundry|bills|taxes|debt|fees|overtime|"
    r"alone|single|ignored|ignoring|ignores|dumped|lonely|crying|cries|tired|exhausted|insomnia|awake|sleepless|"
    r"stuck|lost|los(?:e|es|ing)|stolen|fail(?:ed|ing|s|ure)?|crash(?:ed|es|ing)?|spam|ads|alarm|[3-6]am|"
    r"yell(?:ed|ing)|screaming|fired|unemployed|hangover|puk(?:e|ed|ing)|vomit|mosquitos?|racists?|racism)"
)
_NEEDED = {
    name: re.compile(pattern)
    for name, pattern in {
        "praise": rf"\b{_PRAISE}\b",
        "trouble": rf"\b{_TROUBLE}\b",
        "love": r"\b(?:lov(?:e|es|ing)|enjoy(?:ing)?|adore)\b",
        "thanks": r"\b(?:thanks?|thanx|thx|cheers|ty)\b",
        "exclamation": r"\b(?:o+h|ah|aw+|wow|gee|gosh|golly|yay+|yip+ee|woo\w*|whoop|hooray|hurray|congrat\w+|bravo|"
        r"well|great|awesome|fantastic|wonderful|lovely|perfect|brilliant)\b",
        "phrase": r"\b(?:needed|wanted|right|sure|surprise|shock(?:er|ing)?|knew|thought|guessed|great|perfect|lovely|"
        r"wonderful|fantastic|brilliant|nice|sweet|kind|thoughtful|convenient|original|surprising|exciting|job|good|"
        r"way|tell|lucky|favou?rite|wait|said|done|fun|love|nothing|glad|course|story|wrong|kidding|shit)\b",
        "question": r"\?",
        "quote": r"(?<!\w)[\"“'‘](?=\S)",
        "laughter": r"\b(?:(?:ha){2,}h?|(?:he){2,}|lo+l+|lmf?ao+|rofl|jk)\b|;-?\)|;-?[pd]\b|:-?p\b|[😂🤣😉😏🙄🙃👏]",
        "stretched": r"([aeiouy])\1{2}",
        "heavy": r"!{2}|\?{2}|!\?|\?!",
        "dots": r"\.{2}|…",
    }.items()
}
_LOVE_OF = re.compile(
    r"\b(?:love|loving|loves|enjoy|enjoying|adore) (?:it when|when|how|being|having|getting|waiting|waking|working|"
    r"the way|that|these|the fact|to)\b"
)
_INTERJECTION = re.compile(
    r"^\W*(?:o+h|ah|aw+|wow|gee|gosh|golly|yay+|yip+ee|woo+(?:hoo+)?|hooray|hurray|great|awesome|fantastic|wonderful|"
    r"lovely|perfect|brilliant|congrat(?:s|ulations)|bravo|well)\b(?=\s*[,.!…-]|\s+(?:the|how|what|i|another|my|yes|no|"
    r"good|great|look|that|you|joy|boy|well|sure|really|now|so|just)\b)"
    r"|\b(?:oh joy|oh boy|oh great|oh yay|oh wow|yay me|big whoop)\b"
)
_STRENGTHENED = re.compile(
    r"\b(?:so|such an?|really|absolutely|totally|truly|very|extremely|incredibly|completely|simply|always|definitely|"
    rf"just|sooo+|super|what an?|how|quite|clearly|obviously|certainly|sure(?:ly)?)\s+{_PRAISE}\b"
)
_SET_PHRASE = re.compile(
    r"\b(?:just what i (?:needed|wanted|always wanted)|just (?:great|perfect|lovely|wonderful|fantastic|brilliant)|"
    r"(?:yeah|ya|yea|oh|uh) (?:right|sure)|(?:big|what a|what an absolute) (?:surprise|shocker|shock)|"
    r"who (?:knew|would(?:['’]ve| have) thought|could have guessed)|"
    r"how (?:nice|lovely|sweet|kind|thoughtful|convenient|original|surprising|exciting|wonderful)|"
    r"good (?:job|one|luck with that|to know)|nice (?:one|job|going|work|try)|way to go|tell me more|"
    r"please,? (?:do )?tell me|lucky me|my favou?rite|can(?:['’]?t|not) wait|said no ?(?:one|body)|well done|great job|"
    r"must be (?:nice|fun)|gotta love|got to love|nothing (?:like|better than|says)|so glad|i['’]m sure|of course|"
    r"story of my life|shocking|what could (?:possibly )?go wrong|no kidding|no shit)\b"
)
_THANKS = re.compile(r"\b(?:thanks|thank you|thanx|thx|cheers|ty)\b(?!\s*giving)")
_RHETORICAL = re.compile(
    r"\b(?:who (?:does ?n['’]?o?t|would ?n['’]?o?t|needs|cares)|is ?n['’]?t (?:it|that|this|he|she)|"
    r"are ?n['’]?t (?:you|we|they|i)|why would(?: ?n['’]?t)?|how (?:could|can|dare)|"
    r"do ?n['’]?t you (?:just )?(?:love|think)|what(?:['’]s| is) not to)\b"
    r"[^.!]*\?|\b(?:really|seriously|you don['’]?t say)\?"
)
_QUOTED = re.compile(r"(?<!\w)[\"“](?!\s)[^\"“”]{1,30}(?<!\s)[\"”](?!\w)|(?<!\w)[‘'](?=[a-z])[a-z ]{2,25}[’'](?!\w)")
_GIVE_AWAY = re.compile(
    r"#(?:sarcas\w*|iron(?:y|ic|ically)|not(?:really|atall|sarcasm)?|totallynot|yeahright|lolnot|"
    r"(?:being|so|just)sarcastic|kidding|justkidding|jk)(?!\w)|(?<!\S)/s(?=\s*$)",
    re.IGNORECASE,
)


class Cue(NamedTuple):
    """A named cue and its weight in nats.

    A text in lower case shows it where, for each of `needs`, some word of it matches that pattern of `_NEEDED`, and the
    cue's own pattern, if it has one, is found in the text.
    """

    name: str
    weight: float
    needs: tuple[str, ...]
    pattern: re.Pattern[str] | None = None


CUES: tuple[Cue, ...] = (
    Cue(mark("love-of"), 1.4, ("love",), _LOVE_OF),
    Cue(mark("interjection"), 1.1, ("exclamation",), _INTERJECTION),
    Cue(mark("rhetorical-question"), 1.0, ("question",), _RHETORICAL),
    Cue(mark("praise-beside-trouble"), 0.6, ("praise", "trouble")),
    Cue(mark("set-phrase"), 0.4, ("phrase",), _SET_PHRASE),
    Cue(mark("quotes"), 0.3, ("quote",), _QUOTED),
    Cue(mark("laughter"), 0.3, ("laughter",)),
    Cue(mark("stretched-word"), 0.3, ("stretched",)),
    Cue(mark("thanks"), 0.2, ("thanks",), _THANKS),
    Cue(mark("strengthened-praise"), 0.1, ("praise",), _STRENGTHENED),
    Cue(mark("heavy-marks"), 0.1, ("heavy",)),
    Cue(mark("ellipsis"), 0.1, ("dots",)),
)
# Sets of needs as bits of a number: quick to join and to compare.
_BITS = {name: 1 << bit for bit, name in enumerate(_NEEDED)}
_MASKS = tuple((cue, sum(_BITS[name] for name in cue.needs)) for cue in CUES)


class Cues(NamedTuple):
    """The cues that a text shows, by name, heaviest first, and their score from 0 to below 1."""

    names: tuple[str, ...]
    score: float


_NONE = Cues((), 0.0)


class CueFinder:
    """Finds the cues of texts, and remembers which needs a word meets."""

    def __init__(self) -> None:
        self._held = WordCache(_held)

    def __call__(self, text: str) -> Cues:
        """The cues of a text's first `LENGTH` characters; ``give-away`` comes last where there is one."""
        text = text[:LENGTH]
        low = text.lower()
        held = 0
        for word in low.split():
            held |= self._held[word]
        given_away = gives_away(text)
        if not held and not given_away:
            return _NONE
        shown = [
            cue
            for cue, mask in _MASKS
            if held & mask == mask and (cue.pattern is None or cue.pattern.search(low) is not None)
        ]
        names = tuple(cue.name for cue in shown)
        return Cues(names + (GIVE_AWAY,) * given_away, 1 - math.exp(-sum(cue.weight for cue in shown)))


def _held(word: str) -> int:
    """The needs that a word meets."""
    return sum(_BITS[name] for name, pattern in _NEEDED.items() if pattern.search(word))


def gives_away(text: str) -> bool:
    """Whether a text holds a hashtag that says it is sarcastic, or ends in /s."""
    return ("#" in text or "/" in text) and _GIVE_AWAY.search(text) is not None


def without_give_aways(text: str) -> str:
    """The text without them."""
    return _GIVE_AWAY.sub(" ", text) if gives_away(text) else text
