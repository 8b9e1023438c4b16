"""Is this phrase a clause, a gerund or a noun phrase, and can it be said as another of these?

The rules use closed lists (determiners, pronouns, auxiliaries, irregular pasts, a few verbs) and the shape of words.
They make only forms that they are sure of, and say why not.

- ``clause``: a subject and a finite verb, "my phone died";
- ``gerund``: something that one does or has done to one, without a subject, "losing my keys"; of clauses in the first
  person, and with *having* of those with a participle, "having my flight delayed";
- ``event``: of other clauses the gerund with its subject before it, "my phone dying";
- ``noun``: a noun phrase, "another flat tyre".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from core.probes.sarcasm.gerunds import from_past, from_third_person, ing, is_participle, is_past, is_past_only
from core.runtime.i18n import gettext as _

_DEFINITE = {"my", "our", "his", "her", "their", "your", "its", "the", "this", "that", "these", "those"}
_INDEFINITE = {"a", "an", "another", "some", "any", "every", "each", "one", "half", "yet"}
_MANY = {"no", "more", "all", "both", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "many"}
_MANY |= {"eleven", "twelve", "twenty", "thirty", "forty", "fifty", "hundred", "several", "endless"}
_DETERMINERS = _DEFINITE | _INDEFINITE | _MANY
_OBJECT = {"he": "him", "she": "her", "they": "them", "it": "it", "you": "you"}
_PRONOUNS = {"i", "we", *_OBJECT}
_ME = {"me", "us", "him", "her", "them", "it", "you"}
_SUBJECTS = _PRONOUNS | {"everybody", "everyone", "everything", "nobody", "nothing", "somebody", "someone", "something"}
_BE = {"am", "is", "are", "was", "were"}
_HAVE = {"have", "has", "had"}
_FUTURE = {"will", "would", "shall", "may", "might", "should"}
_AUXILIARIES = _BE | _HAVE | _FUTURE | {"do", "does", "did", "can", "could", "must"}
_FINITE = _AUXILIARIES | {"got", "gets", "goes", "hates", "hurts", "keeps", "leaks", "needs", "refuses", "smells"}
_FINITE |= {"snores", "stinks", "wants"}
_SUBORDINATE = {"after", "although", "as", "because", "before", "if", "since", "until", "when", "whenever", "while"}
_RELATIVE = {"that", "which", "who", "whose", "where"}
_JOINING = {"and", "but", "or", "so"}
_ADVERBS = {"always", "even", "never", "only", "really", "still", "suddenly", "also"}
_LIGHT_ADVERBS = {"actually", "already", "apparently", "just", "literally", "now"}  # left out of a gerund
_PREPOSITIONS = {"about", "at", "behind", "between", "by", "for", "from", "in", "inside", "into", "of", "on", "out"}
_PREPOSITIONS |= {"outside", "over", "to", "under", "with", "without"}
_STATES = {"awake", "late", "locked", "sick", "stranded", "stuck", "trapped"}
_AFTER_IS = {"broken", "closed", "dead", "down", "empty", "flat", "gone", "wrong", *_STATES}  # "my phone's dead again"
_NO_GERUND = {"anything", "building", "ceiling", "during", "evening", "everything", "king", "meeting", "morning"}
_NO_GERUND |= {"nothing", "parking", "ring", "something", "spring", "string", "thing", "wedding", "wing"}
_BEING = ("being", "having")
_CONTRACTED = {"m": "am", "re": "are", "ve": "have", "ll": "will"}
_SHORT_NOT = {"can't": "can", "won't": "will", "ain't": "is", "shan't": "shall"}


class Cannot(Exception):  # noqa: N818
    """A form that the rules cannot make; the message says why."""


class _Words(NamedTuple):
    """Words as written, and the same in lower case with marks at their ends cut off."""

    shown: list[str]
    low: list[str]

    def part(self, start: int, stop: int | None = None) -> _Words:
        return _Words(self.shown[start:stop], self.low[start:stop])


def forms(text: str) -> dict[str, str | Cannot]:
    """``clause``, ``gerund``, ``event`` and ``noun`` of a phrase of two words or more, or why there is none.

    What is a gerund is no event.
    """
    try:
        if any(mark in text for mark in (". ", "! ", "? ", "… ")):
            raise Cannot(_("it is more than one sentence"))
        return _by_beginning(text, _expanded(text))
    except Cannot as reason:
        return dict.fromkeys(("clause", "gerund", "event", "noun"), reason)


def uncapitalised(text: str) -> str:
    """Without the capital of a sentence's first word, where that word is known to need none."""
    first = text.split()[0].lower()
    known = first in _DETERMINERS | _SUBJECTS | _STATES | {"there"} or is_past(first) or _is_gerund(first)
    return text[0].lower() + text[1:] if known and text[1:2].islower() else text


