"""The page on attributions, run in process on tiny checkpoints."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.models import checkpoints
from core.probes.attribution import benchmark_file
from core.probes.attribution.attribute import METHODS, accepted, attribute
from core.probes.attribution.benchmark import benchmark
from core.probes.attribution.faithfulness import yardstick
from core.probes.attribution.results import Instance
from core.probes.dynamics.sensitivity import random_sensitivity, sensitivity
from pages.views.attributions import controls, names, trust
from tests.conftest import WORDS
from tests.hostile import SENTENCES

ROOT = Path(__file__).parents[3]
PAGE = "pages/4_Attributions.py"
PROVERB = "Better late than never"
VIEWS = ("words", "agreement", "order", "pairs", "league")
OF_SENTENCES = VIEWS[:-1]
MARKER = "zqxmarker"  # a word that stands nowhere on a page unless it was typed
HASH = "0" * 64


@pytest.fixture(autouse=True)
def _own_world(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


@pytest.fixture
def with_league(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny checkpoints beside a league of two methods on a few sentences, the LSTM's and, outdated, the GRU's."""
    for name in ("rnn", "gru", "lstm"):
        shutil.copytree(tiny_checkpoints / name, tmp_path / name)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS[7:], size=6)) for _ in range(12)]
    methods = {name: (lambda reading, name=name: METHODS[name].function(reading, "")) for name in ("steps", "saliency")}
    found = []
    for name in ("lstm", "gru"):
        *_events, last = benchmark(
            checkpoints.load(name, tmp_path), texts, methods, unsigned=["saliency"], randoms=20, sensitivity_rows=0
        )
        found.append(last.result())
    source = benchmark_file.Source("made_up.csv", HASH, len(texts), 100, 0)
    benchmark_file.save(tmp_path / benchmark_file.FILE, source, found)
    return tmp_path


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


def strips(at: AppTest) -> list[str]:
    return [found.proto.body for found in at.get("html") if "u-pull" in found.proto.body.split("</style>")[-1]]


def figures(at: AppTest) -> list[dict[str, Any]]:
    return [json.loads(found.proto.spec) for found in at.get("plotly_chart")]


def parameter(at: AppTest, name: str) -> str | None:
    found = at.query_params.get(name)
    return found[0] if isinstance(found, list) else found


def press(at: AppTest, label: str) -> None:
    """Click the button whose label begins so, and see what the search that it starts leaves on the page."""
    next(button for button in at.button if button.label.startswith(label)).click()
    at.run()
    assert_sound(at)


@pytest.mark.parametrize("view", OF_SENTENCES)
def test_opens_on_its_example(view: str) -> None:
    at = opened(view=view)
    assert figures(at)
    assert not at.error
    assert parameter(at, "view") == (None if view == "words" else view)


@pytest.mark.parametrize("view", OF_SENTENCES)
def test_no_word_to_read(view: str) -> None:
    at = opened(view=view, q=" ")
    assert "There is no word to read yet" in said(at)
    assert not figures(at) and not at.error


@pytest.mark.parametrize("view", OF_SENTENCES)
@pytest.mark.parametrize("text", ["good", "zyxqj qwvtk"])
def test_one_token_and_unknown_words(view: str, text: str) -> None:
    at = opened(view=view, q=text)
    assert not at.error
    assert figures(at) or "makes no pair" in said(at) or "a single word has no ranking" in said(at)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("text", [SENTENCES[0], SENTENCES[10], SENTENCES[13], SENTENCES[14], SENTENCES[17]], ids=ascii)
def test_hostile_sentences_are_inert(view: str, text: str) -> None:
    text = f"{text} {MARKER}"
    at = opened(view=view, q=text, second=text[::-1])
    own = {line.value for line in at.expander[0].markdown}  # the fold about the view, texts of the project
    for kind in (at.markdown, at.caption, at.info, at.warning, at.success, at.error, at.header):
        for found in (found for found in kind if found.value not in own):
            for sign in ("](", "$\\", "![", "<script", "<img", ":smile:"):
                assert sign not in found.value, found.value
    for found in at.get("html"):
        body = found.proto.body.split("</style>")[-1]
        assert "<script" not in body and "<img" not in body and "<iframe" not in body


