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
from core.models.predict import verdict
from core.probes.permutations import search as probe
from core.probes.permutations.order_suite import Settings, run
from core.storage.pairs import Collection
from core.text.preprocessing import Vocabulary
from pages.server.fingerprint import fingerprint
from pages.widgets import models
from pages.widgets.word_order import moved
from tests import app
from tests.app import charts, live, numbers_in, offers, parameter, press, said, shown, sound
from tests.conftest import WORDS
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
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path / "pairs.sqlite3"))
    fluency = SimpleNamespace(trigram=MadeUpTrigram(), mixture=None, hash="made up")
    monkeypatch.setattr(models, "fluency", lambda: (fluency, ""))
    monkeypatch.setattr(models, "judge", lambda: (random_judge(WORDS, threshold=0.3), ""))


def opened(view: str = "hand", **parameters: str) -> AppTest:
    return sound(app.opened("Permutations", view, **parameters))


def searched(**parameters: str) -> AppTest:
    """The page after a search to its end."""
    return press(opened("search", **parameters), "Start the search")


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
    at = press(opened("", q="love hate so good"), "Find me a flip")
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


def test_what_was_found_is_found_again_after_a_reload() -> None:
    before = press(opened("", q="love hate so good"), "Find me a flip")
    after = opened("", q="love hate so good")
    assert [metric.value for metric in after.metric] == [metric.value for metric in before.metric] != []
    assert not opened("", q="love hate so bad").metric


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
    assert f"{valid:.2f}" in "".join(shown(caption) for caption in captions if caption.startswith("P"))
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
    assert len(at.success) == 1
    (pair,) = Collection().pairs()
    assert (pair.original, pair.other, pair.judgement, pair.note) == ("love hate", "hate love", "valid", "[a](note)")
    assert pair.scorer == "made-up trigram" and pair.floor == 8.0
    look_at(at, "kept")
    assert at.dataframe[0].value["other order"].tolist() == ["hate love"]
    lines = [numbers_in(line) for line in said(at).splitlines()]
    assert any(line[:1] == [100] and line[-2:] == [1, 1] for line in lines), "judged, precision"
    (tmp_path / "pairs.sqlite3").write_text("no database, and much longer than its header would be " * 10)
    (error,) = opened("kept").error
    assert "pairs.sqlite3" in shown(error.value)


def test_kept_pairs_are_filtered_and_removed() -> None:
    more = {"target": Target(("sad", "neither", "glad"), 1), "label_original": "glad", "label_other": "neither"}
    for judgement, model, answers in (("valid", "lstm", {}), ("unsure", "gru", more)):
        Collection().keep(
            original=f"{model} so",
            other=f"so {model}",
            model=model,
            probability_original=0.2,
            probability_other=0.8,
            judgement=judgement,
            **answers,
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
        "so very good": [6, 60],
        "i he the a to it is this that you not": [39_916_800, probe.BUDGET, 8, probe.TOP, 60],
        "i he the a to it is this that you not do can was no so love": [355_687_428_096_000, 17, 16, probe.BUDGET, 60],
        "frabjous slithy love": [3, 60],
    }.items():
        at.text_input(key="q").set_value(text).run()
        assert wanted in [numbers_in(line.value) for line in sound(at).markdown] and not at.get("plotly_chart")
    assert [2] in [numbers_in(line.value) for line in at.caption], "two words that are one"


def test_a_search_to_its_end_shows_its_certificate_figures_and_tables() -> None:
    at = searched(q="better late than never so", model="gru")
    assert len(at.success) == 1 and 120 in numbers_in(at.success[0].value)
    values = {metric.label: metric.value for metric in at.metric}
    assert values["orders scored"] == "120"
    assert len(chart_of(at, "scatter")[1]["data"]) == 3
    assert len(chart_of(at, "histogram")[1]["data"]) == 2
    words = ["better", "late", "than", "never", "so"]
    assert chart_of(at, "positions")[1]["layout"]["xaxis"]["ticktext"] == words
    orders = at.dataframe[-1].value["order"].tolist()
    assert len(set(orders)) == 20
    assert {" ".join(sorted(order.split())) for order in orders} == {"better late never so than"}


def test_where_no_order_flips_composed_pairs_are_offered() -> None:
    at = searched(q="so good", model="gru")
    assert 0 in numbers_in(next(metric.value for metric in at.metric if metric.label == "flips"))
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

    at = opened("search", q="so very good")
    with monkeypatch.context() as patch:
        patch.setattr(permutations, "scorer", failing)
        press(at, "Start the search")
        assert [shown(error.value).partition(": ")[2] for error in at.error] == [
            "MemoryError: no room for 1 <b>orders</b>"
        ]
    press(at, "Start the search")
    assert not at.error and len(at.success) == 1


