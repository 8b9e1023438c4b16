"""Sheets to hand out: what is on them, that they are one file, that nothing is left unconverted or unescaped."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from core.lab.handout import Handout
from core.lab.mathml import mathml
from core.lab.variants import MODULES, variant
from core.lab.worksheet import Line
from tests.lab.problems import chain


class _Page(HTMLParser):
    """The elements of a page and their attributes."""

    def __init__(self, html: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_a_blank_sheet_has_no_answer_and_a_solved_one_has_all() -> None:
    problem = chain(0.7)
    blank, solved = Handout(problem, 17), Handout(problem, 17, solved=True)
    for page, text in ((blank.html(), blank.markdown()), (solved.html(), solved.markdown())):
        assert "sheet 17" in page and "sheet 17" in text
        is_solved = "answers" in text
        for value in ("0.604368", "0.63474", "0.36526"):
            assert (value in page) == (value in text) == is_solved
        assert ("Name" in page) == ("Name" in text) == ("at least 3" in text) == (not is_solved)
    only = Handout(problem, asked=["q"])
    assert only.html().count("<li>") == only.markdown().count(r"\underline") == 1 and "sheet" not in only.markdown()


def test_a_page_is_one_file_and_escapes_everything() -> None:
    problem = replace(
        chain(0.7), title="<b>&", question="<script>alert(1)</script> $x$ *y*", given=(Line("a<b", "<i>"),)
    )
    page = Handout(problem, solved=True).html()
    assert {tag for tag, _attributes in _Page(page).found}.isdisjoint({"script", "link", "img", "b", "code"})
    assert not any({"src", "href", "onerror"} & set(attributes) for _tag, attributes in _Page(page).found)
    assert r"\<script\>" in Handout(problem).markdown() and r"\$x\$ \*y\*" in Handout(problem).markdown()


@pytest.mark.parametrize(
    ("latex", "has"),
    [
        (r"\begin{aligned}a &= \frac{1}{2} \\ &\approx -0.5\end{aligned}", ('class="aligned"', "<mfrac>", ">−</mo>")),
        (r"\begin{gathered}a \\ b\end{gathered}", ("<mtable>",)),
        (r"\begin{pmatrix}1 & -0.5 \\ 2 & 3\end{pmatrix}", ("<mtable>", 'form="prefix"')),
        (r"\hat{y} = \sum_{i=1}^N x_i", ("<mover", "<munderover>")),
        (r"\text{a < b & c}\; x", ("a\xa0&lt;\xa0b\xa0&amp;\xa0c",)),
        (r"1 - x = -(-2)", ("<mo>−</mo>", '<mo form="prefix">−</mo>')),
    ],
)
def test_latex_becomes_mathml(latex: str, has: tuple[str, ...]) -> None:
    written = mathml(latex)
    ElementTree.fromstring(written)
    assert written.startswith("<math") and "\\" not in written
    assert all(piece in written for piece in has), written


def test_what_cannot_be_converted_is_shown_as_code() -> None:
    for latex in (r"\frac{1", r"\begin{aligned}a", "&" * 9 + "<img>"):
        written = mathml(latex)
        assert written == f"<code>{written[6:-7]}</code>" or "\\" not in written
        assert "<img" not in written


@pytest.mark.parametrize("exercise", MODULES)
def test_every_equation_of_every_exercise_is_converted(exercise: str) -> None:
    for seed in range(1, 6):
        for solved in (False, True):
            page = Handout(variant(exercise, seed), seed, solved).html()
            tags = {tag for tag, _attributes in _Page(page).found}
            assert "math" in tags and "code" not in tags
            assert not re.findall(r"\\\w+", page)
    assert variant(exercise, 1).known != variant(exercise, 2).known
