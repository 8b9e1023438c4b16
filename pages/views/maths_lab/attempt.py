"""A stub, until the component is there."""

from __future__ import annotations

import streamlit as st

from core.lab.attempt import Problem


def show(problem: Problem, *, name: str, key: str) -> bool:
    """The problem; whether the whole solution is asked for."""
    st.write(problem.question)
    for line in problem.given:
        st.markdown(line.note)
        st.latex(line.latex)
    for part in problem.parts:
        st.markdown(f"{part.title}: " + ", ".join(f"${blank.symbol}$" for blank in part.blanks))
    return bool(st.toggle("Show the whole solution", st.query_params.get("solution") == "1", key=f"{key} solution"))
