"""Every page opens with imported models of every kind, and says what it cannot show of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.models.recurrent import Head
from tests.conftest import write_tiny_checkpoint
from tests.models.imported import write_bidirectional, write_imported

ROOT = Path(__file__).parents[2]
VIEWS = {
    "1_Permutations": ("hand", "search", "compare"),
    "2_Sarcasm": ("comment", "edits", "compose", "file"),
    "3_Trajectories": ("states", "words", "path", "gradients", "memory", "patch", "fixed", "patterns", "probes"),
    "4_Attributions": ("words", "agreement", "order", "pairs"),
    "6_Models": ("",),
}
ALL = [(page, view) for page, views in VIEWS.items() for view in views]


@pytest.fixture(params=[False, True], ids=["alone", "beside others"])
def with_others(
    request: pytest.FixtureRequest, tmp_path: Path, tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> bool:
    write_bidirectional(tmp_path, "both", "lstm", layers=2)
    if request.param:
        for cell in ("gru", "lstm"):
            shutil.copytree(tiny_checkpoints / cell, tmp_path / cell)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    return bool(request.param)


def opened(page: str, view: str) -> AppTest:
    at = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    at.query_params["q"] = "this movie is not bad, i love it"
    if view:
        at.query_params["view"] = view
    if page:
        at.switch_page(f"pages/{page}.py")
    return at.run()


def test_home_has_a_point_and_says_why(with_others: bool) -> None:
    at = opened("", "")
    assert not at.exception and not at.error
    assert any("BOTH is bidirectional" in caption.value for caption in at.caption)
    assert len(at.metric) == (3 if with_others else 1)


@pytest.mark.parametrize(("where", "view"), ALL)
def test_a_page_opens(with_others: bool, where: str, view: str) -> None:
    at = opened(where, view)
    assert not at.exception
    said = [caption.value for caption in at.caption] + [error.value for error in at.error]
    if where == "3_Trajectories":
        assert any(line.startswith("Not here: BOTH is bidirectional.") for line in said)
        assert bool(at.error) is not with_others
    else:
        assert not at.error


@pytest.mark.parametrize("view", VIEWS["3_Trajectories"])
def test_of_several_layers_the_top_one_is_shown_and_that_is_said(
    view: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tiny_checkpoint(tmp_path, "lstm", "lstm", layers=3)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    at = opened("3_Trajectories", view)
    assert not at.exception and not at.error
    assert any("LSTM has several layers" in caption.value for caption in at.caption) is (
        view not in ("memory", "probes")
    )


@pytest.fixture(scope="module")
def read_outs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models whose heads read something else than the last state of a plain cell."""
    folder = tmp_path_factory.mktemp("read-outs")
    write_imported(folder, "pooled", "gru", layers=2, reads="mean")
    write_imported(folder, "padded", "lstm", reads="max padded:6")
    write_imported(folder, "attending", "lstm", reads="dot left:12", head=Head(4, "tanh"))
    write_imported(folder, "relu", "rnn", nonlinearity="relu")
    write_imported(folder, "before", "gru", reset_after=False)
    return folder


@pytest.mark.parametrize(("where", "view"), [("", ""), *ALL, ("5_Maths_Lab", "cells"), ("5_Maths_Lab", "mixture")])
def test_a_page_opens_with_other_read_outs(
    where: str, view: str, read_outs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(read_outs))
    at = opened(where, view)
    assert not at.exception
    said = [caption.value for caption in at.caption] + [error.value for error in at.error]
    if where == "3_Trajectories" and view not in ("states", "words", "patch"):
        assert at.error and all(error.value.startswith("Not here: ") for error in at.error)
    elif where == "3_Trajectories" and view == "patch":
        assert any(line.startswith("Not here: BEFORE (reset gate") for line in said)
    if where == "":
        assert any("PADDED reads the first 6 of 9 tokens" in line for line in said)
