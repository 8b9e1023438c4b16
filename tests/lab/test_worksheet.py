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
    assert Line(f"x = {number(value)}").latex.split(" ", 2)[2] == shown


def test_what_is_rounded_stands_behind_an_approximate_sign():
    assert Line(f"x = {number(1 / 4)} = {number(1 / 3)}, y = 1").latex == r"x = 0.25 \approx 0.3333, y = 1"
    assert Line(rf"\sum_{{i=1}} a = {number(1e-9)} = {number(0.1 + 0.2)}").latex == (
        r"\sum_{i=1} a = 1.000 \cdot 10^{-9} = 0.3"
    )
    assert Line(aligned("x", [f"1 + {factor(-2 / 3)}", number(1 / 3)])).latex == (
        r"\begin{aligned}x &\approx 1 + (-0.6667) \\ &\approx 0.3333\end{aligned}"
    )
    assert (factor(-2), factor(2)) == ("(-2)", "2")


def test_a_sheet_in_both_forms():
    sheet = Sheet("One", (Line(aligned("c", ["f c", "2 \\cdot 3", "6"]), "The cell."), Line("h = 1")))
    assert sheet.markdown().startswith("## One\n\nThe cell.\n\n$$\n\\begin{aligned}c &= f c \\\\ &= 2 \\cdot 3")
    assert sheet.markdown().count("$$") == 4
    assert sheet.latex().splitlines()[0] == r"\section*{One}"
    assert sheet.latex().count(r"\[") == sheet.latex().count(r"\]") == 2
