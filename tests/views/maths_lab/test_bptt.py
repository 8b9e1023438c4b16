"""The section on backpropagation through time, run in process: its numbers, its link, hostile formulas."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from core.lab.bptt.gradients import Exercise, backpropagation
from tests.hostile import SENTENCES

SCRIPT = """
from pages.views.maths_lab import bptt as lab_bptt

lab_bptt.view()
"""
SLIP = "-w_o * h^2 / (1 + e^(-w_o * h))^2"


def opened(**parameters: str) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=60)
    for name, value in parameters.items():
        at.query_params[name] = value
    return sound(at.run())


def sound(at: AppTest) -> AppTest:
    assert [error.message for error in at.exception] == []
    return at


def told(at: AppTest) -> str:
    """All that is said in words, its escapes taken out."""
    elements = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error, *at.success]
    return "\n".join(element.value for element in elements).replace("\\", "")


def test_the_section_as_it_opens():
    at = opened()
    found = backpropagation(Exercise())
    assert [box.value for box in at.number_input] == [0.6, 0.9, 1.5, 0.0, 2]
    three = at.dataframe[0].value
    assert list(three["derivative"]) == ["dL/dw_o", "dL/dw_i", "dL/dw_h"]
    assert [float(value) for value in three["closed form"]] == pytest.approx(
        [g.value for g in found.gradients], rel=1e-7
    )
    assert list(three["closed form"]) == list(three["autograd"])
    slip = at.dataframe[1].value.set_index("derivative")
    assert list(slip[slip["right"] == "yes"].index) == ["dh_2/dw_i", "dh_2/dw_h"]
    assert list(slip["report / truth"]) == list(slip["which is"])
    assert "Your formula over the truth is -w_o * h_2 * e**u at all 32 random points" in told(at)
    assert "necessary for it to explode, but not sufficient" in told(at)
    assert len(json.loads(at.get("plotly_chart")[0].proto.spec)["data"]) == 6
    assert dict(at.query_params) == {}


def test_numbers_travel_in_the_link_and_back():
    at = opened()
    at.number_input(key="bptt wh").set_value(-1.25)
    at.text_input(key="bptt x").set_value("0.5, −2e-1")
    at.number_input(key="bptt t").set_value(3)
    at.segmented_control(key="bptt y").set_value("1")
    at.selectbox(key="bptt d").set_value("dL/dw_h")
    at.text_input(key="bptt f").set_value("yhat - y")
    at.slider(key="bptt vw").set_value(-0.75)
    sound(at.run())
    carried = {name: values[0] if isinstance(values, list) else values for name, values in at.query_params.items()}
    assert set(carried) == {"bptt_wh", "bptt_x", "bptt_t", "bptt_y", "bptt_d", "bptt_f", "bptt_vw"}
    again = opened(**carried)
    assert list(again.dataframe[0].value["closed form"]) == list(at.dataframe[0].value["closed form"])
    expected = backpropagation(Exercise(x=(0.5, -0.2, 0.5), y=1.0, w_h=-1.25)).gradients[0].value
    shown = again.dataframe[0].value["closed form"][0].replace("−", "-")
    assert float(shown) == pytest.approx(expected, rel=1e-7)
    assert again.text_input(key="bptt f").value == "yhat - y"
    assert again.slider(key="bptt vw").value == -0.75


@pytest.mark.parametrize("value", ["1e309", "nan", "inf", "0x1", "1_0", "٣", "", "9" * 40, "<b>"])
def test_a_forged_number_leaves_the_usual_one(value: str):
    at = opened(bptt_wh=value, bptt_t="10000", bptt_y="7", bptt_d="dL/dq", bptt_vw="99", bptt_vt="0")
    assert at.number_input(key="bptt wh").value == 0.9
    assert at.number_input(key="bptt t").value == 2
    assert at.selectbox(key="bptt d").value == "dyhat/dw_o"
    assert at.slider(key="bptt vw").value == 1.2


def test_weights_of_1e308_saturate_in_a_clear_word():
    at = opened(bptt_wi="1e308", bptt_wh="-1e308", bptt_wo="1e308")
    assert "Saturated at t = 1, 2" in told(at)
    assert "nan" not in told(at).lower()


def test_inputs_that_are_none_are_one_line_and_the_rest_stays():
    at = opened()
    for inputs in ("", "1,,2", "1, inf", "a", "__import__('os')", "1 2", *SENTENCES):
        _inputs_are_none(at, inputs)


def _inputs_are_none(at: AppTest, inputs: str) -> None:
    at.text_input(key="bptt x").set_value(inputs)
    sound(at.run())
    assert "x_" in at.info[0].value.replace("\\", "")
    assert "the inputs are finite numbers separated by commas" in told(at)
    assert at.text_input(key="bptt x").value == inputs
    assert at.text_input(key="bptt f").value == SLIP
    assert at.get("plotly_chart")


def test_a_formula_that_cannot_be_read_is_one_line_and_stays():
    at = opened()
    for formula in ("", "__import__('os').system('true')", "h" * 100_000, "lambda: 1", *SENTENCES):
        _cannot_be_read(at, formula)


def _cannot_be_read(at: AppTest, formula: str) -> None:
    at.text_input(key="bptt f").set_value(formula)
    sound(at.run())
    assert len(at.error) == 1
    assert "the formula" in at.error[0].value
    assert len(at.error[0].value.splitlines()) == 1
    assert at.text_input(key="bptt f").value == formula
    assert len(at.dataframe) == 2


def test_a_derivation_is_told_right_wrong_or_infinite():
    at = opened(bptt_d="dL/dw_o", bptt_f="(ŷ − y) * h")
    assert "Right at all 32 random points" in at.success[0].value
    at.text_input(key="bptt f").set_value("10**10**10")
    assert "not a finite number at 32 of 32" in told(sound(at.run()))
    at.text_input(key="bptt f").set_value("y - yhat")
    sound(at.run())
    assert "It lacks h_2." in told(at)
    assert any("yours" in element.value for element in at.latex)


def test_many_steps():
    at = opened(bptt_t="100", bptt_d="dh_2/dh_1")
    assert "up to 12 steps" in told(at)
    assert "of 100 terms the first and the last are written here" in told(at)
    assert at.selectbox(key="bptt d").value == "dyhat/dw_o"


def test_fewer_steps_than_inputs_and_a_target_that_goes():
    at = opened(bptt_x="1, 2, 3", bptt_t="3", bptt_d="dh_3/dw_i")
    assert at.selectbox(key="bptt d").value == "dh_3/dw_i"
    at.number_input(key="bptt t").set_value(2)
    sound(at.run())
    assert "Only the first 2 of 3 inputs are read." in told(at)
    assert at.selectbox(key="bptt d").value == "dL/dw_o"
