"""Recipes: the human label is what the recipe says, and what is built is English, punctuation and capitals included."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import islice

import pytest

from core.probes.sarcasm.recipes import HUMAN_READING, PATTERNS, Pattern, Recipe
from core.probes.sarcasm.situations import Situation, bank, read

NEGATIONS = {"no", "not", "never", "nothing", "nobody", "none", "without", "hardly", "neither", "nor", "cannot"}
RELIEF = {"finally", "least", "luckily", "fortunately", "but", "though", "still", "worse", "almost", "glad", "fine"}
OWN = (
    "my flight is delayed again",
    "lost my keys",
    "another flat tyre",
    "Mondays at work",
    "an awful day since 7 a.m. in the office",
)


def built(pattern: Pattern, situation: Situation, count: int, seed: int = 0) -> Iterator[tuple[str, Recipe]]:
    there_are = pattern.count(situation)
    draw = random.Random(f"{seed} {pattern.name} {situation.text}")
    for number in draw.sample(range(there_are), min(count, there_are)):
        yield pattern.build(situation, number)


def some(count: int) -> Iterator[tuple[str, Recipe, Situation]]:
    for situation in (*bank(), *map(read, OWN)):
        for pattern in PATTERNS:
            for text, recipe in built(pattern, situation, count):
                yield text, recipe, situation


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def test_patterns_have_names_of_their_own() -> None:
    assert len({pattern.name for pattern in PATTERNS}) == len(PATTERNS) >= 15


def test_no_part_but_the_situation_negates_or_relieves() -> None:
    for pattern in PATTERNS:
        parts = (*pattern.templates, *pattern.openers, *pattern.intensifiers, *pattern.praises)
        for part in (*parts, *pattern.targets, *pattern.closers):
            assert NEGATIONS.isdisjoint(words(part)) and "n't" not in part, part
            assert RELIEF.isdisjoint(words(part)), part


def test_the_human_label_is_what_the_recipe_says() -> None:
    """Negative: an unwelcome situation, quoted whole, and nothing but praise around it."""
    for text, recipe, situation in some(3):
        assert recipe.human_reading == HUMAN_READING == "negative"
        assert recipe.situation == situation.form(recipe.form)
        place = text.lower().find(recipe.situation.lower())
        assert place >= 0
        around = text[:place] + " " + text[place + len(recipe.situation) :]
        praise = [*recipe.parts().values()]
        scaffold = {"a", "an", "about", "am", "ever", "i", "that", "to", "what"}
        assert set(words(around)) <= set(words(" ".join(praise))) | scaffold, text
        assert recipe.praise


def test_every_entry_of_the_bank_has_candidates_of_every_pattern() -> None:
    for situation in bank():
        for pattern in PATTERNS:
            assert pattern.count(situation) > 0, (situation.text, pattern.name)
        assert sum(pattern.count(situation) for pattern in PATTERNS) >= 10_000


def test_every_part_stands_in_the_text() -> None:
    for text, recipe, _situation in some(2):
        for name, part in recipe.parts().items():
            assert part.lower() in text.lower(), (name, text)
        assert text.lower().index(recipe.situation.lower()) >= 0


def test_capitals_and_marks() -> None:
    for text, _recipe, _situation in some(4):
        assert text[0] == text[0].upper()
        assert "  " not in text and text == text.strip()
        assert not re.search(r"\s[,.:!?]", text), text
        assert re.search(r"(\.|!|!!!|\.\.\.|\?|\?!)$", text), text
        assert not re.search(r"[.!?][a-zA-Z]", text.replace("a.m.", "")), text
        assert not re.search(r"[,:]{2}|[,:][.!?]", text), text
        for after in re.findall(r"[.!?] +(\w)", text.replace("a.m.", "")):
            assert after == after.upper(), text


def test_a_and_an() -> None:
    seen = set()
    for text, recipe, _situation in some(4):
        assert "a(n)" not in text
        for article, word in re.findall(r"\b(?:what|What) (an?) (\w+)", text):
            assert (article == "an") == (word[0] in "aeiou"), text
            seen.add(article)
        assert recipe.intensifier in ("", *recipe.parts().values())
    assert seen == {"a", "an"}


def test_hand_worked() -> None:
    situation = read("My flight is delayed again!!")
    templates = ("{opener} what a(n) {intensifier} {praise}: {situation}{closer}",)
    pattern = Pattern("p", ("whole", "gerund"), templates, ("gift",), ("!",), ("", "Oh,"), ("awful", "lovely"))
    texts = [pattern.build(situation, number)[0] for number in range(pattern.count(situation))]
    assert sorted(texts) == sorted(
        f"{what} {intensified} gift: {form}!"
        for what in ("What", "Oh, what")
        for intensified in ("an awful", "a lovely")
        for form in ("my flight is delayed again", "having my flight delayed again")
    )
    after = Pattern(
        "p", ("whole",), ("{situation}. {opener} {praise}{closer}",), ("pure bliss",), ("...",), ("Oh wow,",)
    )
    assert after.build(situation, 0)[0] == "My flight is delayed again. Oh wow, pure bliss..."


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_count_is_the_number_of_texts(pattern: Pattern) -> None:
    situation = bank()[0]
    made = [pattern.build(situation, number) for number in range(pattern.count(situation))]
    assert len({text for text, _recipe in made}) == len(made)
    assert len({recipe for _text, recipe in made}) * len(pattern.templates) >= len(made)


def test_forms_of_the_same_words_count_once() -> None:
    noun = read("another flat tyre")
    for pattern in PATTERNS:
        forms = [form for form, _words in pattern.situations(noun)]
        assert not {"whole", "noun"} <= set(forms)
    love = next(pattern for pattern in PATTERNS if pattern.name == "I love it")
    assert love.count(noun) == 0
    assert next(islice(built(love, bank()[0], 1), 1))[1].form == "gerund"


def test_braces_in_a_situation_are_only_text() -> None:
    situation = read("{opener} a(n) {0} %s broke my page")
    for pattern in PATTERNS:
        for text, _recipe in built(pattern, situation, 2):
            assert "{opener} a(n) {0} %s broke my page" in text
