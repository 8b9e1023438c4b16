"""The worked lines of a round hold its numbers, and say why boosting ended."""

from __future__ import annotations

import re

import pytest

from core.lab.boosting.points import draw
from core.lab.boosting.samme import FORMS, Boosting, minima
from core.lab.boosting.stumps import boost_stumps
from core.lab.boosting.worksheet import sheet, stopped
from core.lab.worksheet import Line, number


def boosted(name: str, classes: int, rounds: int = 4) -> Boosting:
    return boost_stumps(draw(name, classes, 60, 0), rounds)


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_the_lines_hold_the_numbers_of_the_round(classes: int) -> None:
    found = boosted("rings", classes)
    checks = minima(found)
    for made, check in zip(found.rounds, checks.values(), strict=True):
        text = sheet(found, made.number, check).markdown()
        for value in (made.error, made.alpha, made.risk, made.normaliser, 1 - 1 / classes):
            assert Line(number(value, 6)).latex in text, value
        assert f"{check.numerical:.8f}" in text
        assert f"{check.difference:.1e}" in text
        wrong = int((made.named != found.labels).sum())
        assert f"{wrong} of 60 points" in text


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("name", "classes"), [("rings", 3), ("apart", 2)])
def test_braces_and_environments_close(name: str, classes: int, form: str) -> None:
    found = boost_stumps(draw(name, classes, 60, 0), 2, form=form)
    for line in sheet(found, 1).lines:
        assert line.latex.count("{") == line.latex.count("}")
        begun, ended = (sorted(re.findall(rf"\\{word}{{(\w+)}}", line.latex)) for word in ("begin", "end"))
        assert begun == ended
        assert line.note and line.note.replace("’", "'").isascii()  # pdflatex knows no Greek in words


def test_a_perfect_round_and_one_that_is_chance_say_so() -> None:
    perfect = boosted("apart", 2)
    assert r"\infty" in sheet(perfect, 1).latex() and "ε = 0" in stopped(perfect)
    chance = boosted("squares", 3)
    assert "no better than chance" in stopped(chance) and "0.6667" in stopped(chance)
    assert stopped(boosted("rings", 3)) == ""
