"""The section on boosting, run in process: opened, from links, on points of one's own, its ends, the trained models."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from gettext import NullTranslations
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.lab.boosting import ensemble_file
from core.lab.boosting.points import draw
from core.lab.boosting.samme import minima
from core.lab.boosting.stumps import boost_stumps
from core.lab.boosting.worksheet import sheet
from core.models import checkpoints
from core.models.token_predictor import predictor
from core.runtime import i18n
from pages.views.maths_lab import boosting
from pages.wording.tokens import plain
from tests.conftest import WORDS
from tests.hostile import SENTENCES

ROOT = Path(__file__).parents[3]
SCRIPT = """
from pages.views.maths_lab import boosting as lab_boosting

lab_boosting.view()
"""


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    shutil.copytree(tiny_checkpoints, tmp_path / "checkpoints")
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path / "checkpoints"))
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def opened(**parameters: str) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=90)
    for name, value in parameters.items():
        at.query_params[name] = value
    return sound(at.run())


def sound(at: AppTest) -> AppTest:
    assert [error.message for error in at.exception] == []
    return at


def said(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.info, at.warning, at.success, at.error, at.text)
    return "\n".join(found.value.replace("\\", "") for kind in kinds for found in kind)


def figures(at: AppTest) -> dict[str, Any]:
    """The figures by their titles."""
    found = [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]
    return {figure["layout"]["title"]["text"]: figure for figure in found}


def table(at: AppTest, column: str) -> Any:
    return next(found.value for found in at.dataframe if column in found.value.columns)


def parameter(at: AppTest, name: str) -> str | None:
    found = at.query_params.get(name)
    return found[0] if isinstance(found, list) else found


def test_opens_on_rings_with_a_rounds_numbers() -> None:
    at = opened()
    cloud = draw("rings", 3, 150, 0)
    found = boost_stumps(cloud.points, cloud.labels, 3, 20)
    made = found.rounds[4]
    metrics = {metric.label: metric.value for metric in at.metric}
    assert metrics["weighted error ε"] == f"{made.error:.4f}" and metrics["vote α"] == f"{made.alpha:.4f}"
    assert metrics["risk after"] == f"{made.risk:.4f}" and metrics["in error after"] == f"{made.training_error:.1%}"
    assert [line.latex for line in sheet(found, 5, minima(found)[4]).lines] == [
        latex.value.strip("$\n ") for latex in at.latex
    ]
    assert list(figures(at)) == [
        "Round 5: weights, and the ensemble’s verdicts",
        "Round 5: the risk against its vote",
        "Risk and error, round by round",
        "Margins: how sure the vote is",
        "Errors and votes, round by round",
    ]
    rounds = table(at, "rule")
    assert rounds["ε"].tolist() == pytest.approx([made.error for made in found.rounds])
    assert rounds["they differ by"].max() < 1e-6
    assert not at.error and at.query_params == {}


def test_the_slider_moves_the_round_and_the_link_carries_it() -> None:
    at = opened()
    sound(at.slider(key="boost t").set_value(9).run())
    assert "Round 9: weights, and the ensemble’s verdicts" in figures(at)
    assert parameter(at, "boost_t") == "9"
    sound(at.number_input(key="boost rounds").set_value(6).run())
    assert at.slider(key="boost t").value == 6 and parameter(at, "boost_rounds") == "6"
    sound(at.number_input(key="boost k").set_value(2).run())
    assert "With two classes the risk is never below the share in error" in said(at)
    sound(at.number_input(key="boost rounds").set_value(1).run())
    assert not at.slider and "Round 1: the risk against its vote" in figures(at)


def test_a_link_gives_the_exercise_back() -> None:
    asked = {
        "boost_cloud": "blobs",
        "boost_k": "4",
        "boost_n": "80",
        "boost_seed": "7",
        "boost_rounds": "9",
        "boost_t": "3",
    }
    at = opened(**asked)
    assert {name: parameter(at, name) for name in asked} == asked
    cloud = draw("blobs", 4, 80, 7)
    made = boost_stumps(cloud.points, cloud.labels, 4, 9).rounds[2]
    assert next(metric.value for metric in at.metric if metric.label == "vote α") == f"{made.alpha:.4f}"


@pytest.mark.parametrize(
    "forged",
    [
        {"boost_cloud": "<b>"},
        {"boost_k": "1"},
        {"boost_k": "99999999999"},
        {"boost_n": "nan"},
        {"boost_n": "-5"},
        {"boost_seed": "1e9"},
        {"boost_rounds": "0"},
        {"boost_rounds": "١٢"},
        {"boost_t": "10000"},
        {"boost_t": ""},
        {"boost_cloud": "own", "boost_points": "x" * 3_000},
    ],
    ids=lambda forged: ascii(forged)[:40],
)
def test_forged_links_fall_back(forged: dict[str, str]) -> None:
    at = opened(**forged)
    assert not at.error and len(figures(at)) == 5


@pytest.mark.parametrize(("classes", "seed"), [("2", "0"), ("3", "4"), ("6", "1")])
def test_a_learner_that_is_chance_stops_it_with_a_word(classes: str, seed: str) -> None:
    at = opened(boost_cloud="squares", boost_k=classes, boost_seed=seed)
    assert "no better than chance" in at.info[0].value.replace("\\", "")
    assert list(figures(at)) == ["The points, all of one weight"] and not at.error


def test_a_perfect_learner_stops_it_with_a_word() -> None:
    at = opened(boost_cloud="apart", boost_k="2")
    assert "right on every row" in at.info[0].value.replace("\\", "")
    assert next(metric.value for metric in at.metric if metric.label == "vote α") == "∞"
    assert len(figures(at)) == 4  # there is no least risk to draw


def typed(text: str) -> AppTest:
    at = opened(boost_cloud="own")
    return sound(at.text_area(key="boost points").set_value(text).run())


def test_points_of_ones_own_travel_in_the_link() -> None:
    text = "0,0,a\n1,0,b\n2,1,a\n3,1,b"
    at = typed(text)
    assert parameter(at, "boost_points") == text and not at.error
    again = opened(boost_cloud="own", boost_points=text)
    assert again.text_area(key="boost points").value == text
    assert table(again, "rule")["ε"].tolist() == table(at, "rule")["ε"].tolist()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the 0 given have 0"),
        ("1,1,a\n1,1,b", "all 2 points are equal"),
        ("1,1,a\n2,2,a", "the 2 given have 1"),
        ("1,1,a\nfoo,2,b", "line 2 is 'foo,2,b'"),
        ("1,1,a\ninf,2,b", "line 2"),
        ("1,1,a\n1e308,2,b", "line 2"),
        ("\n".join(f"{row},0,{row % 2}" for row in range(601)), "601 points; expected 600 at most"),
    ],
)
def test_points_that_are_none_are_one_line_and_stay(text: str, words: str) -> None:
    at = typed(text)
    assert words in at.error[0].value.replace("\\", "") and len(at.error) == 1
    assert at.text_area(key="boost points").value == text and figures(at) == {}
    assert "Boosting the trained models" in [found.value for found in at.header]


def test_hostile_lines_are_told_of_as_text() -> None:
    at = opened(boost_cloud="own")
    for sentence in SENTENCES:
        sound(at.text_area(key="boost points").set_value(f"1,1,a\n{sentence}").run())
        (error,) = at.error
        assert error.value.startswith("line 2 is ") and plain(repr(sentence.splitlines()[0][:10])[1:-1]) in error.value


def test_hostile_classes_stay_text() -> None:
    at = opened(boost_cloud="own")
    for sentence in SENTENCES:
        name = sentence.replace("\n", " ")[:24].strip()
        sound(at.text_area(key="boost points").set_value(f"1,1,a\n2,2,{name}\n3,1,a\n0,2,b").run())
        drawn = figures(at)
        assert len(drawn) == 5 and not at.error
        assert re.search(r"<(script|img|svg|iframe|b|a|style|!)\b", json.dumps(drawn)) is None
        assert not any(name in shown.value for shown in (*at.markdown, *at.caption, *at.info, *at.latex))


def test_every_point_of_a_round_can_be_seen() -> None:
    at = opened()
    assert "weight before" not in [name for found in at.dataframe for name in found.value.columns]
    at.session_state["boost every point"] = True
    points = table(sound(at.run()), "weight before")
    cloud = draw("rings", 3, 150, 0)
    found = boost_stumps(cloud.points, cloud.labels, 3, 20)
    assert points["weight before"].tolist() == pytest.approx(found.rounds[4].weights)
    assert points["weight after"].tolist() == pytest.approx(found.weights(5))
    assert points["margin"].tolist() == pytest.approx(found.margins(5))
    assert points["right"].tolist() == (found.rounds[4].named == cloud.labels).tolist()


# Trained models


def corpus() -> bytes:
    """Made-up texts labelled by the GRU's verdict, some of them wrong."""
    gru = checkpoints.load("gru")
    words = [word for word in WORDS if word.isalpha()]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["text", "label"])
    for row in range(90):
        text = f"{words[row % 23]} {words[row * 7 % 24]} {words[row * 5 % 19]}"
        writer.writerow([text, int(predictor(gru)([text.split()])[0] >= 0.5) ^ (row % 7 == 0)])
    return out.getvalue().encode()


