"""Drives pages in process: every page and view, opened, looked at, and what it says."""

from __future__ import annotations

import ast
import base64
import csv
import io
import json
import re
from gettext import NullTranslations
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.runtime import i18n

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
    """Everything a page says in headers, texts, captions and boxes, a line each."""
    kinds = (at.header, at.subheader, at.caption, at.markdown, at.info, at.warning, at.error, at.success, at.text)
    return "\n".join(shown(element.value) for kind in kinds for element in kind)


def answers(at: AppTest) -> list[str]:
    """The sentences that answer, as a reader sees them."""
    bodies = [one.proto.body for one in at.html if 'class="u-answer"' in one.proto.body]
    return [unescape(re.sub("<[^>]*>", "", body)) for body in bodies]


def faults(at: AppTest) -> list[str]:
    """The lines in the fold below the warning about checkpoints left out."""
    (fold,) = (fold for fold in at.expander if fold.label == "Problems")
    return [line.value for line in fold.text]


def csv_rows(text: str) -> list[list[str]]:
    """The rows of a CSV file, its header first."""
    return list(csv.reader(io.StringIO(text, newline="")))


def numbers_in(line: str) -> list[float]:
    """The numbers in a line, in their order: ``1,234 of 7.5`` is [1234, 7.5]."""
    return [float(found.replace(",", "")) for found in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", shown(line))]


def press(at: AppTest, label: str) -> AppTest:
    """The page after a click on the one button whose label begins so."""
    (button,) = (button for button in at.button if button.label.startswith(label))
    return sound(button.click().run())


def offers(at: AppTest, label: str) -> bool:
    """Whether a button's label begins so."""
    return any(button.label.startswith(label) for button in at.button)


def parameter(at: AppTest, name: str) -> str | None:
    """What the link says under a name."""
    found = at.query_params.get(name)
    return found[0] if isinstance(found, list) else found


def table(at: AppTest, *columns: str) -> Any:
    """The first table that has these columns, as a data frame."""
    return next(found.value for found in at.dataframe if set(columns) <= set(found.value.columns))


def choose_row(at: AppTest, column: str, *rows: int) -> AppTest:
    """The page after a click on rows of the first table with a column whose rows can be chosen."""
    found = next(found for found in at.dataframe if column in found.value.columns and found.proto.selection_mode)
    key = found.proto.id.rpartition("-")[2]
    at.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return sound(at.run())


def strips(at: AppTest) -> list[dict[str, Any]]:
    """What each row of words is given."""
    return [data for found in at.get("bidi_component") if "looks" in (data := json.loads(found.proto.json))]


def charts(at: AppTest) -> list[dict[str, Any]]:
    """The page's charts, as plotly's JSON."""
    return [json.loads(found.proto.spec) for found in at.get("plotly_chart")]


def live(at: AppTest, marker: str) -> set[str]:
    """The kinds of elements that show a marked text, without Markdown in which every special character is escaped."""
    found = [found for found in (*at.main, *at.sidebar) if marker in str(getattr(found, "proto", ""))]
    words = ("caption", "alert", "info", "warning", "success", "error", "markdown")
    return {one.type for one in found if one.type not in words or re.search(r"(?<!\\)[\[\]<>$`|]", one.value)}


class _Marking(NullTranslations):
    def gettext(self, message: str) -> str:
        return f"«{message}»"

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return f"«{singular if number == 1 else plural}»"


def mark_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every message of the catalogues stand in «marks»."""
    monkeypatch.setattr(i18n, "_catalogue", lambda _language: _Marking())


def unmarked(at: AppTest, own: set[str]) -> list[str]:
    """What a page says unmarked after `mark_messages`, in texts, labels and heads of tables; `own` are names."""
    texts = (at.title, at.header, at.markdown, at.caption, at.info, at.warning, at.success)
    boxes = (at.button, at.radio, at.multiselect, at.selectbox, at.segmented_control, at.number_input, at.expander)
    found = [one.value for kind in texts for one in kind if "«" not in one.value and one.value.strip("*") not in own]
    found += [
        one.label for kind in (*boxes, at.metric) for one in kind if "«" not in one.label and one.label not in own
    ]
    heads = {str(name) for frame in at.dataframe for name in frame.value.columns} - own
    return [*found, *(name for name in heads if not name.startswith("«"))]


def forget() -> None:
    """Empty the caches that sessions share, as after a restart."""
    st.cache_resource.clear()
    st.cache_data.clear()


def script(source: str, **parameters: str) -> AppTest:
    """A part of a page, drawn by a script of its own that a link has opened; no exception is shown on it."""
    at = AppTest.from_string(source, default_timeout=180)
    for name, value in parameters.items():
        at.query_params[name] = value
    return sound(at.run())


def figures(at: AppTest) -> dict[str, dict[str, Any]]:
    """The figures on a page by their titles."""
    return {spec["layout"]["title"]["text"]: spec for spec in charts(at)}


def figure(at: AppTest, title: str) -> dict[str, Any]:
    """The figure whose title has this in it."""
    return next(spec for name, spec in figures(at).items() if title in name)


def numbers(encoded: Any) -> np.ndarray:
    """An array as plotly writes it: a list, or its bytes."""
    if isinstance(encoded, dict):
        return np.frombuffer(base64.b64decode(encoded["bdata"]), dtype=encoded["dtype"])
    return np.array(encoded, dtype=float)


def parameters(at: AppTest) -> dict[str, str]:
    """What the link says."""
    return {name: value[-1] if isinstance(value, list) else value for name, value in at.query_params.items()}