def _expanded(text: str) -> _Words:
    """The words, contractions of pronouns and of *not* spelled out."""
    given = text.replace("’", "'").split()
    shown: list[str] = []
    for i, word in enumerate(given):
        low = word.lower()
        stem, mark, ending = low.rpartition("'")
        if low in _SHORT_NOT or low.endswith("n't"):
            shown += [_SHORT_NOT.get(low, low[:-3]), "not"]
        elif low == "cannot":
            shown += ["can", "not"]
        elif mark and stem in {*_PRONOUNS, "there", "that"} and ending in _CONTRACTED:
            shown += [word[: len(stem)], _CONTRACTED[ending]]
        elif mark and ending == "s" and (stem in {*_PRONOUNS, "there", "that"} or _is_is(given[i + 1 :])):
            follows = given[i + 1 : i + 2]
            shown += [word[: len(stem)], "has" if follows in (["been"], ["got"], ["gone"]) else "is"]
        else:
            shown.append(word)
    return _Words(shown, [word.lower().strip('.,;:!?"()“”') for word in shown])


def _is_is(follows: list[str]) -> bool:
    """Whether what follows a noun's *'s* makes it an *is*: a state, and not a noun behind that."""
    low = [word.lower() for word in follows[:2]]
    state = bool(low) and (low[0] in _AFTER_IS or is_past(low[0]) or _is_gerund(low[0]))
    return state and (len(low) == 1 or low[1] in _PREPOSITIONS | _SUBORDINATE | {"again", "today", "tonight"})


def _by_beginning(text: str, words: _Words) -> dict[str, str | Cannot]:
    """The forms of a phrase, by how it begins."""
    start = 0
    while start < len(words.low) - 2 and words.low[start] in _ADVERBS | _LIGHT_ADVERBS | {"not"}:
        start += 1
    first, rest = words.low[start], words.low[start + 1 :]
    if _is_gerund(first):
        if _main_verb(words.part(start), 1) is not None:
            raise Cannot(_("the rules cannot tell where its verb is"))
        return _forms(Cannot(_("it has no subject")), text, Cannot(_("it is a gerund")))
    if "not" in words.low[:start]:
        raise Cannot(_("the rules cannot tell what {word!r} begins").format(word=words.shown[0]))
    if first == "there" and rest[0] in _BE:
        noun = _attempt(lambda: _noun(words.part(start + 2)))
        return _forms(text, Cannot(_("it says only that something is there")), noun)
    if first in _SUBJECTS or (first in ("this", "that") and rest[0] in _AUXILIARIES):
        return _from_clause(text, words, start + (2 if rest[0] == "else" else 1))
    if first in _STATES and rest[0] in _PREPOSITIONS | {"again"}:
        return _forms(f"I am {text}", f"being {text}", Cannot(_("it is a state")))
    if first in {"got", *_HAVE} or (is_past(first) and rest[0] in _DETERMINERS | _ME):  # "lost my keys": I did
        return _from_clause(f"I {text}", _Words(["I", *words.shown], ["i", *words.low]), 1)
    if first not in _DETERMINERS:
        raise Cannot(_("the rules cannot tell what {word!r} begins").format(word=words.shown[start]))
    verb = _main_verb(words, start + 2)
    if verb is not None:
        before = words.low[start + 2 : verb]
        if _JOINING & set(before) and any(map(is_past, before)):
            raise Cannot(_("the rules cannot tell where its verb is"))
        return _from_clause(text, words, verb)
    _noun(words.part(start))
    no_verb = Cannot(_("the rules find no verb in it"))
    return _forms(no_verb, no_verb, text)


