"""Figures of evaluations and of words show the numbers of their results, and names as they are."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.slices import SLICES
from core.data.targets import Target
from core.evaluation.binned_metrics import Pair, Tally
from core.figures.evaluations import (
    accuracy_by_slice,
    confusion,
    only_one_right,
    precision_recall,
    reliability,
    roc,
)
from core.figures.words import leans_moved, map_of_words
from core.probes.words.embedding_map import word_map
from core.probes.words.neighbours import Move, space
from core.text.preprocessing import Preprocessing, Vocabulary
from tests.evaluation.test_binned_metrics import counted
from tests.figures.shown import assert_text

NAMES = {key: "<b> ".join(key) for key in SLICES}


@pytest.fixture(scope="module")
def tallies() -> list[Tally]:
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 500)
    return [counted(random.normal(size=500) + labels, labels) for _model in range(2)]


def test_slices_reliability_and_confusion_are_those_of_the_tally(tallies: list[Tally]) -> None:
    figure = accuracy_by_slice(tallies, NAMES)
    cells = [cell for cell in tallies[0].cells() if cell.rows]
    assert list(figure.data[0].x) == [cell.accuracy for cell in cells]
    low = np.array(figure.data[0].x) - np.array(figure.data[0].error_x.arrayminus)
    assert low == pytest.approx([cell.interval[0] for cell in cells if cell.interval])
    assert_text(figure, *NAMES.values())
    assert len(figure.layout.shapes) == 2
    figure = reliability(tallies)
    groups = tallies[1].groups()
    curve = figure.data[3]
    assert list(curve.x) == [group.probability for group in groups]
    assert list(curve.y) == [group.share for group in groups]
    assert list(figure.data[4].y) == [group.rows for group in groups]
    at = tallies[0].at(0.5)
    figure = confusion(tallies[0])
    assert figure.data[0].text[0][1].startswith(f"{at.false_positive:,}<br>")
    assert figure.data[0].z[1][1] == pytest.approx(at.recall)


@pytest.mark.parametrize("classes", [3, 7])
def test_figures_of_more_classes(classes: int) -> None:
    random = np.random.default_rng(0)
    labels, names = random.integers(0, classes, 300), tuple(f"<b>{number}" for number in range(classes))
    tally = counted(random.normal(size=(300, classes)), labels, names=names)
    figure = confusion(tally)
    assert figure.data[0].z == pytest.approx(tally.confusion / tally.confusion.sum(axis=1, keepdims=True))
    assert figure.data[0].text[1][0].startswith(f"{tally.confusion[1, 0]:,}")
    assert_text(figure, *names)
    assert reliability([tally]).layout.yaxis.title.text == "share right"
    aimed = tally.targeted(Target(names, 1))
    assert reliability([aimed]).layout.yaxis.title.text == "share of &lt;b&gt;1"
    assert roc([aimed], 0.3).layout.title.text == "ROC: &lt;b&gt;1"
    assert accuracy_by_slice([tally], NAMES).layout.shapes[0].x0 == tally.accuracy


def test_rings_are_at_the_threshold(tallies: list[Tally]) -> None:
    for threshold in (0.0, 0.3, 1.0):
        at = tallies[0].at(threshold)
        rings = [trace for trace in roc(tallies, threshold).data if trace.mode == "markers"]
        assert (rings[0].x[0], rings[0].y[0]) == (at.false_positive_rate, at.recall)
        rings = [trace for trace in precision_recall(tallies, threshold).data if trace.mode == "markers"]
        expected = [] if at.precision is None else [(at.recall, at.precision)]
        assert [(ring.x[0], ring.y[0]) for ring in rings[:1]] == expected


def test_a_pair_is_the_rows_that_one_alone_gets_right() -> None:
    figure = only_one_right(Pair("<b>", "gru", 5, 7, 3, 1))
    assert [bar.x[0] for bar in figure.data] == [7, 3]
    assert_text(figure, "<b>")


def test_words_on_a_map() -> None:
    vocabulary = Vocabulary(["<b>x</b>", "good", "bad", "sad"])
    vectors = np.random.default_rng(0).normal(size=(6, 3))
    where = space("drawn", vectors, vocabulary, Preprocessing())
    found = word_map(where, list(vocabulary.words), np.array([1.0, 2.0, -2.0, -1.0]))
    figure = map_of_words(found, "<i>", "nats", ["good"])
    points, ring = figure.data
    assert points.x == pytest.approx(found.places[:, 0], abs=1e-4)
    assert points.customdata[0][0] == "&lt;b&gt;x&lt;/b&gt;"  # drawn on a canvas, the names beside points are not
    assert figure.layout.title.text == "&lt;i&gt;"
    assert ring.x[0] == found.places[1, 0]
    assert f"{found.explained[0]:.1%}" in figure.layout.xaxis.title.text


def test_moves_go_from_ring_to_dot() -> None:
    moves = [Move("good", 3, 0.9, -1.0, 2.0, 1.0), Move("<s>", 4, 0.8, 1.0, -3.0, None)]
    figure = leans_moved(moves, "lean", {"before": "b", "after": "a"})
    rings, dots = [trace for trace in figure.data if trace.mode == "markers"]
    assert list(rings.x) == [-1, 1]
    assert list(dots.x) == [2, -3]
    assert_text(figure, "good", "<s>")
    assert leans_moved([], "lean", {"before": "b", "after": "a"}).data
