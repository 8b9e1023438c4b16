"""The section on boosting, run in process: opened, from links, on typed points, its ends, the trained models."""

from __future__ import annotations

import csv
import io
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from core.lab import typed_numbers
from core.lab.boosting import ensemble_file, samme
from core.lab.boosting.points import draw
from core.lab.boosting.problem import problem, problem_of_errors, read_rows
from core.lab.boosting.samme import minima
from core.lab.boosting.stumps import boost_stumps
from core.lab.boosting.worksheet import sheet
from core.models import checkpoints
from core.models.predict import verdicts
from core.models.token_predictor import predictor
from pages.views.maths_lab import boosting
from tests import app
from tests.app import ROOT, figures, mark_messages, parameters, press, said, script, sound, table
from tests.conftest import WORDS, write_tiny_checkpoint

SCRIPT = """
from pages.views.maths_lab import boosting

boosting.view()
"""


pytestmark = pytest.mark.usefixtures("own_models")


def opened(**link: str) -> AppTest:
    return script(SCRIPT, **link)


def vote(at: AppTest) -> str:
    return next(metric.value for metric in at.metric if metric.label == "vote α").replace("−", "-")


def test_rings_show_a_rounds_numbers_and_every_point() -> None:
    at = opened(boost_cloud="rings", boost_t="5")
    assert "core lab boosting --data FILE --out checkpoints/ensemble.json" in said(at), "no ensemble is kept"
    cloud = draw("rings", 3, 150, 0)
    boosted = boost_stumps(cloud, 20)
    made = boosted.rounds[4]
    metrics = {metric.label: metric.value for metric in at.metric}
    assert metrics["weighted error ε"] == f"{made.error:.4f}" and vote(at) == f"{made.alpha:.4f}"
    assert (
        metrics["risk after round"] == f"{made.risk:.4f}"
        and metrics["error rate after round"] == f"{made.training_error:.1%}"
    )
    assert [line.latex for line in sheet(boosted, 5, minima(boosted)[5]).lines] == [
        latex.value.strip("$\n ") for latex in at.latex
    ]
    assert len(figures(at)) == 5 and next(iter(figures(at))).startswith("Round 5:")
    rounds = table(at, "rule")
    assert rounds["ε"].tolist() == pytest.approx([made.error for made in boosted.rounds])
    assert rounds["difference"].max() < 1e-6
    assert not at.error and parameters(at) == {"boost_from": "points", "boost_cloud": "rings", "boost_t": "5"}
    assert "weight before" not in [name for found in at.dataframe for name in found.value.columns]
    at.session_state["boost every point"] = True
    points = table(sound(at.run()), "weight before")
    assert points["weight before"].tolist() == pytest.approx(made.weights)
    assert points["weight after"].tolist() == pytest.approx(boosted.weights(5))
    assert points["margin"].tolist() == pytest.approx(boosted.margins(5))
    assert points["right"].tolist() == (made.named == cloud.labels).tolist()


def test_the_round_travels_in_the_link_and_a_link_gives_the_exercise_back() -> None:
    link = {"boost_cloud": "blobs", "boost_k": "4", "boost_n": "80"}
    link |= {"boost_seed": "7", "boost_rounds": "9", "boost_t": "3"}
    at = opened(**link)
    link["boost_from"] = "points"
    assert parameters(at) == link
    cloud = draw("blobs", 4, 80, 7)
    assert vote(at) == f"{boost_stumps(cloud, 9).rounds[2].alpha:.4f}"
    sound(at.slider(key="boost t").set_value(9).run())
    assert next(iter(figures(at))).startswith("Round 9:") and parameters(at) == link | {"boost_t": "9"}
    sound(at.number_input(key="boost rounds").set_value(6).run())
    assert at.slider(key="boost t").value == 6 and parameters(at)["boost_rounds"] == "6"
    at.number_input(key="boost k").set_value(2)
    sound(at.number_input(key="boost rounds").set_value(1).run())
    assert "With two classes" in said(at)
    assert not at.slider and next(iter(figures(at))).startswith("Round 1:")


def test_what_stops_boosting_is_said() -> None:
    at = opened(boost_cloud="squares", boost_k="2")
    assert "no better than chance" in at.info[0].value.replace("\\", "")
    assert len(figures(at)) == 1 and not at.error
    at = opened(boost_cloud="apart", boost_k="2")
    assert "right on every row" in at.info[0].value.replace("\\", "")
    assert vote(at) == "∞"
    assert len(figures(at)) == 4  # there is no least risk to draw


def test_typed_points_travel_in_the_link_and_stay() -> None:
    at = opened(boost_from="points", boost_rounds="3", boost_points="x" * 3_000, solution="1")
    assert not at.error and len(figures(at)) == 6

    def typed(text: str) -> AppTest:
        at.text_area(key="boost points").set_value(text)
        return sound(at.run())

    text = "0,0,a\n1,0,b\n2,1,a\n3,1,b"
    assert parameters(typed(text))["boost_points"] == text and not at.error
    again = opened(boost_from="points", boost_rounds="3", boost_points=text, solution="1")
    assert again.text_area(key="boost points").value == text
    assert table(again, "rule")["ε"].tolist() == table(at, "rule")["ε"].tolist()
    for text, words in (
        ("", "the 0 given have 0"),
        ("1,1,a\nfoo,2,b", "line 2 is 'foo,2,b'"),
        ("\n".join(f"{row},0,{row % 2}" for row in range(601)), "601 points; at most 600"),
    ):
        (error,) = typed(text).error
        assert words in error.value.replace("\\", "")
        assert at.text_area(key="boost points").value == text and figures(at) == {}
        assert "Boosting the trained models" in [found.value for found in at.header]


