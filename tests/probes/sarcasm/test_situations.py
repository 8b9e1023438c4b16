"""The bank of situations, and the forms that the rules make of a person's own."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.probes.sarcasm.situations import FORMS, Situation, bank, read
from tests.hostile import SENTENCES

# Words that say what sentence it is, not what it is about.
_LIGHT = """
    a an the i my me we our it is are was were be been being am have has had do did not and of in on at to for from by
    with that this who so as all only
    """


def content(text: str) -> set[str]:
    return {word.lower().rstrip("s") for word in re.findall(r"[a-z-]+", text, re.IGNORECASE)} - set(_LIGHT.split())


def test_the_bank_is_large_and_varied() -> None:
    topics = [situation.topic for situation in bank()]
    assert len(bank()) >= 180
    assert set(topics) >= {"travel", "work", "health", "money", "weather", "tech", "family", "sport", "school", "food"}
    assert all(topics.count(topic) >= 10 for topic in topics)


def test_no_two_situations_are_alike() -> None:
    """In no two are half of all words of weight the same (Jaccard), in any of their forms."""
    assert len({form for one in bank() for form in (one.clause, one.gerund, one.noun) if form}) == sum(
        bool(form) for one in bank() for form in (one.clause, one.gerund, one.noun)
    )
    for form in ("clause", "gerund", "noun"):
        for x, y in combinations([content(text) for one in bank() if (text := one.form(form))], 2):
            assert len(x & y) / len(x | y) < 0.5, (x, y)


def test_every_form_is_one_that_a_recipe_can_hold() -> None:
    for situation in bank():
        assert situation.text == situation.clause and situation.gerund and situation.event is None
        for form in (situation.clause, situation.gerund, situation.noun):
            if form is not None:
                assert form.isascii() and form == " ".join(form.split()) and form[-1].isalpha(), form
                assert form[0].islower() or form.startswith("I "), form
                assert 2 <= len(form.split()) <= 16, form
        assert situation.gerund.split()[0].endswith("ing") or situation.gerund.startswith("not ")
        assert situation.clause is not None
        assert not situation.noun or not situation.noun.startswith("I ")


@pytest.mark.parametrize(
    ("text", "gerund"),
    [
        ("I lost my keys", "losing my keys"),
        ("lost my keys", "losing my keys"),
        ("I'm late for work", "being late for work"),
        ("Stuck in traffic again", "being stuck in traffic again"),
        ("still stuck in traffic", "being still stuck in traffic"),
        ("I have been waiting for two hours", "waiting for two hours"),
        ("we have been on hold for two hours", "being on hold for two hours"),
        ("I can't find my keys", "not being able to find my keys"),
        ("I don't have any money", "not having any money"),
        ("I just got soaked by a bus", "getting soaked by a bus"),
        ("I must work on Sunday", "having to work on Sunday"),
        ("I spend every weekend alone", "spending every weekend alone"),
        ("my flight is delayed again", "having my flight delayed again"),
        ("My flight’s delayed again", "having my flight delayed again"),
        ("my bike has been stolen", "having my bike stolen"),
        ("my boss is shouting at me", "having my boss shouting at me"),
        ("she's been ignoring me for days", "having her ignoring me for days"),
        ("waiting two hours for a bus", "waiting two hours for a bus"),
    ],
)
def test_gerunds(text: str, gerund: str) -> None:
    assert read(text).gerund == gerund and read(text).event is None


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("my phone died", "my phone dying"),
        ("the airline lost my suitcase", "the airline losing my suitcase"),
        ("the car won't start", "the car not starting"),
        ("he snores all night", "him snoring all night"),
        ("it's raining again", "it raining again"),
        ("my boss hates me", "my boss hating me"),
        ("the bus never came", "the bus never coming"),
        ("the bus I take is late", "the bus I take being late"),
        ("someone else ate my lunch", "someone else eating my lunch"),
        ("my laptop keeps crashing", "my laptop crashing"),
        (
            "the meeting that should have been an email took hours",
            "the meeting that should have been an email taking hours",
        ),
    ],
)
def test_events(text: str, event: str) -> None:
    assert read(text).event == event and read(text).gerund is None and read(text).clause == text


@pytest.mark.parametrize(
    ("text", "noun"),
    [
        ("Another flat tyre", "another flat tyre"),
        ("no wifi", "no wifi"),
        ("a cold that won't go away", "a cold that won't go away"),
        ("a library fine for a book I returned", "a library fine for a book I returned"),
        ("two hours in the rain", "two hours in the rain"),
        ("I have a headache", "a headache"),
        ("I've got a cold", "a cold"),
        ("I just got another parking ticket", "another parking ticket"),
        ("there is no hot water", "no hot water"),
    ],
)
def test_nouns(text: str, noun: str) -> None:
    assert read(text).noun == noun


@pytest.mark.parametrize(
    ("text", "form", "why"),
    [
        ("my car towed away", "noun", "'towed' may be its verb"),
        ("my neighbours party all night", "noun", "may be its verb"),
        ("I burned my tongue and cannot taste", "gerund", "'and'"),
        ("my train is going to be late", "gerund", "future"),
        ("my train might be late", "gerund", "may or will"),
        ("another flat tyre", "clause", "no verb"),
        ("waiting for the bus is awful", "gerund", "where its verb is"),
        ("It rained. I was out", "clause", "more than one sentence"),
        ("Mondays at work", "noun", "what 'Mondays' begins"),
        ("the bus came late", "noun", "only from"),
        ("there is no hot water", "gerund", "only that something is there"),
    ],
)
def test_what_the_rules_are_not_sure_of_is_not_made(text: str, form: str, why: str) -> None:
    situation = read(text)
    assert situation.form(form) is None
    assert why in dict(situation.missing)[form]


def test_the_rules_on_the_bank() -> None:
    """What the rules make of the bank's clauses: a clause is never taken for anything else, nor read half."""
    made = [read(situation.text) for situation in bank()]
    for own, situation in zip(made, bank(), strict=True):
        assert own.clause in (None, situation.clause)
        assert own.noun is None or own.clause is not None, f"{own.text} taken for a noun phrase"
        for form in filter(None, (own.gerund, own.event)):  # one verb is said in another form, the rest as it was
            new = set(form.split()) - set(own.text.split()) - {"having", "being", "not", "able", "to", "them"}
            assert len(new) <= 1 and all(word.endswith("ing") for word in new), form
    assert sum(bool(own.gerund or own.event) for own in made) / len(made) > 0.75
    assert sum(own.gerund == situation.gerund for own, situation in zip(made, bank(), strict=True)) > 55


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the situation is empty"),
        (" \n\t", "the situation is empty"),
        ("?! ...", "has no word in it"),
        ("!" * 1000, "has no word in it"),
        ("traffic", "describe the situation in two words or more, such as: my flight is delayed again"),
        ("traffic!!! ...", "two words or more"),
        ("so " * 500, "in 40 words at most; it has 500"),
    ],
)
def test_what_is_no_situation_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)) as error:
        read(text)
    assert "\n" not in str(error.value) and len(str(error.value)) < 200
    with pytest.raises(LookupError, match="whole, clause, gerund, event, noun"):
        bank()[0].form("verb")


def check(situation: Situation) -> None:
    assert situation.text
    named = dict(situation.missing)
    for form in FORMS:
        text = situation.form(form)
        assert text is None or (text.strip() == text and text)
        if form in ("clause", "gerund", "noun"):
            assert (text is None) == (form in named)


@pytest.mark.parametrize("text", SENTENCES)
def test_hostile_text_is_only_text(text: str) -> None:
    try:
        situation = read(text)
    except ValueError as error:
        assert "situation" in str(error)
    else:
        check(situation)
        assert "".join(situation.text.split()).lower() in "".join(text.split()).lower()


_WORDS = "i my the a that and is not have been lost ate keys who going to n't can't it's she're . ! phone's delayed -"


@settings(max_examples=60)
@given(st.lists(st.sampled_from(_WORDS.split()), min_size=1, max_size=9).map(" ".join) | st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        situation = read(text)
    except ValueError:
        return
    check(situation)
    again = read(situation.text)
    assert again == situation  # what was read of it is read the same
