"""The maths lab, run in process on tiny checkpoints: the frame, the cell by hand, the three cells side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.lab.cells.arithmetic import MOST_INPUTS, MOST_STEPS, work
from core.lab.cells.equations import number
from core.lab.cells.exercise_text import LONGEST, from_line, to_line
from core.lab.cells.lstm_exercise import MEMORY, PRESETS
from core.lab.cells.problem import drawn, problem
from core.lab.variants import MODULES, variant
from core.models import checkpoints
from core.models.step_arithmetic import working
from core.models.trace import trace
from tests import app
from tests.app import figures, parameters, said, sound, strips, table
from tests.conftest import HIDDEN, write_tiny_checkpoint
from tests.hostile import SENTENCES

PAGE = "pages/5_Maths_Lab.py"


pytestmark = pytest.mark.usefixtures("tiny_models")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Types into cells of the tables, which AppTest cannot: ``typed("hand gates", row, column, text)``."""
    editor, cells = st.data_editor, {}

    def edited(data: list[dict[str, Any]], **settings: Any) -> list[dict[str, Any]]:
        found = [dict(row) for row in editor(data, **settings)]
        for (editor_name, row, column), text in cells.items():
            if settings["key"].startswith(editor_name):
                found[row][column] = text
        return found

    def write(table: str, row: int, column: str, text: str | None) -> None:
        cells[table, row, column] = text

    monkeypatch.setattr(st, "data_editor", edited)
    return write


def opened(lab: str = "", **link: str) -> AppTest:
    return sound(app.opened("Maths_Lab", lab, **link))


def equations(at: AppTest) -> list[str]:
    about = len(at.expander[0].latex)  # the fold about the view stands first
    return [found.value.strip("$\n ") for found in at.get("latex")[about:]]


def elements(block: Any) -> Iterator[Any]:
    """Everything in a block of the page."""
    for child in getattr(block, "children", {}).values():
        yield child
        yield from elements(child)


def outcome(at: AppTest) -> list[dict[str, Any]]:
    """The table of steps."""
    (found,) = [table.value for table in at.dataframe if "y" in table.value and "t" in table.value]
    return found.to_dict("records")


# The frame


def test_only_the_chosen_exercise_runs() -> None:
    at = opened(solution="1")
    written_out = "Step-by-step calculation"
    assert written_out in [header.value for header in at.header]
    assert "q" not in [box.key for box in at.text_input]
    at.pills(key="lab section").set_value("cells").run()
    sound(at)
    assert parameters(at)["lab"] == "cells"
    assert "q" in [box.key for box in at.text_input]
    headers = [header.value for header in at.header]
    assert "What each gate adds" in headers and written_out not in headers


def test_an_exercise_that_is_not_there() -> None:
    at = opened(lab="<b>", solution="1")
    assert "`lab`" in said(at) and "lab" not in parameters(at)
    assert len(outcome(at)) == 4


NUMBERS = ("k", "n", "seed", "step", "c", "i")


@pytest.mark.parametrize(
    ("lab", "forged"),
    [
        ("boosting", {"stumps": "<b>", "k": "1", "n": "nan", "seed": "1e9", "rounds": "0", "t": ""}),
        ("boosting", {"k": "99999999999", "n": "-5", "rounds": "١٢", "t": "10000"}),
        ("bptt", {"wh": "1e309", "t": "10000", "y": "7", "d": "dL/dq", "vw": "99", "vt": "0"}),
        ("bptt", {"wh": "nan", "wi": "0x1", "wo": "1_0", "vw": "٣"}),
        ("mixture", {"data": "<b>", "from": "x", "kind": "full<b>", "example": "9", "hand": "3", "reg": "9" * 99}),
        ("mixture", {"data": "clouds", **dict.fromkeys([*NUMBERS, "count"], "9" * 400)}),
        ("mixture", {"data": "states", **dict.fromkeys([*NUMBERS, "model", "axes", "d"], "-1")}),
    ],
)
def test_a_forged_link_leaves_the_exercise_as_it_opens(lab: str, forged: dict[str, str]) -> None:
    prefix = {"boosting": "boost", "mixture": "mix"}.get(lab, lab)
    kept = {"mix_data": forged["data"]} if forged.get("data") in ("states", "clouds") else {}
    kept |= {"boost_from": "points", "boost_cloud": "blobs"} if lab == "boosting" else {}
    at, usual = opened(lab, **{f"{prefix}_{name}": value for name, value in forged.items()} | kept), opened(lab, **kept)
    assert not at.error and parameters(at) == {"lab": lab} | kept
    for one, other in zip(at.dataframe, usual.dataframe, strict=True):
        assert one.value.equals(other.value)
    assert figures(at) == figures(usual)


