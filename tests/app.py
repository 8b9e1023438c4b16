"""Drives pages in process: every page and view, opened, looked at, and what it says."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parent.parent
PAGES = {"Home": ROOT / "app.py"} | {
    path.stem.partition("_")[2]: path for path in sorted((ROOT / "pages").glob("[0-9]*.py"))
}


def views(page: str) -> list[str]:
    """The views that a page's source offers, in a dict of names called ``views`` or ``sections``; ``""`` for none."""
    for node in ast.walk(ast.parse(PAGES[page].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            (target,) = node.targets
            if isinstance(target, ast.Name) and target.id in ("views", "sections"):
                return [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
    return [""]


EVERY = [(page, view) for page in PAGES for view in views(page)]


def link(page: str, view: str, text: str) -> str:
    """The path and query that open a view on a sentence."""
    query = {"q": text} if text else {}
    if view:
        query["lab" if page == "Maths_Lab" else "view"] = view
    return f"/{'' if page == 'Home' else page}?{urlencode(query)}"


def opened(page: str = "Home", view: str = "", **parameters: str) -> AppTest:
    """A page as it opens on a link: ``opened("Sarcasm", "edits", q="so good")``. Raises nothing: see `sound`."""
    at = AppTest.from_file(ROOT / "app.py", default_timeout=180)
    if page != "Home":
        at.switch_page(str(PAGES[page].relative_to(ROOT)))
    if view:
        parameters["lab" if page == "Maths_Lab" else "view"] = view
    for name, value in parameters.items():
        at.query_params[name] = value
    return at.run()


def sound(at: AppTest) -> AppTest:
    """The same page, on which no exception is shown."""
    assert [error.message for error in at.exception] == []
    return at


def shown(markdown: str) -> str:
    """What a reader sees of Markdown in which every special character was escaped."""
    return re.sub(r"\\(\W|_)", r"\1", markdown)


def said(at: AppTest) -> str:
    """Everything a page says in texts, captions and boxes, a line each."""
    kinds = (at.caption, at.markdown, at.info, at.warning, at.error, at.success, at.text)
    return "\n".join(shown(element.value) for kind in kinds for element in kind)


def forget() -> None:
    """Empty the caches that sessions share, as after a restart."""
    st.cache_resource.clear()
    st.cache_data.clear()
