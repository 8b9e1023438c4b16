"""Spelling of gerunds: hand-worked examples, and two ways to the same one."""

from __future__ import annotations

import pytest

from core.probes.sarcasm import gerunds


@pytest.mark.parametrize(
    ("base", "gerund"),
    [
        *[("lose", "losing"), ("die", "dying"), ("get", "getting"), ("see", "seeing"), ("panic", "panicking")],
        *[("wait", "waiting"), ("fix", "fixing"), ("play", "playing"), ("carry", "carrying"), ("be", "being")],
        *[("begin", "beginning"), ("visit", "visiting"), ("quit", "quitting"), ("dye", "dyeing"), ("show", "showing")],
    ],
)
def test_of_a_base_form(base: str, gerund: str) -> None:
    assert gerunds.ing(base) == gerund


@pytest.mark.parametrize(
    ("past", "gerund"),
    [
        *[("missed", "missing"), ("closed", "closing"), ("carried", "carrying"), ("died", "dying")],
        *[("stopped", "stopping"), ("panicked", "panicking"), ("freed", "freeing"), ("needed", "needing")],
        *[("stole", "stealing"), ("got", "getting"), ("hit", "hitting"), ("lay", "lying"), ("forgot", "forgetting")],
    ],
)
def test_of_a_past(past: str, gerund: str) -> None:
    assert gerunds.from_past(past) == gerund
    assert gerunds.is_past(past)


@pytest.mark.parametrize("word", ["bed", "red", "hundred", "phone", "train", "seed", "the", ""])
def test_other_words_are_no_past(word: str) -> None:
    assert gerunds.from_past(word) is None and not gerunds.is_past(word)


@pytest.mark.parametrize(
    ("present", "gerund"),
    [
        *[
            ("loses", "losing"),
            ("misses", "missing"),
            ("crashes", "crashing"),
            ("carries", "carrying"),
            ("gets", "getting"),
        ],
        *[("goes", "going"), ("has", "having"), ("lies", "lying"), ("leaks", "leaking"), ("watches", "watching")],
    ],
)
def test_of_a_third_person(present: str, gerund: str) -> None:
    assert gerunds.from_third_person(present) == gerund


def test_every_irregular_past_gives_the_gerund_of_its_base() -> None:
    for past, base in (gerunds._ACTIVE | gerunds._EITHER).items():
        assert gerunds.from_past(past) == gerunds.ing(base), past
    assert set(gerunds._ACTIVE).isdisjoint(gerunds._EITHER)
