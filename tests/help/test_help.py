"""Is there something to learn on every page and view, and is it what it should be?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pages.help.texts import papers, texts
from tests.app import EVERY, PAGES, opened, sound, views


@pytest.mark.parametrize("where", PAGES)
def test_every_view_has_a_text_and_every_text_a_view(where: str) -> None:
    assert list(texts(where)) == views(where)
    assert len(EVERY) > 25


@pytest.mark.parametrize(("where", "view"), EVERY)
def test_every_text_says_what_it_should(where: str, view: str) -> None:
    found = texts(where)[view]
    for text in (found.idea, found.reading, found.limits):
        assert 60 < len(text) < 500
        assert text.endswith((".", "?"))
        assert not re.search(r"[<>]", re.sub(r"\$[^$]*\$", "", text))  # no HTML; < may stand in a formula
    for equation in found.equations:
        assert equation.count("{") == equation.count("}")
        assert equation.count(r"\left") == equation.count(r"\right")


def test_papers_are_told_by_lasting_addresses() -> None:
    assert len(papers()) > 30
    for paper in papers().values():
        assert paper.link == "" or re.fullmatch(
            r"https://(arxiv\.org/abs/\d{4}\.\d{4,5}|aclanthology\.org/[A-Z]?[\w.-]+)", paper.link
        )
        assert 1900 <= paper.year <= 2025
    cited = {paper for page in PAGES for found in texts(page).values() for paper in found.papers}
    assert cited == set(papers().values())  # none that nothing cites


def test_an_unknown_page_or_view_has_no_text() -> None:
    assert texts("None_such") == {}
    assert "none such" not in texts("Home")


@pytest.mark.parametrize("where", ["Home", "Permutations"])
def test_the_help_is_behind_a_button_beside_the_title(
    where: str, tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    about_view = texts(where)[views(where)[0]]
    (first,) = (
        one
        for one in sound(opened(where)).get("popover")
        if any(about_view.idea in line.value for line in one.markdown)
    )
    said = " ".join(line.value for line in first.markdown)
    assert about_view.idea in said and about_view.limits in said
    assert [line.value.strip("$\n") for line in first.latex] == list(about_view.equations)
    assert all(paper.venue in said.replace("\\", "") for paper in about_view.papers)
