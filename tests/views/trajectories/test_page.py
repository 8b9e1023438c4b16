"""The page on what happens inside, run in process on tiny checkpoints with axes of their own."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.figures.inside.contributions import MOST_BARS
from core.figures.inside.states import MOST_TOKENS
from core.models import checkpoints, state_space
from core.models.predict import verdict
from core.models.step_arithmetic import working
from core.models.trace import trace
from core.probes.dynamics.memory_decay import FILLER, memory
from core.probes.dynamics.retention import retention
from core.probes.dynamics.trajectories import apart, gradients, project
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls
from tests.conftest import HIDDEN, WORDS
from tests.hostile import SENTENCES

ROOT = Path(__file__).parents[3]
PAGE = "pages/3_Trajectories.py"
PROVERB, REVERSED = "Better late than never", "Better never than late"
MARKER = "zqxmarker"  # a word that stands nowhere on a page unless it was typed
NAMES = ("rnn", "gru", "lstm")
VIEWS = ("states", "words", "path", "gradients", "memory")
OF_SENTENCES = VIEWS[:-1]
REACHING = ("patch", "fixed", "patterns", "probes")  # their parts have tests of their own; here, that they are shown


@pytest.fixture(scope="module")
def with_axes(tiny_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny checkpoints, each with axes fitted to the states of one text of all words."""
    folder = tmp_path_factory.mktemp("with-axes")
    for name in NAMES:
        checkpoint = checkpoints.load(name, tiny_checkpoints)
        found = trace(checkpoint, " ".join(WORDS))
        space = state_space.fit(found.h, found.read_out, found.empty_logit)
        checkpoints.save_again(checkpoint, checkpoint.card, folder, state_space=space)
    return folder


@pytest.fixture(autouse=True)
def _own_world(with_axes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(with_axes))


def opened(**parameters: str) -> AppTest:
    """The page opened through a link."""
    at = AppTest.from_file(ROOT / "app.py", default_timeout=180).run()
    at.switch_page(PAGE)
    for name, value in parameters.items():
        at.query_params[name] = value
    at.run()
    assert_sound(at)
    return at


def assert_sound(at: AppTest) -> None:
    assert [error.message for error in at.exception] == []


def said(at: AppTest) -> str:
    """Everything that the page says in words, as a person reads it."""
    kinds = (at.markdown, at.caption, at.info, at.warning, at.success, at.error, at.text, at.header)
    return "\n".join(found.value.replace("\\", "") for kind in kinds for found in kind)


def figures(at: AppTest) -> list[dict[str, Any]]:
    return [json.loads(found.proto.spec) for found in at.get("plotly_chart")]


def figure(at: AppTest, title: str) -> dict[str, Any]:
    return next(spec for spec in figures(at) if title in spec["layout"]["title"]["text"])


def numbers(encoded: Any) -> np.ndarray:
    """An array as plotly writes it: a list, or its bytes."""
    if isinstance(encoded, dict):
        import base64

        return np.frombuffer(base64.b64decode(encoded["bdata"]), dtype=encoded["dtype"])
    return np.array(encoded, dtype=float)


def last_number(latex: str) -> float:
    """What an equation comes to."""
    end = latex.removesuffix(r"\end{aligned}").rpartition("= ")[2]
    digits, power = re.fullmatch(r"(-?[\d.]+)(?: \\cdot 10\^\{(-?\d+)\})?", end).groups()
    return float(digits) * 10.0 ** int(power or 0)


def parameter(at: AppTest, name: str) -> str | None:
    found = at.query_params.get(name)
    return found[0] if isinstance(found, list) else found


def click(at: AppTest, checkpoint: str, text: str, unit: object, token: object) -> AppTest:
    """A click on a cell of the map."""
    loaded = checkpoints.load(checkpoint)
    own = fingerprint((loaded.hash, tuple(loaded.preprocessing(text))))
    at.session_state[f"map {own}"] = {"selection": {"points": [{"customdata": [unit, token, "word", 0.5]}]}}
    at.run()
    assert_sound(at)
    return at


# Every view


@pytest.mark.parametrize("view", VIEWS)
def test_opens_on_its_examples(view: str) -> None:
    at = opened(view=view)
    assert figures(at)
    assert not at.error
    assert parameter(at, "view") == (None if view == "states" else view)