def _forms(clause: str | Cannot, gerund: str | Cannot, noun: str | Cannot) -> dict[str, str | Cannot]:
    """The forms of what is no event."""
    no_event = Cannot(_("only a clause about somebody or something else can be one"))
    return {"clause": clause, "gerund": gerund, "event": no_event, "noun": noun}


def _attempt(make: Callable[[], str]) -> str | Cannot:
    try:
        return make()
    except Cannot as reason:
        return reason


def _from_clause(text: str, words: _Words, verb: int) -> dict[str, str | Cannot]:
    """The forms of a clause whose verb group begins at `verb`; all before it is the subject."""
    subject, rest = words.part(0, verb), words.part(verb)
    if not rest.low:
        raise Cannot(_("the rules find no verb in it"))

    def noun() -> str:
        verbs = 0  # "just got", "have got"
        while verbs < len(rest.low) and rest.low[verbs] in {"got", *_HAVE, *_LIGHT_ADVERBS}:
            verbs += 1
        if subject.low != ["i"] or not {"got", *_HAVE} & set(rest.low[:verbs]):
            raise Cannot(_("the rules accept one only from “I have …” or “I got …”"))
        return _noun(rest.part(verbs))

    try:
        alone, made = _gerund(subject, rest)
    except Cannot as reason:
        return {**_forms(text, reason, _attempt(noun)), "event": reason}
    if alone:
        return _forms(text, made, _attempt(noun))
    return {**_forms(text, Cannot(_("it is about somebody or something else")), _attempt(noun)), "event": made}


def _main_verb(words: _Words, first: int) -> int | None:
    """Where the finite verb of a noun phrase's clause is; None where the rules see a noun phrase only."""
    low = words.low
    owed = 0  # verbs that belong to relative clauses met so far
    for i in range(first, len(low)):
        word, before, after = low[i], low[i - 1], low[i + 1] if i + 1 < len(low) else ""
        if word in _SUBORDINATE:
            return None
        if before in _AUXILIARIES | {"not"} or before in {"i", "we", "they", "he", "she"}:
            continue  # the rest of a verb group, or the verb of "the bus I take"
        if word in _RELATIVE and after not in _PRONOUNS:
            owed += 1
        elif word in _DETERMINERS - {"this", "that", "every", "half"} and not _goes_on(before):
            owed += 1  # "a kettle the shop will not take back"
        elif word in _FINITE or is_past_only(word) or (is_past(word) and (owed or after in _DETERMINERS | _ME)):
            if owed:
                owed -= 1
            elif before not in _JOINING:
                return i
    return None


def _goes_on(before: str) -> bool:
    """Whether a determiner behind this word goes on with the phrase, rather than beginning a clause."""
    verb = before in _FINITE | {"been", "being"} or is_past(before) or _is_gerund(before)
    return verb or before in _PREPOSITIONS | _DETERMINERS | _JOINING


def _noun(words: _Words) -> str:
    """The words, if they are a noun phrase as far as the rules see."""
    low = words.low
    if len(low) < 2 or low[0] not in _DETERMINERS or _main_verb(words, 2) is not None:
        raise Cannot(_("the rules are not sure that it is a noun phrase"))
    for i in range(2, len(low)):
        before, word = low[i - 1], low[i]
        if word in _PREPOSITIONS | _SUBORDINATE | _RELATIVE | _PRONOUNS:
            break
        several = low[0] in _MANY or before in _MANY
        doubtful = is_past(word) or (_in_s(word) and not several) or (i == 2 and _in_s(before) and not several)
        if doubtful and before not in _DETERMINERS and not before.endswith("ly"):
            raise Cannot(_("{word!r} may be its verb or part of a noun phrase").format(word=words.shown[i]))
    return " ".join(words.shown)


