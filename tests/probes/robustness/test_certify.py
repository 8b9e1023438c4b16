"""Certificates against brute force; a planted witness; bounds against sampled points; the verifier; a killed log."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from itertools import islice, permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data import json_log, targets
from core.data.labels import SENTIMENT
from core.models.checkpoints import Checkpoint
from core.models.predictor import BlackBox
from core.probes.robustness import records
from core.probes.robustness.bounds import bounds
from core.probes.robustness.certify import CERTIFIED, FLIPPED, UNDECIDED, Certificate
from core.probes.robustness.claims import claim
from core.probes.robustness.families import Substitutions
from core.probes.robustness.questions import Question, moves
from core.probes.robustness.verify import _drawn, verify
from core.probes.robustness.word_lists import WordList, listed, told_apart
from tests.killed import Tell, killed
from tests.probes.small_models import random_checkpoint, random_trigram

WORDS = ["so", "not", "bad", "good", "late", "never"]
THREE = ("late", "lost", "fine")
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6)


def checkpoint(cell: str = "lstm", seed: int = 0, labels: tuple[str, ...] = SENTIMENT, bias: float = 0.0) -> Checkpoint:
    made = random_checkpoint(cell, WORDS, dtype=torch.float32, scale=0.8, seed=seed, labels=labels)
    made.model.linear.bias[0] += bias
    return made


def last(question: Question, seconds: float | None = None) -> Certificate:
    *_before, found = question.answers(seconds)
    return found


def read(model: Checkpoint, sequences: list[tuple[str, ...]]) -> tuple[np.ndarray, np.ndarray]:
    """Predicted classes and margins for the first sequence's class, each sequence read whole in float64."""
    network = copy.deepcopy(model.model.every).double()
    with torch.inference_mode():
        scores = network(torch.tensor([model.vocabulary.encode(one) for one in sequences])).numpy()
    classes = targets.predicted(scores)
    if scores.ndim == 1:
        return classes, scores if classes[0] else -scores
    return classes, scores[:, classes[0]] - np.delete(scores, classes[0], axis=1).max(axis=1)


def listing(model: Checkpoint, text: str, listed: list[list[str]], most: int) -> Question:
    tokens = tuple(model.preprocessing(text))
    words = WordList("made up", tuple(map(tuple, listed)))
    return Question(model, text, Substitutions(tokens, told_apart(model, tokens, words.substitutes), most), words)


def holds(found: Certificate, model: Checkpoint, sizes: dict[tuple[str, ...], int]) -> None:
    """The answer is what reading every sequence gives."""
    sequences = [found.original.tokens, *sizes]
    classes, margins = read(model, sequences)
    flips = {one: sizes[one] for one, label in zip(sequences, classes, strict=True) if label != classes[0]}
    assert found.sequences == len(sequences)
    if not flips:
        assert found.status == CERTIFIED and found.witness is None and found.covered == len(sequences)
        if not found.bounded and sizes:
            assert found.closest is not None and found.closest.margin == pytest.approx(margins[1:].min(), abs=1e-9)
        return
    assert found.status == FLIPPED and found.witness is not None
    assert flips[found.witness.tokens] == found.size == min(flips.values()) == found.complete + 1
    assert found.witness.label == model.labels[classes[sequences.index(found.witness.tokens)]]


kinds = st.tuples(st.sampled_from(["rnn", "gru", "lstm"]), st.integers(0, 20), st.sampled_from([SENTIMENT, THREE]))


@settings(max_examples=60)
@given(texts, kinds, st.floats(-4, 4), st.integers(1, 3), st.data())
def test_substitutions_against_brute_force(
    words: list[str], kind: tuple[str, int, tuple[str, ...]], bias: float, most: int, data: st.DataObject
) -> None:
    model = checkpoint(*kind, bias)
    listed = [
        data.draw(st.lists(st.sampled_from([one for one in WORDS if one != word]), unique=True, max_size=3))
        for word in words
    ]
    found = last(listing(model, " ".join(words), listed, min(most, len(words))))
    sizes = {
        one: size
        for one in product(*([word, *others] for word, others in zip(words, listed, strict=True)))
        if 0 < (size := sum(map(str.__ne__, one, words))) <= most
    }
    holds(found, model, sizes)


