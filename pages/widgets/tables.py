"""Tables, and their rows as a file to download."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from core.data.tables import as_csv, written
from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.widgets import frame
from pages.wording import estimates

_MOST_WRITTEN = 500  # rows; of more the numbers are written by the browser, as writing them here takes long


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    csv: str | None = None,
    *,
    key: str | None = None,
    select: Literal["single-row", "multi-row"] | None = None,
    texts: Sequence[str] = (),
    firsts: Sequence[str] = (),
    **options: Any,
) -> list[int]:
    """Show a table; with `csv`, a button below it downloads the rows as ``unrolled-CSV.csv``.

    A row has a cell for each column: a text, a number, None, or an `Estimate`, which is three numbers in the file.
    Texts are shown as they are, and spreadsheets read none of them as a formula.
    With `select` a reader can choose rows, and their indices are returned; `key` must then change with the rows.
    With `texts`, one for each row, a chosen row's text can be copied and opened on the pages, beside that of
    `firsts` if it is an order of that. `options` are those of ``st.dataframe``.
    """
    if texts:
        select, key = select or "single-row", key or f"rows {fingerprint((header, texts))}"
    rows = list(rows)
    shown: Any = estimates.as_shown(header, rows)
    if len(rows) <= _MOST_WRITTEN and any(isinstance(value, int | float) for row in rows for value in row):
        shown = written(shown)
    chosen: list[int] = []
    options = {"hide_index": True, "key": key, "placeholder": "–", **options}
    if select:
        event = st.dataframe(shown, on_select="rerun", selection_mode=select, **options)
        chosen = [row for row in event["selection"]["rows"] if 0 <= row < len(rows)]
    else:
        st.dataframe(shown, **options)
    if csv:
        columns, numbers = estimates.as_numbers(header, rows)
        download(csv, lambda: as_csv(columns, numbers))
    if texts and chosen:
        frame.open_elsewhere(texts[chosen[0]], *firsts[chosen[0] : chosen[0] + 1])
    elif texts:
        st.caption(_("Choose a row to copy its text or open it on another page."))
    return chosen


def download(
    name: str, csv: str | bytes | Path | Callable[[], str], *, label: str | None = None, help: str | None = None
) -> None:
    """A button that downloads ``unrolled-NAME.csv``: a CSV, or a function that writes it when the button is pressed."""
    st.download_button(
        label or _("Download as CSV"),
        csv,
        f"unrolled-{name}.csv",
        "text/csv",
        key=f"download {name}",
        on_click="ignore",
        icon=":material/download:",
        help=help,
    )


def download_chart(name: str, header: Sequence[str], rows: Callable[[], Iterable[Sequence[object]]]) -> None:
    """A button that downloads a chart's numbers as ``unrolled-NAME.csv``, written when it is pressed."""
    about = _("To save the chart as a picture (PNG), use the camera in its toolbar (upper right).")
    download(name, lambda: as_csv(header, rows()), help=about)
