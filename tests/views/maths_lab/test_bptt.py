"""The section on backpropagation through time, run in process: its numbers, its link, formulas."""

from __future__ import annotations

import pytest

from core.lab.bptt.gradients import Exercise, backpropagation
from tests.app import figures, parameters, said, script, sound
from tests.hostile import SENTENCES

SCRIPT = """
from pages.views.maths_lab import bptt

bptt.view()
"""


def test_the_section_as_it_opens() -> None:
    at = script(SCRIPT)
    result = backpropagation(Exercise())
    assert [box.value for box in at.number_input] == [None, 0.6, 0.9, 1.5, 0.0, 2]
    text = said(at)
    assert not at.dataframe and "report" not in text
    assert not any(f"{gradient.value:.3f}" in text for gradient in result.gradients)
    assert at.text_input(key="bptt f").value == ""
    (drawn,) = figures(at).values()
    assert len(drawn["data"]) == 6 and parameters(at) == {}


def test_the_solution_on_demand() -> None:
    at = script(SCRIPT, solution="1")
    result = backpropagation(Exercise())
    three = at.dataframe[0].value
    assert list(three["derivative"]) == ["dL/dw_o", "dL/dw_i", "dL/dw_h"]
    shown = [float(value.replace("−", "-")) for value in three["closed form"]]
    assert shown == pytest.approx([gradient.value for gradient in result.gradients], rel=1e-7)
    assert list(three["closed form"]) == list(three["autograd"])


def test_numbers_travel_in_the_link_and_back() -> None:
    at = script(SCRIPT, solution="1")
    at.number_input(key="bptt wh").set_value(-1.25)
    at.text_input(key="bptt x").set_value("0.5, −2e-1")
    at.number_input(key="bptt t").set_value(3)
    at.segmented_control(key="bptt y").set_value("1")
    at.segmented_control(key="bptt a").set_value("sigmoid")
    at.selectbox(key="bptt d").set_value("dL/dw_h")
    at.slider(key="bptt vw").set_value(-0.75)
    sound(at.run())
    at.text_input(key="bptt f").set_value("yhat - y")
    carried = parameters(sound(at.run()))
    assert set(carried) == {
        *("bptt_wh", "bptt_x", "bptt_t", "bptt_y", "bptt_a", "bptt_d", "bptt_f", "bptt_vw"),
        "solution",
    }
    again = script(SCRIPT, **carried)
    assert list(again.dataframe[0].value["closed form"]) == list(at.dataframe[0].value["closed form"])
    exercise = Exercise(x=(0.5, -0.2, 0.5), y=1.0, w_h=-1.25, activation="sigmoid")
    expected = backpropagation(exercise).gradients[0].value
    shown = again.dataframe[0].value["closed form"][0].replace("−", "-")
    assert float(shown) == pytest.approx(expected, rel=1e-7)
    assert again.text_input(key="bptt f").value == "yhat - y" and again.slider(key="bptt vw").value == -0.75


def test_what_cannot_be_read_is_one_line_and_the_rest_stays() -> None:
    at = script(SCRIPT, bptt_f="yhat")
    for inputs in ("", "1,,2", "1, inf", "a", "1 2", SENTENCES[0]):
        at.text_input(key="bptt x").set_value(inputs)
        sound(at.run())
        assert at.info[0].value.startswith("x\\_")
        assert at.text_input(key="bptt x").value == inputs
        assert at.text_input(key="bptt f").value == "yhat" and figures(at)
    at.text_input(key="bptt x").set_value("1, 2")
    for formula in ("__import__('os').system('true')", "h" * 100_000, "lambda: 1", SENTENCES[0]):
        at.text_input(key="bptt f").set_value(formula)
        sound(at.run())
        (error,) = at.error
        assert "the formula" in error.value and len(error.value.splitlines()) == 1
        assert at.text_input(key="bptt f").value == formula


