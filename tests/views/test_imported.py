"""Every page on which a model from elsewhere speaks says whether it was checked against its owner's outputs."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.models import checkpoints
from tests.conftest import write_tiny_checkpoint

ROOT = Path(__file__).parents[2]
CHECKED = {"file": "said.csv", "rows": 12, "largest_difference": 3e-8}
PAGES = [
    *[("", ""), ("1_Permutations", "hand"), ("2_Sarcasm", "comment"), ("3_Trajectories", "words")],
    *[("4_Attributions", "words"), ("5_Maths_Lab", "cells"), ("6_Models", "cards"), ("6_Models", "calibration")],
    *[("6_Models", "evaluate"), ("6_Models", "words")],
]


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three models from elsewhere: one checked, one not, one of a time when nobody checked."""
    told = {
        "gru": {"checked": None, "assumed": ["the head reads final"]},
        "lstm": {"checked": CHECKED},
        "rnn": {"x": 1},
    }
    for cell, card in told.items():
        write_tiny_checkpoint(tmp_path, cell, cell)
        loaded = checkpoints.load(cell, tmp_path)
        checkpoints.save_again(loaded, {**loaded.card, "imported": card}, tmp_path)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    st.cache_resource.clear()
    return tmp_path


@pytest.mark.parametrize(("where", "view"), PAGES)
def test_a_page_names_the_models_that_are_not_checked(imported: Path, where: str, view: str) -> None:
    at = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    at.query_params["q"] = "this movie is not bad, i love it"
    if where:
        at.switch_page(f"pages/{where}.py")
        at.query_params["lab" if "Lab" in where else "view"] = view
    at.run()
    assert not at.exception
    said = [caption.value for caption in at.sidebar.caption if "checked against" in caption.value]
    assert said == ["RNN, GRU are not checked against their owners’ outputs."]


def test_the_card_says_it_too(imported: Path) -> None:
    at = AppTest.from_file(ROOT / "app.py", default_timeout=120).switch_page("pages/6_Models.py").run()
    said = [text.value for text in at.text]
    assert sum(line.startswith("Not checked against its owner’s outputs.") for line in said) == 2
    assert "· the head reads final" in said
    assert any("12 rows of said.csv agree" in line and "3.0e-08" in line for line in said)


@pytest.mark.parametrize("told", [[], "yes", {"checked": True}, {"checked": {"rows": 3}}, {"checked": {"rows": "3"}}])
def test_a_card_that_says_nothing_sound_counts_as_not_checked(told: object) -> None:
    from pages.widgets import models

    assert models.unchecked({"mine": {"imported": told or {"x": 1}}, "own": {}}) == ["mine"]
