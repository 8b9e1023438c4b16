"""The page on word order, run in process on tiny checkpoints and a made-up fluency model."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.proto.Metric_pb2 import Metric
from streamlit.testing.v1 import AppTest

from core.data.targets import Target
from core.fluency.orders import fluencies
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.predict import verdict
from core.probes.permutations import search as probe
from core.probes.permutations.order_suite import Settings, run
from core.storage.pairs import Collection
from core.text.preprocessing import Vocabulary
from pages.server.fingerprint import fingerprint
from pages.widgets import models
from pages.widgets.word_order import moved
from tests import app
from tests.app import answers, charts, live, numbers_in, offers, parameter, press, said, shown, sound
from tests.conftest import WORDS, write_tiny_checkpoint
from tests.fluency.small_judge import random_judge
from tests.hostile import SENTENCES

MARKER = "zqxmarker"  # a word that stands nowhere on a page unless it was typed
NAMES = ("rnn", "gru", "lstm")


class MadeUpTrigram:
    """Log-probabilities from the words' lengths: no language, yet the same for the same words."""

    name = "made-up trigram"
    vocabulary = Vocabulary([])

    def table(self, tokens: Sequence[str]) -> np.ndarray:
        weights = np.array([*(len(token) for token in tokens), 0])
        a, b, c = np.meshgrid(weights, weights, weights, indexing="ij")
        return (-1 - (a + 2 * b + 3 * c) % 5).astype(np.float32)

    def score(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        rows = [np.arange(len(tokens), dtype=np.uint8)[None] for tokens in sentences]
        return np.array([fluencies(row, self.table(tokens))[0] for row, tokens in zip(rows, sentences, strict=True)])


@pytest.fixture(autouse=True)
def _own_world(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app.forget()
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path / "pairs.sqlite3"))
    fluency = SimpleNamespace(trigram=MadeUpTrigram(), mixture=None, hash="made up")
    monkeypatch.setattr(models, "fluency", lambda: (fluency, ""))
    monkeypatch.setattr(models, "judge", lambda: (random_judge(WORDS, threshold=0.3), ""))


def opened(view: str = "hand", **parameters: str) -> AppTest:
    return sound(app.opened("Permutations", view, **parameters))


def searched(**parameters: str) -> AppTest:
    """The page after a search to its end."""
    return started(opened("search", **parameters), "Start the search")


def started(at: AppTest, label: str) -> AppTest:
    """The page after its search, which starts by itself where there are few orders."""
    return press(at, label) if offers(at, label) else at


def look_at(at: AppTest, view: str) -> AppTest:
    return sound(at.pills(key="permutations view").set_value(view).run())


def chart_of(at: AppTest, name: str) -> tuple[str, dict[str, Any]]:
    """The key and the figure of the chart whose key begins with this name."""
    keys = [found.proto.id.rpartition("-")[2] for found in at.get("plotly_chart")]
    return next((key, chart) for key, chart in zip(keys, charts(at), strict=True) if key.startswith(name))


def reorder(at: AppTest, tokens: list[str], order: list[int], pinned: Sequence[int] = ()) -> AppTest:
    at.session_state["permutations by hand"] = moved(tokens, order, pinned)
    return sound(at.run())


def probabilities(at: AppTest) -> list[str]:
    return [metric.delta.rpartition("= ")[2] for metric in at.metric]


# Find a flip


def test_opens_on_a_button_that_finds_flips_for_every_model_and_keeps_what_is_judged() -> None:
    at = opened("", q="love hate so good")
    assert parameter(at, "view") is None
    assert [metric.label.partition(",")[0] for metric in at.metric] == ["RNN", "GRU", "LSTM"]
    answers = [one for one in at.segmented_control if one.key.endswith("judgement")]
    assert 0 < len(answers) <= 9
    answers[0].set_value("odd")
    sound(at.run())
    sound(at.run())  # another run keeps it no second time
    pairs = Collection().pairs()
    assert {pair.judgement for pair in pairs} == {"odd"} and len({pair.other for pair in pairs}) == 1
    for pair in pairs:
        assert sorted(pair.other.split()) == ["good", "hate", "love", "so"]
        assert verdict(checkpoints.load(pair.model), pair.other).probability == pytest.approx(pair.probability_other)
        assert (pair.probability_original >= 0.5) != (pair.probability_other >= 0.5)
        assert pair.scorer == "judge of word order"