def test_a_derivation_is_right_wrong_or_infinite() -> None:
    at = script(SCRIPT, bptt_d="dL/dw_o", bptt_f="(ŷ − y) h")
    assert "Right at all 32 random points" in at.success[0].value
    at.text_input(key="bptt f").set_value("10**10**10")
    assert "not a finite number at 32 of 32" in said(sound(at.run()))
    at.text_input(key="bptt f").set_value("y - yhat")
    assert "The factor h_2 is missing." in said(sound(at.run()))
    assert any("yours" in element.value for element in at.latex)


def test_another_derivative_empties_the_box() -> None:
    at = script(SCRIPT, bptt_d="dL/dw_o", bptt_f="(ŷ − y) h")
    at.selectbox(key="bptt d").set_value("dL/dw_i")
    sound(at.run())
    assert at.text_input(key="bptt f").value == "" and not at.success and not at.warning
    at.text_input(key="bptt f").set_value("yhat - y")
    sound(at.run())
    assert at.warning
    at.segmented_control(key="bptt a").set_value("relu")
    sound(at.run())
    assert at.text_input(key="bptt f").value == "" and not at.warning


def test_a_derivation_line_by_line() -> None:
    at = script(SCRIPT, bptt_l="w_o")
    at.text_input(key="bptt line 0").set_value("-y/ŷ + (1-y)/(1-ŷ)")
    at.text_input(key="bptt line 1").set_value("ŷ")
    text = said(sound(at.run()))
    assert "Right." in text and "is missing" in text and "cancels" not in text
    at.toggle(key="bptt line 2 hint").set_value(True)
    assert "cancels" in said(sound(at.run()))
    at.segmented_control(key="bptt l").set_value("w_h")
    sound(at.run())
    assert at.text_input(key="bptt line 3").value == "" and not at.toggle(key="bptt line 2 hint").value


def test_find_the_mistake() -> None:
    at = script(SCRIPT, mistake="1")
    at.segmented_control(key="mistake 1 line").set_value(1)
    assert "Look again" in said(sound(at.run()))
    at.segmented_control(key="mistake 1 line").set_value(5)
    sound(at.run())
    assert "Yes, line 5 is wrong" in at.success[0].value
    at.text_input(key="mistake 1 right").set_value("dL/dh_2 (1-h_2²)")
    assert "Right" in sound(at.run()).success[1].value


def test_several_units_and_a_softmax() -> None:
    at = script(SCRIPT, bptt_n="several", bptt_mo="1 2; 3 4; .1 .2", bptt_my="2", solution="1")
    assert len(at.dataframe[0].value) == 6 + 2 + 4
    for box, text in (("bptt mh", "1 2"), ("bptt mi", "a"), ("bptt my", "7"), ("bptt mx", SENTENCES[0])):
        at.text_input(key=box).set_value(text)
        sound(at.run())
        assert at.info[0].value and len(at.info[0].value.splitlines()) == 1


def test_many_steps_few_steps_and_saturated_ones() -> None:
    at = script(SCRIPT, bptt_t="100", bptt_d="dh_2/dh_1", solution="1")
    assert "12 steps" in said(at)
    assert "100 terms" in said(at)
    assert at.selectbox(key="bptt d").value == "dL/dw_o"
    at = script(SCRIPT, bptt_x="1, 2, 3", bptt_t="3", bptt_d="dh_3/dw_i")
    assert at.selectbox(key="bptt d").value == "dh_3/dw_i"
    at.number_input(key="bptt t").set_value(2)
    assert "Only the first 2 of 3 inputs are read." in said(sound(at.run()))
    assert at.selectbox(key="bptt d").value != "dh_3/dw_i"
    at = script(SCRIPT, bptt_wi="1e308", bptt_wh="-1e308", bptt_wo="1e308", solution="1")
    assert "Saturated at t = 1, 2" in said(at) and "nan" not in said(at).lower()
