"""An exercise to be tried: marks, hints, steps shown on demand, the link, what is never on the page unasked."""

from __future__ import annotations

import time

import pytest
from streamlit.testing.v1 import AppTest

from core.lab.handout import Handout
from core.lab.worksheet import number
from tests.app import parameters, press, said, script, sound
from tests.hostile import SENTENCES
from tests.lab.problems import chain

SCRIPT = """
import streamlit as st
from pages.views.maths_lab import attempt
from tests.lab.problems import chain

if st.session_state.get("away"):
    st.write("elsewhere")
else:
    seed = attempt.seed("hand")
    scale = st.session_state.get("scale", 0.7)
    if attempt.show(chain(scale if seed is None else seed / 1000), key="hand"):
        st.write("the whole solution")
"""


def opened(**link: str) -> AppTest:
    return script(SCRIPT, **link)


def answer(at: AppTest, **texts: str) -> AppTest:
    for name, text in texts.items():
        at.text_input(key=f"hand {name}").set_value(text)
    return sound(at.run())


def written(at: AppTest) -> str:
    """All that the page shows, equations too."""
    return "\n".join([said(at), *(found.value for found in at.get("latex")), *(b.label for b in at.button)])


def labels(at: AppTest) -> list[str]:
    return [fold.label.replace("\\", "") for fold in at.expander]


def test_marks_and_progress() -> None:
    at = opened()
    assert labels(at) == ["bend · 0 of 2 right", "square · 0 of 1 right"]
    assert [fold.proto.expanded for fold in at.expander] == [True, False]
    answer(at, h="0.7", s="0.2", q="0.490")
    assert parameters(at) == {"try": "h:0.7,s:0.2,q:0.490"}
    assert "not bent" in said(at) and "right for your numbers" in said(at) and "cannot be read" not in said(at)
    assert at.get("progress")[0].proto.text == "0 of 3 right, 2 wrong, 1 to revise"
    answer(at, h="0.6044", s="1-tanh(0.7)^2")
    assert labels(at) == ["bend · 2 of 2 right", "square · 0 of 1 right"]
    assert [fold.proto.expanded for fold in at.expander] == [False, True]
    answer(at, q="0,3653")
    assert at.get("progress")[0].proto.text == "3 of 3 right"


def test_nothing_of_the_solution_is_there_before_it_is_asked_for(files: dict[str, str]) -> None:
    at = opened()
    problem = chain(0.7)
    results = [number(problem.truth[blank.name], 6) for blank in problem.blanks()]
    assert not any(result[:6] in written(at) for result in results) and "the whole solution" not in written(at)
    assert [name for name in files if "answers" in name] == []
    for _stage in range(2):
        at.button(key="hand hint 0").click()
        sound(at.run())
    assert "One number after the other" in said(at) and r"h &= \tanh(a)" in written(at)
    assert not any(result[:6] in written(at) for result in results)
    at.button(key="hand show 0").click()
    sound(at.run())
    assert parameters(at) == {"steps": "1"}
    assert results[0][:6] in written(at) and results[2][:6] not in written(at)
    at.toggle(key="hand solution").set_value(True)
    sound(at.run())
    assert parameters(at) == {"steps": "1", "solution": "1"} and "the whole solution" in said(at)
    assert sorted(files) == [f"unrolled-{kind}.{form}" for kind in ("answers", "sheet") for form in ("html", "md")]
    assert files["unrolled-sheet.html"] == Handout(problem, asked=["h", "s", "q"]).html()


def test_the_link_keeps_answers_blanks_and_steps() -> None:
    at = opened(**{"try": "h:0,5,q:1/3,zz:4", "blanks": "h,q", "steps": "2"})
    assert at.text_input(key="hand h").value == "0,5" and at.text_input(key="hand q").value == "1/3"
    assert labels(at) == ["bend · 0 of 1 right", "square · 0 of 1 right"]
    assert parameters(at) == {"try": "h:0,5,q:1/3", "blanks": "h,q", "steps": "2"}
    press(at, "Only results")
    assert parameters(at)["blanks"] == "results" and parameters(at)["try"] == "q:1/3"
    press(at, "All")
    assert parameters(at) == {"try": "h:0,5,q:1/3", "steps": "2"}
    at.session_state["away"] = True
    at.run()
    at.session_state["away"] = False
    sound(at.run())
    assert at.text_input(key="hand h").value == "0,5"
    press(at, "Clear my answers")
    assert parameters(at) == {} and at.text_input(key="hand h").value == ""


def test_other_numbers_empty_the_boxes() -> None:
    at = answer(opened(), h="0.6044")
    at.session_state["scale"] = 0.8
    sound(at.run())
    assert parameters(at) == {} and at.text_input(key="hand h").value == ""
    answer(at, h="0.6640")
    press(at, "Other numbers")
    seed = at.session_state["hand sheet"]
    assert parameters(at) == {"sheet": str(seed)}
    linked = opened(sheet=str(seed), **{"try": "h:0.5"})
    assert linked.text_input(key="hand h").value == "0.5"


@pytest.mark.parametrize(
    "link",
    [
        {"try": "x" * 5_000, "blanks": "<b>", "steps": "99", "solution": "yes", "sheet": "-1"},
        {"try": "<script>", "blanks": "", "steps": "1.1", "solution": "0", "sheet": "9" * 400},
    ],
)
def test_a_forged_link_is_an_empty_exercise(link: dict[str, str]) -> None:
    at = opened(**link)
    assert parameters(at) == {} and "the whole solution" not in said(at)
    assert at.get("progress")[0].proto.text == "0 of 3 right"


def test_hostile_answers_are_one_line_within_a_second() -> None:
    at = opened()
    for text in ("9" * 10_000, "(" * 10_000, "1+" * 90 + "1", "9**9**9**9", "0e999", "nan", "<b>$x$", *SENTENCES[::6]):
        start = time.perf_counter()
        answer(at, h=text, s=text, q=text)
        assert time.perf_counter() - start < 1
        lines = said(at).split("\n")
        assert max(map(len, lines)) < 400
        assert "script" not in "\n".join(found.type for found in at.main)