@pytest.mark.parametrize("told", ["__import__('os')", "<script>", "9" * 400, "lstm,nope", ","])
@pytest.mark.parametrize("view", VIEWS)
def test_hostile_link_parameters_change_nothing(view: str, told: str) -> None:
    at = opened(view=view, models=told, methods=told, baseline=told, of=told)
    assert not at.error
    if view != "league":  # which has no use for it
        assert parameter(at, "baseline") is None


def test_the_strip_shows_the_methods_scores(tiny_checkpoints: Path) -> None:
    at = opened(q=PROVERB, methods="shapley,saliency", models="gru")
    found = [attribute(checkpoints.load("gru", tiny_checkpoints), PROVERB, name) for name in ("shapley", "saliency")]
    assert len(strips(at)) == 2
    for strip, attribution in zip(
        strips(at), sorted(found, key=lambda one: list(METHODS).index(one.method)), strict=True
    ):
        for score in attribution.scores:
            assert f"{abs(score):.2f}" in strip


def test_faithfulness_stands_beside_its_random_rankings(tiny_checkpoints: Path) -> None:
    at = opened(q=PROVERB, methods="shapley", models="lstm")
    checkpoint = checkpoints.load("lstm", tiny_checkpoints)
    tokens = tuple(checkpoint.preprocessing(PROVERB))
    found = yardstick(Instance(checkpoint, PROVERB, tokens)).measure(attribute(checkpoint, PROVERB, "shapley").scores)
    random = found.random["comprehensiveness"]
    assert random is not None
    assert f"comprehensiveness {found.comprehensiveness:.2f} (random {random.mean:.2f})" in said(at)
    assert f"of {found.randoms} random rankings" in said(at)


def test_a_baseline_that_a_method_does_not_take_is_said() -> None:
    at = opened(methods="shapley,integrated-gradients", baseline="delete")
    assert "Other ways of their own, or none: Integrated gradients" in said(at)
    assert parameter(at, "baseline") == "delete"


def test_two_sentences_and_two_models_stand_side_by_side() -> None:
    at = opened(q=PROVERB, second="so good", models="rnn,lstm", methods="occlusion-1")
    assert [found.value.replace("\\", "") for found in at.header] == [
        "Sentence 1 · RNN",
        "Sentence 1 · LSTM",
        "Sentence 2 · RNN",
        "Sentence 2 · LSTM",
    ]
    assert len(strips(at)) == 4


def test_slow_methods_are_offered_with_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "_seconds", lambda cell, method: 40.0 if method == "lime" else 0.01)
    at = opened(q=PROVERB, methods="occlusion-1,lime")
    assert "about 40 s in all: LIME" in said(at)
    assert len(strips(at)) == 1
    press(at, "Run the slow methods")
    assert len(strips(at)) == 2


def test_many_quick_methods_are_slow_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "_seconds", lambda cell, method: 1.5)
    at = opened(view="agreement", q=PROVERB, models="lstm")
    assert len(figures(at)[0]["data"][0]["z"]) == 5, "as many as take 8 s"
    assert f"about {1.5 * (len(METHODS) - 5):.0f} s in all" in said(at)


def test_a_text_too_long_for_shapley_values_has_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = ("shapley", "saliency")
    monkeypatch.setattr(controls, "_seconds", lambda cell, method: 0.01 if method in quick else 1e6)
    at = opened(view="agreement", q=" ".join(["good"] * 1_001), models="gru")
    assert "Shapley values are sampled for texts of up to 1,000 tokens; given 1,001" in said(at)
    assert len(figures(at)[0]["data"][0]["z"]) == 1, "saliency alone"


def test_faithfulness_of_a_long_text_is_measured_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    plainly = said(opened(q=PROVERB, methods="occlusion-1", models="gru"))
    line = next(line for line in plainly.splitlines() if line.startswith("comprehensiveness"))
    monkeypatch.setattr(trust, "_AT_ONCE", 0.0)
    at = opened(q=PROVERB, methods="occlusion-1", models="gru")
    assert len(strips(at)) == 1 and line not in said(at)
    press(at, "Measure faithfulness")
    assert line in said(at)