def uploaded(content: bytes, name: str = "tweets.csv") -> AppTest:
    at = opened()
    at.file_uploader[0].upload(name, content).run()
    return sound(at)


def press(at: AppTest, label: str) -> AppTest:
    (button,) = (button for button in at.button if button.label.startswith(label))
    return sound(button.click().run())


def test_an_upload_is_boosted_and_says_what_it_comes_to() -> None:
    at = press(uploaded(corpus()), "Boost the models on it")
    assert "tweets.csv: 90 rows, fitted on 45 and tested on the other 45, split by seed 0." in said(at)
    assert "three voters can come to nothing else" in said(at)
    assert table(at, "weight Σα")["model"].tolist() == ["RNN", "GRU", "LSTM"]
    assert (
        table(at, "compared with")["finding"]
        .isin(["better", "worse", "the same verdicts", "no difference shown"])
        .all()
    )
    sound(at.number_input(key="boost split").set_value(1).run())
    assert "weight Σα" not in [name for found in at.dataframe for name in found.value.columns], "another question"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"text,label\nso good,1\n", "1 labelled rows cannot be split"),
        (b"text,label\n" + b"so good,1\n" * 50, "hold one class only: 1"),
    ],
)
def test_files_that_cannot_be_boosted_are_one_line(content: bytes, words: str) -> None:
    at = press(uploaded(content), "Boost the models on it")
    assert words in said(at) and len(at.error) == 1


