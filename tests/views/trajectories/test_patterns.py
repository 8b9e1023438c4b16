"""The parts on patterns and on diagnostic probes, run in process: opened, from links, uploads, hostile texts."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.models import checkpoints
from core.models.trace import trace
from core.probes.scan.lines import own_lines
from core.probes.units.linear_probes import diagnose
from core.probes.units.linear_probes_file import KEY, Source, add_probes
from core.probes.units.patterns import index, pattern, search
from pages.views.trajectories import controls
from tests.conftest import WORDS
from tests.hostile import SENTENCES

TEXT = "this movie is not so good"
SCRIPT = """
import streamlit as st

from pages.views.trajectories import {part}
from pages.widgets import frame
from pages.widgets import models
from pages.views.trajectories import controls as trajectories

text = frame.sentence("{text}")
checkpoints, _faults = models.load_all()
{part}.view(trajectories.texts(text, checkpoints), checkpoints)
"""


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    shutil.copytree(tiny_checkpoints, tmp_path / "checkpoints")
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path / "checkpoints"))
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], str]]:
    found: dict[str, Callable[[], str]] = {}

    def button(label: str, data: Callable[[], str], name: str, *_rest: object, **_more: object) -> None:
        found[name] = data

    monkeypatch.setattr(controls.st, "download_button", button)
    return found


def opened(part: str = "patterns", **parameters: str) -> AppTest:
    at = AppTest.from_string(SCRIPT.format(part=part, text=TEXT), default_timeout=120)
    for name, value in parameters.items():
        at.query_params[name] = value
    return sound(at.run())


def sound(at: AppTest) -> AppTest:
    assert [error.message for error in at.exception] == []
    return at


def said(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.info, at.warning, at.success, at.error, at.text)
    return "\n".join(found.value.replace("\\", "") for kind in kinds for found in kind)


def charts(at: AppTest) -> list[Any]:
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def parameter(at: AppTest, name: str) -> str | None:
    found = at.query_params.get(name)
    return found[-1] if isinstance(found, list) else found


def press(at: AppTest, label: str) -> AppTest:
    return sound(next(button for button in at.button if button.label.replace("\\", "") == label).click().run())


def upload(content: str, name: str = "mine.csv") -> AppTest:
    at = opened(pat_threshold="0.1")
    at.segmented_control(key="pat sentences").set_value("upload").run()
    at.file_uploader[0].upload(name, content.encode()).run()
    return sound(at)


def test_the_pattern_and_its_moments_are_the_cores(downloads: dict[str, Callable[[], str]]) -> None:
    at = opened(pat_threshold="0.1", pat_span="2-3", model="gru")
    checkpoint = checkpoints.load("gru")
    asked = pattern(checkpoint, trace(checkpoint, TEXT), 1, 2, 0.1)
    *_before, last = index(checkpoint, own_lines())
    assert last.index is not None
    expected = search(last.index, asked)
    assert f"{len(asked.units)} of 8 units" in said(at) and "over “movie is”" in said(at)
    assert np.shape(charts(at)[0]["data"][0]["y"]) == (len(asked.units),)
    assert "the sentences of this project: 310 sentences" in said(at)
    [table] = [one.value for one in at.dataframe if "these tokens" in one.value.columns]
    assert table["row"].tolist() == [last.index.rows[one.sentence] for one in expected.moments]
    assert table["units on"].tolist() == [f"{one.shared} of {len(asked.units)}" for one in expected.moments]
    rows = list(csv.DictReader(io.StringIO(downloads["unrolled-patterns.csv"]())))
    assert [int(row["on"]) for row in rows] == [one.on for one in expected.moments]
    assert any("share labelled positive" in one.value.to_string() for one in at.dataframe)


def test_choices_travel_in_the_link() -> None:
    at = opened(pat_threshold="0.1", pat_span="1-4", pat_state="c", pat_magnitude="1", pat_bounded="1", model="lstm")
    assert at.select_slider[0].value == (0, 3) and at.slider[0].value == 0.1
    assert at.segmented_control(key="pat state").value == "c"
    assert [box.value for box in at.checkbox] == [True, True]
    at.select_slider[0].set_value((2, 2))
    at.checkbox[1].uncheck()
    sound(at.run())
    assert (parameter(at, "pat_span"), parameter(at, "pat_bounded")) == ("3-3", None)
    assert "over “is”" in said(at)


@pytest.mark.parametrize("span", ["0-1", "3-2", "1-99", "x", "1-2-3", "-", "²-3"])
def test_a_forged_link_is_told(span: str) -> None:
    at = opened(pat_span=span, pat_threshold="1e9", pat_state="z", pat_magnitude="yes")
    assert "a span that is not there" in said(at)
    assert at.slider[0].value == 0.3 and not at.checkbox[0].value


def test_one_token_and_no_unit() -> None:
    at = opened(q="love", pat_threshold="0.05")
    assert "There is one token, so it is the span." in said(at) and not at.select_slider
    at = opened(pat_threshold="0.95", pat_span="1-6")
    assert "No unit is on over the whole span" in said(at) and not at.get("plotly_chart")


def test_an_upload_with_empty_rows_is_read_and_searched() -> None:
    rows = ['"movie is not so good"', '"so good , this movie is bad"', '""', '"   "', '"so bad"', '"so  bad"']
    at = upload("comment,mood\n" + "\n".join(f"{row},{number % 2}" for number, row in enumerate(rows)))
    at.selectbox(key=next(box.key for box in at.selectbox if box.label == "Human labels, if any")).set_value("mood")
    sound(at.run())
    assert not [one for one in at.dataframe if "these tokens" in one.value.columns]
    press(at, "Read the file with LSTM and search it")
    assert "mine.csv: 3 sentences" in said(at)
    assert "Left out: 2 rows without a word, 1 that repeat an earlier one." in said(at)
    at.slider[0].set_value(0.05)
    sound(at.run())
    assert "mine.csv: 3 sentences" in said(at)  # it is not read again


@pytest.mark.parametrize(
    ("content", "told"),
    [("text\n\n", "has no rows"), ('text\n""\n', "mine.csv has no row with a text (1 empty)"), ("", "empty")],
)
def test_an_upload_that_cannot_be_read_is_told_in_one_line(content: str, told: str) -> None:
    at = upload(content)
    assert len(at.error) == 1 and told in at.error[0].value.replace("\\", "")


def test_hostile_texts_stay_texts() -> None:
    for text in SENTENCES[::3]:
        at = opened(q=text, pat_threshold="0.05")
        for found in (*at.markdown, *at.caption, *at.info, *at.success, *at.error):
            assert "window.__hacked" not in found.value and "hostile.example" not in found.value
    content = "text\n" + "\n".join(json.dumps(text).replace('\\"', '""') for text in SENTENCES if "\n" not in text)
    at = upload(content, "<b>x</b>.csv")
    press(at, "Read the file with LSTM and search it")
    assert "<b>x</b>.csv: " in said(at)
    for found in (*at.markdown, *at.caption, *at.info, *at.success, *at.error):
        assert "window.__hacked" not in found.value and "<b>" not in found.value


@pytest.fixture
def probed() -> None:
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, random.integers(3, 24))) for _ in range(150)]
    for name in ("rnn", "lstm"):
        checkpoint = checkpoints.load(name)
        polarity = random.standard_normal(len(checkpoint.vocabulary))
        checkpoints.save_again(checkpoint, checkpoint.card, polarity=polarity)
        *_before, last = diagnose(checkpoints.load(name), texts)
        add_probes(last.found, Source("made_up.csv", "ab" * 32, 150, 1_000))


def test_without_probes_the_command_is_told() -> None:
    at = opened("linear_probes")
    assert "not probed yet" in said(at) and "probe-states --model all" in at.code[0].value
    assert not at.get("plotly_chart")


@pytest.mark.usefixtures("probed")
def test_stored_probes_are_shown(downloads: dict[str, Callable[[], str]]) -> None:
    at = opened("linear_probes", probe_task="polarity")
    assert at.segmented_control(key="probe task").value == "polarity"
    assert [drawn["name"] for drawn in charts(at)[0]["data"]] == [
        *("RNN", "RNN, control", "RNN", "LSTM", "LSTM, control", "LSTM"),
    ]
    assert "RNN, LSTM: 150 rows of made_up.csv drawn by seed 0; 105 sentences" in said(at)
    assert len(at.dataframe[0].value) == 8 + 11
    rows = list(csv.reader(io.StringIO(downloads["unrolled-probes.csv"]())))
    assert len(rows) == 1 + 8 + 11 and all(0 <= float(row[4]) <= 1 for row in rows[1:])
    at.segmented_control(key="probe task").set_value("position").run()
    sound(at)
    assert parameter(at, "probe_task") == "position"


@pytest.mark.usefixtures("probed")
def test_probes_of_another_model_or_damaged_ones_are_not_shown() -> None:
    lstm = checkpoints.load("lstm")
    assert lstm.polarity is not None
    checkpoints.save_again(lstm, lstm.card, polarity=-lstm.polarity)
    at = opened("linear_probes")
    assert "LSTM is not the model that was probed any more" in said(at)
    assert [drawn["name"] for drawn in charts(at)[0]["data"]] == ["RNN", "RNN, control", "RNN"]
    rnn = checkpoints.load("rnn")
    checkpoints.save_again(rnn, {**rnn.card, KEY: {**rnn.card[KEY], "hash": 3}})
    at = opened("linear_probes")
    assert "its card's probes cannot be read" in said(at) and not at.get("plotly_chart")
