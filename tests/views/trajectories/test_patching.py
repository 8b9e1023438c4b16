"""The part that reaches in, run in process: maps, a patch that is chosen, gates held, units scaled, its link."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.models import checkpoints
from core.models.trace import trace
from core.probes.interventions.hold import Hold, Patch, Scale, intervene
from core.probes.interventions.patching import patch_texts
from pages.server.fingerprint import fingerprint
from tests.hostile import SENTENCES

A, B = "Better late than never", "Better never than late"
SCRIPT = """
import streamlit as st

from pages.views.trajectories import patching as interventions
from pages.widgets import models
from pages.views.trajectories import controls as trajectories

text = st.text_input("q", "Better late than never", key="q")
checkpoints, _faults = models.load_all()
texts = trajectories.texts(text, checkpoints)
if texts:
    interventions.view(texts, checkpoints)
"""


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


def opened(text: str = A, **parameters: str) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=90)
    at.session_state["q"] = text
    for name, value in parameters.items():
        at.query_params[name] = value
    return sound(at.run())


def sound(at: AppTest) -> AppTest:
    assert [error.message for error in at.exception] == []
    return at


def said(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.info, at.warning, at.error)
    return "\n".join(found.value.replace("\\", "") for kind in kinds for found in kind)


def titles(at: AppTest) -> list[str]:
    return [spec["layout"]["title"]["text"] for spec in figures(at)]


def figures(at: AppTest) -> list[dict[str, Any]]:
    return [json.loads(found.proto.spec) for found in at.get("plotly_chart")]


def parameters(at: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in at.query_params.items()}


def own(a: str = A, b: str = B, align: str = "start") -> str:
    return fingerprint((a, b, align))


def shown(found: float) -> str:
    return f"{found:.3f}"


def test_opens_with_a_map_of_every_model() -> None:
    at = opened()
    found = titles(at)
    assert [title.partition(":")[0] for title in found[:3]] == ["RNN", "GRU", "LSTM"]
    for name in ("rnn", "gru", "lstm"):
        grid = patch_texts(checkpoints.load(name), A, B)
        assert f"{name.upper()}:** {grid.statement}" in said(at)
    assert "An RNN has neither gates nor a cell state" in said(at)
    assert [metric.label for metric in at.metric][:3] == [f"{name}, P(positive)" for name in ("RNN", "GRU", "LSTM")]
    assert set(parameters(at)) <= {"second"}


def test_a_click_chooses_a_patch_and_the_verdict_is_its() -> None:
    at = opened()
    at.session_state[f"patch map lstm {own()}"] = {"selection": {"points": [{"customdata": ["cell", 2, "…"]}]}}
    sound(at.run())
    assert at.selectbox(key=f"patch what {own()}").value == "cell"
    assert at.selectbox(key=f"patch step {own()}").value == 2
    lstm = checkpoints.load("lstm")
    run = intervene(lstm, trace(lstm, A), [Patch("cell", 2)], trace(lstm, B))
    told = f"{shown(run.probability_before[-1])} → {shown(run.probability_after[-1])}"
    assert told in [metric.value for metric in at.metric]
    assert "the RNN has no 'cell' to patch" in said(at)
    assert parameters(at)["patch_what"] == "cell" and parameters(at)["patch_step"] == "3"
    # A click is heard once: what is chosen by hand afterwards stays.
    at.selectbox(key=f"patch step {own()}").set_value(0)
    sound(at.run())
    assert at.selectbox(key=f"patch step {own()}").value == 0


@pytest.mark.parametrize("point", [["cell", 9], ["zork", 1], [1, 1], ["cell", "1"], ["cell", True], [], None])
def test_a_forged_click_chooses_nothing(point: object) -> None:
    at = opened()
    before = at.selectbox(key=f"patch step {own()}").value
    at.session_state[f"patch map lstm {own()}"] = {"selection": {"points": [{"customdata": point}]}}
    sound(at.run())
    assert at.selectbox(key=f"patch step {own()}").value == before


def test_the_other_direction_and_other_colours() -> None:
    at = opened(patch_into="2", patch_show="probability", models="lstm")
    grid = patch_texts(checkpoints.load("lstm"), B, A)
    assert grid.statement in said(at)
    map_of_lstm = figures(at)[0]["data"][0]
    assert map_of_lstm["zmin"] == 0 and map_of_lstm["z"][0] == pytest.approx(grid.probabilities["hidden"], abs=1e-4)
    assert parameters(at)["patch_into"] == "2"


def test_different_lengths_are_matched_as_asked() -> None:
    at = opened(second="so good")
    assert at.segmented_control(key="patch align").value == "start"
    at.segmented_control(key="patch align").set_value("end")
    sound(at.run())
    assert parameters(at)["patch_align"] == "end"
    assert patch_texts(checkpoints.load("lstm"), A, "so good", "end").statement in said(at)
    assert figures(at)[0]["data"][0]["z"][0][:2] == [None, None]
    at.selectbox(key=f"patch step {own(A, 'so good', 'end')}").set_value(0)
    sound(at.run())
    assert said(at).count("step 1 has no partner: the other sentence has 2 tokens, this one 4") == 3


def test_one_sentence_invites_a_second_and_can_be_held() -> None:
    at = opened("so good", second="")
    assert "Type a second sentence" in said(at)
    assert titles(at) == ["Verdict after each token, before and after"]
    assert len(at.metric) == 1


def test_one_token_and_the_same_sentence_twice() -> None:
    at = opened("good", second="bad")
    assert len(titles(at)) == 5
    at = opened(A, second=A)
    assert said(at).count("there is no difference that a patch could carry") == 1
    assert titles(at) == ["Verdict after each token, before and after"]  # of gates held: no map of nothing


def test_a_gate_held_and_units_scaled() -> None:
    at = opened(
        patch_gate="input", patch_value="1", patch_first="2", patch_last="3", patch_units="3.5", patch_factor="2"
    )
    lstm = checkpoints.load("lstm")
    run = intervene(lstm, trace(lstm, A), [Hold("input", 1, 1, 2), Scale((3, 5), 2, 1, 2)])
    assert at.metric[-1].value == f"{shown(run.probability_before[-1])} → {shown(run.probability_after[-1])}"
    assert at.slider(key="patch factor").value == 2
    at.selectbox(key="patch gate lstm").set_value("none")
    at.multiselect(key="patch units lstm 8").set_value([])
    sound(at.run())
    assert "Nothing is held or scaled, so nothing changes" in said(at)
    before, _arrow, after = at.metric[-1].value.split()
    assert before == after
    at.selectbox(key="patch gate lstm").set_value("candidate")
    at.segmented_control(key="patch state").set_value("cell")
    at.multiselect(key="patch units lstm 8").set_value([7])
    sound(at.run())
    run = intervene(lstm, trace(lstm, A), [Hold("cell", 0, 1, 2), Scale((7,), 2, 1, 2, "cell")])
    assert at.metric[-1].value.endswith(shown(run.probability_after[-1]))
    again = opened(**parameters(at))
    assert again.metric[-1].value == at.metric[-1].value


def test_the_rnn_has_no_gates_to_hold() -> None:
    at = opened(model="rnn")
    assert "An RNN has no gates to hold; its units can be scaled" in said(at)
    rnn = checkpoints.load("rnn")
    found = trace(rnn, A)
    run = intervene(rnn, found, [Scale((int(found.units[0]),), 0, 0, 3)])
    assert at.metric[-1].value.endswith(shown(run.probability_after[-1]))


def test_a_forged_link_is_told_of_and_harmless() -> None:
    at = opened(
        patch_what="<b>", patch_step="99", patch_gate="zork", patch_value="7", patch_first="0", patch_last="-1",
        patch_units="3.3", patch_factor="1e9", patch_into="3", patch_show="x", patch_align="x", patch_state="y",
    )  # fmt: skip
    assert "The link names a patch that cannot be made here" in said(at)
    assert "The link names a token that is outside the sentence" in said(at)
    assert "The link names a gate that this model has not" in said(at)
    assert "The link names a unit that is not there" in said(at)
    assert "<b>" not in said(at)


def test_a_sentence_that_is_too_long_for_a_grid() -> None:
    at = opened("so " * 220, second="good")
    assert "a grid is made of at most 200 steps; the sentence has 220 tokens" in said(at)
    assert titles(at) == ["Verdict after each token, before and after"]
    at = opened("so " * 80 + "bad", second="so " * 80 + "good")
    assert len(figures(at)[0]["data"][0]["x"]) == 60


@pytest.mark.parametrize("place", range(len(SENTENCES)))
def test_hostile_sentences_are_inert(place: int) -> None:
    at = opened(SENTENCES[place], second=SENTENCES[(place + 1) % len(SENTENCES)])
    assert not at.error
    drawn = json.dumps([[spec["layout"].get("xaxis", {}), spec["layout"]["title"]] for spec in figures(at)])
    assert "<script" not in drawn and "<img" not in drawn and "<iframe" not in drawn


def test_a_token_that_the_models_left_over_do_not_have_is_let_go(
    tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of “so, good, bad” one model reads five tokens, and one whose preprocessing leaves commas reads three."""
    for name in ("lstm", "gru"):
        checkpoint = checkpoints.load(name, tiny_checkpoints)
        steps = checkpoint.preprocessing if name == "lstm" else checkpoint.preprocessing.without("punctuation")
        card = {**checkpoint.card, "preprocessing": list(steps.steps)}
        checkpoints.save_again(replace(checkpoint, preprocessing=steps), card, tmp_path)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    a, b = "so, good, bad", "so, bad, good"
    at = opened(a, second=b, patch_step="5")
    assert at.selectbox(key=f"patch step {own(a, b)}").value == 4
    at.get("button_group")[0].set_value(["gru"])
    sound(at.run())
    assert titles(at)[0].startswith("GRU")
    assert at.selectbox(key=f"patch step {own(a, b)}").value == 2  # where these first differ
