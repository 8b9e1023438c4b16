"""What labels stand for: numbers, words, words of one's own, and what is told of those that nobody understands."""

from __future__ import annotations

import pytest

from core.probes.files.readings import Readings


@pytest.mark.parametrize("value", [0, "0", 0.0, "0.0", "negative", " NEG ", "Neg"])
def test_negative(value: object) -> None:
    assert Readings("label").of(value) == 0 and not Readings("label").neither(value)


@pytest.mark.parametrize("value", [1, "1", 1.0, "1.00", "Positive", "pos"])
def test_positive(value: object) -> None:
    assert Readings("label").of(value) == 1 and not Readings("label").neither(value)


@pytest.mark.parametrize("value", [None, "", "  ", 2, "2", "neutral", "Mixed", float("nan")])
def test_neither(value: object) -> None:
    assert Readings("label").of(value) is None and Readings("label").neither(value)


@pytest.mark.parametrize("value", ["sarcastic", "4", -1, [1], {"a": 1}, "01"])
def test_what_is_not_understood(value: object) -> None:
    assert Readings("label").of(value) is None and not Readings("label").neither(value)


def test_words_of_ones_own_win() -> None:
    readings = Readings("mood", positive=["Joy", "2"], negative=["sarcastic", "1"])
    assert [readings.of(value) for value in ("joy", 2, "SARCASTIC", 1, 0, "pos")] == [1, 1, 0, 0, 0, 1]
    assert not readings.neither(2)


def test_the_public_sentiment140_labels() -> None:
    readings = Readings("label", sentiment140=True)
    assert [readings.of(value) for value in ("0", "2", "4")] == [0, None, 1] and readings.neither("2")


def test_one_word_cannot_mean_both() -> None:
    with pytest.raises(ValueError, match="'Odd' cannot stand for both"):
        Readings("label", positive=["Odd"], negative=["odd"])


def test_the_refusal_names_what_was_found_and_what_is_understood() -> None:
    said = Readings("mood", negative=["rude"]).refusal("a.csv", ["a", "b", "c", "d", "e", "f"])
    assert "a.csv" in said and "'mood'" in said and "'a', 'b', 'c', 'd', 'e', …" in said and "'f'" not in said
    assert "negative: 0, negative, neg, rude" in said and "positive: 1, positive, pos" in said and "--negative" in said


def test_many_values_are_not_remembered_for_ever() -> None:
    readings = Readings("label")
    for number in range(5_000):
        readings.of(f"w{number}")
    assert len(readings._seen) <= 1_000 and readings.of("neg") == 0
