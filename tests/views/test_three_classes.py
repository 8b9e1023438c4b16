"""Models of more than two classes: Home speaks of each class, and the link names a target."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.targets import Target
from core.models import checkpoints
from core.models.predict import verdict
from tests.app import forget, opened, said, shown, sound
from tests.conftest import write_tiny_checkpoint

TEXT = "i love this movie"
AIRLINE = ("late", "*lost*", "fine")


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("three")
    write_tiny_checkpoint(folder, "airline", "gru", labels=AIRLINE)
    forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNROLLED_CHECKPOINTS", str(folder))
        yield folder
    forget()


@pytest.fixture
def two(folder: Path) -> Iterator[None]:
    write_tiny_checkpoint(folder, "mail", "rnn", labels=("ham", "spam"))
    yield
    (folder / "mail").rename(folder / ".mail")


def curves(at: AppTest) -> list[dict[str, Any]]:
    (chart,) = at.get("plotly_chart")
    drawn: list[dict[str, Any]] = json.loads(chart.proto.spec)["data"]
    return drawn


def test_home_draws_a_curve_for_each_class_and_the_target_is_the_widest(folder: Path) -> None:
    one = verdict(checkpoints.load("airline", folder), TEXT)
    at = sound(opened(q=TEXT))
    drawn = curves(at)
    assert [curve["name"] for curve in drawn] == list(AIRLINE)
    widths = [curve["line"]["width"] for curve in drawn]
    assert widths.index(max(widths)) == one.predicted and widths.count(max(widths)) == 1
    (metric,) = at.metric
    assert shown(metric.value) == one.label and "runner-up: " in metric.delta
    assert f"P({one.label}) = {one.probability:.3f}" in shown(metric.delta)
    lines = " ".join(caption.value for caption in at.caption)
    assert "The thick curve is the target" in lines and "dashed line" not in lines and "two answers" not in lines


def test_the_link_names_the_target_and_what_it_is_compared_with(folder: Path) -> None:
    one = verdict(checkpoints.load("airline", folder), TEXT)
    at = sound(opened(q=TEXT, target="*lost*"))
    assert at.selectbox(key="home target").value == "*lost*"
    assert shown(at.metric[0].delta).startswith(f"P(*lost*) = {one.distribution[1]:.3f}")
    at.selectbox(key="home against").select("fine").run()
    assert at.query_params["against"] == "fine"
    target = Target(AIRLINE, 1, 2)
    (curve,) = curves(sound(at))
    np.testing.assert_allclose(curve["y"], one.aimed(target).prefix_probabilities, atol=1e-6)
    at = sound(opened(q=TEXT, target="angry"))
    assert at.selectbox(key="home target").value == "" and "unknown class" in said(at)


def test_beside_a_model_of_two_classes(two: None) -> None:
    at = sound(opened(q=TEXT))
    assert [curve["name"] for curve in curves(at)] == ["airline", "mail"]
    at = sound(opened(q=TEXT, target="fine"))
    assert "do not have the class fine" in said(at) and [shown(metric.delta)[:7] for metric in at.metric] == [
        "P(fine)",
        "P(spam)",
    ]
