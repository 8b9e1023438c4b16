"""A cell of one unit by hand: its tables to change, every step written out, its plot, its check."""

from __future__ import annotations

import streamlit as st

from core.lab.by_hand import work
from core.lab.by_hand_sheets import step_sheet
from core.lab.lstm_by_hand import report
from pages.parts import lab_sheet


def view() -> None:
    """The exercise."""
    worked = work(report())
    st.dataframe(worked.rows(), hide_index=True)
    lab_sheet.show(step_sheet(worked, 1), "hand")
