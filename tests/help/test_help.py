"""Is there something to learn on every page and view, and is it what it should be?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.runtime.i18n import gettext
from pages.help import about
from pages.help import papers as about_papers
from tests.app import EVERY, PAGES, ROOT, views


@pytest.mark.parametrize("where", PAGES)
def test_every_view_has_a_text_and_every_text_a_view(where: str) -> None:
    assert list(about.texts(where)) == views(where)


def test_pages_with_views_were_understood() -> None:
    assert len(EVERY) > 25  # seven pages, and a text for each of their views


@pytest.mark.parametrize(("where", "view"), EVERY)
def test_every_text_says_what_it_should(where: str, view: str) -> None:
    found = about.texts(where)[view]
    for text in (found.idea, found.reading, found.limits):
        assert 60 < len(text) < 500
        assert text.endswith((".", "?"))
        assert not re.search(r"[<>]", re.sub(r"\$[^$]*\$", "", text))  # no HTML; < may stand in a formula
    for equation in found.equations:
        assert equation.count("{") == equation.count("}")
        assert equation.count(r"\left") == equation.count(r"\right")


def test_papers_are_told_by_lasting_addresses() -> None:
    papers = about_papers.every().values()
    assert len(papers) > 30
    for paper in papers:
        assert paper.link == "" or re.fullmatch(
            r"https://(arxiv\.org/abs/\d{4}\.\d{4,5}|aclanthology\.org/[A-Z]?[\w.-]+)", paper.link
        )
        assert 1900 <= paper.year <= 2025
    cited = {paper for page in PAGES for found in about.texts(page).values() for paper in found.papers}
    assert cited == set(papers)  # none that nothing cites


def test_an_unknown_page_or_view_has_no_text() -> None:
    assert about.texts("None_such") == {}
    assert "none such" not in about.texts("Home")


@pytest.mark.parametrize("where", ["Home", "Permutations", "Maths_Lab"])
def test_the_fold_stands_closed_above_what_the_view_shows(
    where: str, tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    at = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    if where != "Home":
        at.switch_page(f"pages/{PAGES[where].name}")
    at.run()
    assert not at.exception
    first = at.expander[0]
    assert first.label == gettext("About this view" if where != "Home" else "About this page")
    assert not first.proto.expanded
    said = " ".join(line.value for line in first.markdown)
    found = about.texts(where)[views(where)[0]]
    assert found.idea in said
    assert found.limits in said
    assert [line.value.strip("$\n") for line in first.latex] == list(found.equations)
