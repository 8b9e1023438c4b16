"""Points to boost on: seeded draws, points typed in, and what neither can be."""

from __future__ import annotations

import numpy as np
import pytest

from core.lab.boosting.points import CLOUDS, draw, read_points
from tests.hostile import SENTENCES


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize("classes", [2, 3, 6])
def test_a_draw_is_its_seeds(name: str, classes: int) -> None:
    one, again, other = (draw(name, classes, 72, seed) for seed in (1, 1, 2))
    assert (one.points == again.points).all() and (one.labels == again.labels).all()
    assert (one.points != other.points).any()
    counts = np.bincount(one.labels, minlength=classes)
    assert counts.max() - counts.min() <= 1 and one.classes == classes
    assert abs(len(one.points) - 72) < classes**2


def test_rings_are_shells_of_equal_counts() -> None:
    cloud = draw("rings", 3, 90, 0)
    radius = (cloud.points**2).sum(axis=1)
    ends = [(radius[cloud.labels == k].min(), radius[cloud.labels == k].max()) for k in range(3)]
    assert ends[0][1] <= ends[1][0] and ends[1][1] <= ends[2][0]


def test_draws_that_cannot_be() -> None:
    for arguments, said in (
        (("moons", 3, 90, 0), "no cloud 'moons'.*rings"),
        (("rings", 1, 90, 0), "1 classes.*2 to 6"),
        (("rings", 7, 90, 0), "7 classes"),
        (("rings", 3, 5, 0), "5 points.*6 to 2,000"),
        (("rings", 3, 10**9, 0), "points were asked for"),
        (("rings", 3, 90, -1), "seed"),
    ):
        with pytest.raises((LookupError, ValueError), match=said):
            draw(*arguments)


def test_points_are_read_whatever_sets_them_apart() -> None:
    cloud = read_points("1, 2, b\n\n 3;4;a\n5 6\tb\n-1.5e1,.5,two words\n")
    assert cloud.points.tolist() == [[1, 2], [3, 4], [5, 6], [-15, 0.5]]
    assert cloud.names == ("a", "b", "two words") and cloud.labels.tolist() == [1, 0, 1, 2]


def test_points_that_cannot_be() -> None:
    for text, said in (
        ("", "the 0 given have 0"),
        ("1,2,a\n3,4,a", "the 2 given have 1"),
        ("\n".join(f"{i},0,c{i}" for i in range(7)), "the 7 given have 7"),
        ("1,2,a\nx,2,b", "line 2 is 'x,2,b': 'x' and '2' are not two numbers"),
        ("1,2,a\n1,2", "line 2 is '1,2'; expected two numbers and a class"),
        ("1,2,a\nnan,2,b", "line 2.*expected numbers"),
        ("1,2,a\ninf,2,b", "line 2.*expected numbers"),
        ("1,2,a\n1e308,2,b", "line 2.*expected numbers"),
        ("1,2,a\n1,2," + "b" * 25, "line 2.*24 characters"),
        ("1,2,a\n1,2,b", "all 2 points are equal"),
        ("1,1,a\n1.000000000001,1,b", "all 2 points are equal"),  # in float32
        ("1,2,a\n" * 2_001, "more than 2,000 points"),
        ("9" * 1_000_000, "line 1"),
        ("__import__('os'), 2, a", "not two numbers"),
    ):
        with pytest.raises(ValueError, match=said) as error:
            read_points(text)
        assert len(str(error.value)) < 300


def test_hostile_lines_are_refused_in_one_line() -> None:
    for sentence in SENTENCES:
        with pytest.raises(ValueError, match="line 2") as error:
            read_points(f"1,2,a\n{sentence}\n")
        assert "\n" not in str(error.value)