def test_where_no_flip_can_be_found_the_page_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(opened("", q="love").info) == 1 and not offers(opened("", q="love"), "Find me a flip")
    assert len(opened("", q=f"{MARKER} {MARKER}s").info) == 1
    assert len(opened("", q=" ".join(["so", "good"] * 31)).info) == 1
    monkeypatch.setattr(models, "judge", lambda: (None, "no checkpoint 'judge'"))
    assert "no checkpoint" in shown(opened("", q="so good").warning[0].value)


# By hand


def test_opens_by_hand_on_the_proverb_and_the_verdicts_follow_the_words() -> None:
    at = opened()
    assert [metric.label for metric in at.metric] == ["RNN", "GRU", "LSTM"]
    before = probabilities(at)
    assert before == expected("Better late than never") and parameter(at, "order") is None
    reorder(at, ["better", "late", "than", "never"], [3, 2, 1, 0])
    assert probabilities(at) == expected("never than late better") != before
    captions = [caption.value for caption in at.caption]
    assert [caption.rpartition(", ")[2] for caption in captions if caption.startswith("was ")] == before
    flips = sum((float(a) >= 0.5) != (float(b) >= 0.5) for a, b in zip(before, probabilities(at), strict=True))
    assert said(at).count("swap_horiz") == flips
    assert parameter(at, "order") == "4.3.2.1"
    valid = random_judge(WORDS, threshold=0.3).judgement(["never", "than", "late", "better"])
    assert f"P(valid) {valid:.2f}" in answers(at)[0]
    assert probabilities(opened(q="so good", order="2.1")) == expected("good so")


def expected(text: str) -> list[str]:
    """What the page says of a text, by model."""
    return [f"{verdict(checkpoints.load(name), text).probability:.3f}" for name in NAMES]


def test_punctuation_stays_and_can_be_let_go() -> None:
    at = opened(q="so good !")
    (pins,) = at.multiselect
    assert pins.value == [2]
    pins.set_value([]).run()
    assert parameter(at, "pins") == "none"
    reorder(at, ["so", "good", "!"], [2, 0, 1])
    assert [caption.value for caption in at.caption if caption.value.startswith("was ")]


def test_a_pair_is_kept_once_it_is_judged_and_listed_with_the_precision_of_the_gate(tmp_path: Path) -> None:
    at = press(reorder(opened(q="love hate"), ["love", "hate"], [1, 0]), "Keep this pair")
    assert len(at.warning) == 1 and Collection().pairs() == []
    at.radio(key="keep by hand judgement").set_value("valid")
    at.text_input(key="keep by hand note").set_value("[a](note)")
    press(at, "Keep this pair")
    assert len(at.toast) == 1
    pairs = Collection().pairs()
    tokens = ("love hate", "hate love")
    flips = [name for name in NAMES if len({verdict(checkpoints.load(name), text).label for text in tokens}) > 1]
    assert [pair.model for pair in pairs][::-1] == (flips or list(NAMES))
    pair = pairs[0]
    assert (pair.original, pair.other, pair.judgement, pair.note) == ("love hate", "hate love", "valid", "[a](note)")
    assert pair.scorer == "made-up trigram" and pair.floor == 8.0
    look_at(at, "kept")
    assert set(at.dataframe[0].value["other order"]) == {"hate love"}
    assert numbers_in(answers(at)[0])[:3] == [1, 1, 100], "judged, precision"
    (tmp_path / "pairs.sqlite3").write_text("no database, and much longer than its header would be " * 10)
    (error,) = opened("kept").error
    assert "pairs.sqlite3" in shown(error.value)