@pytest.mark.parametrize("view", OF_SENTENCES)
def test_two_sentences_without_a_word(view: str) -> None:
    at = opened(view=view, q=" ", second="")
    assert "There is no word to read yet" in said(at)
    assert not figures(at) and not at.error


@pytest.mark.parametrize("view", OF_SENTENCES)
def test_an_empty_second_sentence_leaves_the_first(view: str) -> None:
    at = opened(view=view, q="so good", second="   ")
    assert figures(at)
    assert not any("second sentence" in curve.get("name", "") for spec in figures(at) for curve in spec["data"])


@pytest.mark.parametrize("view", OF_SENTENCES)
def test_an_empty_first_sentence_leaves_the_second(view: str) -> None:
    assert figures(opened(view=view, q=" ", second="so good"))


@pytest.mark.parametrize("view", OF_SENTENCES)
def test_one_token(view: str) -> None:
    assert figures(opened(view=view, q="good", second=""))


@pytest.mark.parametrize("view", OF_SENTENCES)
def test_two_sentences_of_different_lengths(view: str) -> None:
    assert figures(opened(view=view, q="so good", second="this movie is not so bad but the movie was terrible"))


@pytest.mark.parametrize("view", OF_SENTENCES)
def test_two_thousand_tokens(view: str) -> None:
    at = opened(view=view)
    at.text_input(key="q").set_value(" ".join((WORDS * 60)[:2_000])).run()
    assert_sound(at)
    assert figures(at)
    if view == "states":
        assert "of 2,000: more would be too narrow" in said(at)
        assert len(figures(at)[0]["data"][0]["x"]) == MOST_TOKENS
    if view == "path":
        assert "has 2,000 tokens: its line is whole" in said(at)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("text", [SENTENCES[0], SENTENCES[10], SENTENCES[13], SENTENCES[14], SENTENCES[17]], ids=ascii)
def test_hostile_sentences_are_inert(view: str, text: str) -> None:
    text = f"{text} {MARKER}"
    at = opened(view=view, q=text, second=text[::-1], word=text, filler=text)
    own = {line.value for line in at.expander[0].markdown}  # the fold about the view, texts of the project
    for kind in (at.markdown, at.caption, at.info, at.warning, at.success, at.error, at.header):
        for found in (found for found in kind if found.value not in own):
            for sign in ("](", "$\\", "![", "<script", "<img", ":smile:"):
                assert sign not in found.value, found.value
    for found in at.get("latex"):
        assert MARKER not in found.value
    for spec in figures(at):
        for curve in spec["data"]:
            assert "<script" not in json.dumps(curve.get("customdata", "")) + str(curve.get("text", ""))


@pytest.mark.parametrize("view", [*VIEWS, "<b>"])
@pytest.mark.parametrize("told", ["<b>x</b>", "-1", "99999999", "٣", "lstm,lstm,lstm,<b>"], ids=ascii)
def test_hostile_link_parameters_change_nothing(view: str, told: str) -> None:
    names = ("of", "model", "models", "show", "units", "from", "unit", "token", "plane", "gain", "upto")
    at = opened(view=view, q=PROVERB, **dict.fromkeys(names, told))
    usual = opened(view=view, q=PROVERB)
    titles, usual_titles = ([spec["layout"]["title"] for spec in figures(found)] for found in (at, usual))
    assert titles == usual_titles
    assert "<b>" not in said(at)


@pytest.mark.parametrize(
    ("view", "first"),
    [
        ("patch", "Reach in"),
        ("fixed", "Hold the input still"),
        ("patterns", "Choose some tokens in a row"),
        ("probes", "A linear probe is trained"),
    ],
)
def test_each_way_of_reaching_in_is_shown(view: str, first: str) -> None:
    at = opened(view=view, q=PROVERB, second=REVERSED)
    assert first in said(at)
    assert parameter(at, "view") == view
    assert not at.error


@pytest.mark.parametrize("view", REACHING)
def test_reaching_in_without_a_word(view: str) -> None:
    at = opened(view=view, q=" ", second="")
    assert ("There is no word to read yet" in said(at)) == (view in ("patch", "patterns"))
    assert not at.error


# States and gates


def test_the_map_is_the_trace() -> None:
    at = opened(model="gru", show="update")
    found = trace(checkpoints.load("gru"), PROVERB)
    heat = figure(at, "GRU: update gate z")["data"][0]
    assert np.array(heat["z"]) == pytest.approx(found.gates["update"][:, found.units].T, abs=5e-5)
    assert (parameter(at, "model"), parameter(at, "show")) == ("gru", "update")


