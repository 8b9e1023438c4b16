"""The forms of English words: by hand, rule by rule, and the irregular verbs against what any grammar says."""

from __future__ import annotations

import pytest

from core.text.inflection import (
    ADJECTIVE,
    BASE,
    COMPARATIVE,
    ING,
    NOUN,
    PARTICIPLE,
    PAST,
    PLURAL,
    PRINCIPAL_PARTS,
    SINGULAR,
    SUPERLATIVE,
    TAGS,
    THIRD,
    VERB,
    exceptions_by_lemma,
    paradigm,
)


@pytest.mark.parametrize(
    ("lemma", "third", "past", "participle", "ing"),
    [
        ("walk", "walks", "walked", "walked", "walking"),
        ("hope", "hopes", "hoped", "hoped", "hoping"),
        ("agree", "agrees", "agreed", "agreed", "agreeing"),
        ("dye", "dyes", "dyed", "dyed", "dyeing"),
        ("die", "dies", "died", "died", "dying"),
        ("cry", "cries", "cried", "cried", "crying"),
        ("play", "plays", "played", "played", "playing"),
        ("stop", "stops", "stopped", "stopped", "stopping"),
        ("fix", "fixes", "fixed", "fixed", "fixing"),
        ("cheat", "cheats", "cheated", "cheated", "cheating"),
        ("panic", "panics", "panicked", "panicked", "panicking"),
        ("miss", "misses", "missed", "missed", "missing"),
        ("steal", "steals", "stole", "stolen", "stealing"),
        ("take", "takes", "took", "taken", "taking"),
        ("overtake", "overtakes", "overtook", "overtaken", "overtaking"),
        ("hit", "hits", "hit", "hit", "hitting"),
        ("run", "runs", "ran", "run", "running"),
        ("go", "goes", "went", "gone", "going"),
        ("have", "haves", "had", "had", "having"),  # "has" is in lists of exceptions
        ("behave", "behaves", "behaved", "behaved", "behaving"),
    ],
)
def test_verbs(lemma: str, third: str, past: str, participle: str, ing: str) -> None:
    assert paradigm(lemma, VERB) == {
        BASE: (lemma,), THIRD: (third,), PAST: (past,), PARTICIPLE: (participle,), ING: (ing,)
    }  # fmt: skip


def test_exceptions_say_where_a_consonant_doubles() -> None:
    assert paradigm("admit", VERB, ["admitted", "admitting"])[PAST] == ("admitted",)
    assert paradigm("visit", VERB)[ING] == ("visiting",)
    assert paradigm("travel", VERB, ["travelled", "travelling"])[PAST] == ("travelled", "traveled")
    assert paradigm("have", VERB, ["had", "has"])[THIRD] == ("has",)
    assert paradigm("be", VERB)[PAST] == ("was", "were")


@pytest.mark.parametrize(
    ("lemma", "exceptions", "plural"),
    [
        ("dog", [], ("dogs",)),
        ("bus", [], ("buses",)),
        ("wish", [], ("wishes",)),
        ("party", [], ("parties",)),
        ("day", [], ("days",)),
        ("radio", [], ("radios",)),
        ("tomato", [], ("tomatos", "tomatoes")),  # which of the two, a list of words must say
        ("child", ["children"], ("children",)),
        ("us", [], ()),
    ],
)
def test_nouns(lemma: str, exceptions: list[str], plural: tuple[str, ...]) -> None:
    found = paradigm(lemma, NOUN, exceptions)
    assert found[SINGULAR] == (lemma,)
    assert found.get(PLURAL, ()) == plural


def test_women_are_known_by_the_words() -> None:
    words = {"women", "womans", "humans", "humen's"}
    assert paradigm("woman", NOUN, [], words)[PLURAL] == ("women",)
    assert paradigm("human", NOUN, [], words)[PLURAL] == ("humans",)


def test_comparatives_come_in_pairs() -> None:
    words = {"nicer", "nicest", "happier", "happiest", "bigger", "biggest", "owner", "number", "sadder"}
    for lemma, forms in (
        ("nice", ("nicer", "nicest")),
        ("happy", ("happier", "happiest")),
        ("big", ("bigger", "biggest")),
    ):
        found = paradigm(lemma, ADJECTIVE, [], words)
        assert found[COMPARATIVE] + found[SUPERLATIVE] == forms
    assert set(paradigm("own", ADJECTIVE, [], words)) == set(paradigm("numb", ADJECTIVE, [], words)) == {"positive"}
    good = paradigm("good", ADJECTIVE, ["better", "best"], {"better", "best", "gooder", "goodest"})
    assert good[COMPARATIVE] + good[SUPERLATIVE] == ("better", "best")


def test_only_forms_that_some_list_holds() -> None:
    words = {"steals", "stole", "stealed", "stealing"}
    assert paradigm("steal", VERB, [], words) == {
        BASE: ("steal",), THIRD: ("steals",), PAST: ("stole",), ING: ("stealing",)
    }  # fmt: skip


def test_no_irregular_verb_is_also_regular_unless_it_says_so() -> None:
    for lemma, (past, participle) in PRINCIPAL_PARTS.items():
        regular = lemma + ("d" if lemma.endswith("e") else "ed")
        forms = {form for tag in paradigm(lemma, VERB).values() for form in tag}
        assert (regular in forms) == (regular in past + participle), lemma
        assert all(form.isalpha() and form.islower() for form in forms), lemma


def test_the_lemma_is_first_everywhere() -> None:
    for part, tags in TAGS.items():
        assert paradigm("quick", part, [], set()) == {tags[0]: ("quick",)}


def test_exceptions_turned_round() -> None:
    lists = {"stole": ["steal"], "stolen": ["steal"], "rove": ["reeve", "rive"]}
    assert exceptions_by_lemma(lists) == {"steal": ["stole", "stolen"], "reeve": ["rove"], "rive": ["rove"]}