@settings(max_examples=60)
@given(texts, kinds, st.floats(-4, 4), st.integers(1, 3))
def test_moves_against_brute_force(
    words: list[str], kind: tuple[str, int, tuple[str, ...]], bias: float, most: int
) -> None:
    model = checkpoint(*kind, bias)
    sizes: dict[tuple[str, ...], int] = {}
    for order in permutations(range(len(words))):
        far = max(abs(one - place) for place, one in enumerate(order))
        sequence = tuple(words[one] for one in order)
        if far <= most and sequence != tuple(words):
            sizes[sequence] = min(far, sizes.get(sequence, most))
    holds(last(moves(model, " ".join(words), most)), model, sizes)


def test_a_planted_witness_of_three_changes_is_found() -> None:
    """A network that counts "bad": three of them, and no fewer, flip the verdict."""
    model = random_checkpoint("rnn", WORDS, embedding=1, hidden=1, dtype=torch.float32)
    network = model.model
    for parameter in network.parameters():
        parameter.zero_()
    network.embedding.weight[model.vocabulary.encode(["bad"])[0]] = 0.1
    network.recurrent.weight_ih_l0.fill_(1.0)
    network.recurrent.weight_hh_l0.fill_(1.0)
    network.linear.weight.fill_(-1.0)
    network.linear.bias.fill_(0.25)
    question = listing(model, "so good so late so never", [["not", "bad"]] * 6, 3)
    found = last(question)
    assert found.status == FLIPPED and found.size == 3 and found.complete == 2
    assert found.witness is not None and found.witness.tokens.count("bad") == 3
    assert last(listing(model, "so good so late so never", [["not", "bad"]] * 6, 2)).status == CERTIFIED


@pytest.mark.parametrize("labels", [SENTIMENT, THREE])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_bounds_hold_at_ten_thousand_points(cell: str, labels: tuple[str, ...]) -> None:
    """Of sequences, and of what stands behind a first change."""
    model = random_checkpoint(cell, WORDS, scale=0.3, labels=labels)
    tokens = ("so", "good", "late", "not", "bad")
    family = Substitutions(tokens, tuple(tuple(one for one in WORDS if one != token) for token in tokens), 3)
    ids = np.array(model.vocabulary.encode(family.words))
    random = np.random.default_rng(0)
    with torch.inference_mode():
        own = model.model.every(torch.tensor([model.vocabulary.encode(tokens)])).numpy()
        predicted = int(targets.predicted(own)[0])
        box = bounds(model, family, predicted)
        assert box is not None
        rows = np.stack([random.choice(family.reach(place), 10_000) for place in range(5)], axis=1)
        scores = model.model.every(torch.from_numpy(ids[rows.astype(int)])).numpy()
        margins = (
            scores * (1 if predicted else -1)
            if scores.ndim == 1
            else scores[:, predicted] - np.delete(scores, predicted, axis=1).max(axis=1)
        )
        assert -50 < box.whole() <= margins.min()
        least = float(np.quantile(margins, 0.2))
        for place, proved in box.behind(least).items():
            rows[:, :place] = family.own[:place]
            behind = np.isin(rows[:, place], [*proved])
            if behind.any():
                scores = model.model.every(torch.from_numpy(ids[rows[behind].astype(int)])).numpy()
                signed = (
                    scores * (1 if predicted else -1)
                    if scores.ndim == 1
                    else (scores[:, predicted] - np.delete(scores, predicted, axis=1).max(axis=1))
                )
                assert signed.min() > least
        assert box.behind(-100)[4] == {*family.reach(4).tolist()}


def test_what_intervals_prove_is_not_read() -> None:
    sure = checkpoint(bias=30.0)
    found = last(listing(sure, "so good", [["bad"], ["late", "never"]], 2))
    assert found.status == CERTIFIED and found.bounded == found.covered - 1 == 5 and found.closest is None


def test_what_is_read_again_in_double() -> None:
    """A verdict that float32 cannot tell from the threshold is told by float64."""
    model = checkpoint("gru")
    tokens = ("so", "good", "late")
    order = ("good", "so", "late")
    _classes, margins = read(model, [order])
    model.model.linear.bias.sub_(float(margins[0]) * (1 if _classes[0] else -1))
    found = last(moves(model, " ".join(tokens), 1))
    assert found.reread > 0 and found.difference is not None and found.difference < 1e-5
    classes, _margins = read(model, [tokens, order, ("so", "late", "good")])
    assert (found.status == FLIPPED) == bool((classes[1:] != classes[0]).any())