def test_the_most_telling_unit_and_token_are_chosen_at_first() -> None:
    at = opened()
    found = trace(checkpoints.load("lstm"), PROVERB)
    unit, token = int(found.units[0]), int(np.abs(found.contributions).argmax())
    assert f"Step {token + 1}: what unit {unit} does" in said(at)
    assert parameter(at, "unit") is None and parameter(at, "token") is None


def test_a_click_on_a_cell_chooses_its_unit_and_token() -> None:
    checkpoint = checkpoints.load("rnn")
    read = trace(checkpoint, PROVERB)
    unit, token = int(read.units[-1]), (int(np.abs(read.contributions).argmax()) + 1) % 4  # none is chosen at first
    at = click(opened(model="rnn"), "rnn", PROVERB, unit, token)
    assert f"Step {token + 1}: what unit {unit} does" in said(at)
    assert figure(at, f"RNN: unit {unit} along the text")
    assert (parameter(at, "unit"), parameter(at, "token")) == (str(unit), str(token + 1))
    found = working(checkpoint.model, read, token, unit)
    shown = {metric.label: metric.value for metric in at.metric}
    assert shown["hidden state h"] == f"{found.h:.4f}"


def test_a_click_told_again_does_not_undo_a_later_choice() -> None:
    at = click(opened(), "lstm", PROVERB, 5, 2)
    box = next(box for box in at.selectbox if box.label == "Unit")
    box.set_value(3).run()
    assert_sound(at)
    assert "Step 3: what unit 3 does" in said(at)


@pytest.mark.parametrize(("unit", "token"), [(HIDDEN, 0), (0, 4), (-1, 0), ("0", 0), (True, 1), (None, None), (1.5, 2)])
def test_a_forged_click_is_ignored(unit: object, token: object) -> None:
    at = opened()
    before = said(at)
    assert said(click(at, "lstm", PROVERB, unit, token)) == before


def test_the_link_opens_on_a_unit_and_a_token() -> None:
    at = opened(unit="6", token="4", of="2")
    assert "Step 4: what unit 6 does" in said(at)
    found = trace(checkpoints.load("lstm"), REVERSED)
    heat = figure(at, "LSTM: hidden state h")["data"][0]
    assert np.array(heat["z"]) == pytest.approx(found.h[:, found.units].T, abs=5e-5)


def test_a_unit_that_is_not_there_is_said() -> None:
    assert "names a unit or a token that is not there" in said(opened(unit=str(HIDDEN)))


@pytest.mark.parametrize("name", NAMES)
def test_the_arithmetic_written_out_gives_what_the_model_gave(name: str) -> None:
    at = opened(model=name, unit="2", token="3")
    checkpoint = checkpoints.load(name)
    found = trace(checkpoint, PROVERB)
    about = len(at.expander[0].latex)  # the fold about the view stands first
    shown = [latex.value.strip("$\n") for latex in at.get("latex")[about:]]
    step = working(checkpoint.model, found, 2, 2)
    assert len(shown) == len(step.gates) + len(step.lines) + 1
    ends = [last_number(latex) for latex in shown]
    expected = [found.gates[gate.name][2, 2] for gate in step.gates]
    assert ends[: len(expected)] == pytest.approx(expected, abs=6e-5)
    assert ends[-2:] == pytest.approx([found.h[2, 2], found.unit_contributions[2, 2]], abs=6e-5)
    for latex in shown:
        assert latex.count("{") == latex.count("}") and latex.count(r"\left(") == latex.count(r"\right)")
        assert re.search(r"[^\x00-\x7f]", latex) is None


def test_a_text_too_long_for_the_map_is_shown_from_where_one_asks() -> None:
    text = " ".join(WORDS * 3)
    at = opened(q=text, second="", **{"from": "21"})
    heat = figure(at, "LSTM: hidden state h")["data"][0]
    tokens = len(checkpoints.load("lstm").preprocessing(text))
    assert heat["x"] == list(range(21, 21 + MOST_TOKENS)) and tokens > 21 + MOST_TOKENS
    assert f"Tokens 21 to {20 + MOST_TOKENS} of {tokens}" in said(at)
    assert parameter(at, "from") == "21"


# Word by word


