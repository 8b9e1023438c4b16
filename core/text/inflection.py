"""The inflected forms of an English verb, noun, adjective or adverb, by tag.

Regular forms follow the spelling rules (Quirk et al. 1985, "A Comprehensive Grammar of the English Language", 3.5–3.10,
5.79–5.82, 7.74–7.79): silent e, y after a consonant, a final consonant doubled behind a short stressed vowel. Spelling
does not show stress, so words of several syllables double only where a list of exceptions says so. Irregular verbs are
listed here, since lists of exceptions such as WordNet's do not say which form is the past and which the participle.

The rules propose forms; a list of words decides which of them exist.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence

VERB, NOUN, ADJECTIVE, ADVERB = "v", "n", "a", "r"
BASE, THIRD, PAST, PARTICIPLE, ING = "base", "third", "past", "participle", "ing"
SINGULAR, PLURAL = "singular", "plural"
POSITIVE, COMPARATIVE, SUPERLATIVE = "positive", "comparative", "superlative"
TAGS = {
    VERB: (BASE, THIRD, PAST, PARTICIPLE, ING),
    NOUN: (SINGULAR, PLURAL),
    ADJECTIVE: (POSITIVE, COMPARATIVE, SUPERLATIVE),
    ADVERB: (POSITIVE, COMPARATIVE, SUPERLATIVE),
}
"""The tags of each part of speech, the lemma's own first."""

Paradigm = dict[str, tuple[str, ...]]
"""Forms by tag; the first of several is the usual one."""

_VOWELS = "aeiou"
_SHORT = re.compile(r"(?:[^aeiou]|qu)*[aeiouy][^aeiouwxy]")  # one syllable that ends in a short vowel and a consonant
_REGULAR = ("behave", "belay", "belie", "relay")  # which only look like an irregular verb with a prefix
_PREFIXES = ("be", "fore", "for", "in", "inter", "mis", "out", "over", "pre", "re", "un", "under", "up", "with")

# Base, past, participle; one column less where past and participle are the same, one alone where all three are.
_IRREGULAR = """
arise arose arisen; awake awoke awoken; backslide backslid; bear bore borne/born; beat beat beaten/beat;
become became become; befall befell befallen; beget begot begotten; begin began begun; behold beheld; bend bent;
beseech besought/beseeched; beset; bet bet/betted; bid bid/bade bid/bidden; bind bound; bite bit bitten; bleed bled;
blow blew blown; break broke broken; breed bred; bring brought; broadcast; browbeat browbeat browbeaten; build built;
burn burned/burnt; burst; bust busted/bust; buy bought; cast; catch caught; chide chided/chid chided/chidden;
choose chose chosen; cling clung; clothe clothed/clad; come came come; cost; creep crept; cut; deal dealt; dig dug;
dive dived/dove dived; do did done; draw drew drawn; dream dreamed/dreamt; drink drank drunk; drive drove driven;
dwell dwelt/dwelled; eat ate eaten; fall fell fallen; feed fed; feel felt; fight fought; find found; fit fitted/fit;
flee fled; fling flung; floodlight floodlit; fly flew flown; forbid forbade forbidden; forecast;
forget forgot forgotten; forgive forgave forgiven; forsake forsook forsaken; freeze froze frozen; get got got/gotten;
ghostwrite ghostwrote ghostwritten; give gave given; go went gone; grind ground; grow grew grown; hang hung/hanged;
have had; hear heard; heave heaved/hove; hew hewed hewn/hewed; hide hid hidden; hit; hold held; hurt; keep kept;
kneel knelt/kneeled; knit knitted/knit; know knew known; lay laid; lead led; lean leaned/leant; leap leaped/leapt;
learn learned/learnt; leave left; lend lent; let; lie lay/lied lain/lied; light lit/lighted; lose lost; make made;
mean meant; meet met; mistake mistook mistaken; mow mowed mown/mowed; offset; partake partook partaken; pay paid;
plead pleaded/pled; prepay prepaid; prove proved proven/proved; put; quit quit/quitted; read; rend rent; rid;
ride rode ridden; ring rang rung; rise rose risen; run ran run; saw sawed sawed/sawn; say said; see saw seen;
seek sought; sell sold; send sent; set; sew sewed sewn/sewed; shake shook shaken; shave shaved shaved/shaven;
shear sheared shorn/sheared; shed; shine shone/shined; shit shit/shat; shoe shod; shoot shot;
show showed shown/showed; shrink shrank/shrunk shrunk; shut; sightsee sightsaw sightseen; sing sang sung;
sink sank/sunk sunk; sit sat; slay slew slain; sleep slept; slide slid; sling slung; slink slunk; slit;
smell smelled/smelt; smite smote smitten; sneak sneaked/snuck; sow sowed sown/sowed; speak spoke spoken;
speed sped/speeded; spell spelled/spelt; spend spent; spill spilled/spilt; spin spun; spit spat/spit; split;
spoil spoiled/spoilt; spread; spring sprang/sprung sprung; stand stood; steal stole stolen; stick stuck; sting stung;
stink stank/stunk stunk; strew strewed strewn/strewed; stride strode stridden; strike struck struck/stricken;
string strung; strive strove/strived striven/strived; swear swore sworn; sweat sweated/sweat; sweep swept;
swell swelled swollen/swelled; swim swam swum; swing swung; take took taken; teach taught; tear tore torn; tell told;
think thought; thrive thrived/throve thrived/thriven; throw threw thrown; thrust; tread trod trodden/trod;
typewrite typewrote typewritten; understand understood; upset; wake woke/waked woken/waked; waylay waylaid;
wear wore worn; weave wove/weaved woven/weaved; wed wed/wedded; weep wept; wet wet/wetted; win won; wind wound;
withdraw withdrew withdrawn; withhold withheld; withstand withstood; wring wrung; write wrote written
"""
_BE: Paradigm = {
    BASE: ("be",),
    THIRD: ("is", "am", "are"),  # the whole present
    PAST: ("was", "were"),
    PARTICIPLE: ("been",),
    ING: ("being",),
}