def test_the_time_is_up() -> None:
    box = BlackBox(lambda texts: [0.9] * len(texts), "made:up")
    question = moves(box, "so not bad good late never so not bad good late never", 3)
    found = last(question, seconds=1e-9)
    assert (found.status, found.covered, found.complete) == (UNDECIDED, 1, 0)
    with pytest.raises(ValueError, match="seconds"):
        last(question, seconds=0)


def test_a_black_box_is_asked_about_every_sequence() -> None:
    def shouting(texts: list[str]) -> list[float]:
        asked.extend(texts)
        return [0.9 if text.startswith("so") else 0.2 for text in texts]

    asked: list[str] = []
    box = BlackBox(shouting, "made:up")
    found = last(moves(box, "so good late", 1))
    assert found.status == FLIPPED and found.witness is not None and found.witness.text == "good so late"
    assert found.difference is None and {"so good late", "good so late", "so late good"} == {*asked}


def test_orders_that_are_not_fluent_are_passed_over() -> None:
    trigram = random_trigram(WORDS)
    tokens = ("so", "good", "late", "never", "bad")
    own, *others = trigram.score([tokens, *permutations(tokens)]).tolist()
    box = BlackBox(lambda texts: [0.9] * len(texts), "made:up")
    question = moves(box, " ".join(tokens), 4, trigram=trigram, floor=2.0)
    found = last(question)
    assert found.status == CERTIFIED and found.sequences == found.covered == 120
    assert found.passed == sum(one < own - 2.0 - 1e-4 for one in others)
    assert claim(question, found).startswith(
        f"Only orders at most 2 nats less fluent than the text count; {found.passed} others are not read. "
        f"Certified: none of the {120 - found.passed} orders"
    )
    with pytest.raises(ValueError, match="0 nats"):
        moves(box, "so good", 1, trigram=trigram, floor=-1.0)


def test_unknown_words_are_read_as_one() -> None:
    model = checkpoint()
    assert listing(model, "so bad", [["zzz", "yyy", "so"], ["bad"]], 1).alike == 3
    assert told_apart(model, ("so", "zzz"), [["yyy", "xxx", "not"], ["yyy", "bad"]]) == (("yyy", "not"), ("bad",))
    question = listing(model, "zzz", [["yyy"]], 1)
    assert claim(question, last(question)) == (
        "The list has no substitute that the model can tell from these words. 1 listed word is left out: the model "
        "reads it as another of these words."
    )


@pytest.fixture
def logged(tmp_path: Path) -> tuple[Checkpoint, Path]:
    model = replace(checkpoint(bias=4.0), hash="h")
    questions = [
        listing(model, "so good late", [["bad"], ["late", "never"], []], 2),
        moves(model, "so good late never", 2),
        listing(replace(checkpoint(seed=3), hash="h"), "so bad", [["not", "good", "late"], ["never", "good"]], 2),
    ]
    _before, append = json_log.resume(tmp_path / "log", records.NEEDED)
    for question in questions:
        append(records.as_json(question, last(question)))
    return model, tmp_path / "log"


def test_certificates_verify_and_changed_ones_do_not(logged: tuple[Checkpoint, Path]) -> None:
    model, path = logged
    substituted, moved, _other = json_log.read(path, records.NEEDED)
    assert [one["status"] for one in (substituted, moved)] == [CERTIFIED, CERTIFIED]
    for line in (substituted, moved):
        line["bounded"] = 0
        whole, drawn = verify(line, model, everything=True), verify(line, model, samples=50)
        assert whole.faults == drawn.faults == () and whole.read >= line["sequences"] - 1 and drawn.read == 50
    assert verify(substituted, replace(model, hash="another")).faults == ("the model has changed since",)
    changes: list[dict[str, Any]] = [
        {"substitutes": [["bad"], ["late"], []]},
        {"text": "so good never"},
        {"margin": substituted["margin"] + 1e-3},
        {"status": FLIPPED},
        {"sequences": substituted["sequences"] - 1},
        {"covered": substituted["sequences"] - 1},
        {"closest": {"text": "bad good late", "margin": 99.0, "label": "negative"}},
    ]
    for change in changes:
        assert verify({**substituted, **change}, model, everything=True).faults, change
    other = WordList("made up", (("bad",), ("late",), ()))
    assert verify(substituted, model, remade=lambda *_asked: other).faults == ("the list has changed since",)


