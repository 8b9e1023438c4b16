"""A model trained from a table of two classes that are no sentiment goes through every page, under its own names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.__main__ import main
from tests import generated

ROOT = Path(__file__).parent.parent
TEXT = "today i fried onions with garlic in the pan"
SMALL = "--hidden-size 12 --embedding-size 12 --word2vec-epochs 2 --epochs 3 --precision float32 --threads 1"
VIEWS = {
    "app.py": [None],
    "1_Permutations": ["hand", "search", "compare", "kept"],
    "2_Sarcasm": ["comment", "edits", "compose", "file", "behaviour", "measured", "kept"],
    "3_Trajectories": ["states", "words", "path", "gradients", "memory"],
    "4_Attributions": ["words", "agreement", "order", "pairs", "league"],
    "5_Maths_Lab": ["lstm", "bptt", "boosting", "mixture", "cells"],
    "6_Models": [None],
}
NAMED = {  # views that speak of the classes as soon as they open
    *[("app.py", None), ("1_Permutations", "hand"), ("2_Sarcasm", "comment"), ("2_Sarcasm", "edits")],
    *[("2_Sarcasm", "compose"), ("2_Sarcasm", "file"), ("2_Sarcasm", "behaviour"), ("3_Trajectories", "words")],
    *[("3_Trajectories", "memory"), ("4_Attributions", "words"), ("5_Maths_Lab", "cells"), ("6_Models", None)],
}
OWN = {"negative", "positive"}  # words that only a model of sentiment should bring to the screen


def train(table: Path, out: Path, *more: str) -> int:
    columns = ["--text-column", "said", "--label-column", "topic"]
    return main(["train", "--data", str(table), "--out", str(out), *columns, *SMALL.split(), *more])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of checkpoints that holds one, of weather and cooking."""
    folder = tmp_path_factory.mktemp("own") / "checkpoints"
    folder.mkdir()
    table = generated.write(folder.parent / "topics.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNROLLED_CHECKPOINTS", str(folder))
        assert train(table, folder / "topics", "--cells", "gru", "lstm") == 0
    return folder


@pytest.fixture
def own(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(trained))
    st.cache_resource.clear()
    st.cache_data.clear()
    yield trained
    st.cache_resource.clear()
    st.cache_data.clear()


def opened(page: str, view: str | None, text: str = TEXT) -> AppTest:
    at = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    if page != "app.py":
        at.switch_page(f"pages/{page}.py")
    at.query_params["q"] = text
    if view:
        at.query_params["lab" if page == "5_Maths_Lab" else "view"] = view
    return at.run()


def shown(at: AppTest) -> str:
    """All that a page shows: texts, boxes, options, tables' heads and cells, figures."""
    found = []
    for element in (*at.main, *at.sidebar):
        proto = getattr(element, "proto", None)
        spec = getattr(proto, "spec", "") if element.type == "plotly_chart" else ""
        found.append(spec or str(proto))
        if element.type == "arrow_data_frame":
            found.append(element.value.to_csv())
    return "\n".join(found)


@pytest.mark.parametrize(("name", "view"), [(name, view) for name, views in VIEWS.items() for view in views])
def test_every_page_opens_and_calls_the_classes_by_their_names(name: str, view: str | None, own: Path) -> None:
    at = opened(name, view)
    assert [error.message for error in at.exception] == []
    assert not any("No trained model" in error.value for error in at.error)
    told = shown(at)
    if (name, view) in NAMED:
        assert generated.COOKING in told or generated.WEATHER in told