def test_words_say_where_the_verdicts_part() -> None:
    at = opened(view="words")
    for name in NAMES:
        one, other = (verdict(checkpoints.load(name), text) for text in (PROVERB, REVERSED))
        same = [
            (a >= 0.5) == (b >= 0.5) for a, b in zip(one.prefix_probabilities, other.prefix_probabilities, strict=True)
        ]
        parts = None if same[-1] else len(same) - same[::-1].index(True) + 1 if any(same) else 1
        line = "the verdicts agree at the end" if parts is None else f"the verdicts part from word {parts} on"
        assert f"{name.upper()}: {line}" in said(at)


def test_contributions_are_those_of_each_sentence_and_model() -> None:
    at = opened(view="words")
    for number, text in enumerate((PROVERB, REVERSED), 1):
        bars = figure(at, f"What each token adds to the logit, sentence {number}")["data"]
        for bar, name in zip(bars, NAMES, strict=False):
            found = trace(checkpoints.load(name), text)
            assert numbers(bar["y"]) == pytest.approx(found.contributions, abs=1e-5)
        assert numbers(bars[3]["y"]) == pytest.approx(found.cell_contributions, abs=1e-5)


def test_bars_of_a_long_text_are_shown_from_where_one_asks() -> None:
    text = " ".join(WORDS * 3)
    tokens = len(checkpoints.load("lstm").preprocessing(text))
    at = opened(view="words", q=text, second="so good", from1="21")
    assert list(numbers(figure(at, "sentence 1")["data"][0]["x"])) == list(range(21, 21 + MOST_BARS))
    assert f"Tokens 21 to {20 + MOST_BARS} of {tokens}" in said(at)
    assert parameter(at, "from1") == "21"
    (slider,) = at.slider
    slider.set_value(5).run()
    assert_sound(at)
    assert parameter(at, "from1") == "5"
    assert list(numbers(figure(at, "sentence 2")["data"][0]["x"])) == [1, 2]


def test_some_models_can_be_chosen() -> None:
    at = opened(view="words", models="gru,rnn")
    assert [bar["name"] for bar in figure(at, "sentence 1")["data"]] == ["RNN", "GRU"]
    assert parameter(at, "models") == "rnn,gru"


# Path


def test_the_path_is_each_models_in_its_own_axes() -> None:
    at = opened(view="path", plane="12")
    for name in NAMES:
        checkpoint = checkpoints.load(name)
        lines = [curve for curve in figure(at, f"{name.upper()}: the path")["data"] if curve["mode"] == "lines"]
        for line, text in zip(lines, (PROVERB, REVERSED), strict=True):
            places = project(trace(checkpoint, text), checkpoint.state_space)
            assert numbers(line["x"])[1:] == pytest.approx(places[:, 1], abs=1e-4)
            assert numbers(line["y"])[1:] == pytest.approx(places[:, 2], abs=1e-4)
    assert parameter(at, "plane") == "12"


def test_the_distance_of_two_runs_is_that_of_their_states() -> None:
    at = opened(view="path")
    drawn = figure(at, "Distance of the two paths")["data"]
    for line, name in zip(drawn, NAMES, strict=True):
        one, other = (trace(checkpoints.load(name), text) for text in (PROVERB, REVERSED))
        distances = apart(one, other)
        assert numbers(line["y"]) == pytest.approx(distances, abs=1e-5)
        assert distances[0] == 0 < distances[1]
        assert f"{name.upper()}: the runs part at token 2, where their states are {distances[1]:.2f} apart" in said(at)


@pytest.mark.parametrize("second", ["", "Better late than never so good"])
def test_one_run_is_at_no_distance(second: str) -> None:
    at = opened(view="path", second=second)
    assert ("the runs are one and the same" in said(at)) == bool(second)