def _in_s(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us", "'s", "is"))


def _gerund(subject: _Words, rest: _Words) -> tuple[bool, str]:
    """A clause as a gerund, and whether it stands without a subject."""
    shown, low = list(rest.shown), list(rest.low)
    adverbs = _take_adverbs(shown, low)
    head = low.pop(0)
    shown.pop(0)
    negated = False
    if head in _AUXILIARIES:
        if low[:1] == ["not"]:
            negated = True
            low.pop(0), shown.pop(0)
        adverbs += _take_adverbs(shown, low)
        if not low:
            raise Cannot(_("its verb is cut off"))
    _refuse_second_verb(_Words(shown, low))
    core = _core(subject.low[-1:], head, negated, shown, low)
    person = subject.low[0] if len(subject.low) == 1 else ""
    who = [] if person in ("i", "we") else [_OBJECT[person]] if person in _OBJECT else subject.shown
    not_ = ["not"] if negated else []
    had = bool(who) and who != ["it"] and not negated  # "having my flight delayed"; nobody has it raining
    if had and core[0] == "being" and len(core) > 1 and is_participle(low[-len(core) + 1]):
        words, alone = ["having", *who, *adverbs, *core[1:]], True
    elif had and head in _BE | _HAVE and _is_gerund(core[0].lower()) and core[0] not in _BEING:
        words, alone = ["having", *who, *adverbs, *core], True
    else:
        words, alone = [*who, *adverbs, *not_, *core], not who
    return alone, " ".join(words).replace(" can not ", " cannot ")


def _take_adverbs(shown: list[str], low: list[str]) -> list[str]:
    """Take the adverbs off the front; those that a gerund keeps."""
    kept = []
    while len(low) > 1 and low[0] in _ADVERBS | _LIGHT_ADVERBS:
        kept += [shown[0]] if low[0] in _ADVERBS else []
        low.pop(0), shown.pop(0)
    return kept


def _refuse_second_verb(words: _Words) -> None:
    """A gerund of the first verb leaves a second one behind: "burning my tongue and cannot taste"."""
    for i, word in enumerate(words.low[:-1]):
        if word in _JOINING:
            follows = [other for other in words.low[i + 1 :] if other not in _ADVERBS | _LIGHT_ADVERBS]
            head = follows[0] if follows else ""
            sentence = head in _DEFINITE and (len(follows) > 3 or any(map(is_past, follows[2:])))
            if sentence or head in _FINITE | _PRONOUNS or is_past(head):
                raise Cannot(_("there may be a second verb after {word!r}").format(word=word))


def _core(subject: list[str], head: str, negated: bool, shown: list[str], low: list[str]) -> list[str]:
    """A verb group as a gerund: its first word, and the others as written and in lower case."""
    if head in _BE:
        if low[:2] in (["going", "to"], ["about", "to"]):
            raise Cannot(_("it is about the future"))
        return shown if _is_gerund(low[0]) else ["being", *shown]
    if head in _HAVE:
        if low[0] == "been":
            return _core(subject, "is", negated, shown[1:], low[1:]) if low[1:] else ["having", *shown]
        return ["having", *(shown[1:] if low[0] == "got" and low[1:] else shown)]
    if head in ("can", "could") and negated:
        return ["being", "able", "to", *shown]
    if head == "must" and not negated:
        return ["having", "to", *shown]
    if head in _FUTURE | {"do", "does", "did"} and negated:
        return [ing(low[0]), *shown[1:]]
    if head in ("do", "does", "did"):
        return ["doing", *shown]
    if head in _AUXILIARIES:
        raise Cannot(_("it is about what may or will happen"))
    if head in ("keep", "keeps", "kept") and low[:1] and _is_gerund(low[0]):
        return shown
    made = from_past(head) or _from_present(subject, head)
    if made is None:
        raise Cannot(_("the rules do not know the verb {word!r}").format(word=head))
    return [made, *shown]


def _from_present(subject: list[str], head: str) -> str | None:
    if not head.isalpha() or head in _PREPOSITIONS | _DETERMINERS | _SUBORDINATE:
        return None
    if subject in (["i"], ["we"], ["you"], ["they"]):
        return ing(head)
    return from_third_person(head) if _in_s(head) else None


def _is_gerund(word: str) -> bool:
    return len(word) > 4 and word.endswith("ing") and word not in _NO_GERUND
