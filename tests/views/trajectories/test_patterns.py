"""The views of patterns and of linear probes, run in process: opened, from links, uploads."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.models import checkpoints
from core.models.trace import trace
from core.probes.scan.lines import own_lines
from core.probes.units.linear_probes import diagnose
from core.probes.units.linear_probes_file import KEY, ProbeRows, add_probes
from core.probes.units.patterns import index, pattern, search
from core.probes.units.unit_texts import strongest
from pages.server.fingerprint import fingerprint
from tests import app
from tests.app import figures, parameters, press, said, script, sound, table
from tests.conftest import WORDS
from tests.hostile import SENTENCES

TEXT = "this movie is not so good"
SCRIPT = f"""
from pages.views.trajectories.units import patterns
from pages.widgets import frame, models, sentences

text = frame.sentence("{TEXT}")
checkpoints, _faults = models.load_all()
patterns.view(sentences.read(checkpoints, text), checkpoints)
"""
Downloads = dict[str, Callable[[], list[list[str]]]]


pytestmark = pytest.mark.usefixtures("own_models")


def opened(**link: str) -> AppTest:
    return script(SCRIPT, **link)


def probed(**link: str) -> AppTest:
    return sound(app.opened("Trajectories", "probes", **link))


def upload(content: str, name: str = "mine.csv") -> AppTest:
    at = opened(pat_threshold="0.1")
    at.segmented_control(key="pat sentences").set_value("upload").run()
    at.file_uploader[0].upload(name, content.encode()).run()
    return sound(at)


def test_the_pattern_and_its_moments_are_the_cores(downloads: Downloads) -> None:
    at = opened(pat_threshold="0.1", pat_span="2-3", model="gru")
    checkpoint = checkpoints.load("gru")
    asked = pattern(checkpoint, trace(checkpoint, TEXT), 1, 2, 0.1)
    *_before, last = index(checkpoint, own_lines())
    assert last.index is not None
    expected = search(last.index, asked)
    assert any(
        f"{len(asked.units)} of 8 units" in one.value and "over “movie is”" in one.value for one in at.get("html")
    )
    drawn = figures(at)["Units that are on over the span"]
    assert np.shape(drawn["data"][0]["y"]) == (len(asked.units),)
    assert ": 310 sentences" in said(at)
    moments = table(at, "span")
    assert moments["row"].tolist() == [last.index.rows[one.sentence] for one in expected.moments]
    assert moments["units on"].tolist() == [f"{one.shared} of {len(asked.units)}" for one in expected.moments]
    header, *rows = downloads["patterns"]()
    assert [int(row[header.index("on")]) for row in rows] == [one.on for one in expected.moments]
    assert any("share labelled positive" in one.value.to_string() for one in at.dataframe)


def test_choices_travel_in_the_link() -> None:
    at = opened(pat_threshold="0.1", pat_span="1-4", pat_state="c", pat_magnitude="1", pat_bounded="1", model="lstm")
    assert at.select_slider[0].value == (0, 3) and at.slider[0].value == 0.1
    assert at.segmented_control(key="pat state").value == "c"
    assert [box.value for box in at.checkbox] == [True, True]
    at.select_slider[0].set_value((2, 2))
    at.checkbox[1].uncheck()
    sound(at.run())
    assert parameters(at)["pat_span"] == "3-3" and "pat_bounded" not in parameters(at)
    assert any("over “is”" in one.value for one in at.get("html"))


def test_a_span_is_brushed_on_the_lines() -> None:
    at = opened(pat_threshold="0.1", pat_span="2-3", model="gru")
    own = fingerprint((checkpoints.load("gru").hash, trace(checkpoints.load("gru"), TEXT).tokens))
    for sent, span in (([2.6, 5.3], "3-5"), ([9, -4], "1-6"), (["x", 1], "2-3"), ([], "2-3"), ([math.nan, 2], "2-3")):
        at = opened(pat_threshold="0.1", pat_span="2-3", model="gru")
        at.session_state[f"pat lines {own} 1-2"] = {"selection": {"box": [{"x": sent}]}}
        assert parameters(sound(at.run()))["pat_span"] == span
    at = opened(pat_threshold="0.1", pat_span="2-3", model="gru")
    at.session_state[f"pat lines {own} 1-2"] = {"selection": {"box": [{"x": [2.6, 5.3]}]}}
    sound(at.run())
    at.select_slider[0].set_value((0, 1))  # a brush counts once: what is chosen by hand afterwards stays
    assert parameters(sound(at.run()))["pat_span"] == "1-2"


def test_the_texts_of_one_unit() -> None:
    at = opened(pat_unit="3", pat_end="low", model="gru")
    *_before, last = index(checkpoints.load("gru"), own_lines())
    best, *_others = strongest(last.index, 3, lowest=True)
    lines = [found.value for found in at.get("html")]
    assert any(f"Unit 3 of the GRU is lowest after “{best.tokens[best.token]}”" in line for line in lines)
    assert parameters(at)["pat_unit"] == "3"
    assert "Invalid in the link: `pat_unit`" in said(opened(pat_unit="99", model="gru"))


def test_a_forged_link_is_reported() -> None:
    for span in ("0-1", "3-2", "1-99", "²-3"):
        at = opened(pat_span=span, pat_threshold="1e9", pat_state="z", pat_magnitude="yes")
        assert "Invalid in the link: `pat_span`" in said(at)
        assert at.slider[0].value == 0.3 and not at.checkbox[0].value


def test_one_token_and_no_unit() -> None:
    at = opened(q="love", pat_threshold="0.05")
    assert "The sentence has one token, so that is the span." in said(at) and not at.select_slider
    at = opened(pat_threshold="0.95", pat_span="1-6")
    assert "No unit is on over the whole span" in at.get("html")[0].value and len(figures(at)) == 1


def test_an_upload_with_empty_rows_is_read_and_searched() -> None:
    rows = ['"movie is not so good"', '"so good , this movie is bad"', '""', '"   "', '"so bad"', '"so  bad"']
    at = upload("comment,mood\n" + "\n".join(f"{row},{number % 2}" for number, row in enumerate(rows)))
    at.selectbox(key=next(box.key for box in at.selectbox if box.label == "Gold labels (optional)")).set_value("mood")
    sound(at.run())
    assert not [one for one in at.dataframe if "span" in one.value.columns]
    press(at, "Read and search the file with LSTM")
    assert "mine.csv: 3 sentences" in said(at)
    assert "Left out: 2 rows without words, 1 duplicates." in said(at)
    at.slider[0].set_value(0.05)
    sound(at.run())
    assert "mine.csv: 3 sentences" in said(at)  # it is not read again


def test_an_upload_that_cannot_be_read_is_reported_and_hostile_files_stay_texts() -> None:
    content = "text\n" + "\n".join(json.dumps(text).replace('\\"', '""') for text in SENTENCES if "\n" not in text)
    at = press(upload(content, "<b>x</b>.csv"), "Read and search the file with LSTM")
    assert "<b>x</b>.csv: " in said(at)
    for element in (*at.markdown, *at.caption, *at.info, *at.success, *at.error):
        assert "window.__hacked" not in element.value and "<b>" not in element.value
    for content, message in (
        ("text\n\n", "has no rows"),
        ('text\n""\n', "mine.csv has no row with a text (1 empty)"),
        ("", "empty"),
    ):
        at.file_uploader[0].upload("mine.csv", content.encode()).run()
        assert len(sound(at).error) == 1 and message in at.error[0].value.replace("\\", "")


def test_stored_probes_are_shown_unless_damaged_or_of_another_model(downloads: Downloads) -> None:
    at = probed()
    assert "probe-states --model all" in at.code[0].value
    assert not figures(at)
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, random.integers(3, 24))) for _ in range(100)]
    for name in ("rnn", "lstm"):
        checkpoint = checkpoints.load(name)
        checkpoints.save_again(checkpoint, checkpoint.card, polarity=random.standard_normal(len(checkpoint.vocabulary)))
        *_before, last = diagnose(checkpoints.load(name), texts)
        add_probes(last.result(), ProbeRows("made_up.csv", "ab" * 32, 100, 1_000))
    at = probed(probe_task="polarity")
    assert at.segmented_control(key="probe task").value == "polarity"
    (drawn,) = figures(at).values()
    assert [one["name"] for one in drawn["data"]] == [
        *("RNN", "RNN, control", "RNN", "LSTM", "LSTM, control", "LSTM"),
    ]
    assert "RNN, LSTM: 100 rows of made_up.csv, sampled with seed 0: 70 training sentences" in said(at)
    assert len(at.dataframe[0].value) == 8 + 11
    rows = downloads["probes"]()
    assert len(rows) == 1 + 8 + 11 and all(0 <= float(row[4]) <= 1 for row in rows[1:])
    at.segmented_control(key="probe task").set_value("position")
    assert parameters(sound(at.run()))["probe_task"] == "position"
    lstm = checkpoints.load("lstm")
    assert lstm.polarity is not None
    checkpoints.save_again(lstm, lstm.card, polarity=-lstm.polarity)
    at = probed(probe_task="<b>")
    assert "LSTM has changed since it was probed" in said(at) and "probe_task" not in parameters(at)
    (drawn,) = figures(at).values()
    assert [one["name"] for one in drawn["data"]] == ["RNN", "RNN, control", "RNN"]
    rnn = checkpoints.load("rnn")
    checkpoints.save_again(rnn, {**rnn.card, KEY: {**rnn.card[KEY], "hash": 3}})
    at = probed()
    assert "its card's probes cannot be read" in said(at) and not figures(at)