def test_models_without_axes_say_so(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    at = opened(view="path")
    assert "RNN, GRU, LSTM: no axes are kept" in said(at)
    (left,) = figures(at)  # which needs no axes
    assert left["layout"]["title"]["text"] == "Distance of the two paths"


# Gradients


def test_gradients_are_those_of_the_chosen_sentence() -> None:
    at = opened(view="gradients", of="2", gain="2")
    drawn = figure(at, "The final logit's gradient")["data"]
    for place, name in enumerate(NAMES):
        found = gradients(checkpoints.load(name), REVERSED, 2.0)
        assert numbers(drawn[place]["y"]) == pytest.approx(found.h)
        assert found.statement in said(at)
    assert "this is another model" in said(at)
    assert (parameter(at, "of"), parameter(at, "gain")) == ("2", "2")


def test_what_a_bound_tells_is_no_equivalence() -> None:
    told = said(opened(view="gradients"))
    assert "suffices for the gradient to vanish" in told
    assert "necessary but not sufficient" in told


# Memory


def test_memory_is_the_experiment_of_every_model() -> None:
    at = opened(view="memory", word="hate", upto="7", filler="so the movie")
    drawn = figure(at, "How long is the first word remembered?")["data"]
    for place, name in enumerate(NAMES):
        found = memory(checkpoints.load(name), "hate", "so the movie", 7)
        assert numbers(drawn[4 * place]["y"]) == pytest.approx(found.probability)
        assert numbers(drawn[4 * place + 3]["y"]) == pytest.approx(found.gradient_first_word)
    assert "read more than once" in said(at)
    assert [parameter(at, name) for name in ("word", "upto", "filler")] == ["hate", "7", "so the movie"]


@pytest.mark.parametrize(
    ("word", "filler", "told"),
    [("", FILLER, "the word is empty"), ("two words", FILLER, "give one"), ("bad", " ", "the filler is empty")],
)
def test_what_cannot_be_remembered_is_said_once(word: str, filler: str, told: str) -> None:
    at = opened(view="memory", word=word, filler=filler)
    assert said(at).count(told) == 1
    assert not figures(at) and not at.error


def test_memory_over_many_words_is_read_when_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        plain = checkpoints.load(name)
        checkpoints.save_again(plain, plain.card, tmp_path, np.zeros(len(plain.vocabulary), np.float32))
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    assert len(figures(opened(view="memory"))) == 1
    at = opened(view="memory", words="hate, <b>,love", fillers="3")
    assert "is read as 3 tokens" in said(at) and len(figures(at)) == 1
    at = opened(view="memory", words="hate, love", fillers="3")
    drawn = figure(at, "What share of the effect is left?")["data"]
    for place, name in enumerate(NAMES):
        found = retention(checkpoints.load(name), ["hate", "love"], 3)
        band, line = drawn[2 * place : 2 * place + 2]
        assert numbers(line["y"]) == pytest.approx(found.share)
        assert numbers(band["y"]) == pytest.approx([*found.high, *found.low[::-1]])
    assert f"2 words, each before the same 3 fillers, drawn (seed 0) of {found.neutral} frequent words" in said(at)
    assert (parameter(at, "words"), parameter(at, "fillers")) == ("hate, love", "3")


def test_memory_over_many_words_needs_polarity() -> None:
    at = opened(view="memory", words="hate", fillers="3")
    assert all(f"{name} keeps no polarity of its words" in said(at) for name in NAMES)
    assert "At most 16 words" in said(opened(view="memory", words=",".join(WORDS[-20:])))


# Tables


def test_every_chart_can_be_taken_along(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: dict[str, list[list[str]]] = {}

    def take(name: str, header: Any, rows: Any) -> None:
        from core.data.tables import as_csv

        taken[name] = list(csv.reader(io.StringIO(as_csv(header, rows()), newline="")))

    monkeypatch.setattr(controls, "csv_button", take)
    for view in VIEWS:
        opened(view=view, second="so good", upto="5")
    assert {name: (len(rows), set(map(len, rows))) for name, rows in taken.items()} == {
        "states": (1 + 4 * HIDDEN, {9}),
        "contributions": (1 + 3 * (4 + 2), {8}),
        "path": (1 + 3 * (4 + 2), {8}),
        "distances": (1 + 3 * 2, {3}),
        "gradients": (1 + 3 * 4, {10}),
        "memory": (1 + 3 * 6, {7}),
    }
    found = trace(checkpoints.load("lstm"), PROVERB)
    header, *rows = taken["states"]
    assert header == ["place", "token", "unit", "hidden", "cell_state", "input", "forget", "cell_candidate", "output"]
    for row in rows:
        place, unit = int(row[0]) - 1, int(row[2])
        assert row[1] == found.tokens[place]
        assert float(row[header.index("cell_state")]) == pytest.approx(found.c[place, unit])
        assert float(row[header.index("cell_candidate")]) == pytest.approx(found.gates["cell"][place, unit])


def test_each_views_button_names_its_file() -> None:
    names = {view: [button.proto.id for button in opened(view=view).get("download_button")] for view in VIEWS}
    assert all(names.values()), names
