"""The view that patches, run in process: maps, a patch that is chosen, gates held, units scaled, its link."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.models import checkpoints
from core.models.trace import trace
from core.probes.interventions.hold import Hold, Patch, Scale, intervene
from core.probes.interventions.patching import patch_texts
from pages.server.fingerprint import fingerprint
from tests.app import figures, parameters, said, script, sound

A, B = "Better late than never", "Better never than late"
HELD, MAPS = "Verdict after each token, before and after", "One patch at a time"
SCRIPT = """
import streamlit as st

from pages.views.trajectories import patching
from pages.widgets import models, sentences

text = st.text_input("q", {text!r}, key="q")
checkpoints, _faults = models.load_all()
texts = sentences.read(checkpoints, text, sentences.second_sentence(text, "second", "trajectories second"))
if texts:
    patching.view(texts, checkpoints)
"""


pytestmark = pytest.mark.usefixtures("tiny_models")


def opened(text: str = A, **link: str) -> AppTest:
    return script(SCRIPT.format(text=text), **link)


def retype(at: AppTest, text: str, second: str) -> AppTest:
    at.text_input(key="q").set_value(text)
    at.text_input(key="trajectories second").set_value(second)
    return sound(at.run())


def own(a: str = A, b: str = B, align: str = "start") -> str:
    return fingerprint((a, b, align))


def maps(at: AppTest) -> list[str]:
    """The models whose maps are drawn."""
    return [note["text"].partition(":")[0] for note in figures(at)[MAPS]["layout"]["annotations"]]


def first_map(at: AppTest) -> dict:
    return figures(at)[MAPS]["data"][0]


def shown(probability: float) -> str:
    return f"{probability:.3f}"


def test_a_map_of_every_model_and_a_click_that_chooses_a_patch() -> None:
    at = opened()
    assert maps(at) == ["RNN", "GRU", "LSTM"]
    for name in ("rnn", "gru", "lstm"):
        assert f"{name.upper()}.** {patch_texts(checkpoints.load(name), A, B).statement}" in said(at)
    assert [metric.label for metric in at.metric][:3] == [f"{name}, P(positive)" for name in ("RNN", "GRU", "LSTM")]
    assert set(parameters(at)) <= {"second"}
    key, what, step = f"patch map {own()}", f"patch what {own()}", f"patch step {own()}"
    before = at.selectbox(key=step).value
    for forged in (["cell", 9], ["cell", -1], ["zork", 1], [1, 1], ["cell", "1"], ["cell", True], [], None):
        at.session_state[key] = {"selection": {"points": [{"customdata": forged}]}}
        assert sound(at.run()).selectbox(key=step).value == before
    at.session_state[key] = {"selection": {"points": [{"customdata": ["cell", 2, "…"]}]}}
    sound(at.run())
    assert (at.selectbox(key=what).value, at.selectbox(key=step).value) == ("cell", 2)
    lstm = checkpoints.load("lstm")
    run = intervene(lstm, trace(lstm, A), [Patch("cell", 2)], trace(lstm, B))
    verdicts = f"{shown(run.probability_before[-1])} → {shown(run.probability_after[-1])}"
    assert verdicts in [metric.value for metric in at.metric]
    assert "the RNN has no 'cell' to patch" in said(at)
    assert parameters(at)["patch_what"] == "cell" and parameters(at)["patch_step"] == "3"
    # A click is heard once: what is chosen by hand afterwards stays.
    at.selectbox(key=step).set_value(0)
    assert sound(at.run()).selectbox(key=step).value == 0


def test_the_other_direction_and_other_colours() -> None:
    at = opened(patch_into="2", patch_show="probability", models="lstm")
    grid = patch_texts(checkpoints.load("lstm"), B, A)
    assert grid.statement in said(at)
    assert figures(at)[MAPS]["layout"]["coloraxis"]["cmin"] == 0
    assert first_map(at)["z"][0] == pytest.approx(grid.probabilities["hidden"], abs=1e-4)
    assert parameters(at)["patch_into"] == "2"


def test_different_lengths_are_matched_as_asked() -> None:
    at = opened(second="so good")
    assert at.segmented_control(key="patch align").value == "start"
    at.segmented_control(key="patch align").set_value("end")
    sound(at.run())
    assert parameters(at)["patch_align"] == "end"
    assert patch_texts(checkpoints.load("lstm"), A, "so good", "end").statement in said(at)
    assert first_map(at)["z"][0][:2] == [None, None]
    at.selectbox(key=f"patch step {own(A, 'so good', 'end')}").set_value(0)
    sound(at.run())
    assert said(at).count("step 1 has no partner: the other sentence has 2 tokens, this one 4") == 3


def test_sentences_that_make_no_map() -> None:
    at = opened("so good", second="")
    assert "Type a second sentence" in said(at) and len(at.metric) == 1
    assert list(figures(at)) == [HELD]
    assert maps(retype(at, "good", "bad")) and not at.error
    assert not figures(retype(at, A, A))  # no map of nothing
    assert said(at).count("no difference to carry over") == 1
    assert not figures(retype(at, "so " * 220, "good"))
    assert "at most 200 steps; the sentence has 220 tokens" in said(at)
    assert len(first_map(retype(at, "so " * 80 + "bad", "so " * 80 + "good"))["x"]) == 60


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
    assert "Nothing is held or scaled" in said(at)
    before, _arrow, after = at.metric[-1].value.split()
    assert before == after
    at.selectbox(key="patch gate lstm").set_value("candidate")
    at.segmented_control(key="patch state").set_value("cell")
    at.multiselect(key="patch units lstm 8").set_value([7])
    sound(at.run())
    run = intervene(lstm, trace(lstm, A), [Hold("cell", 0, 1, 2), Scale((7,), 2, 1, 2, "cell")])
    assert at.metric[-1].value.endswith(shown(run.probability_after[-1]))
    assert opened(**parameters(at)).metric[-1].value == at.metric[-1].value


def test_the_rnn_has_no_gates_to_hold() -> None:
    at = opened(model="rnn", patch_factor="0.0")
    assert "An RNN has no gates to hold" in said(at)
    rnn = checkpoints.load("rnn")
    read = trace(rnn, A)
    run = intervene(rnn, read, [Scale((int(read.units[0]),), 0, 0, 3)])
    assert at.metric[-1].value.endswith(shown(run.probability_after[-1]))


def test_a_forged_link_is_reported_and_harmless() -> None:
    at = opened(
        patch_what="<b>", patch_step="99", patch_gate="zork", patch_value="7", patch_first="0", patch_last="-1",
        patch_units="3.3", patch_factor="1e9", patch_into="3", patch_show="x", patch_align="x", patch_state="y",
    )  # fmt: skip
    for name in ("patch_what", "patch_step", "patch_first", "patch_gate", "patch_units"):
        assert f"Invalid in the link: `{name}`" in said(at)
    assert "<b>" not in said(at)


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
    assert maps(at) == ["GRU"]
    assert at.selectbox(key=f"patch step {own(a, b)}").value == 2  # where these first differ