def test_sensitivity_is_measured_when_asked_for(tiny_checkpoints: Path) -> None:
    at = opened(q=PROVERB, methods="occlusion-1,saliency", models="gru")
    assert "sensitivity ↓" not in at.dataframe[0].value.columns
    press(at, "Measure sensitivity")
    table = at.dataframe[0].value
    checkpoint = checkpoints.load("gru", tiny_checkpoints)
    reading = Instance(checkpoint, PROVERB, tuple(checkpoint.preprocessing(PROVERB)))
    chance = random_sensitivity(len(reading.tokens)).mean()
    for shown in ("occlusion-1", "saliency"):
        (row,) = table.index[table["method"] == names.method(shown)]

        def explain(moved: Instance, method: str = shown) -> np.ndarray:
            return METHODS[method].function(moved, accepted(method)).scores

        assert table["sensitivity ↓"][row] == f"{sensitivity(reading, explain):.3f}"
    *_methods, chances = table.to_dict("records")
    assert chances["method"] == "random rankings" and chances["sensitivity ↓"] == f"{chance:.3f}"
    assert "…" in chances["infidelity ↓"]


def test_sampled_values_start_at_a_click_where_they_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "so good a movie never so sad and better late than never so bad"
    for view in ("order", "pairs"):
        assert figures(opened(view=view, q=long)), "quick ones need no click"
    monkeypatch.setattr(controls, "AT_ONCE", 0.0)
    for view, label in (("order", "Share the logit out (about"), ("pairs", "Work the pairs out (about")):
        at = opened(view=view, q=long)
        assert not figures(at)
        press(at, label)
        assert figures(at)


def test_all_methods_agree_with_themselves() -> None:
    at = opened(view="agreement", q=PROVERB, models="lstm")
    (found,) = figures(at)
    cells = found["data"][0]["z"]
    lstm = [name for name, method in METHODS.items() if "lstm" in method.cells]
    assert len(cells) == len(lstm)
    assert all(row[place] in (1.0, None) for place, row in enumerate(cells))


def test_every_method_has_a_name_and_an_explanation() -> None:
    assert METHODS.keys() == names.methods().keys() == names.explanations().keys()


def test_without_a_league_the_page_says_how_to_make_one() -> None:
    at = opened(view="league")
    assert "No league was measured on these models yet" in said(at)
    assert "python -m core faithfulness" in at.code[0].value


def test_the_page_leads_with_the_most_faithful_method(with_league: Path) -> None:
    stored = benchmark_file.load(with_league)
    assert stored is not None
    best = stored.leagues[0].best
    assert best is not None
    at = opened(q=PROVERB)
    assert at.multiselect[0].value[0] == best
    led = f"by deleting words: **{names.method(best)}**"
    assert f"Most faithful to the LSTM over 12 validation sentences, {led}" in said(at)


def test_the_league_is_shown_for_the_models_it_was_measured_on(with_league: Path) -> None:
    path = with_league / benchmark_file.FILE
    content = json.loads(path.read_text())
    content["leagues"][1]["hash"] = "f" * 64
    path.write_text(json.dumps(content))
    at = opened(view="league")
    assert len(figures(at)) == 1
    assert "Left out, as they are not the models measured: gru" in said(at)
    assert "12 sentences drawn by seed 0 from the 100 of made_up.csv" in said(at)


def test_a_damaged_league_is_told_in_one_line(with_league: Path) -> None:
    (with_league / benchmark_file.FILE).write_text("{")
    at = opened(view="league")
    assert len(at.error) == 1
    assert "cannot be used" in at.error[0].value
    assert not opened().error


def test_order_and_words_sum_to_the_logit() -> None:
    at = opened(view="order", q=PROVERB, models="lstm")
    assert "which words stand there gives" in said(at)
    assert "exact" in said(at)


def test_pairs_are_named() -> None:
    at = opened(view="pairs", q=PROVERB, models="lstm")
    assert "LSTM, the largest: " in said(at)