# The cell by hand


def solved(**link: str) -> AppTest:
    """The cell by hand with its solution."""
    return opened(solution="1", **link)


def link_of(at: AppTest) -> dict[str, str]:
    """The link of such a page, without the solution's part."""
    return {name: value for name, value in parameters(at).items() if name != "solution"}


def test_nothing_is_solved_before_it_is_asked_for() -> None:
    at = opened()
    assert not figures(at) and not at.success
    assert "Checked" not in said(at)
    at.text_input(key="cell i1").set_value("0")
    at.text_input(key="cell zi1").set_value("100")
    assert "The bias is missing." in said(sound(at.run()))
    sound(at.toggle(key="cell solution").set_value(True).run())
    assert figures(at) and at.success


@pytest.mark.parametrize("lab", MODULES)
def test_no_number_of_the_solution_is_on_the_page(lab: str) -> None:
    """In no text, box, chart or table that is sent to the browser, with four to six decimals."""
    at = opened(lab, sheet="5")
    sent = "".join(str(getattr(element, "proto", "")) for element in elements(at.main)).replace("−", "-")
    assert len(sent) > 5_000
    for blank in variant(lab, 5).blanks():
        value = variant(lab, 5).truth[blank.name]
        if abs(value - round(value, 2)) > 1e-6:
            assert not any(f"{value:.{digits}f}" in sent for digits in (4, 5, 6)), blank.name
    shown = sound(
        at.toggle(key=next(box.key for box in at.toggle if box.key.endswith("solution"))).set_value(True).run()
    )
    assert len("".join(str(getattr(element, "proto", "")) for element in elements(shown.main))) > len(sent)


def test_a_sheet_has_its_own_numbers() -> None:
    at = opened(sheet="7")
    exercise = problem(drawn(7))
    for name in ("z1", "g1"):
        at.text_input(key=f"cell {name}").set_value(f"{exercise.truth[name]:.4f}")
    sound(at.run())
    assert f"2 of {len(list(exercise.blanks()))} right" in at.get("progress")[0].proto.text


def test_the_usual_exercise_is_there_at_first(downloads: dict[str, Callable[[], list[list[str]]]]) -> None:
    at = solved()
    rows = outcome(at)
    assert list(rows[0]) == ["t", "x", "z", "z_i", "f_i", "z_f", "f_f", "z_o", "f_o", "c", "y"]
    assert [row["z_i"] for row in rows] == ["90", "90", "190", "90"]
    assert [row["c"] for row in rows] == ["3", "0.9999", "4", "3.9998"]
    text = said(at)
    assert "Checked 40 numbers" in text
    assert not link_of(at) and not at.error and not at.warning

    at.slider(key="hand t").set_value(3)
    assert link_of(sound(at.run())) == {"hand_t": "3"}
    assert any(r"100 \cdot 1 + 100 \cdot 1" in line and r"&= 190\end{aligned}" in line for line in equations(at))
    at = solved(hand_t="4", hand_digits="all")
    assert at.slider(key="hand t").value == 4
    assert any(line.endswith(r"3.9998184085251904\end{aligned}") for line in equations(at))
    header, *rows = downloads["by-hand"]()
    assert [float(row[header.index("c")]) for row in rows] == [step.c for step in work(MEMORY).steps]


