"""The page on what happens inside, run in process on tiny checkpoints with axes of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.targets import log_odds_name
from core.figures.inside.contributions import MOST_BARS
from core.figures.inside.states import MOST_TOKENS
from core.models import checkpoints
from core.models.predict import verdict
from core.models.state_space import fit_several
from core.models.step_arithmetic import working
from core.models.trace import trace
from core.probes.dynamics.differences import difference, units_apart
from core.probes.dynamics.memory_decay import FILLER, memory
from core.probes.dynamics.retention import retention
from core.probes.dynamics.trajectories import gradients, project
from core.probes.interventions.patching import patch_grid
from pages.server.fingerprint import fingerprint
from pages.widgets.target import column
from tests import app
from tests.app import answers, charts, figure, figures, numbers, said, sound
from tests.conftest import HIDDEN, WORDS, write_tiny_checkpoint

Downloads = dict[str, Callable[[], list[list[str]]]]
PROVERB, REVERSED = "Better late than never", "Better never than late"
LONG = " ".join(WORDS * 3)
NAMES = ("rnn", "gru", "lstm")
VIEWS = ("states", "words", "differ", "path", "gradients")
FORGED = {
    "states": "of model show unit token",
    "words": "models word1 word2",
    "differ": "models step",
    "path": "models plane at",
    "gradients": "of models gain at",
    "memory": "models upto fillers",
    "patch": "models patch_into patch_show patch_what patch_step of model "
    "patch_gate patch_value patch_first patch_last patch_units patch_factor patch_state",
    "fixed": "model fp_input fp_seconds",
    "patterns": "of model pat_span pat_state pat_threshold pat_magnitude pat_bounded",
}


@pytest.fixture(autouse=True)
def _own_world(with_axes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(with_axes))


def opened(view: str = "states", **link: str) -> AppTest:
    return sound(app.opened("Trajectories", view, **link))


def parameters(at: AppTest) -> dict[str, str]:
    """What the link says beside the sentences."""
    return {name: value for name, value in app.parameters(at).items() if name not in ("q", "second")}


def last_number(latex: str) -> float:
    """What an equation comes to."""
    end = latex.removesuffix(r"\end{aligned}").rpartition("= ")[2]
    digits, power = re.fullmatch(r"(-?[\d.]+)(?: \\cdot 10\^\{(-?\d+)\})?", end).groups()
    return float(digits) * 10.0 ** int(power or 0)


def click(at: AppTest, checkpoint: str, unit: object, token: object) -> AppTest:
    """A click on a cell of the map of the proverb."""
    loaded = checkpoints.load(checkpoint)
    own = fingerprint((loaded.hash, tuple(loaded.preprocessing(PROVERB))))
    at.session_state[f"map {own}"] = {"selection": {"points": [{"customdata": [unit, token, 0, "word", 0.5]}]}}
    return sound(at.run())


@pytest.mark.parametrize("view", VIEWS)
def test_sentences_of_every_length(view: str) -> None:
    at = opened(view, q=" ", second="")
    assert len(at.info) == 1 and not figures(at) and not at.error
    for first, second in (("so good", "   "), (" ", "so good"), ("good", ""), ("so good", LONG)):
        at.text_input(key="q").set_value(first)
        at.text_input(key="trajectories second").set_value(second)
        compared = all(text.strip() for text in (first, second))
        assert bool(charts(sound(at.run()))) == (view != "differ" or compared)
    at.text_input(key="q").set_value(" ".join((WORDS * 60)[:600]))
    assert charts(sound(at.run())) and not at.error
    assert ("of 600. More would be too narrow" in said(at)) == (view in ("states", "words"))
    assert ("has 600 tokens" in said(at)) == (view == "path")


@pytest.mark.parametrize("view", ["patch", "fixed", "patterns", "probes"])
def test_the_other_views_are_there_with_and_without_a_word(view: str) -> None:
    at = opened(view, q=PROVERB, second=REVERSED)
    assert parameters(at)["view"] == view and not at.error
    if view != "probes":  # which has no sentence
        at.text_input(key="q").set_value(" ")
        at.text_input(key="trajectories second").set_value("")
    invited = "No words to read" in said(sound(at.run()))
    assert invited == (view in ("patch", "patterns")) and not at.error


@pytest.mark.parametrize("view", FORGED)
def test_forged_parameters_change_nothing(view: str) -> None:
    at = opened(view, q=PROVERB, second=REVERSED)
    at.session_state["opens patch hold"] = True  # the fold of gates held, closed at first
    sound(at.run())
    usual, link = charts(at), app.parameters(at)
    for forged in ("99999999", "<b>"):
        for name in FORGED[view].split():
            at.query_params[name] = forged
        assert charts(sound(at.run())) == usual and app.parameters(at) == link


def test_a_suggested_second_sentence_goes_with_the_first_and_a_typed_one_stays() -> None:
    at = opened()
    second = at.text_input(key="trajectories second")
    assert second.value == REVERSED
    at.text_input(key="q").set_value("so good")
    assert sound(at.run()).text_input(key="trajectories second").value == ""
    at.text_input(key="trajectories second").set_value("so bad").run()
    at.text_input(key="q").set_value("so very good")
    assert sound(at.run()).text_input(key="trajectories second").value == "so bad"
    del at.query_params["second"]
    at.query_params["q"] = "love this"  # a link is followed
    assert sound(at.run()).text_input(key="trajectories second").value == ""
    at.text_input(key="trajectories second").set_value("so bad").run()
    at.query_params["q"], at.query_params["second"] = "hate this", "love that"
    assert sound(at.run()).text_input(key="trajectories second").value == "love that"


def test_the_model_that_disagrees_is_opened_and_a_choice_stays() -> None:
    said_of = {name: {verdict(checkpoints.load(name), text).label for text in (PROVERB, REVERSED)} for name in NAMES}
    changed = [name for name in NAMES if len(said_of[name]) > 1]
    usual = "lstm" if not changed or "lstm" in changed else changed[0]
    at = opened()
    assert any(name.startswith(usual.upper()) for name in figures(at)) and "model" not in parameters(at)
    other = next(name for name in NAMES if name != usual)
    next(box for box in at.segmented_control if box.label == "Model").set_value(other)
    at.text_input(key="q").set_value("so good")
    assert any(name.startswith(other.upper()) for name in figures(sound(at.run())))


# States and gates


def test_the_map_is_the_trace_and_a_click_chooses_its_unit_and_token() -> None:
    at = opened(q=PROVERB, second="", model="gru", show="update")
    checkpoint = checkpoints.load("gru")
    read = trace(checkpoint, PROVERB)
    heat = figure(at, "GRU: update gate z")["data"][0]
    assert np.array(heat["z"]) == pytest.approx(read.gates["update"][:, read.units].T, abs=5e-5)
    most = int(read.units[0]), int(np.abs(read.contributions).argmax())
    assert f"what unit {most[0]} does" in at.header[0].value and f"Step {most[1] + 1}:" in at.header[0].value
    link = {"model": "gru", "show": "update"}
    assert parameters(at) == link
    unit, token = int(read.units[-1]), (most[1] + 1) % 4  # none of them chosen at first
    click(at, "gru", unit, token)
    assert f"Step {token + 1}: what unit {unit} does" in at.header[0].value
    assert figure(at, f"GRU: unit {unit} along the text")
    assert parameters(at) == link | {"unit": str(unit), "token": str(token + 1)}
    shown = {metric.label: metric.value.replace("−", "-") for metric in at.metric}
    assert shown["hidden state h"] == f"{working(checkpoint.model, read, token, unit).h:.3f}"
    moved = [metric for metric in at.metric if metric.delta]
    assert moved and all((metric.proto.direction == 0) == metric.delta.startswith("−") for metric in moved)  # 0: down
    # The browser reports a click at every rerun: a later choice stays.
    next(box for box in at.selectbox if box.label == "Unit").set_value(most[0])
    assert f"Step {token + 1}: what unit {most[0]} does" in sound(at.run()).header[0].value


def test_a_forged_click_is_ignored() -> None:
    at = opened(second="")
    before = at.header[0].value
    for unit, token in ((HIDDEN, 0), (0, 4), (-1, 0), (0, -1), ("0", 0), (True, 1)):
        assert click(at, "lstm", unit, token).header[0].value == before


def test_the_link_opens_on_a_unit_and_a_token() -> None:
    assert list(figures(opened("<b>"))) == list(figures(opened()))
    at = opened(unit="6", token="4", of="2", model="lstm")
    assert "Step 4: what unit 6 does" in at.header[0].value
    read = trace(checkpoints.load("lstm"), REVERSED)
    order = units_apart(trace(checkpoints.load("lstm"), PROVERB), read)
    first, heat, _between = (one for one in figure(at, "LSTM: hidden state h")["data"] if one["type"] == "heatmap")
    assert np.array(heat["z"]) == pytest.approx(read.h[:, order].T, abs=5e-5)
    assert len(first["z"]) == len(heat["z"]) and parameters(at)["of"] == "2"
    assert "Invalid in the link: `unit`" in said(opened(unit=str(HIDDEN)))


@pytest.mark.parametrize("name", NAMES)
def test_the_arithmetic_written_out_gives_what_the_model_gave(name: str) -> None:
    at = opened(model=name, unit="2", token="3")
    checkpoint = checkpoints.load(name)
    read = trace(checkpoint, PROVERB)
    (fold,) = (fold for fold in at.expander if fold.label == "Step-by-step calculation")
    shown = [latex.value.strip("$\n") for latex in fold.latex]
    step = working(checkpoint.model, read, 2, 2)
    assert len(shown) == len(step.gates) + len(step.lines) + 1
    ends = [last_number(latex) for latex in shown]
    expected = [read.gates[gate.name][2, 2] for gate in step.gates]
    assert ends[: len(expected)] == pytest.approx(expected, abs=6e-5)
    assert ends[-2:] == pytest.approx([read.h[2, 2], read.unit_contributions[2, 2]], abs=6e-5)
    for latex in shown:
        assert latex.count("{") == latex.count("}") and latex.count(r"\left(") == latex.count(r"\right)")
        assert re.search(r"[^\x00-\x7f]", latex) is None


def test_long_texts_are_shown_from_the_token_asked_for() -> None:
    tokens = len(checkpoints.load("lstm").preprocessing(LONG))
    at = opened(q=LONG, second="", **{"from": "21"})
    heat = figure(at, "LSTM: hidden state h")["data"][0]
    assert heat["x"] == list(range(21, 21 + MOST_TOKENS)) and tokens > 21 + MOST_TOKENS
    assert f"Tokens 21 to {20 + MOST_TOKENS} of {tokens}" in said(at) and parameters(at)["from"] == "21"
    at = opened("words", q=LONG, second="so good", from1="21")
    assert list(numbers(figure(at, "sentence 1")["data"][0]["x"])) == list(range(21, 21 + MOST_BARS))
    (slider,) = at.slider
    slider.set_value(5)
    assert parameters(sound(at.run()))["from1"] == "5"
    assert list(numbers(figure(at, "sentence 2")["data"][0]["x"])) == [1, 2]


# Word by word, path, gradients


def test_words_are_those_of_each_sentence_and_model() -> None:
    at = opened("words")
    for number, text in enumerate((PROVERB, REVERSED), 1):
        bars = figure(at, f"What each token adds to the logit, sentence {number}")["data"]
        for bar, name in zip(bars, NAMES, strict=False):
            read = trace(checkpoints.load(name), text)
            assert numbers(bar["y"]) == pytest.approx(read.contributions, abs=1e-5)
        assert numbers(bars[3]["y"]) == pytest.approx(read.cell_contributions, abs=1e-5)
    at = opened("words", models="gru,rnn")
    assert [bar["name"] for bar in figure(at, "sentence 1")["data"]] == ["RNN", "GRU"]
    assert parameters(at)["models"] == "rnn,gru"


def test_why_two_sentences_differ_is_measured_in_every_model() -> None:
    at = opened("differ")
    found = []
    for name, curves in zip(NAMES, np.array(charts(at)[0]["data"], dtype=object).reshape(-1, 4), strict=True):
        checkpoint = checkpoints.load(name)
        a, b = (trace(checkpoint, text) for text in (PROVERB, REVERSED))
        one = difference(a, b, patch_grid(checkpoint, a, b))
        for curve, expected in zip(curves, (*one.probability, one.distance, one.share), strict=True):
            assert numbers(curve["y"]) == pytest.approx([] if expected is None else expected, abs=1e-5)
        found.append(one)
    told = max(found, key=lambda one: (one.opposite, abs(one.logit[1] - one.logit[0])))
    (line,) = answers(at)
    assert told.model.upper() in line and f"split at word {told.splits_at}" in line
    assert "Type a second sentence" in said(opened("differ", q=PROVERB, second=""))
    at = opened("differ", step="3")
    assert parameters(at)["step"] == "3" and "Word 3" in said(at)


def test_each_models_path_in_its_own_axes() -> None:
    at = opened("path", plane="12", at="2")
    assert parameters(at)["plane"] == "12" and parameters(at)["at"] == "2"
    for name in NAMES:
        checkpoint = checkpoints.load(name)
        lines = [curve for curve in figure(at, f"{name.upper()}: path")["data"] if curve["mode"] == "lines"]
        for line, text in zip(lines, (PROVERB, REVERSED), strict=True):
            places = project(trace(checkpoint, text), checkpoint.state_space)
            assert numbers(line["x"])[1:] == pytest.approx(places[:, 1], abs=1e-4)
            assert numbers(line["y"])[1:] == pytest.approx(places[:, 2], abs=1e-4)


def test_models_without_axes_say_so(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    at = opened("path")
    assert "RNN, GRU, LSTM: no stored axes" in said(at)
    assert not figures(at)


def test_gradients_are_those_of_the_chosen_sentence() -> None:
    at = opened("gradients", of="2", gain="2")
    for curve, name in zip(figure(at, "last: 1")["data"], NAMES, strict=True):
        result = gradients(checkpoints.load(name), REVERSED, 2.0)
        assert numbers(curve["y"]) == pytest.approx(result.state / result.state[-1])
        assert result.statement in said(at)
    assert "this is another model" in said(at)
    assert parameters(at) == {"view": "gradients", "of": "2", "gain": "2"}
    for link, longest in (({}, True), ({"q": REVERSED}, False), ({"of": "1"}, False)):
        shown = numbers(figure(opened("gradients", **link), "last: 1")["data"][0]["y"])
        assert (len(shown) > 30) == longest, "the first example is too short for a gradient to vanish"


# Memory


def test_memory_is_the_experiment_of_every_model() -> None:
    at = opened("memory", word="hate", upto="7", filler="so the movie")
    drawn = figure(at, "How long is the first word remembered?")["data"]
    for place, name in enumerate(NAMES):
        result = memory(checkpoints.load(name), "hate", "so the movie", 7)
        assert numbers(drawn[4 * place]["y"]) == pytest.approx(result.probability)
        assert numbers(drawn[4 * place + 3]["y"]) == pytest.approx(result.gradient_first_word)
    assert "The filler was repeated" in said(at)
    assert parameters(at) == {"view": "memory", "word": "hate", "upto": "7", "filler": "so the movie"}
    for word, filler, message in (
        ("", FILLER, "the word is empty"),
        ("two words", FILLER, "give one"),
        ("bad", " ", "the filler is empty"),
    ):
        at.text_input(key="trajectories word").set_value(word)
        at.text_area(key="trajectories filler").set_value(filler)
        assert said(sound(at.run())).count(message) == 1, "once for all models"
        assert not figures(at) and not at.error


def test_memory_leads_with_the_average_over_many_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened("memory", words="hate", fillers="3")
    assert all(f"{name} has no log-odds" in said(at) for name in NAMES)
    at.text_input(key="trajectories words").set_value(",".join(WORDS[-20:]))
    assert "At most 16 words" in said(sound(at.run()))
    for name in NAMES:
        plain = checkpoints.load(name)
        checkpoints.save_again(plain, plain.card, tmp_path, np.zeros(len(plain.vocabulary), np.float32))
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    at = opened("memory", words="hate, <b>,love", fillers="3")
    assert "is read as 3 tokens" in said(at) and "How long is the first word remembered?" in figures(at)
    at.text_input(key="trajectories words").set_value("hate, love")
    drawn = figure(sound(at.run()), "What share of the effect is left?")["data"]
    for place, name in enumerate(NAMES):
        result = retention(checkpoints.load(name), ["hate", "love"], 3)
        band, line = drawn[2 * place : 2 * place + 2]
        assert numbers(line["y"]) == pytest.approx(result.share)
        assert numbers(band["y"]) == pytest.approx([*result.high, *result.low[::-1]])
    assert f"{result.neutral} frequent words" in said(at)
    line = f"{result.model.upper()} {round(100 * result.share[-1]):d}%".replace("-", "−")
    assert any(line in found.value for found in at.get("html"))
    assert parameters(at) == {"view": "memory", "words": "hate, love", "fillers": "3"}


def test_every_chart_can_be_taken_along(downloads: dict[str, Callable[[], list[list[str]]]]) -> None:
    for view in (*VIEWS, "memory"):
        at = opened(view, q=PROVERB, second="so good", upto="5")
        assert figures(at) and not at.error and parameters(at).get("view", "states") == view
    rows = {name: content() for name, content in downloads.items()}
    assert {name: (len(lines), set(map(len, lines))) for name, lines in rows.items()} == {
        "states": (1 + (4 + 2) * HIDDEN, {10}),
        "contributions": (1 + 3 * (4 + 2), {9}),
        "path": (1 + 3 * (4 + 2), {9}),
        "differences": (1 + 3 * 4, {8}),
        "gradients": (1 + 3 * 37, {11}),
        "memory": (1 + 3 * 6, {8}),
    }
    read = trace(checkpoints.load("lstm"), PROVERB)
    header, *lines = rows["states"]
    assert " ".join(header) == "sentence place token unit hidden cell_state input forget cell_candidate output"
    for row in lines[: 4 * HIDDEN]:
        position, unit = int(row[1]) - 1, int(row[3])
        assert row[0] == "1" and row[2] == read.tokens[position]
        assert float(row[header.index("cell_state")]) == pytest.approx(read.c[position, unit])
        assert float(row[header.index("cell_candidate")]) == pytest.approx(read.gates["cell"][position, unit])


# More than two classes

CLASSES = {"airline": ("late", "*lost*", "fine"), "mail": ("ham", "spam", "news", "bills")}


@pytest.fixture
def classes_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, cell in (("airline", "lstm"), ("mail", "gru")):
        write_tiny_checkpoint(tmp_path, name, cell, labels=CLASSES[name])
        checkpoint = checkpoints.load(name, tmp_path)
        read = trace(checkpoint, " ".join(WORDS))
        head = checkpoint.model.linear
        space = fit_several(read.h, head.weight.numpy(), head.bias.numpy())
        checkpoints.save_again(checkpoint, checkpoint.card, tmp_path, state_space=space)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("view", [*VIEWS, "patch", "patterns"])
def test_views_of_more_than_two_classes_speak_of_these(view: str, classes_folder: Path) -> None:
    text = "i love this movie so bad"
    for link in ({}, {"target": "*lost*"}, {"target": "spam", "against": "bills"}, {"target": "angry"}):
        at = opened(view, q=text, second="this is so great", **link)
        assert "positive" not in said(at) and "second class" not in said(at)
        assert ("`target`" in said(at)) == (link == {"target": "angry"})
        everything = said(at) + json.dumps(charts(at), ensure_ascii=False)
        if link and view not in ("states", "patch", "patterns") and link["target"] != "angry":
            assert link["target"].strip("*") in everything


def test_a_triangle_of_three_classes_and_pairs_of_more(classes_folder: Path, downloads: Downloads) -> None:
    text = "i love this movie so bad"
    three, four = (checkpoints.load(name, classes_folder) for name in CLASSES)
    at = opened("path", q=text)
    triangle, pair = charts(at)
    assert [one["text"] for one in triangle["layout"]["annotations"]] == list(CLASSES["airline"])
    closest = verdict(four, text).closest
    assert log_odds_name(closest) in pair["layout"]["xaxis"]["title"]["text"]
    header, *rows = downloads["verdicts"]()
    assert header[-2:] == ["class", "probability"] and len(rows) == 3 * 6
    assert [float(row[-1]) for row in rows[-3:]] == pytest.approx(verdict(three, text).distribution, abs=1e-6)
    header, *rows = downloads["path"]()
    assert header[-1] == "target" and {row[-1] for row in rows} == {column(closest)}
    logit = trace(four.targeted(closest), text).logit
    assert [float(row[-2]) for row in rows] == pytest.approx(logit.tolist(), abs=1e-6)
    at = opened("path", q=text, plane="1", target="fine", against="late", loaded="airline")
    assert "log-odds of fine against late" in charts(at)[0]["layout"]["xaxis"]["title"]["text"]
    assert "a third may be more so" in said(at)
