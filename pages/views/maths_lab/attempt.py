"""A stub, until the component is there."""

from __future__ import annotations

import streamlit as st

from core.lab.attempt import Problem
from pages.wording.latex_words import worded


def show(problem: Problem, key: str) -> bool:
    """The problem; whether the whole solution is asked for."""
    st.header(problem.title)
    st.write(problem.question)
    for line in problem.given:
        st.markdown(line.note)
        st.latex(worded(line.latex))
    return bool(st.toggle("Show the whole solution", st.query_params.get("solution") == "1", key=f"{key} solution"))


def seed(key: str) -> int | None:
    """The number of a sheet."""
    given = st.query_params.get("sheet", "")
    return int(given) if given.isdecimal() else None
