"""The suite's templates: enough of them, well formed, every filler used, nothing twice, nothing that contradicts."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from core.probes.checklist import suite, templates
from core.probes.checklist.templates import CAPABILITIES, EXPECTED, Case, Template, load
from core.text.preprocessing import Preprocessing

READ = Preprocessing()
# Pairs that the shipped models' preprocessing reads as one; they test models that tell such texts apart.
READ_AS_ONE = {"another mention", "another link", "capital letters"}
EVERYTHING = suite.Settings(cases=10_000)


def template(**changes: object) -> Template:
    words = (("who", ("I", "we")), ("pair", (("love", "loved"), ("hate", "hated"))))
    plain = Template("some", "negation", "INV", "same", "{who} {pair[0]} it", "{who} {pair[1]} it", words)
    return replace(plain, **changes)  # type: ignore[arg-type]


# The suite as it stands


def test_there_are_enough_templates_and_cases_of_every_kind_and_capability() -> None:
    read_apart = [one for one in load() if one.name not in READ_AS_ONE]
    cases = [case for case in suite.cases() if case.template not in READ_AS_ONE]
    assert len(read_apart) >= 60
    assert len(cases) >= 1_000
    assert {one.capability for one in read_apart} == set(CAPABILITIES)
    kinds = Counter(case.kind for case in cases)
    assert set(kinds) == set(EXPECTED) and min(kinds.values()) >= 100
    assert min(Counter(case.template for case in cases).values()) >= 12
    labels = Counter(case.expected for case in cases if case.kind == "MFT")
    assert 2 / 3 < labels["positive"] / labels["negative"] < 3 / 2, "no label wins by being given always"


def test_nothing_is_asked_twice() -> None:
    cases = suite.cases(EVERYTHING)
    assert len(set(cases)) == len(cases)
    assert len({case.texts for case in cases}) == len(cases)
    named_as_one = [case for case in cases if case.template not in READ_AS_ONE]
    as_read = Counter(tuple(tuple(READ(text)) for text in case.texts) for case in named_as_one)
    assert [tokens for tokens, count in as_read.items() if count > 1] == []


def test_a_pair_differs_after_preprocessing_unless_it_is_known_not_to() -> None:
    alike = {
        case.template
        for case in suite.cases(EVERYTHING)
        if case.changed is not None and READ(case.text) == READ(case.changed)
    }
    assert alike == READ_AS_ONE
    apart = {
        case.template
        for case in suite.cases(EVERYTHING)
        if case.changed is not None and READ(case.text) != READ(case.changed)
    }
    assert apart.isdisjoint(READ_AS_ONE), "they are read as one in every case"


def test_every_filler_is_used() -> None:
    unused = []
    for one in load():
        made = {case.texts for case in one.cases(suite.CASES, 0)}
        for slot, (name, fillers) in enumerate(one.words):
            if len(fillers) <= suite.CASES:
                for filler in fillers:
                    alone = (*one.words[:slot], (name, (filler,)), *one.words[slot + 1 :])
                    if made.isdisjoint(case.texts for case in replace(one, words=alone).cases(10_000, 0)):
                        unused.append((one.name, filler))
    assert unused == []


def test_every_filler_of_a_longer_list_is_used_by_some_template() -> None:
    texts = " ".join(text for case in suite.cases() for text in case.texts)
    long = {fillers for one in load() for _name, fillers in one.words if len(fillers) > suite.CASES}
    assert len(long) == 1
    assert [filler for fillers in long for filler in fillers if str(filler) not in texts] == []


def test_texts_are_clean_english_of_a_tweets_length() -> None:
    for case in suite.cases(EVERYTHING):
        for text in case.texts:
            assert text == " ".join(text.split()) and len(text) <= 140, text
            assert re.search(r"[{}\[\]]|\.\.|,,| [.,!?]", text) is None, text
            assert re.search(r"\b[Aa] [aeiou]", text) is None, f"an: {text}"
            assert re.search(r"\b[Aa]n [^aeiou]", text) is None, f"a: {text}"
            assert re.search(r"\b(\w+) \1\b", text.replace("very very very", "")) is None, f"twice: {text}"


def test_no_expectation_contradicts_another() -> None:
    """There are probabilities of all texts under which nothing fails: labels are passed on along pairs."""
    probability, asked = consistent_labels()
    assert all(probability[case.text] == float(case.expected == "positive") for case in asked if case.kind == "MFT")
    read_whole = suite.run_predictor("reader", lambda texts: np.array([probability[text] for (text,) in texts]), whole)
    assert read_whole.rate.failures == 0
    for invariance in suite.INVARIANCES:
        settings = suite.Settings(tolerance=0, invariance=invariance)
        found = suite.run_predictor(
            "reader", lambda texts: np.array([probability[text] for (text,) in texts]), whole, settings
        )
        assert (found.rate.failures, found.rate.left_out) == (0, 0)
        assert found.rate.cases == len(suite.cases())


def whole(text: str) -> list[str]:
    """A reader that takes the text as one token."""
    return [text]


def consistent_labels() -> tuple[dict[str, float], tuple[Case, ...]]:
    asked = suite.cases()
    probability = {case.text: float(case.expected == "positive") for case in asked if case.kind == "MFT"}
    pairs = [(case.text, case.changed) for case in asked if case.changed is not None]
    for _ in range(5):  # along chains of pairs that share a text
        for a, b in pairs:
            if a in probability or b in probability:
                probability.setdefault(a, probability.get(b, 0.5))
                probability.setdefault(b, probability[a])
    return {text: probability.get(text, 0.5) for case in asked for text in case.texts}, asked


# How cases are made of templates


def test_few_combinations_are_all_made_in_the_fillers_order() -> None:
    cases = template().cases(limit=4, seed=0)
    assert [case.texts for case in cases] == [
        ("I love it", "I loved it"),
        ("I hate it", "I hated it"),
        ("we love it", "we loved it"),
        ("we hate it", "we hated it"),
    ]
    assert {(case.template, case.capability, case.kind, case.expected) for case in cases} == {
        ("some", "negation", "INV", "same")
    }
    assert template().cases(limit=4, seed=1) == cases, "there is nothing to draw"


@pytest.mark.parametrize("sizes", [(3, 4, 5), (2, 30), (1, 6, 2, 3), (40,)])
@pytest.mark.parametrize("limit", [5, 29])
def test_of_many_so_many_are_drawn_and_every_filler_comes_up(sizes: tuple[int, ...], limit: int) -> None:
    words = tuple((f"s{slot}", tuple(f"w{slot}x{n}" for n in range(size))) for slot, size in enumerate(sizes))
    text = " ".join(f"{{{name}}}" for name, _fillers in words)
    many = template(kind="MFT", expected="negative", text=text, changed=None, words=words)
    assert many.combinations == math.prod(sizes)
    everything = [case.text for case in many.cases(10_000, 0)]
    for seed in range(5):
        drawn = [case.text for case in many.cases(limit, seed)]
        assert len(drawn) == min(limit, many.combinations) == len(set(drawn))
        assert drawn == sorted(drawn, key=everything.index)
        if limit >= max(sizes):
            assert {word for text in drawn for word in text.split()} == {word for _, all_ in words for word in all_}
        assert drawn == [case.text for case in many.cases(limit, seed)]
    if limit < many.combinations:
        assert len({many.cases(limit, seed) for seed in range(5)}) > 1, "the seed decides"


def test_a_draw_is_the_templates_own() -> None:
    words = (("a", tuple("abcdefgh")), ("b", tuple("ijklmnop")))
    one = template(kind="MFT", expected="negative", text="{a} {b}", changed=None, words=words)
    assert [case.text for case in one.cases(9, 0)] != [case.text for case in replace(one, name="two").cases(9, 0)]
    chosen = suite.Settings(capabilities=("temporal",))
    assert suite.cases(chosen) == tuple(case for case in suite.cases() if case.capability == "temporal")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"capability": "telepathy"}, "no capability 'telepathy'; vocabulary, negation"),
        ({"kind": "XYZ"}, "expects 'same' as 'XYZ'; possible are MFT: negative, positive; INV: same; DIR: up, down"),
        ({"expected": "up"}, "expects 'up' as 'INV'"),
        ({"changed": None}, "INV and DIR have a changed text, MFT has none"),
        ({"kind": "MFT", "expected": "negative"}, "INV and DIR have a changed text, MFT has none"),
        ({"text": "{who} it"}, None),
        ({"text": "{whom} it"}, "its slots and its fillers are not the same"),
        ({"words": (("who", ("I", "I")), ("pair", ("a", "b")))}, "a slot has no filler, or one twice"),
        ({"words": (("who", ()), ("pair", ("a", "b")))}, "a slot has no filler, or one twice"),
    ],
)
def test_invalid_templates_are_refused(changes: dict[str, object], message: str | None) -> None:
    if message is None:
        template(**changes)
        return
    with pytest.raises(ValueError, match=re.escape(message)):
        template(**changes)


@pytest.mark.parametrize("entry", [{"wrods": {}}, {"words": {"where": ["here"]}}, {"text": "{who} {hate} it"}])
def test_slips_in_the_file_are_refused(entry: dict[str, object]) -> None:
    plain = {"name": "some", "capability": "negation", "kind": "MFT", "expected": "negative", "text": "{who} hate it"}
    made = templates._template(plain, {"who": ["I", ["we", "us"]]})
    assert made.words == (("who", ("I", ("we", "us"))),)
    with pytest.raises((ValueError, TypeError), match=r"wrods|its slots and its fillers"):
        templates._template(plain | entry, {"who": ["I"]})
