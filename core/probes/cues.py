r"""Which words and marks in a text hint at sarcasm? A small lexicon of named cues.

The cues are those that studies of verbal irony name: interjections, strengthened praise, thanks and set phrases
(Kreuz & Caucci 2007, "Lexical influences on the perception of sarcasm"; Liebrecht, Kunneman & van den Bosch 2013 on
hyperbole), marks of distance in spelling (Carvalho et al. 2009, "Clues for detecting irony in user-generated contents":
quotes, heavy punctuation, laughter), rhetorical questions, and praise beside an unpleasant situation (Riloff et al.
2013). The patterns are this project's own and English.

A text's score is 1 − exp(−Σ w) over the cues it shows, 0 without any. A cue's weight w is the logarithm of how many
times as often it stands in sarcastic as in other tweets, in nats: the mean of two corpora with human labels (the
training parts of SemEval-2018 Task 3 and of iSarcasmEval, half a count added), to one decimal. Cues whose weight came
out at or near 0 were left out: shouted words and superlatives. The score ranks texts that are worth a look; it is no
probability, and most sarcasm shows no such cue.

Hashtags that say so themselves (#sarcasm, #not, and /s) are reported as ``give-away`` and weigh nothing: they are the
label, not a cue.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import NamedTuple

GIVE_AWAY = "give-away"
LENGTH = 1_000  # characters: patterns stay fast on any text

_POSITIVE = (
    r"(?:good|great|nice|awesome|amazing|wonderful|fantastic|lovely|brilliant|perfect|excellent|fabulous|delightful|"
    r"fun|funny|happy|glad|excited|exciting|thrilled|pleased|lucky|smart|clever|classy|cool|sweet|beautiful|best|"
    r"helpful|impressive|impressed|charming|productive|thoughtful|generous|interesting|proud|love|loving|enjoy|"
    r"enjoying|adore|appreciate)"
)
_UNPLEASANT = (
    r"(?:mondays?|homework|work(?:ing)?|exams?|finals|tests?|essays?|traffic|delay(?:ed|s)?|cancell?ed|late|waiting|"
    r"queues?|dentist|surgery|hospital|sick|ill|flu|fever|headaches?|migraines?|cramps|pain|hurts?|hurting|broken?|"
    r"broke|rain(?:ing|y)?|snow(?:ing)?|storm|freezing|cleaning|chores|dishes|laundry|bills|taxes|debt|fees|overtime|"
    r"alone|single|ignored|ignoring|ignores|dumped|lonely|crying|cries|tired|exhausted|insomnia|awake|sleepless|"
    r"stuck|lost|los(?:e|es|ing)|stolen|fail(?:ed|ing|s|ure)?|crash(?:ed|es|ing)?|flat tire|spam|ads|alarm|"
    r"[3-6] ?am|yell(?:ed|ing)|screaming|fired|unemployed|hangover|puk(?:e|ed|ing)|vomit|mosquitos?|racists?|racism)"
)

_INTERJECTION = re.compile(
    r"^\W*(?:oh|ooh|ah|aw+|wow|gee|gosh|golly|yay+|yip+ee|woo+(?:hoo+)?|hooray|hurray|great|awesome|fantastic|wonderful|"
    r"lovely|perfect|brilliant|congrat(?:s|ulations)|bravo|well)\b(?=\s*[,.!…-]|\s+(?:the|how|what|i|another|my|yes|no|"
    r"good|great|look|that|you|joy|boy|well|sure|really|now|so|just)\b)"
    r"|\b(?:oh joy|oh boy|oh great|oh yay|oh wow|yay me|big whoop|woop+ee?)\b"
)
_STRENGTHENED = re.compile(
    r"\b(?:so|such an?|really|absolutely|totally|truly|very|extremely|incredibly|completely|simply|always|definitely|"
    r"just|sooo+|super|what an?|how|quite|clearly|obviously|certainly|sure(?:ly)?)\s+" + _POSITIVE + r"\b"
)
_THANKS = re.compile(r"\b(?:thanks|thank you|thanx|thx|cheers|ty)\b(?!\s*giving)")
_SET_PHRASE = re.compile(
    r"\bjust what i (?:needed|wanted|always wanted)\b|\bjust (?:great|perfect|lovely|wonderful|fantastic|brilliant)\b"
    r"|\b(?:yeah|ya|yea|oh|uh) ?(?:right|sure)\b|\b(?:big|what a|what an absolute) (?:surprise|shocker|shock)\b"
    r"|\bwho (?:knew|would(?:['’]ve| have) thought|could have guessed)\b|\bhow (?:nice|lovely|sweet|kind|thoughtful|"
    r"convenient|original|surprising|exciting|wonderful|nice of)\b|\bgood (?:job|one|luck with that|to know)\b"
    r"|\bnice (?:one|job|going|work|try)\b|\bway to go\b|\btell me more\b|\bplease,? (?:do )?tell me\b|\blucky me\b"
    r"|\bmy favou?rite\b|\bcan(?:['’]?t|not) wait\b|\bsaid no ?(?:one|body)(?: ever)?\b|\bwell done\b|\bgreat job\b"
    r"|\bmust be (?:nice|fun)\b|\bgotta love\b|\bgot to love\b|\bnothing (?:like|better than|says)\b"
    r"|\bso glad\b|\bas if\b|\bbecause (?:that|who|everyone|we all|obviously)\b|\bi['’]m sure\b|\bof course\b"
    r"|\bnot like\b|\bstory of my life\b|\bshocking\b|\bwhat could (?:possibly )?go wrong\b|\bno kidding\b|\bno shit\b"
)
_RHETORICAL = re.compile(
    r"\b(?:who (?:does ?n['’]?o?t|would ?n['’]?o?t|needs|cares)|is ?n['’]?t (?:it|that|this|he|she)|"
    r"are ?n['’]?t (?:you|we|they|i)|why would(?: ?n['’]?t)?|how (?:could|can|dare)|"
    r"do ?n['’]?t you (?:just )?(?:love|think)|what(?:['’]s| is) not to)\b"
    r"[^.!]*\?|\b(?:really|seriously|you don['’]?t say)\?"
)
_QUOTED = re.compile(r"(?<!\w)[\"“](?!\s)[^\"“”]{1,30}(?<!\s)[\"”](?!\w)|(?<!\w)[‘'](?=[a-z])[a-z ]{2,25}[’'](?!\w)")
_ELLIPSIS = re.compile(r"\.{2,}|…")
_HEAVY = re.compile(r"!{2,}|\?{2,}|!\?|\?!")
_LAUGHTER = re.compile(
    r"\b(?:(?:ha){2,}h?|(?:he){2,}|lo+l+|lmf?ao+|rofl|jk)\b|;-?\)|;-?[pd]\b|:-?p\b|😂|🤣|😉|😏|🙄|🙃|👏"
)
_STRETCHED = re.compile(r"\b\w*([aeiouy])\1{2,}\w*")
_LOVE = re.compile(
    r"\b(?:love|loving|loves|enjoy|enjoying|adore) (?:it when|when|how|being|having|getting|waiting|waking|working|"
    r"the way|that|these|the fact|to)\b"
)
_PRAISE = re.compile(rf"\b{_POSITIVE}\b")
_TROUBLE = re.compile(rf"\b{_UNPLEASANT}\b")
_GIVE_AWAY = re.compile(
    r"#(?:sarcas\w*|iron(?:y|ic|ically)|not(?:really|atall|sarcasm)?|totallynot|yeahright|lolnot|"
    r"(?:being|so|just)sarcastic|kidding|justkidding|jk)(?!\w)|(?<!\S)/s(?=\s*$)",
    re.IGNORECASE,
)


class Cue(NamedTuple):
    """A named cue, its weight in nats, and whether a text in lower case shows it."""

    name: str
    weight: float
    shown: Callable[[str], object]


CUES: tuple[Cue, ...] = (
    Cue("love-of", 2.5, lambda low: ("lov" in low or "enjoy" in low or "adore" in low) and _LOVE.search(low)),
    Cue("interjection", 1.6, _INTERJECTION.search),
    Cue("praise-beside-trouble", 1.2, lambda low: _PRAISE.search(low) and _TROUBLE.search(low)),
    Cue("strengthened-praise", 0.9, _STRENGTHENED.search),
    Cue("set-phrase", 0.8, _SET_PHRASE.search),
    Cue("thanks", 0.8, lambda low: ("th" in low or "ty" in low or "cheers" in low) and _THANKS.search(low)),
    Cue("rhetorical-question", 0.8, lambda low: "?" in low and _RHETORICAL.search(low)),
    Cue("laughter", 0.5, _LAUGHTER.search),
    Cue("stretched-word", 0.5, _STRETCHED.search),
    Cue("quotes", 0.2, _QUOTED.search),
    Cue("heavy-marks", 0.2, lambda low: ("!" in low or "?" in low) and _HEAVY.search(low)),
    Cue("ellipsis", 0.1, lambda low: (".." in low or "…" in low) and _ELLIPSIS.search(low)),
)


class Cues(NamedTuple):
    """The cues that a text shows, by name, heaviest first, and their score from 0 to below 1."""

    names: tuple[str, ...]
    score: float


def look(text: str) -> Cues:
    """The cues of a text's first `LENGTH` characters; ``give-away`` comes last where there is one."""
    text = text[:LENGTH]
    low = text.lower()
    shown = [cue for cue in CUES if cue.shown(low)]
    names = tuple(cue.name for cue in shown)
    if gives_away(text):
        names += (GIVE_AWAY,)
    return Cues(names, 1 - math.exp(-sum(cue.weight for cue in shown)))


def gives_away(text: str) -> bool:
    """Whether a text holds a hashtag that says it is sarcastic, or ends in /s."""
    return ("#" in text or "/" in text) and _GIVE_AWAY.search(text) is not None


def without_give_aways(text: str) -> str:
    """The text without them."""
    return _GIVE_AWAY.sub(" ", text) if gives_away(text) else text