# The exercise


def test_nothing_is_solved_before_it_is_asked_for() -> None:
    at = opened()
    exercise = problem(read_rows(at.text_area(key="boost table").value))
    assert not figures(at) and not at.metric
    at.text_input(key="boost e1").set_value("0.2222")
    sound(at.text_input(key="boost a1").set_value("1.946").run())
    assert "The factor (K − 1)/K is missing." in said(at).replace("\\", "")
    sound(at.toggle(key="boost solution").set_value(True).run())
    assert vote(at) == f"{exercise.truth['a1']:.4f}" and len(figures(at)) == 4


def test_errors_alone_and_forms() -> None:
    at = opened(boost_from="errors", boost_errors="0.2, 0.4", boost_form="samme", boost_errors_k="3", solution="1")
    truth = problem_of_errors([0.2, 0.4], 3, "samme").truth
    assert any(f"{truth['a1']:.6f}" in latex.value for latex in at.latex) and len(figures(at)) == 1
    for typed in ("0.7", "0.2 x", "", "-1", "9" * 400):
        at.text_input(key="boost errors").set_value(typed)
        assert len(sound(at.run()).error) == 1
    at = opened(boost_table="a a\nb")
    assert "line 2" in at.error[0].value.replace("\\", "")


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


def test_an_upload_is_boosted_or_refused_in_one_line() -> None:
    at = opened(boost_rounds="3")

    def upload(content: bytes, name: str = "tweets.csv") -> AppTest:
        at.file_uploader[0].upload(name, content).run()
        return sound(at)

    press(upload(corpus()), "Boost the models")
    assert "tweets.csv: 90 rows, fitted on 45 and tested on the other 45, split by seed 0." in said(at)
    assert "With three voters" in said(at)
    assert table(at, "weight Σα")["model"].tolist() == ["RNN", "GRU", "LSTM"]
    assert len(table(at, "compared with")["finding"])
    sound(at.number_input(key="boost split").set_value(1).run())
    assert "weight Σα" not in [name for found in at.dataframe for name in found.value.columns], "another question"
    for content, message in (
        (b"text,label\nso good,1\n", "1 labelled rows"),
        (b"text,label\n" + b"so good,1\n" * 50, "has no row of negative"),
    ):
        press(upload(content), "Boost the models")
        assert message in said(at) and len(at.error) == 1
    upload(b"text,label\n" + b"so good,1\nso bad,2\n" * 50)
    assert "1 (50 rows), 2 (50): 2 may be positive or negative" in said(at) and not at.error
    assert not app.offers(at, "Boost the models")
    for content, name in ((b"", "x.csv"), (b"\x00\x01", "x.parquet"), (b"[1]", "x.jsonl")):
        assert len(upload(content, name).error) == 1 and not app.offers(at, "Boost the models")


def test_models_of_other_classes_are_boosted_by_themselves() -> None:
    labels = ("late", "lost", "fine")
    for name, cell in (("one", "gru"), ("two", "lstm")):
        write_tiny_checkpoint(checkpoints.root(), name, cell, labels=labels, seed=3)
    texts = [f"{first} {second}" for first in WORDS[:20] for second in WORDS[5:25]]
    found = verdicts(checkpoints.load("two"), texts)
    rows = "".join(f'"{text}",{verdict.label}\n' for text, verdict in zip(texts, found, strict=True))
    at = opened(boost_rounds="3", loaded="rnn,gru,one,two")
    at.file_uploader[0].upload("trips.csv", f"text,label\n{rows}".encode()).run()
    sound(at.selectbox(key="boost models").set_value(1).run())
    press(at, "Boost the models")
    assert "trips.csv: 400 rows" in said(at) and "two decides alone" in said(at)
    assert table(at, "weight Σα")["model"].tolist() == ["one", "two"]


def test_what_is_kept_is_shown_with_what_it_is_of() -> None:
    shutil.copy(ROOT / "checkpoints" / ensemble_file.FILE, checkpoints.root())
    kept = ensemble_file.load()
    assert kept is not None
    at = opened()
    assert kept.sha256[:12] in said(at) and "LSTM decides alone" in said(at)
    assert "RNN, GRU, LSTM" in at.warning[0].value.replace("\\", "")
    assert table(at, "weight Σα")["weight Σα"].tolist() == [round(voter.weight, 4) for voter in kept.voters]
    (checkpoints.root() / ensemble_file.FILE).write_text('{"format": 1, "x": "<b>"}')
    at = opened()
    assert len(at.error) == 1 and "ensemble.json" in at.error[0].value.replace("\\", "")
    assert at.text_input(key="boost e1").value == ""


def test_everything_said_goes_through_gettext(monkeypatch: pytest.MonkeyPatch) -> None:
    mark_messages(monkeypatch)
    shutil.copy(ROOT / "checkpoints" / ensemble_file.FILE, checkpoints.root())
    for at in (opened(boost_cloud="squares"), opened(boost_cloud="apart", boost_k="2")):
        kinds = (at.markdown, at.caption, at.info, at.warning, at.header)
        for shown in (element.value for kind in kinds for element in kind):
            assert shown.lstrip("*").startswith("«"), shown
        for widget in (*at.selectbox, *at.number_input, *at.slider, *at.metric, *at.expander):
            assert widget.label.startswith("«"), widget.label


def test_the_bounds_of_the_page_are_those_of_the_core() -> None:
    assert boosting.MOST_ROUNDS <= samme.MOST_ROUNDS and boosting.MOST_POINTS <= typed_numbers.MOST_POINTS
