"""Figures of speed: what their ratios mean, that both ways give the same result, and how the verb prints them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.benchmarks import exercises, inside, pages, reading, searches, visitor, words
from core.benchmarks.measured import Measured, Timing, best_in_turn, run, threads
from core.commands.bench import PARTS
from core.data.corpus import encode
from core.fluency import kneser_ney
from core.fluency.trigram import Mixture, Trigram
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from tests.commands.conftest import Cli


@pytest.fixture(scope="module")
def models(tiny_checkpoints: Path) -> list[Checkpoint]:
    return [checkpoints.load(name, tiny_checkpoints) for name in ("rnn", "gru", "lstm")]


def test_speed_is_how_many_times_as_fast_as_the_reference() -> None:
    assert Measured("a", "b", 2.0, "c", 10.0).speed == 5.0
    assert Measured("a", "b", 2.0).speed is None


def test_whether_it_is_as_fast_as_was_asked() -> None:
    for asked, kept in (
        ({}, None),
        ({"asked_seconds": 2.0}, True),
        ({"asked_seconds": 1.9}, False),
        ({"asked_speed": 5.0}, True),
        ({"asked_speed": 5.1}, False),
    ):
        assert Measured("a", "b", 2.0, "c", 10.0, **asked).kept is kept


def test_works_take_turns_and_the_best_of_each_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0, 3, 10, 14, 20, 21, 30, 38])  # of the first work 3 and 1 seconds, of the second 4 and 8
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    order: list[str] = []
    assert best_in_turn(2, lambda: order.append("one"), lambda: order.append("other")) == (1, 4)
    assert order == ["one", "other"] * 2


@pytest.mark.parametrize(
    ("on", "quick", "asked"),
    [("each", False, ["a", "b"]), ("each", True, ["b"]), ("last", False, ["b"]), ("all", False, [["a", "b"]])],
)
def test_a_timing_runs_on_the_models_it_names(on: str, quick: bool, asked: list[object]) -> None:
    seen: list[object] = []
    measured = Measured("a", "b", 1.0)

    def measure(model: object, rounds: int) -> Measured:
        seen.append(model)
        assert rounds == (1 if quick else 9)
        return measured

    assert list(run([Timing(measure, (1,), (9,), on)], ["a", "b"], quick)) == [measured] * len(asked)  # type: ignore[list-item]
    assert seen == asked
    assert list(run([Timing(measure, None, (), on)], ["a"], True)) == []  # type: ignore[list-item]


def test_threads_are_as_before_afterwards() -> None:
    import torch

    before = torch.get_num_threads()
    with pytest.raises(RuntimeError), threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise RuntimeError
    assert torch.get_num_threads() == before


def test_fast_and_plain_ways_of_reading_agree() -> None:
    for figure in (reading.all_orders("lstm", 4, 1), reading.single_changes("lstm", 1)):
        assert figure.difference is not None and figure.difference < 1e-5
        assert figure.seconds > 0 and figure.reference_seconds is not None


def test_every_other_figure_is_measured(models: list[Checkpoint]) -> None:
    one = models[-1]
    figures = [
        reading.predict(one, 50, 1),
        reading.scan(one, 50, 1),
        reading.scan_of_three(one, 50, 1),
        reading.orders_of_three_classes("lstm", 4, 1),
        reading.all_subsets(one, "delete", 1),
        inside.trace_of_forty(one, 1),
        inside.decomposition(one, 1),
        inside.every_method(one, 1),
        inside.step_gradients(one, 1),
        inside.memory_of(models, 1),
        inside.patches(one, 1),
        inside.pattern_search(one, 1_200, 1),
        inside.benchmark_of(one, 2),
    ]
    for figure in figures:
        assert figure.seconds > 0
        assert figure.reference_seconds is None or figure.reference_seconds > 0
        assert figure.difference is None or figure.difference < 1e-4
        assert bool(figure.reference) == (figure.reference_seconds is not None)


def test_searches_find_what_the_plain_way_finds(models: list[Checkpoint]) -> None:
    one = models[-1]
    neutral = replace(one, polarity=np.zeros(len(one.vocabulary), dtype=np.float32))
    mined = searches.mining(models[0], 300, 1)
    assert int(mined.note.split()[0]) > 0  # else that no pair differs would say nothing
    assert_both_ways_agree(
        [
            mined,
            searches.remarks(one, 1, 1),
            searches.retention_of(neutral, 3, 5, 1),
            searches.order_of(one, 1),
            searches.pairs_of(one, 1),
            searches.assessment(models, 60, 1),
            searches.state_probe(one, 80, 1),
        ]
    )


def test_words_and_sentences_are_judged_the_same_both_ways(models: list[Checkpoint]) -> None:
    trigram = tiny_trigram(models[-1])
    assert_both_ways_agree(
        [
            words.fluency_of(trigram, models[-1], 30, 1),
            words.fluency_of(tiny_mixture(trigram), models[-1], 30, 1),
            words.nearest_words(models[-1], 1),
            words.map_of_words(models[-1], 20, 1),
        ]
    )


def test_exercises_come_out_as_libraries_have_them() -> None:
    figures = [
        exercises.lstm_by_hand(10, 1),
        exercises.bptt(5, 1),
        exercises.boosting(60, 5, 1),
        exercises.mixture(60, 5, 1),
    ]
    assert_both_ways_agree(figures)
    assert all(figure.difference is not None and figure.difference < 1e-9 for figure in figures)  # all is in float64


def assert_both_ways_agree(figures: list[Measured]) -> None:
    for figure in figures:
        assert figure.seconds > 0 and figure.reference
        assert figure.reference_seconds is not None and figure.reference_seconds > 0
        assert figure.difference is not None and figure.difference < 1e-4, figure.what


def tiny_trigram(checkpoint: Checkpoint) -> Trigram:
    """Of made-up sentences, in the words of a model."""
    size = len(checkpoint.vocabulary)
    sentences = encode(reading.made_up(checkpoint, 200), checkpoint.preprocessing, checkpoint.vocabulary)
    found = kneser_ney.estimate([kneser_ney.count(sentences, size)], (1.0,), size)
    return Trigram(checkpoint.vocabulary, found.unigram, found.bigrams, found.trigrams, 1)


def tiny_mixture(trigram: Trigram) -> Mixture:
    """With a recurrent model of random weights."""
    from core.fluency.recurrent_lm import LanguageModel, Recurrent

    return Mixture(trigram, Recurrent(LanguageModel(len(trigram.vocabulary), 4, 5), trigram.vocabulary, 1), 0.5)


@pytest.fixture
def one_model(models: list[Checkpoint], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "names", lambda *_: ["lstm"])
    monkeypatch.setattr(checkpoints, "load", lambda *_: models[-1])


@pytest.mark.usefixtures("one_model")
def test_the_verb_measures_every_part(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {"reading": reading, "inside": inside, "searches": searches, "words": words, "exercises": exercises}
    for name, part in measured.items():
        timing = Timing(lambda asked, name=name: Measured(name, f"{len(asked)} models", 1.0), (), (), on="all")
        monkeypatch.setattr(part, "TIMINGS", (timing,))
    monkeypatch.setattr(pages, "visited", lambda _rounds: iter([Measured("pages", "cold", 1.0)]))
    assert [row["subject"] for row in cli.json("bench --quick")] == list(PARTS)
    monkeypatch.delattr(checkpoints, "load")  # exercises ask no model, so none is loaded
    assert cli.json("bench --quick --only exercises")[0]["what"] == "0 models"


@pytest.mark.usefixtures("one_model")
def test_the_verb_prints_ratios_and_json(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = Measured("permutations", "all orders", 0.5, "one by one", 3.0, asked_speed=5.5, difference=1e-7, note="n")
    rest = Measured("fixed points", "of one", 61.0, asked_seconds=60.0)
    monkeypatch.setattr(reading, "TIMINGS", [Timing(lambda _model, one=one: one, (), ()) for one in (orders, rest)])
    monkeypatch.setattr(inside, "TIMINGS", ())
    out = cli.text("bench --quick --only reading inside")
    assert re.search(r"0\.5000 +6\.00 +≥ 5\.5 ×\n", out)
    assert "than one by one: 3.0000 s; largest difference 1e-07; n" in out and "≤ 60 s  missed" in out
    first, second = cli.json("bench --quick --only reading")
    assert (first["subject"], first["speed"], first["kept"]) == ("permutations", 6.0, True)
    assert (second["speed"], second["kept"], second["seconds"]) == (None, False, 61.0)


def test_refusals(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "expected 1 or more" in cli.refused("bench --threads 0")
    assert "invalid choice" in cli.refused("bench --only nonsense")
    monkeypatch.setattr(visitor, "ROOT", tmp_path)
    assert "the server ended before it answered" in cli.refused("bench --only pages")