def test_witnesses_are_changes_of_the_kind(logged: tuple[Checkpoint, Path]) -> None:
    """A line whose witness flips, but is no such change of the text, does not verify."""
    model, path = logged
    substituted, moved, _other = json_log.read(path, records.NEEDED)
    for line, text in ((substituted, "late good late"), (moved, "never so good late")):
        ((margin,), (label,)) = (column.tolist() for column in _margin(model, line, text))
        faults = verify({**line, "closest": {"text": text, "margin": margin, "label": label}}, model).faults
        assert "the closest is no such change of the text" in faults


def _margin(model: Checkpoint, line: dict[str, Any], text: str) -> tuple[np.ndarray, np.ndarray]:
    classes, margins = read(model, [tuple(line["tokens"]), tuple(text.split())])
    return margins[1:], np.array(model.labels)[classes[1:]]


def test_smaller_changes_than_the_witness_are_read_too(logged: tuple[Checkpoint, Path]) -> None:
    """What a flip of two words says of one word is checked."""
    _model, path = logged
    *_others, line = json_log.read(path, records.NEEDED)
    unsure = replace(checkpoint(seed=3), hash="h")
    assert line["witness"]["size"] == 1
    *_others, fault = verify({**line, "complete": 1}, unsure, everything=True).faults
    assert fault.startswith("a sequence flips: ")


def test_all_orders_are_counted_and_every_window_drawn(logged: tuple[Checkpoint, Path]) -> None:
    model, path = logged
    _substituted, moved, _other = json_log.read(path, records.NEEDED)
    fewer = {**moved, "sequences": moved["sequences"] - 1, "covered": moved["sequences"] - 1}
    assert verify(fewer, model, everything=True).faults == ("not all sequences are covered",)
    line = records.as_json(question := moves(model, " ".join(map(str, range(60))), 1, window=3), last(question))
    drawn = list(islice(_drawn(line, question.family.tokens, random.Random(0)), 500))
    assert {place for one in drawn for place, word in enumerate(one) if word != str(place)} == {*range(60)}


def test_certificates_of_a_black_box_verify() -> None:
    box = BlackBox(lambda texts: [0.9] * len(texts), "module:same")
    question = listing(box, "so good", [["bad", "late"], ["never"]], 2)  # type: ignore[arg-type]
    assert verify(records.as_json(question, last(question)), box, everything=True) == (5, ())


def test_a_flip_that_was_missed_is_found(logged: tuple[Checkpoint, Path]) -> None:
    """A line that claims too much does not verify."""
    _model, path = logged
    *_others, line = json_log.read(path, records.NEEDED)
    unsure = replace(checkpoint(seed=3), hash="h")
    assert line["status"] == FLIPPED and verify(line, unsure).faults == ()
    claimed = {**line, "status": CERTIFIED, "witness": None, "closest": None}
    *_others, fault = verify(claimed, unsure, everything=True).faults
    assert fault.startswith("a sequence flips: ")


def test_a_log_goes_on_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "log"
    whole, _seconds = killed(_certify_all, path, after=None)
    lines = [{**json.loads(line), "seconds": 0} for line in path.read_text().splitlines()]
    assert len(lines) == len(whole) == 24
    path.unlink()
    killed(_certify_all, path, after=0.1)
    with path.open("ab") as file:
        file.write(b'{"model": "lstm", "te')  # a line that was cut off
    killed(_certify_all, path, after=None)
    assert [{**json.loads(line), "seconds": 0} for line in path.read_text().splitlines()] == lines
    path.write_text("[1]\n")
    with pytest.raises(ValueError, match="line 1: expected"):
        json_log.read(path, records.NEEDED)


def _certify_all(tell: Tell, path: Path) -> None:
    model = replace(checkpoint(bias=4.0), hash="h")
    before, append = json_log.resume(path, records.NEEDED)
    done = {records.key(line) for line in before}
    for number, order in enumerate([*permutations(WORDS[:4])]):
        question = moves(model, " ".join(order), 2)
        if records.key(question) not in done:
            append(records.as_json(question, last(question)))
        tell(number)


def test_colons_and_emoticons_of_a_file(tmp_path: Path) -> None:
    """A colon may follow the word; in an emoticon it stays."""
    box = BlackBox(lambda texts: [0.9] * len(texts), "made:up")
    (tmp_path / "list.txt").write_text("good: bad, :) (:\nso : not\nnever:late\n:) :(\n")
    tokens = tuple(box.preprocessing("so good never :)"))
    found = listed(str(tmp_path / "list.txt"), box, tokens, "positive")  # type: ignore[arg-type]
    assert found.substitutes == (("not",), ("bad", ":)", "(:"), ("late",), (":(",))