def _principal_parts() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    parts = {}
    for entry in _IRREGULAR.split(";"):
        base, *columns = entry.split()
        past = tuple((columns[0] if columns else base).split("/"))
        parts[base] = past, tuple(columns[1].split("/")) if len(columns) > 1 else past
    return parts


PRINCIPAL_PARTS = _principal_parts()
"""Past and participle of the irregular verbs, by base form; verbs with a prefix go like those without."""


def paradigm(lemma: str, part: str, exceptions: Sequence[str] = (), words: Container[str] | None = None) -> Paradigm:
    """The forms of a word by tag, those only that `words` holds (None: all that the rules propose), the lemma always.

    `part` is a key of `TAGS`; `exceptions` are the irregular forms that some list gives for the lemma: they tell where
    a final consonant doubles, and irregular plurals and comparatives. An irregular form ousts the regular one.
    """
    if part == VERB:
        proposed = _verb(lemma, exceptions)
    elif part == NOUN:
        proposed = _noun(lemma, exceptions, words)
    else:
        proposed = _compared(lemma, part, exceptions, words)
    first = TAGS[part][0]
    kept = {
        tag: tuple(dict.fromkeys(form for form in forms if words is None or tag == first or form in words))
        for tag, forms in proposed.items()
    }
    return {tag: forms for tag, forms in kept.items() if forms}


def _verb(lemma: str, exceptions: Sequence[str]) -> Paradigm:
    if lemma == "be":
        return _BE
    stem = _stem(lemma, exceptions, "ing")
    ing: tuple[str, ...]
    if lemma.endswith("ie"):
        ing = (lemma[:-2] + "ying",)
    elif lemma.endswith("e") and not lemma.endswith(("ee", "oe", "ye")):
        ing = (lemma[:-1] + "ing", *(form for form in exceptions if form == lemma + "ing"))  # singeing
    else:
        ing = tuple(form + "ing" for form in stem)
    past, participle = _irregular(lemma)
    if not past:
        past = participle = _regular_past(lemma, exceptions)
    third = tuple(form for form in exceptions if form.endswith("s")) or (_with_s(lemma),)  # has, quizzes
    return {BASE: (lemma,), THIRD: third, PAST: past, PARTICIPLE: participle, ING: ing}


