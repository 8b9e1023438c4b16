"""The composer: both sentences of a pair hold the same words, every pair has one number, and the table is sound."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from core.probes.permutations import composer
from core.probes.permutations.composer import DIFFER, OPEN, RELATIONS, STAY, Block, Pattern, load, nearest, read
from core.text import lexicon
from core.text.preprocessing import Preprocessing

SHIPPED = Path(__file__).parents[3] / "checkpoints"
READ = Preprocessing()
TABLE: dict[str, Any] = {
    "words": {"who": ["i", "we"], "name": ["ann", "bob", "cat"], "hurt": ["hurt"], "help": ["helped", "saved"]},
    "sides": {"deed": ["hurt", "help"], "quality": ["bad", "good"]},
    "topic": {
        "food": {"thing": ["soup", "pie"], "good": ["tasty"], "bad": ["bland"]},
        "show": {"thing": ["play"], "good": ["funny", "great"], "bad": ["dull"]},
        "bare": {"thing": ["rock"]},
    },
    "pattern": [],
}
NOT_BUT = {"name": "not but", "a": "the {thing} was not {bad} but {good}", "b": "the {thing} was not {good} but {bad}"}
NOT_BUT |= {"must": "differ", "main": "good", "labels": ["positive", "negative"]}  # type: ignore[dict-item]
ROLES = {"name": "roles", "a": "{name[0]} {deed} {name[1]}", "b": "{name[1]} {deed} {name[0]}"}
ROLES |= {"must": "stay", "main": "deed"}


def made(entry: dict[str, Any], **changes: Any) -> Pattern:
    (pattern,) = read(TABLE | {"pattern": [entry | changes]})
    return pattern


def sentences(pattern: Pattern) -> list[str]:
    return [pattern.pair(number).a for number in range(pattern.count)]


# The shipped table


def test_there_are_patterns_of_every_relation_and_millions_of_pairs() -> None:
    relations = Counter(pattern.must for pattern in load())
    assert len(load()) >= 32 and all(relations[must] >= 10 for must in RELATIONS)
    assert sum(pattern.count for pattern in load()) > 2_000_000
    assert min(pattern.count for pattern in load()) >= 80


@given(st.sampled_from(load()), st.data())
def test_both_sentences_are_permutations_after_preprocessing_and_differ(pattern: Pattern, data: st.DataObject) -> None:
    pair = pattern.pair(data.draw(st.integers(0, pattern.count - 1)))
    a, b = READ(pair.a), READ(pair.b)
    assert a != b and Counter(a) == Counter(b)
    assert (a, b) == (pair.a.split(), pair.b.split()), "preprocessing leaves the tokens as they are"
    assert (pair.pattern, pair.must) == (pattern.name, pattern.must)
    if pair.must == DIFFER:
        assert pair.labels is not None and set(pair.labels) == {"negative", "positive"}
    elif pair.must == OPEN:
        assert pair.labels is None
    else:
        assert pair.labels is None or len(set(pair.labels)) == 1


def test_every_word_is_known_to_the_shipped_models() -> None:
    known = set((SHIPPED / "lstm" / "vocabulary.txt").read_text(encoding="utf-8").split("\n"))
    texts = [pattern.a for pattern in load()]
    texts += [
        piece
        for pattern in load()
        for block in pattern.blocks
        for _name, of_slot in block.words
        for filler in of_slot
        for piece in ((filler,) if isinstance(filler, str) else filler)
    ]
    words = {word for text in texts for word in re.sub(r"{.*?}", "", text).split()}
    assert words - known == set() and len(words) > 500


def sided() -> dict[tuple[str, str], list[str]]:
    """The single words of each list that has a side, by topic and name."""
    table = composer.tomllib.loads(composer._FILE.read_text(encoding="utf-8"))
    names = {name for both in table["sides"].values() for name in both} | {"poor", "fine"}
    lists = {"": table["words"], **table["topic"]}
    return {
        (topic, name): [word for word in words if isinstance(word, str) and " " not in word]
        for topic, of_topic in lists.items()
        for name, words in of_topic.items()
        if name in names
    }


def test_no_word_of_a_side_is_opposed_to_another_and_every_topic_has_opposites() -> None:
    words = lexicon.load()
    for key, of_side in sided().items():
        grades = {words.opposed(one, other) for one, other in combinations(of_side, 2)}
        assert grades <= {None, lexicon.INDIRECT}, key
    for topic in {topic for topic, _name in sided()} - {""}:
        good, bad = sided()[topic, "good"], sided()[topic, "bad"]
        assert sum(words.opposed(one, other) is not None for one in good for other in bad) >= 10, topic


def test_log_odds_of_words_agree_with_their_sides() -> None:
    """Those of the tweets that the shipped models were trained on; a single word may be rare or meant otherwise."""
    (log_odds,) = load_file(SHIPPED / "lstm" / "polarity.safetensors").values()
    entries = (SHIPPED / "lstm" / "vocabulary.txt").read_text(encoding="utf-8").split()
    odds_of = dict(zip(entries, log_odds.tolist(), strict=False))
    negative = ("bad", "fault", "sad", "low", "poor", "hates", "harmed")
    for (topic, name), words in sided().items():
        side = -1 if name in negative else 1
        odds = [side * odds_of[word] for word in words]
        assert not odds or (min(odds) > -0.8 and sum(odds) > 0), (topic, name)
    table = composer.tomllib.loads(composer._FILE.read_text(encoding="utf-8"))
    for lists in (table["words"], *table["topic"].values()):
        for name in {"contrast", "mixed", "felt", "with_you", "fun", "plenty"} & lists.keys():
            for better, worse in lists[name]:
                assert " " in better or odds_of[better] - odds_of[worse] > -0.2, (name, better, worse)


# Numbers and draws


@pytest.mark.parametrize("entry", [NOT_BUT, ROLES])
def test_every_number_is_one_pair(entry: dict[str, Any]) -> None:
    pattern = made(entry)
    pairs = [pattern.pair(number) for number in range(pattern.count)]
    assert len({frozenset((pair.a, pair.b)) for pair in pairs}) == len(set(pairs)) == pattern.count
    for number in (-1, pattern.count):
        with pytest.raises(LookupError, match=f"has the pairs 0 to {pattern.count - 1}; given: {number}"):
            pattern.pair(number)


@settings(max_examples=60)
@given(st.sampled_from(load()), st.integers(1, 60), st.integers(0, 9))
def test_a_draw_is_seeded_and_has_no_pair_twice(pattern: Pattern, limit: int, seed: int) -> None:
    pairs = pattern.draw(limit, seed)
    assert len(set(pairs)) == len(pairs) == min(limit, pattern.count)
    assert pairs == pattern.draw(limit, seed)


def test_another_seed_is_another_draw_and_blocks_share_it() -> None:
    pattern = next(one for one in load() if one.name == "coordinated nouns")
    assert pattern.draw(20, 0) != pattern.draw(20, 1)
    labels = Counter(pair.labels for pair in pattern.draw(120, 0))
    assert set(labels.values()) == {60}
    assert made(ROLES).draw(100, 0) == tuple(map(made(ROLES).pair, range(9)))


def test_fillers_are_of_one_topic_and_one_side_at_a_time() -> None:
    assert sentences(made(NOT_BUT)) == [
        "the soup was not bland but tasty",
        "the pie was not bland but tasty",
        "the play was not dull but funny",
        "the play was not dull but great",
    ]
    assert made(NOT_BUT, topics=["show"]).count == 2
    roles = made(ROLES)
    assert [(pair.a, pair.labels) for pair in map(roles.pair, range(roles.count))][2:5] == [
        ("bob hurt cat", ("negative", "negative")),
        ("ann helped bob", ("positive", "positive")),
        ("ann saved bob", ("positive", "positive")),
    ]
    assert roles.count == 9, "whoever is swapped, three pairs of names times three deeds"
    apart = made(ROLES, a="{name[0]} saw {name[1]} and {who}", b="{name[0]} and {who} saw {name[1]}", main="who")
    assert apart.count == 12, "no swap of names, so both orders of the three pairs of names"
    assert apart.pair(0).labels is None
    assert made(NOT_BUT).cluster(made(NOT_BUT).pair(3)) == "great"
    assert made(ROLES, main="name[0]").cluster(roles.pair(2)) == "bob"


# A person's own sentence


def test_the_nearest_pattern_takes_a_sentences_own_words() -> None:
    (swap,) = nearest(["i", "love", "that", "i", "hate", "this", "song"], 1)
    assert (swap.a, swap.b) == ("i love that i hate this song", "i hate that i love this song")
    (role,) = nearest(["the", "nurse", "helped", "the", "pilot"], 1)
    assert role.pattern == "role swap" and "the nurse helped the pilot" in role.a


@settings(max_examples=8)
@given(
    st.lists(st.sampled_from(["the", "soup", "was", "not", "bad", "but", "i", "love", "never", "zzz"]), max_size=9),
    st.integers(1, 80),
)
def test_nearest_gives_a_pair_of_as_many_patterns_most_words_first(tokens: list[str], limit: int) -> None:
    pairs = nearest(tokens, limit, seed=3)
    assert len({pair.pattern for pair in pairs}) == len(pairs) == min(limit, len(load()))
    used = [(Counter(tokens) & Counter(pair.a.split())).total() for pair in pairs]
    assert used == sorted(used, reverse=True) and pairs == nearest(tokens, limit, seed=3)


# Bad input


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"must": "turn"}, "no relation 'turn'; available: differ, stay, open"),
        ({"labels": None}, "labels that must differ are missing"),
        ({"labels": ["positive", "positive"]}, "of a pattern whose labels must differ"),
        ({"labels": ["good", "bad"]}, "labels are two of negative, positive"),
        ({"must": "open"}, "it is open, so it has no labels"),
        ({"must": "stay"}, "of a pattern whose labels must stay"),
        ({"b": "the {thing} was {good} but not bad"}, "not permutations of each other"),
        ({"b": NOT_BUT["a"]}, "not permutations of each other"),
        ({"a": "a {x} {good}", "b": "{x} a {good}"}, "a slot has no fillers"),
        ({"topics": ["bare"]}, "no topic has fillers for all"),
        ({"topics": ["fish"]}, "no topic 'fish'; available: food, show, bare"),
        ({"main": "who"}, "it has no slot 'who'"),
        ({"mian": "good"}, "unknown mian; expected: a, b,"),
    ],
)
def test_an_invalid_pattern_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        made(NOT_BUT, **changes)


def test_other_invalid_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="two patterns have one name"):
        read(TABLE | {"pattern": [ROLES, ROLES]})
    with pytest.raises(ValueError, match="it has no b, main"):
        read({"pattern": [{"name": "x", "a": "{who} am", "must": STAY}]})
    words = {"who": ["i", "i"], "list": [["a", "b"], ["c"]]}
    with pytest.raises(ValueError, match="'who' has no filler, or one twice"):
        read({"words": words, "pattern": [ROLES | {"a": "{who} am", "b": "am {who}", "main": "who"}]})
    with pytest.raises(ValueError, match="a filler of 'list' has other pieces"):
        read(
            {
                "words": words,
                "pattern": [ROLES | {"a": "{list[0]} {list[1]}", "b": "{list[1]} {list[0]}", "main": "list"}],
            }
        )
    with pytest.raises(ValueError, match="its slots and its fillers are not the same"):
        Pattern("x", "{who} am", "am {who}", OPEN, "who", (Block((), None),))
    with pytest.raises(LookupError, match="no pattern 'nothing'; available: moved negation, "):
        composer.named(["nothing"])
    with pytest.raises(ValueError, match="expected a limit of at least 1; given: 0"):
        nearest(["i"], 0)