def test_presets_and_their_links() -> None:
    at = solved()
    for name, curves in (("lstm", 6), ("gru", 4), ("rnn", 1)):
        at.pills(key="hand preset").set_value(name)
        linked = [solved(hand=to_line(PRESETS[name]))] if name == "gru" else []
        for page in (sound(at.run()), *linked):
            steps = work(PRESETS[name]).steps
            assert [float(row["y"]) for row in outcome(page)] == pytest.approx([step.y for step in steps], abs=1e-4)
            assert link_of(page) == {"hand": to_line(PRESETS[name])}
            (chart,) = figures(page).values()
            assert len(chart["data"]) == curves


def test_an_edited_cell_is_worked_and_linked_to(typed: Callable[..., None]) -> None:
    typed("hand gates", 1, "b", "-300")
    at = solved()
    assert [row["z_i"] for row in outcome(at)] == ["-200", "-200", "-100", "-200"]
    assert from_line(link_of(at)["hand"]).gates[1].bias == -300


def test_what_is_no_number_is_one_line_and_nothing_is_lost(typed: Callable[..., None]) -> None:
    at = solved()
    for text in ("abc", "inf", "nan", "", None, "1e999", "__import__('os')", "1" * 100_000, *SENTENCES[::8]):
        typed("hand inputs", 2, "x4", text)
        for _run in range(2):
            (error,) = sound(at.run()).error
            line = error.value.replace("\\", "")
            assert line.startswith("t = 3, x4: ") and "\n" not in line and len(line) < 200
            assert re.search(r"(?<!\\)[<>\[\]$`*_]", error.value) is None  # none of these is left to Markdown
            assert at.session_state["hand now"].inputs[2][3] == (text or "")
            assert "hand" not in link_of(at) and not figures(at)


def test_weights_of_1e308_saturate_in_silence(typed: Callable[..., None], recwarn: pytest.WarningsRecorder) -> None:
    typed("hand gates", 1, "x1", "1e308")
    typed("hand inputs", 0, "x1", "-1e308")
    at = solved()
    assert outcome(at)[0]["f_i"] == "0"
    assert "held there" in said(at)
    assert not [found for found in recwarn if issubclass(found.category, RuntimeWarning)]


def test_activations_starts_length_and_width_are_changed() -> None:
    at = solved()
    version = at.session_state["hand version"]
    at.selectbox(key=f"hand $h(c)$ {version}").set_value("tanh")
    sound(at.text_input(key=f"hand $c_0$ {version}").set_value("7").run())
    exercise = from_line(link_of(at)["hand"])
    assert (exercise.output, exercise.c0) == ("tanh", 7.0)
    assert float(outcome(at)[0]["c"]) == pytest.approx(3 + 7, abs=1e-3)
    at.text_input(key=f"hand $c_0$ {version}").set_value("seven").run()
    assert "'seven' is not a number" in said(at)
    assert at.text_input(key=f"hand $c_0$ {version}").value == "seven"
    at.text_input(key=f"hand $c_0$ {version}").set_value("7").run()
    at.number_input(key="hand steps").set_value(6).run()
    sound(at.number_input(key="hand width").set_value(5).run())
    assert [row["x"] for row in outcome(at)][3:] == ["0, 1, 1, 0, 0", "0, 0, 0, 0, 0", "0, 0, 0, 0, 0"]
    sound(at.number_input(key="hand steps").set_value(1).run())
    assert len(outcome(at)) == 1
    sound(at.number_input(key="hand steps").set_value(10_000).run())
    assert "1 to 200" in said(at) and len(outcome(at)) == 1
    at.number_input(key="hand steps").set_value(MOST_STEPS).run()
    sound(at.number_input(key="hand width").set_value(MOST_INPUTS).run())
    assert len(outcome(at)) == MOST_STEPS and "hand" not in link_of(at)
    assert "a link can hold 2,000" in said(at)


def test_a_forged_link_gives_the_usual_exercise_and_says_so() -> None:
    for hand in ("x" * (LONGEST + 1), "rnn**tanh**0_0_0**" + "*".join("1" * 500) + "**0", "lstm**" * 100):
        at = solved(hand=hand, hand_t="-1", hand_digits="<b>")
        assert "`hand`" in said(at)
        assert [row["z_i"] for row in outcome(at)] == ["90", "90", "190", "90"]
        assert link_of(at) == {}


