"""A model from elsewhere: its card says whether it was checked against its owner's outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.models import checkpoints
from tests.app import forget, opened, sound
from tests.conftest import write_tiny_checkpoint

CHECKED = {"file": "said.csv", "rows": 12, "largest_difference": 3e-8}


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
    forget()
    return tmp_path


def test_the_card_says_it_too(imported: Path) -> None:
    at = sound(opened("Models"))
    assert any(caption.value.startswith("RNN, GRU ") for caption in at.sidebar.caption)
    said = [text.value for text in at.text]
    assert sum(line.startswith("Not checked") for line in said) == 2
    assert "· the head reads final" in said
    assert any("said.csv" in line and "3.0e-08" in line for line in said)


@pytest.mark.parametrize("told", [[], "yes", {"checked": True}, {"checked": {"rows": 3}}, {"checked": {"rows": "3"}}])
def test_a_card_that_says_nothing_sound_counts_as_not_checked(told: object) -> None:
    from pages.widgets import models

    assert models.unchecked({"mine": {"imported": told or {"x": 1}}, "own": {}}) == ["mine"]
