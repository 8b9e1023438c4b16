"""Results as tables and in notebooks: a row an item, a token or a step; every text escaped."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from core import api
from core.runtime.shown import MOST_ROWS, Shown

HOSTILE = '<img src=x onerror="alert(1)"> so good'


@pytest.fixture(scope="module")
def model(tiny_checkpoints: Path) -> api.Model:
    return api.load("lstm", tiny_checkpoints)


@dataclass(frozen=True)
class Item:
    text: str
    number: float


@dataclass(frozen=True)
class Listed(Shown):
    listed: ClassVar[tuple[str, ...]] = ("best", "others")

    model: str
    best: Item | None
    others: tuple[Item, ...]


@dataclass(frozen=True)
class Stepped(Shown):
    along: ClassVar[str] = "k"
    pictured: ClassVar[bool] = True

    k: np.ndarray
    value: np.ndarray
    other: np.ndarray


def test_items_of_the_fields_named() -> None:
    frame = Listed("m", Item("a", 1.0), (Item("b", 2.0), Item("c", 3.0))).to_frame()
    assert frame.to_dict("list") == {
        "found": ["best", "others", "others"],
        "text": ["a", "b", "c"],
        "number": [1.0, 2.0, 3.0],
    }
    assert "none" in Listed("m", None, ())._repr_html_()
    many = Listed("m", None, tuple(Item(str(number), 0.0) for number in range(50)))
    assert len(many.to_frame()) == 50 and many._repr_html_().count("<tr") == MOST_ROWS + 1


def test_steps_and_what_belongs_to_each() -> None:
    frame = Stepped(np.arange(3), np.array([0.1, 0.2, 0.3]), np.zeros((3, 2))).to_frame()
    assert list(frame.columns) == ["k", "value"] and frame["value"].tolist() == [0.1, 0.2, 0.3]


RESULTS: dict[str, Any] = {
    "predict": lambda model: model.predict([HOSTILE])[0],
    "permutations": lambda model: model.permutations("so good now"),
    "edits": lambda model: model.edits("so good now so good", no_guards=("polarity",)),
    "attributions": lambda model: model.attributions(HOSTILE),
    "order": lambda model: model.order("so good"),
    "interactions": lambda model: model.interactions("so good"),
    "trajectory": lambda model: model.trajectory(HOSTILE),
    "gradients": lambda model: model.gradients("so good"),
    "patching": lambda model: model.patching("so good", "so bad"),
    "compare": lambda model: model.compare(HOSTILE, "so bad"),
    "memory": lambda model: model.memory("good", upto=5),
    "certify": lambda model: model.certify("so good"),
    "comment": lambda model: model.comment(HOSTILE, "negative"),
}


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_has_a_table_and_shows_itself(name: str, model: api.Model) -> None:
    result = RESULTS[name](model)
    frame, html = result.to_frame(), result._repr_html_()
    assert len(frame) >= 1 and len(frame.columns) >= 2
    assert html.startswith(f"<p><b>{type(result).__name__}</b>") and "<table" in html
    assert "<img" not in html
    if "text" in frame.columns and HOSTILE in frame["text"].tolist():
        assert escape(HOSTILE, quote=False) in html.replace("&quot;", '"')
    assert result._repr_mimebundle_()["text/html"] == html


def test_a_row_a_token_with_its_numbers(model: api.Model) -> None:
    result = model.attributions("so good")
    frame = result.to_frame()
    assert frame["token"].tolist() == ["so", "good"] and frame["scores"].tolist() == result.scores.tolist()
    patched = model.patching("so good", "so bad")
    assert patched.to_frame()["hidden"].tolist() == patched.logits["hidden"].tolist()


def test_a_figure_is_in_the_bundle_where_the_answer_is_one(model: api.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    import plotly.io

    monkeypatch.setattr(plotly.io.renderers, "default", "plotly_mimetype")
    kind = "application/vnd.plotly.v1+json"
    assert kind in model.attributions("so good")._repr_mimebundle_()
    assert kind not in model.certify("so good")._repr_mimebundle_()
