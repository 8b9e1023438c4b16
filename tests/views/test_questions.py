"""An answer is shown under its own question only, and says of which data it is."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.fluency.orders import fluencies
from core.models import checkpoints
from pages.widgets import models
from tests.app import forget, opened, shown, sound
from tests.views.permutations.test_page import MadeUpTrigram

TABLE = b"text,label\n" + b"".join(b"love it %d,1\nhate it %d,0\n" % (n, n) for n in range(30))


@pytest.fixture(autouse=True)
def _own_world(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.setattr(
        models, "fluency", lambda: (SimpleNamespace(trigram=MadeUpTrigram(), mixture=None, hash="x"), "")
    )


def test_a_search_is_not_shown_for_other_locked_words() -> None:
    at = sound(opened("Permutations", "search", q="so very good movie not bad now"))
    assert at.dataframe
    at.multiselect[0].set_value([1])
    sound(at.run())
    assert " 720 " in shown(at.success[0].value), "few enough to be searched at once"
    at.multiselect[0].set_value([])
    assert "2,520" in shown(sound(at.run()).success[0].value)


def test_a_fault_is_not_shown_under_another_question() -> None:
    at = opened("Permutations", "search", q="so very good movie not bad now")
    at.session_state["permutations fault"] = (("another question",), "boom")
    assert not sound(at.run()).error


def test_fluency_is_given_relative_to_the_original() -> None:
    trigram = MadeUpTrigram()
    tokens = ["so", "very", "good", "movie"]
    original = float(fluencies(np.arange(4, dtype=np.uint8)[None], trigram.table(tokens))[0])
    at = opened("Permutations", "search", q=" ".join(tokens))
    rows = [row for table in at.dataframe for row in table.value.itertuples(index=False) if len(row) == 5]
    assert rows
    for row in rows:
        assert row[4] == pytest.approx(row[3] - original, abs=0.011)


def test_a_span_may_be_given_backwards() -> None:
    link = {"q": "so very good movie", "second": "so very bad movie", "patch_gate": "forget", "models": "lstm"}
    forwards = sound(opened("Trajectories", "patch", patch_first="2", patch_last="4", **link))
    backwards = sound(opened("Trajectories", "patch", patch_first="4", patch_last="2", **link))
    assert [metric.value for metric in forwards.metric] == [metric.value for metric in backwards.metric] != []


def test_a_file_that_a_model_learnt_from_is_named_as_such(
    tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny_checkpoints / "gru", tmp_path / "gru")
    tiny = checkpoints.load("gru", tmp_path)
    data = {**tiny.card["data"], "sha256": hashlib.sha256(TABLE).hexdigest()}
    told = []
    for card in (tiny.card, {**tiny.card, "data": data}):
        checkpoints.save_again(tiny, card, tmp_path)
        monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
        forget()
        at = opened("Models", "evaluate")
        at.file_uploader[0].upload("table.csv", TABLE)
        at = sound(at.run())
        told.append(len(at.warning))
    forget()
    assert told[1] == told[0] + 1
