"""How does a verb become a gerund? A few spelling rules and a table of irregular pasts, no more.

English spelling of *-ing* (Huddleston & Pullum 2002, "The Cambridge Grammar of the English Language", ch. 18): a silent
*e* falls (lose, losing), *ie* becomes *y* (die, dying), a single consonant behind a single stressed vowel doubles (get,
getting). A regular past gives it without its base: what stands before *-ed* takes *-ing* (missed, missing; closed,
closing; carried, carrying).
"""

from __future__ import annotations

import re


def _table(pairs: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in pairs.split())


# Irregular pasts, with their base. Those in _ACTIVE are no participles: "my phone broke" is a sentence, while "my car
# hit" may be half of one.
_ACTIVE = _table(
    """
    ate:eat became:become began:begin bit:bite blew:blow broke:break came:come chose:choose drank:drink drew:draw
    drove:drive fell:fall flew:fly forgave:forgive forgot:forget froze:freeze gave:give grew:grow hid:hide knew:know
    lay:lie mistook:mistake overtook:overtake ran:run rang:ring rode:ride rose:rise sang:sing sank:sink saw:see
    shook:shake shrank:shrink spoke:speak sprang:spring stank:stink stole:steal swam:swim swore:swear threw:throw
    took:take tore:tear went:go withdrew:withdraw woke:wake wore:wear wrote:write
    """
)
_EITHER = _table(
    """
    beat:beat bent:bend bet:bet bled:bleed bought:buy broadcast:broadcast brought:bring built:build burnt:burn
    burst:burst caught:catch cost:cost crept:creep cut:cut dealt:deal dug:dig fed:feed felt:feel fled:flee
    fought:fight found:find got:get heard:hear held:hold hit:hit hung:hang hurt:hurt kept:keep laid:lay learnt:learn
    led:lead left:leave lent:lend let:let lit:light lost:lose made:make meant:mean met:meet overheard:overhear
    overslept:oversleep paid:pay put:put quit:quit read:read said:say sat:sit sent:send set:set shot:shoot shut:shut
    slept:sleep slid:slide smelt:smell sold:sell spat:spit spent:spend spilt:spill split:split spoilt:spoil
    spread:spread stood:stand struck:strike stuck:stick stung:sting swept:sweep taught:teach thought:think told:tell
    understood:understand wept:weep won:win wound:wind
    """
)
# Regular pasts of verbs that take no object, so that they too are no participles: "my phone died".
_INTRANSITIVE = {"arrived", "collapsed", "crashed", "died", "disappeared", "exploded", "vanished"}
_PARTICIPLES = {"beaten", "bitten", "blown", "broken", "chosen", "drawn", "driven", "eaten", "fallen", "forgotten"}
_PARTICIPLES |= {"frozen", "given", "grown", "hidden", "overtaken", "shaken", "shrunk", "stolen", "sunk", "taken"}
_PARTICIPLES |= {"thrown", "torn", "withdrawn", "woken", "worn", "written"}
_NO_PAST = {"bed", "red", "shed", "sled", "seed", "weed", "need", "feed", "speed", "breed", "hundred", "embed", "naked"}
_STRESSED_AT_THE_END = {"admit", "begin", "commit", "forget", "occur", "prefer", "refer", "regret", "transfer", "upset"}
_SINGLE = re.compile(r"[^aeiou]*(?:qu)?[aeiou][^aeiouwxy]")  # one vowel, one consonant: get, run, quit


def ing(base: str) -> str:
    """The gerund of a verb's base form."""
    if base.endswith("ie"):
        return base[:-2] + "ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")) and base != "be":
        return base[:-1] + "ing"
    if base.endswith("ic"):
        return base + "king"
    if _SINGLE.fullmatch(base) or base in _STRESSED_AT_THE_END:
        return base + base[-1] + "ing"
    return base + "ing"


def from_past(word: str) -> str | None:
    """The gerund of a past form, None where the word is none that the rules know."""
    base = _ACTIVE.get(word) or _EITHER.get(word)
    if base:
        return ing(base)
    if not is_regular_past(word):
        return None
    stem = word[:-2]
    if stem.endswith("i"):
        return stem[:-1] + "ying"
    return stem + ("eing" if stem.endswith(("e", "o")) and word.endswith(("eed", "oed")) else "ing")


def from_third_person(word: str) -> str:
    """The gerund of a present form in -s."""
    if word in ("has", "does", "goes"):
        return {"has": "having", "does": "doing", "goes": "going"}[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "ying"
    return ing(word[:-2] if word.endswith(("sses", "shes", "ches", "xes", "zzes", "oes")) else word[:-1])


def is_regular_past(word: str) -> bool:
    """Whether a word looks like a past in -ed."""
    return len(word) > 3 and word.endswith("ed") and word not in _NO_PAST


def is_past(word: str) -> bool:
    """Whether a word is a past form, be it a participle too or not."""
    return word in _ACTIVE or word in _EITHER or is_regular_past(word)


def is_past_only(word: str) -> bool:
    """Whether a word is a past form and no participle, so that it makes a sentence of the noun before it."""
    return word in _ACTIVE or word in _INTRANSITIVE


def is_participle(word: str) -> bool:
    """Whether a word can be a past participle: "delayed", "stolen", "cut"."""
    return word in _PARTICIPLES or word in _EITHER or is_regular_past(word)