def _irregular(lemma: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Past and participle of an irregular verb, with a prefix or without; both empty for a regular one."""
    if lemma in PRINCIPAL_PARTS:
        return PRINCIPAL_PARTS[lemma]
    for prefix in _PREFIXES:
        rest = lemma.removeprefix(prefix)
        if rest != lemma and rest in PRINCIPAL_PARTS and lemma not in _REGULAR:
            past, participle = PRINCIPAL_PARTS[rest]
            return tuple(prefix + form for form in past), tuple(prefix + form for form in participle)
    return (), ()


def _regular_past(lemma: str, exceptions: Sequence[str]) -> tuple[str, ...]:
    if lemma.endswith("e"):
        return (lemma + "d",)
    if _consonant_y(lemma):
        return (lemma[:-1] + "ied",)
    return tuple(form + "ed" for form in _stem(lemma, exceptions, "ed"))


def _noun(lemma: str, exceptions: Sequence[str], words: Container[str] | None) -> Paradigm:
    if not exceptions and lemma.endswith("man") and words is not None and lemma[:-2] + "en" in words:
        exceptions = [lemma[:-2] + "en"]  # women; but humans, Germans
    if exceptions or len(lemma) < 3:  # "is" and "us" are no plurals
        return {SINGULAR: (lemma,), PLURAL: tuple(exceptions)}
    plurals = (lemma + "s", lemma + "es") if lemma.endswith("o") and lemma[-2:-1] not in _VOWELS else (_with_s(lemma),)
    return {SINGULAR: (lemma,), PLURAL: plurals}


def _compared(lemma: str, part: str, exceptions: Sequence[str], words: Container[str] | None) -> Paradigm:
    comparatives = tuple(form for form in exceptions if not form.endswith("st"))
    superlatives = tuple(form for form in exceptions if form.endswith("st"))
    if part == ADJECTIVE and not (comparatives and superlatives):
        if lemma.endswith("e"):
            stem = lemma[:-1]
        elif _consonant_y(lemma):
            stem = lemma[:-1] + "i"
        else:
            stem = _stem(lemma, exceptions, "er")[0]
        # Both or neither: "owner" is nothing to "own", nor "number" to "numb".
        pair = comparatives or (stem + "er",), superlatives or (stem + "est",)
        if words is None or all(any(form in words for form in forms) for forms in pair):
            comparatives, superlatives = pair
    return {POSITIVE: (lemma,), COMPARATIVE: comparatives, SUPERLATIVE: superlatives}


def _stem(lemma: str, exceptions: Sequence[str], ending: str) -> tuple[str, ...]:
    """What -ed, -ing or -er is put to: the lemma, its last consonant doubled, or either (travelled, traveled)."""
    if lemma.endswith("c"):
        return (lemma + "k",)  # panicked
    doubled = lemma + lemma[-1:]
    if _SHORT.fullmatch(lemma):
        return (doubled,)
    if doubled + ending in exceptions:
        return (doubled, lemma) if lemma.endswith(("l", "p")) else (doubled,)
    return (lemma,)


def _with_s(lemma: str) -> str:
    """The lemma with the ending of a plural or of the third person."""
    if lemma.endswith(("s", "x", "z", "ch", "sh")) or (lemma.endswith("o") and lemma[-2:-1] not in _VOWELS):
        return lemma + "es"
    return lemma[:-1] + "ies" if _consonant_y(lemma) else lemma + "s"


def _consonant_y(lemma: str) -> bool:
    return lemma.endswith("y") and lemma[-2:-1] not in (*_VOWELS, "")


def exceptions_by_lemma(lists: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Irregular forms by lemma, from lemmas by irregular form."""
    irregular: dict[str, list[str]] = {}
    for form, lemmas in lists.items():
        for lemma in lemmas:
            irregular.setdefault(lemma, []).append(form)
    return irregular
