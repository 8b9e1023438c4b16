"""The file of tallies: written and read back; damaged in every way it says so; the shipped one is of shipped models."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.evaluation import binned_metrics_file
from core.evaluation.binned_metrics import Pair, Tallies
from core.evaluation.binned_metrics_file import EvaluatedFile
from core.models import checkpoints
from tests.evaluation.test_binned_metrics import THREE, counted, of_three

ROOT = Path(__file__).parents[2]
SOURCE = EvaluatedFile("some tweets.csv", "0" * 64, 300, 4)


def tallies() -> Tallies:
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 300)
    return Tallies((counted(random.normal(size=300) + labels, labels),), (Pair("lstm", "gru", 250, 20, 10, 20),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    binned_metrics_file.save(tmp_path / binned_metrics_file.FILE, SOURCE, tallies())
    return tmp_path / binned_metrics_file.FILE


def test_what_is_kept_comes_back(path: Path) -> None:
    kept, was = binned_metrics_file.load(path.parent), tallies()
    assert kept is not None
    assert kept.source == SOURCE
    assert kept.tallies.pairs == was.pairs
    (found,), (wanted,) = kept.tallies.tallies, was.tallies
    assert (found.model, found.hash, found.labels) == (wanted.model, wanted.hash, wanted.labels)
    assert (found.counts == wanted.counts).all()
    assert (found.slices == wanted.slices).all()
    assert found.brier == wanted.brier
    assert found.calibration_error == pytest.approx(wanted.calibration_error, abs=1e-6)
    assert found.at(0.37) == wanted.at(0.37) and (found.confusion == wanted.confusion).all()
    assert [file.name for file in path.parent.iterdir()] == [binned_metrics_file.FILE]


def of_more() -> Tallies:
    scores, labels = of_three(rows=300)
    return Tallies((counted(scores, labels, names=THREE),), (Pair("lstm", "gru", 250, 20, 10, 20),))


@pytest.fixture
def three(tmp_path: Path) -> Path:
    binned_metrics_file.save(tmp_path / "three.json", SOURCE, of_more().targeted("neutral"))
    return tmp_path / "three.json"


def test_three_classes_come_back_without_a_target(three: Path) -> None:
    (found,), (wanted,) = binned_metrics_file.read(three).tallies.tallies, of_more().tallies
    assert (found.labels, found.target) == (THREE, None)
    assert (found.confusion == wanted.confusion).all() and (found.slices == wanted.slices).all()
    assert (found.log_loss, found.temperature) == (wanted.log_loss, wanted.temperature)
    for name in (None, *THREE):
        one, same = (Tallies((tally,), ()).targeted(name).tallies[0] for tally in (found, wanted))
        assert (one.counts == same.counts).all() and one.at(0.37) == same.at(0.37) and one.brier == same.brier
        assert one.calibration_error == pytest.approx(same.calibration_error, abs=1e-6)


def test_the_most_classes_and_models_fit(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    labels, names = random.integers(0, 20, 20_000), tuple(f"class {number}" for number in range(20))
    tally = counted(random.normal(size=(20_000, 20)), labels, names=names)
    every = Tallies(tuple(replace(tally, model=f"model{number}") for number in range(8)), ())
    binned_metrics_file.save(tmp_path / "x.json", replace(SOURCE, rows=20_000), every)
    assert len(binned_metrics_file.read(tmp_path / "x.json").tallies.tallies) == 8


def test_models_of_different_classes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    (two,), (three,) = tallies().tallies, of_more().tallies
    binned_metrics_file.save(path, SOURCE, Tallies((two, replace(three, model="gru")), ()))
    with pytest.raises(ValueError, match="the models have different classes"):
        binned_metrics_file.read(path)


def test_there_may_be_none(tmp_path: Path) -> None:
    assert binned_metrics_file.load(tmp_path) is None
    with pytest.raises(FileNotFoundError, match="no folder"):
        binned_metrics_file.save(tmp_path / "nowhere" / "x.json", SOURCE, tallies())


def put(*keys: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        place: Any = content
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


DAMAGES = [
    put("source", "rows", value=299),
    put("tallies", value=[]),
    put("tallies", 0, "model", value="<b>"),
    put("tallies", 0, "labels", value=["a"]),
    put("tallies", 0, "labels", value=["a", "b\n"]),
    put("tallies", 0, "counts", 0, value=[1]),
    put("tallies", 0, "counts", 0, 0, value="1"),
    put("tallies", 0, "logits", 1, 3, value=None),
    put("tallies", 0, "slices", "length 1–5", value=[[0, 0], [0, 0]]),
    put("tallies", 0, "slices", value={}),
    put("pairs", 0, "both", value=1.5),
    put("pairs", 0, "neither", value=3),
]


@pytest.mark.parametrize(
    "damage",
    [
        put("tallies", 0, "classes", value=[]),
        put("tallies", 0, "classes", 3, "counts", value=[[0] * 300] * 2),
        put("tallies", 0, "classes", 1, "probabilities", value=[0.5]),
        put("tallies", 0, "confusion", 0, 0, value=1),
        put("tallies", 0, "cooled", value=None),
        put("tallies", 0, "labels", value=["a", "b"]),
        put("tallies", 0, "labels", value=["a", "b", "c", "d"]),
    ],
)
def test_damage_of_three_classes_is_told_in_one_line(three: Path, damage: Callable[[dict[str, Any]], None]) -> None:
    test_damage_is_told_in_one_line(three.rename(three.with_name(binned_metrics_file.FILE)), damage)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_in_one_line(path: Path, damage: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    damage(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=r"^evaluation.json is malformed \([^\n]+$"):
        binned_metrics_file.load(path.parent)


def test_the_shipped_counts_agree_with_the_cards() -> None:
    """The same file, the same accuracy and log-loss as the card's report, of the very models that are here."""
    folder = ROOT / "checkpoints"
    kept = binned_metrics_file.load(folder)
    assert kept is not None
    cards = {name: checkpoints.read_card(name, folder) for name in ("rnn", "gru", "lstm")}
    assert kept.tallies.current({name: checkpoints.identity(card) for name, card in cards.items()}) == kept.tallies
    assert len(kept.tallies.pairs) == 3
    for found in kept.tallies.tallies:
        report = cards[found.model]["metrics"]["report"]
        assert (kept.source.sha256, found.rows) == (report["sha256"], report["rows"])
        at = found.at(0.5)
        names = ("true_negative", "false_positive", "false_negative", "true_positive")
        assert {name: getattr(at, name) for name in names} == report["confusion"]
        assert found.log_loss == pytest.approx(report["log_loss"])
        assert found.calibration_error == pytest.approx(report["calibration_error"], abs=1e-6)
        assert [cell.rows for cell in found.cells()[:6]] == [band["rows"] for band in report["by_length"]]
        assert [cell.accuracy for cell in found.cells()[:6]] == [band["accuracy"] for band in report["by_length"]]
