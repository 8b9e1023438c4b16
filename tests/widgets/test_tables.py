"""A table on the page: what it shows, what its file holds, which rows were chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st

from pages.widgets import tables
from pages.wording import estimates

HEADER = ["text", "share"]
ROWS = [("=1+1", estimates.share(0.5, (0.25, 0.75))), ("so", estimates.NONE)]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What was given to Streamlit."""
    found: dict[str, Any] = {}

    def dataframe(rows: object, **options: object) -> object:
        found.update(rows=rows, options=options)
        return {"selection": {"rows": [1, -1, 2]}}

    def button(label: str, data: Callable[[], str], file: str, *_more: object, **options: object) -> None:
        found.update(csv=data(), file=file, key=options["key"])

    monkeypatch.setattr(st, "dataframe", dataframe)
    monkeypatch.setattr(st, "download_button", button)
    return found


def test_a_table_shows_its_rows_and_its_file_has_numbers_and_no_formula(drawn: dict[str, Any]) -> None:
    assert tables.table(HEADER, ROWS, "mine", height="content") == []
    assert drawn["rows"] == [{"text": "=1+1", "share": "50.0% (25.0% – 75.0%)"}, {"text": "so", "share": "–"}]
    assert drawn["options"] == {"hide_index": True, "key": None, "placeholder": "–", "height": "content"}
    assert drawn["csv"].splitlines() == ['text,share,"share, from","share, to"', "'=1+1,0.5,0.25,0.75", "so,,,"]
    assert (drawn["file"], drawn["key"]) == ("unrolled-mine.csv", "download mine")


def test_chosen_rows_are_those_that_exist(drawn: dict[str, Any]) -> None:
    assert tables.table(HEADER, ROWS, key="k", select="multi-row") == [1]
    assert "csv" not in drawn and drawn["options"]["selection_mode"] == "multi-row"


def test_fractions_are_written_with_decimals_and_stay_numbers(drawn: dict[str, Any]) -> None:
    tables.table(["name", "one", "none"], [("a", -0.12345, None), ("b", None, None)])
    frame = drawn["rows"]
    assert frame.data["one"][0] == -0.12345
    assert "−0.123<" in frame.to_html()
