"""Every page and every view of it, as the pages' own sources offer them."""

from __future__ import annotations

import ast
from pathlib import Path
from urllib.parse import urlencode

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
