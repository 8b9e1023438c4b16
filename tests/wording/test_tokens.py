"""Texts are shown as they are: what is written as HTML is escaped, piece by piece."""

from __future__ import annotations

import pytest
import streamlit as st

from pages.wording import tokens
from tests.hostile import SENTENCES


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written as HTML."""
    pieces: list[str] = []
    monkeypatch.setattr(st, "html", pieces.append)
    return pieces


@pytest.mark.parametrize("kind", ["same", "replaced", "<b>kind</b>"])
def test_both_sides_of_a_change_are_escaped(kind: str, written: list[str]) -> None:
    for hostile in SENTENCES:
        for before, after in ((hostile, "so"), ("so", hostile), (hostile, hostile)):
            tokens.diff_strip([(kind, before, after)])
            strip = written.pop().partition('<div class="u-tokens u-diff">')[2]
            bare = strip.replace("<del>", "").replace("</del>", "").replace("<ins>", "").replace("</ins>", "")
            inside = bare.removesuffix("</div>").partition(">")[2].removesuffix("</span>")
            assert "<" not in inside and ">" not in inside, hostile


def test_what_went_and_what_came_are_marked(written: list[str]) -> None:
    tokens.diff_strip([("same", "so", "so"), ("swap", "good", "bad"), ("insert", "", "very"), ("delete", "late", "")])
    assert written[0].count("<del>") == written[0].count("<ins>") == 2
    assert "<del>good</del><ins>bad</ins>" in written[0] and "<ins>very</ins>" in written[0]


@pytest.mark.parametrize(
    ("number", "shown"), [(1.234, "+1.23"), (-1.236, "−1.24"), (0.004, "0.00"), (-0.004, "0.00"), (0, "0.00")]
)
def test_a_number_has_its_sign(number: float, shown: str) -> None:
    assert tokens.signed(number) == shown