def test_labels_of_two_meanings_are_a_question() -> None:
    at = uploaded(b"text,label\n" + b"so good,1\nso bad,2\n" * 50)
    assert "holds 1 (50 rows), 2 (50): 2 may be positive or negative" in said(at)
    assert "Boost the models on it" not in [button.label for button in at.button] and not at.error


@pytest.mark.parametrize(("content", "name"), [(b"", "x.csv"), (b"\x00\x01", "x.parquet"), (b"[1]", "x.jsonl")])
def test_files_that_cannot_be_read_are_one_line(content: bytes, name: str) -> None:
    at = uploaded(content, name)
    assert len(at.error) == 1 and "Boost the models on it" not in [button.label for button in at.button]


def test_nothing_kept_says_how_to_make_it() -> None:
    assert "core lab boosting --data FILE --out checkpoints/ensemble.json" in said(opened())


def test_what_is_kept_is_shown_with_what_it_is_of() -> None:
    shutil.copy(ROOT / "checkpoints" / ensemble_file.FILE, checkpoints.root())
    found = ensemble_file.load()
    assert found is not None
    at = opened()
    assert found.sha256[:12] in said(at) and "LSTM decides alone" in said(at)
    assert "of other models than those here: rnn, gru, lstm" in at.warning[0].value.replace("\\", "")
    assert table(at, "weight Σα")["weight Σα"].tolist() == [round(voter.weight, 4) for voter in found.voters]


def test_a_damaged_file_is_one_line() -> None:
    (checkpoints.root() / ensemble_file.FILE).write_text('{"format": 1, "x": "<b>"}')
    at = opened()
    assert "ensemble.json does not hold what it should" in at.error[0].value.replace("\\", "")
    assert len(figures(at)) == 5


def test_everything_said_goes_through_gettext(monkeypatch: pytest.MonkeyPatch) -> None:
    class Marking(NullTranslations):
        def gettext(self, message: str) -> str:
            return f"«{message}»"

        def ngettext(self, singular: str, plural: str, number: int) -> str:
            return self.gettext(singular if number == 1 else plural)

    monkeypatch.setattr(i18n, "_catalogue", lambda _language: Marking())
    shutil.copy(ROOT / "checkpoints" / ensemble_file.FILE, checkpoints.root())
    for at in (opened(), opened(boost_cloud="squares"), opened(boost_cloud="apart", boost_k="2"), opened(boost_k="2")):
        kinds = (at.markdown, at.caption, at.info, at.warning, at.header)
        for shown in (element.value for kind in kinds for element in kind):
            assert shown.lstrip("*").startswith("«"), shown
        for widget in (*at.selectbox, *at.number_input, *at.slider, *at.metric, *at.expander):
            assert widget.label.startswith("«"), widget.label


def test_the_bounds_of_the_page_are_those_of_the_core() -> None:
    from core.lab.boosting import samme, stumps

    assert boosting.MOST_ROUNDS <= samme.MOST_ROUNDS and boosting.MOST_POINTS <= stumps.MOST_POINTS