def test_a_flip_that_is_clicked_is_shown_and_can_be_kept_without_a_new_search(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.probes.permutations import search as permutations

    at = next(at for at in (searched(q="better late than never so", model=name) for name in NAMES) if _flips(at))
    flip = _flips(at)[0]
    monkeypatch.setattr(permutations, "search", lambda *_: pytest.fail("searched again"))
    key, _figure = chart_of(at, "scatter")
    click = {"selection": {"points": [{"customdata": flip}], "point_indices": [], "box": [], "lasso": []}}
    at.session_state[key] = click
    at.run()
    assert "swap_horiz" in said(at)
    at.radio[0].set_value("not English")
    at.session_state[key] = click  # a browser sends it again with every run
    press(at, "Keep this pair")
    (pair,) = Collection().pairs()
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
    assert not at.success  # another question
    at.segmented_control(key="permutations model").set_value("lstm").run()
    assert [one.value for one in at.success] == [line]
    at.segmented_control(key="language").set_value("zh_TW").run()
    (other,) = (one.value for one in sound(at).success)
    assert line.isascii() and not other.isascii() and "6" in other, "a certificate follows its reader's language"
    sound(at.segmented_control(key="language").set_value("en").run())
    for text in ("so good", "not good", "very bad"):
        at.text_input(key="q").set_value(text).run()
        press(at, "Start the search")
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
        assert [24, 60] in [numbers_in(line.value) for line in at.markdown] and at.caption
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
    assert [numbers_in(line.value) for line in at.success] == [[2]]
    at.text_input(key="permutations second").set_value("better late than always, always").run()
    assert not at.success and len(at.warning) == 1
    assert set(at.dataframe[0].value["word"]) == {"never", "always", ","}
    at.text_input(key="permutations second").set_value("BETTER late than never").run()
    assert len(at.info) == 1 and {metric.proto.direction for metric in at.metric} == {Metric.NONE}
    at.text_input(key="permutations second").set_value("").run()
    assert len(at.info) == 1 and not at.metric
    at.pills(key="example").set_value("Deadpan").run()
    assert at.text_input(key="q").value == "Better late than never" and len(at.warning) == 1
    at = opened("compare", q="so good", second="good so")
    assert at.text_input(key="permutations second").value == "good so"
    at.text_input(key="permutations second").set_value("good " * 500).run()
    assert parameter(at, "second") is None


# The order suite


def test_the_order_suite_is_what_core_says() -> None:
    at = opened("suite", pairs="3", seed="2")
    suites = [deque(run(checkpoints.load(name), Settings(3, 2)), maxlen=1).pop().result() for name in NAMES]
    answers = [line for line in said(at).splitlines() if "** is blind on " in line]
    assert len(answers) == 3
    for line, suite in zip(answers, suites, strict=True):
        differ, stay = suite.relation("differ"), suite.relation("stay")
        assert differ is not None and stay is not None and differ.right is not None
        shares = [100 * (share.share or 0) for share in (differ.blind, differ.right, stay.brittle) if share is not None]
        assert line.startswith(f"**{suite.model.upper()}**") and numbers_in(line) == pytest.approx(shares, abs=0.51)
    for relation, must in (("Opposite meanings", "differ"), ("Same meaning", "stay"), ("Open meanings", "open")):
        results = {result.pattern: result for result in suites[0].patterns if result.must == must}
        shown_rows = app.table(at, "pattern", "RNN")
        assert set(shown_rows["pattern"]) == set(results), relation
        for name, cell in zip(shown_rows["pattern"], shown_rows["RNN"], strict=True):
            share = (results[name].failures or results[name].turned).share
            assert cell == "–" if share is None else numbers_in(cell)[0] == pytest.approx(100 * share, abs=0.06)
        assert ("Pairs that failed" in said(at)) is (must != "open")
        (chart,) = charts(at)
        assert set(chart["layout"]["yaxis"]["ticktext"]) == set(results)
        if must != "open":
            failures = sum(len(result.failed) for result in results.values())
            assert any(line.startswith(f"**RNN: {failures:,} failing pair") for line in said(at).splitlines())
            following = {"differ": "stay", "stay": "open"}[must]
            sound(at.segmented_control(key="order relation").set_value(following).run())
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
    at = press(opened("search", q=text, budget="50"), "Start the search")
    look_at(look_at(at, "hand"), "search")
    assert (at.success or at.info) and live(at, MARKER) <= {
        *("text_input", "text", "html", "plotly_chart", "page_link", "multiselect"),
        *("arrow_data_frame", "dataframe", "download_button"),
    }