def test_what_was_typed_is_there_after_another_exercise_and_another_page() -> None:
    at = solved(hand=to_line(PRESETS["gru"]))
    version = at.session_state["hand version"]
    at.text_input(key=f"hand $y_0$ {version}").set_value("2.5").run()
    before = outcome(at)
    at.pills(key="lab section").set_value("cells").run()
    at.pills(key="lab section").set_value("lstm").run()
    sound(at)
    assert outcome(at) == before
    at.switch_page("pages/6_Models.py").run()
    at.switch_page(PAGE).run()
    sound(at)
    assert outcome(at) == before


# Side by side


def test_the_equations_have_the_numbers_of_the_trace_and_the_costs_are_counted() -> None:
    at = opened("cells", q="so good", cells_unit="3", cells_token="1")
    shown = "\n".join(equations(at))
    for name in ("rnn", "gru", "lstm"):
        checkpoint = checkpoints.load(name)
        step = working(checkpoint.model, trace(checkpoint, "so good"), 0, 3)
        for gate in step.gates:
            assert number(gate.value) in shown
        assert rf"&= {number(step.h)}\end{{aligned}}" in shown
    assert parameters(at)["cells_unit"] == "3" and parameters(at)["cells_token"] == "1"
    costs = table(at, "multiply-adds per token")
    assert costs["accuracy"].tolist() == ["0.7500"] * 3
    counted = [sum(p.numel() for p in checkpoints.load(name).model.parameters()) for name in ("rnn", "gru", "lstm")]
    assert costs["parameters"].tolist() == [f"{count:,}" for count in counted]
    assert "the formula gives exactly the number of parameters" in said(at)
    at.number_input(key="cells unit").set_value(None)
    at.slider(key="cells token").set_value(2)
    sound(at.run())
    for name in ("rnn", "gru", "lstm"):
        assert f"unit {trace(checkpoints.load(name), 'so good').units[0]}, token 2 of 2" in said(at)
    for text in (" ", "so bad"):
        at.text_input(key="q").set_value(text)
        sound(at.run())
        assert bool(at.info) == (not text.strip())
        assert "Cost and accuracy" in [header.value for header in at.header][2]


def test_a_click_on_a_word_chooses_the_token_of_the_cells() -> None:
    at = opened("cells", q="so good")
    for position in (0, 1):
        (strip,) = strips(at)
        at.session_state["cells words 0"] = {"picked": {"key": strip["key"], "position": position}}
        at = sound(at.run())
        assert at.slider(key="cells token").value == position + 1 and f"token {position + 1} of 2" in said(at)


def test_speed_is_measured_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.lab.cells import side_by_side
    from core.lab.cells.side_by_side import Speed

    at = opened("cells")
    assert "Not measured yet" in said(at)
    at.button(key="cells measure").click()
    for name, value in {"TOKENS": 3, "ROUNDS": 3, "SECONDS": 0.001}.items():
        monkeypatch.setattr(side_by_side, name, value)
    sound(at.run())
    (table,) = [found.value for found in at.dataframe if "tokens per second" in found.value]
    assert table["model"].tolist() == ["RNN", "GRU", "LSTM"] and table["relative to RNN"][0] == "1.00"
    assert all(isinstance(speed, Speed) and len(speed.rates) == 3 for speed in at.session_state["cells speeds"][1])
    at.run()
    assert "Not measured yet" not in said(at)


def test_a_forged_unit_and_token() -> None:
    for value in ("-1", str(HIDDEN)):
        at = opened("cells", q="so good", cells_unit=value, cells_token="9" * 5_000)
        assert "Invalid in the link: `cells_unit`" in said(at)
        assert not {"cells_unit", "cells_token"} & set(parameters(at))


def test_several_models_of_a_cell(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed, name in enumerate(("gru", "other", "deep")):
        write_tiny_checkpoint(tmp_path, name, "gru", seed=seed, layers=1 + (name == "deep"))
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    at = opened("cells", q="so good")
    assert at.selectbox(key="cells gru").value == "gru"
    at.selectbox(key="cells gru").set_value("deep").run()
    sound(at)
    assert "**deep**" in said(at)
