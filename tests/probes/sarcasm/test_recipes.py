"""Recipes: the human label is what the recipe says, and what is built is English, punctuation and capitals included."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import islice

from core.probes.sarcasm.recipes import GOLD_LABEL, PATTERNS, Pattern, Recipe
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


def test_remarks_are_their_recipe_and_good_english() -> None:
    """Negative: an unwelcome situation, quoted whole, and nothing but praise around it."""
    assert GOLD_LABEL == "negative"
    scaffold = {"a", "an", "about", "am", "ever", "i", "that", "to", "what"}
    articles = set()
    for situation in (*bank(), *map(read, OWN)):
        for text, recipe in (made for pattern in PATTERNS for made in built(pattern, situation, 2)):
            assert recipe.situation == situation.form(recipe.form)
            start = text.lower().index(recipe.situation.lower())
            around = text[:start] + " " + text[start + len(recipe.situation) :]
            assert set(words(around)) <= set(words(" ".join(recipe.parts().values()))) | scaffold, text
            assert recipe.praise and all(part.lower() in text.lower() for part in recipe.parts().values()), text
            assert recipe.intensifier in ("", *recipe.parts().values())
            assert text[0] == text[0].upper() and text == " ".join(text.split())
            marks = text.replace("a.m.", "")
            assert not re.search(r"\s[,.:!?]|[,:]{2}|[,:][.!?]|[.!?][a-zA-Z]|[.!?] +[a-z]", marks), text
            assert re.search(r"(\.|!|!!!|\.\.\.|\?|\?!)$", text) and "a(n)" not in text, text
            for article, word in re.findall(r"\b(?:what|What) (an?) (\w+)", text):
                assert (article == "an") == (word[0] in "aeiou"), text
                articles.add(article)
    assert articles == {"a", "an"}


def test_every_entry_of_the_bank_has_candidates_of_every_pattern() -> None:
    for situation in bank():
        for pattern in PATTERNS:
            assert pattern.count(situation) > 0, (situation.text, pattern.name)
        assert sum(pattern.count(situation) for pattern in PATTERNS) >= 10_000


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


def test_count_is_the_number_of_texts() -> None:
    situation = bank()[0]
    for pattern in (pattern for pattern in PATTERNS if pattern.name in ("I love it", "thanks", "what a treat")):
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