def test_kept_pairs_are_filtered_and_removed() -> None:
    more = {"target": Target(("sad", "neither", "glad"), 1), "label_original": "glad", "label_other": "neither"}
    for judgement, model, others in (("valid", "lstm", {}), ("unsure", "gru", more)):
        Collection().keep(
            original=f"{model} so",
            other=f"so {model}",
            model=model,
            probability_original=0.2,
            probability_other=0.8,
            judgement=judgement,
            **others,
        )
    at = opened("kept")
    shown_as = at.dataframe[0].value[["P(target class), other", "target class", "verdicts"]].to_numpy().tolist()
    assert shown_as == [[0.8, "P(neither)", "glad → neither"], [0.8, "P(positive)", "negative → positive"]]
    at.segmented_control(key="pairs judgement").set_value("unsure").run()
    assert at.dataframe[0].value["other order"].tolist() == ["so gru"]
    shown = [pair.id for pair in Collection().pairs("unsure")]
    at.session_state[f"pairs {fingerprint(shown)}"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    press(at, "Remove")
    assert [pair.model for pair in Collection().pairs()] == ["lstm"]


# Search


def test_what_a_search_will_do_is_told_before_it_starts() -> None:
    at = opened("search")
    for text, wanted in {
        "so very good i love it not you": [40_320, 60],
        "i he the a to it is this that you not": [39_916_800, probe.BUDGET, 8, probe.TOP, 60],
        "i he the a to it is this that you not do can was no so love": [355_687_428_096_000, 17, 16, probe.BUDGET, 60],
    }.items():
        at.text_input(key="q").set_value(text).run()
        assert wanted in [numbers_in(line.value) for line in sound(at).caption] and not at.get("plotly_chart")
    at.text_input(key="q").set_value("frabjous slithy love").run()
    assert [2] in [numbers_in(line.value) for line in at.caption], "two words that are one"


def test_a_search_to_its_end_shows_its_certificate_figures_and_tables() -> None:
    at = searched(q="better late than never so", model="gru")
    assert len(at.success) == 1 and 120 in numbers_in(at.success[0].value)
    assert 120 in numbers_in(answers(at)[0])
    assert len(chart_of(at, "scatter")[1]["data"]) == 3
    assert len(chart_of(at, "histogram")[1]["data"]) == 2
    words = ["better", "late", "than", "never", "so"]
    assert chart_of(at, "positions")[1]["layout"]["xaxis"]["ticktext"] == words
    orders = at.dataframe[-1].value["order"].tolist()
    assert len(set(orders)) == 20
    assert {" ".join(sorted(order.split())) for order in orders} == {"better late never so than"}


def test_where_no_order_flips_composed_pairs_are_offered() -> None:
    at = searched(q="so good", model="gru")
    assert 0 in numbers_in(answers(at)[0])
    offered = next(table.value for table in at.dataframe if "second order" in table.value)
    assert len(offered) == 3
    for first, second in zip(offered["first order"], offered["second order"], strict=True):
        assert sorted(first.split()) == sorted(second.split()) and first != second
    assert not any("second order" in table.value for table in searched(q="better late than never so").dataframe)


def test_a_search_that_fails_is_one_line_and_can_be_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.probes.permutations import search as permutations

    def failing(*_: object) -> permutations.Scorer:
        def score(orders: np.ndarray) -> np.ndarray:
            raise MemoryError(f"no room for {len(orders)} <b>orders</b>")

        return score

    with monkeypatch.context() as patch:
        patch.setattr(permutations, "scorer", failing)
        at = opened("search", q="so very good")
        assert [shown(error.value).partition(": ")[2] for error in at.error] == [
            "MemoryError: no room for 1 <b>orders</b>"
        ]
    press(at, "Start the search")
    assert not at.error and len(at.success) == 1


def test_a_flip_that_is_clicked_is_shown_and_can_be_kept_without_a_new_search(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.probes.permutations import search as permutations

    at = next(at for at in (searched(q="better late than never so", model=name) for name in NAMES) if _flips(at))
    flip = _flips(at)[0]
    monkeypatch.setattr(permutations, "searches", lambda *_: pytest.fail("searched again"))
    key, _figure = chart_of(at, "scatter")
    click = {"selection": {"points": [{"customdata": flip}], "point_indices": [], "box": [], "lasso": []}}
    at.session_state[key] = click
    at.run()
    assert "swap_horiz" in said(at)
    at.radio[0].set_value("not English")
    at.session_state[key] = click  # a browser sends it again with every run
    press(at, "Keep this pair")
    pairs = Collection().pairs()
    assert pairs, "one for every model that flipped"
    for pair in pairs:
        assert (pair.probability_original >= 0.5) != (pair.probability_other >= 0.5)
        assert pair.other in [text.value for text in at.text]


def _flips(at: AppTest) -> list[int]:
    """The rows of the flips that the scatter draws."""
    (flips,) = (curve for curve in chart_of(at, "scatter")[1]["data"] if curve["marker"]["symbol"] == "diamond")
    return app.numbers(flips["customdata"]).tolist()


@pytest.mark.parametrize("point", [{"customdata": 10**9}, {"customdata": -1}, {"customdata": "x"}, {}, "x", None])
def test_a_forged_click_is_no_click(point: object) -> None:
    from pages.views.permutations.results import _chosen

    found = SimpleNamespace(scored=5)
    assert _chosen({"selection": {"points": [point]}}, found) is None  # type: ignore[arg-type]
    assert _chosen({"selection": {"points": [{"customdata": [4]}]}}, found) == 4  # type: ignore[arg-type]


def test_results_stay_while_others_are_looked_at() -> None:
    at = searched(q="so very good")
    (line,) = (one.value for one in at.success)
    look_at(at, "compare")
    look_at(at, "search")
    assert [one.value for one in at.success] == [line]
    at.segmented_control(key="permutations model").set_value("rnn").run()
    (other,) = (one.value for one in at.success)
    assert parameter(at, "model") == "rnn" and not offers(at, "Start the search"), "one search for all models"
    at.segmented_control(key="permutations model").set_value("lstm").run()
    assert [one.value for one in at.success] == [line]
    (again,) = (one.value for one in opened("search", q="so very good").success)
    assert again == line, "found again after a reload"
    at.segmented_control(key="language").set_value("zh_TW").run()
    (other,) = (one.value for one in sound(at).success)
    assert line.isascii() and not other.isascii() and "6" in other, "a certificate follows its reader's language"
    sound(at.segmented_control(key="language").set_value("en").run())
    for text in ("so good", "not good", "very bad"):
        at.text_input(key="q").set_value(text).run()
    assert len(at.session_state["permutations found"].results) == 3


def test_a_pinned_word_stays_in_every_order() -> None:
    at = searched(q="better late than never", pins="1.4")
    assert at.dataframe[-1].value["order"].tolist() == ["better late than never", "better than late never"] or sorted(
        at.dataframe[-1].value["order"]
    ) == ["better late than never", "better than late never"]


# Sentences that can hardly be put in another order


def test_no_word_invites_and_one_order_only_is_said_and_not_searched() -> None:
    at = opened("search")
    for text in ("", "\u3000", "love", "so so so", "frabjous slithy toves", "love !"):
        at.text_input(key="q").set_value(text).run()
        assert len(sound(at).info) == 1 and not at.metric and not offers(at, "Start the search")
    assert len(look_at(at, "hand").metric) == 3
    at.text_input(key="q").set_value(" ").run()
    assert len(sound(at).info) == 1 and not at.metric


def test_many_words() -> None:
    at = opened()
    for words, hand, search in ((60, True, True), (61, True, False), (201, False, False)):
        at.text_input(key="q").set_value("so good " * (words // 2) + "bad" * (words % 2)).run()
        look_at(at, "hand")
        assert bool(at.metric) == hand == (not at.info)
        look_at(at, "search")
        assert offers(at, "Start the search") == search == (not at.info)


# Links


def test_a_parameter_that_cannot_be_leaves_the_usual_one() -> None:
    at = opened("search")
    for values in (
        {"model": "../lstm", "budget": "0", "floor": "-1", "seconds": "0", "pins": "0"},
        {"model": "LSTM", "budget": "2000001", "floor": "100.5", "seconds": "3601", "pins": "1.1"},
        {"budget": "1e9", "floor": "nan", "pins": "9"},
    ):
        for name, value in values.items():
            at.query_params[name] = value
        sound(at.run())
        assert at.success and 24 in numbers_in(at.success[0].value) and at.caption
        assert [name for name in values if parameter(at, name) is not None] == []
    look_at(at, "hand")
    for value in ("1", "1.1.2.3", "1.2.3.4.5", "none"):
        at.query_params["order"] = value
        sound(at.run())
        assert parameter(at, "order") is None and len(at.metric) == 3


def test_settings_are_written_to_the_link() -> None:
    at = opened("search", model="rnn", budget="5000", floor="4.5", seconds="7", pins="2")
    assert {name: at.number_input(key=f"permutations {name}").value for name in ("budget", "floor", "seconds")} == {
        "budget": 5000,
        "floor": 4.5,
        "seconds": 7,
    }
    at.number_input(key="permutations floor").set_value(2.0).run()
    written = {"view": "search", "model": "rnn", "budget": "5000", "floor": "2", "seconds": "7", "pins": "2"}
    assert {name: parameter(at, name) for name in written} == written


# Two sentences


def test_permutations_are_told_from_other_pairs() -> None:
    at = opened("compare")
    assert at.text_input(key="permutations second").value == "Better never than late"
    assert numbers_in(answers(at)[0])[0] == 2 and at.get("form") is not None
    at.text_input(key="permutations second").set_value("better late than always, always").run()
    assert "different words" in answers(at)[0] and not offers(at, "Keep this pair")
    assert set(at.dataframe[0].value["word"]) == {"never", "always", ","}
    at.text_input(key="permutations second").set_value("BETTER late than never").run()
    assert "same order" in answers(at)[0] and {metric.proto.direction for metric in at.metric} == {Metric.NONE}
    at.text_input(key="permutations second").set_value("").run()
    assert len(at.info) == 1 and not at.metric
    assert not any(one.key == "example" for one in at.pills), "an example is no order of this sentence"
    at = opened("compare", q="so good", second="good so")
    assert at.text_input(key="permutations second").value == "good so"
    at.text_input(key="permutations second").set_value("good " * 500).run()
    assert parameter(at, "second") is None


# The order suite


def test_the_order_suite_is_what_core_says() -> None:
    at = opened("suite", pairs="3", seed="2")
    suites = [deque(run(checkpoints.load(name), Settings(3, 2)), maxlen=1).pop().result() for name in NAMES]
    blind, right = [], []
    for suite in suites:
        differ = suite.relation("differ")
        assert differ is not None and differ.blind is not None and differ.right is not None
        blind.append(100 * (differ.blind.share or 0))
        right.append(100 * (differ.right.share or 0))
    assert numbers_in(answers(at)[0]) == pytest.approx(blind + right, abs=0.51)
    for relation, must in (("Opposite meanings", "differ"), ("Same meaning", "stay"), ("Open meanings", "open")):
        results = {result.pattern: result for result in suites[0].patterns if result.must == must}
        shown_rows = app.table(at, "pattern", "RNN")
        assert set(shown_rows["pattern"]) == set(results), relation
        for name, cell in zip(shown_rows["pattern"], shown_rows["RNN"], strict=True):
            share = (results[name].failures or results[name].turned).share
            assert cell == "–" if share is None else numbers_in(cell)[0] == pytest.approx(100 * share, abs=0.06)
        assert ("Failing pairs" in said(at)) is (must != "open")
        (chart,) = charts(at)
        assert set(chart["layout"]["yaxis"]["ticktext"]) == set(results)
        if must != "open":
            failures = sum(len(result.failed) for result in results.values())
            assert any(f"RNN {failures:,}," in line for line in said(at).splitlines())
            following = {"differ": "stay", "stay": "open"}[must]
            sound(at.pills(key="order relation").set_value(following).run())
    assert (parameter(at, "relation"), parameter(at, "pairs"), parameter(at, "seed")) == ("open", "3", "2")


def test_the_order_suite_goes_through_gettext_and_ignores_an_invalid_link(monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened("suite", pairs="0", seed="x", relation="none")
    assert (at.number_input(key="order pairs").value, at.number_input(key="order seed").value) == (50, 0)
    app.mark_messages(monkeypatch)
    assert app.unmarked(opened("suite", pairs="2"), {"RNN", "GRU", "LSTM"}) == []


# A fluency model that is not there


def test_without_a_fluency_model_only_the_search_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(models, "fluency", lambda: (None, "no checkpoint 'fluency'; <b>x</b>"))
    at = opened("search")
    assert len(at.warning) == 1 and not offers(at, "Start the search")
    for view in ("hand", "compare"):
        look_at(at, view)
        assert len(at.metric) == 3


def test_a_missing_fluency_checkpoint_is_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    fluency, fault = models.fluency()
    assert fluency is None and "'fluency'" in fault and "\n" not in fault


def test_a_result_on_a_hostile_sentence_is_inert() -> None:
    text = f"so good {MARKER} {SENTENCES[0]}"
    at = started(opened("search", q=text, budget="50"), "Start the search")
    look_at(look_at(at, "hand"), "search")
    assert (at.success or at.info) and live(at, MARKER) <= {
        *("text_input", "text", "html", "plotly_chart", "page_link", "multiselect", "code"),
        *("arrow_data_frame", "dataframe", "download_button"),
    }


# More than two classes

AIRLINE = ("late", "*lost*", "fine")


@pytest.fixture
def airline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkpoint:
    write_tiny_checkpoint(tmp_path, "airline", "gru", labels=AIRLINE, seed=1)
    write_tiny_checkpoint(tmp_path, "mail", "rnn", labels=("ham", "spam"))
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    return checkpoints.load("airline")


def test_a_search_among_three_classes_flips_to_any_or_to_one_and_keeps_both_verdicts(airline: Checkpoint) -> None:
    text = "better late than never so"
    own = verdict(airline, text)
    at = searched(q=text, model="airline")
    (line,) = (shown(one.value) for one in at.success)
    drawn = [curve["name"] for curve in chart_of(at, "scatter")[1]["data"]]
    flips = [name.removeprefix("flipped to ") for name in drawn if name.startswith("flipped to ")]
    assert flips and all(f"{name} (" in line for name in flips) and own.label not in flips
    assert f"airline P({own.label})" in app.table(at, "order").columns
    to = flips[0]
    at.selectbox(key="permutations to").select(to).run()
    assert parameter(at, "to") == to and f"Only flips to {to} count" in shown(at.success[0].value)
    assert set(at.dataframe[0].value["flips"]) == {"airline"} and f"airline P({to})" in at.dataframe[0].value
    other = next(name for name in AIRLINE if name != own.label)
    at.selectbox(key="permutations target").select(other).run()
    key, figure = chart_of(at, "scatter")
    assert figure["layout"]["yaxis"]["title"]["text"] == f"P({other})" and len(figure["layout"]["shapes"]) == 1
    (row, *_) = _flips(at)
    at.session_state[key] = {"selection": {"points": [{"customdata": row}]}}
    at.run()
    at.radio[0].set_value("valid")
    press(at, "Keep this pair")
    (pair,) = Collection().pairs()
    said_of_it = verdict(airline, pair.other)
    assert (
        (pair.target, pair.label_original, pair.label_other)
        == (other, own.label, to)
        == (
            other,
            own.label,
            said_of_it.label,
        )
    )
    assert pair.probability_other == pytest.approx(said_of_it.distribution[AIRLINE.index(other)], abs=1e-5)
    look_at(at, "kept")
    assert at.dataframe[0].value["verdicts"].tolist() == [f"{own.label} → {to}"]


def test_every_view_speaks_of_the_classes_that_a_model_has(airline: Checkpoint) -> None:
    text, tokens = "love hate so good", ["love", "hate", "so", "good"]
    own = verdict(airline, text)
    at = reorder(opened(q=text), tokens, [3, 2, 1, 0])
    after = verdict(airline, "good so hate love").aimed(own.target)
    assert f"P({own.label}) = {after.probability:.3f}; runner-up" in shown(at.metric[0].delta)
    assert f"was {own.label}, {own.probability:.3f}" in shown(said(at))
    at = opened("compare", q=text, second="good so hate love", target="*lost*", against="fine")
    aimed = own.aimed(Target(AIRLINE, 1, 2))
    assert f"{aimed.probability:.3f} → " in at.metric[0].delta and "P(*lost* | *lost* or fine)" in shown(
        at.metric[0].label
    )
    (chart,) = charts(at)
    assert not chart["layout"].get("shapes")  # no class wins at one half
    for to in (None, *AIRLINE):
        at = opened("", q=text, **({"to": to} if to else {}))
        assert len(at.metric) == (1 if to else 2) and shown(at.metric[0].value) == own.label
        assert ("do not have the class" in said(at)) is bool(to)
        assert not to or f"P({to})" in shown(at.metric[0].label)
        assert ("already" in said(at)) is (to == own.label)
    assert "do not predict negative or positive" in said(opened("suite"))
