"""Worked sheets: numbers as LaTeX, and the two forms in which a sheet is taken along."""

from __future__ import annotations

import pytest

from core.lab.worksheet import Line, Sheet, aligned, factor, number


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3, "3"),
        (0.25, "0.25"),
        (-0.5, "-0.5"),
        (0, "0"),
        (1 / 3, "0.3333"),
        (1e-9, r"1.000 \cdot 10^{-9}"),
        (-2.5e308, r"-\infty"),
        (1.5e308, r"1.500 \cdot 10^{308}"),
        (float("nan"), r"\text{undefined}"),
    ],
)
def test_numbers(value: float, shown: str):
    assert number(value) == shown


def test_a_negative_factor_stands_in_brackets():
    assert (factor(-2), factor(2)) == ("(-2)", "2")


def test_a_sheet_in_both_forms():
    sheet = Sheet("One", (Line(aligned("c", ["f c", "2 \\cdot 3", "6"]), "The cell."), Line("h = 1")))
    assert sheet.markdown().startswith("## One\n\nThe cell.\n\n$$\n\\begin{aligned}c &= f c \\\\ &= 2 \\cdot 3")
    assert sheet.markdown().count("$$") == 4
    assert sheet.latex().splitlines()[0] == r"\section*{One}"
    assert sheet.latex().count(r"\[") == sheet.latex().count(r"\]") == 2
