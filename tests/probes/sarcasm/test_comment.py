"""A pull is what a token adds to the logit; a model is fooled on the side opposite to the reading, by so much."""

from __future__ import annotations

import random
from dataclasses import FrozenInstanceError, replace
from itertools import product

import numpy as np
import pytest
import torch

from core.data.corpus import encode_tokens
from core.data.targets import Target, log_odds
from core.models.checkpoints import Checkpoint
from core.models.gold_labels import GOLD_LABELS, check_gold_label, fooled
from core.models.predict import EmptyTextError, logits, verdict, verdict_on_tokens
from core.models.recurrent import CELLS
from core.probes.sarcasm import comment
from core.probes.sarcasm.comment import Comment, judge, leave_one_out
from tests.probes import small_models
from tests.probes.small_models import permuted, random_checkpoint

WORDS = list("abcdefgh")


def at_random(cell: str, layers: int = 1) -> Checkpoint:
    return random_checkpoint(cell, WORDS, layers=layers, dtype=torch.float32, scale=1.0, seed=11)


def last_word(bias: float = 0.0) -> Checkpoint:
    return small_models.last_word({"good": 1.0, "bad": -1.0, "so": 0.0}, bias=bias)


def judged(text: str, reading: str, bias: float = 0.0) -> Comment:
    (found,) = judge([last_word(bias)], text, reading)
    return found


# Leave-one-out


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_without_a_token_is_the_logit_of_the_other_tokens_alone(cell: str, layers: int) -> None:
    model = at_random(cell, layers)
    before = {name: value.clone() for name, value in model.model.state_dict().items()}
    draw = random.Random(5)
    for length in (1, 2, 3, 7, 40):
        tokens = draw.choices([*WORDS, "unknown", "wörd"], k=length)
        others = [tokens[:i] + tokens[i + 1 :] for i in range(length)]
        slowly = logits(model.model, encode_tokens(others, model.vocabulary))
        assert leave_one_out(model, tokens).logits == pytest.approx(slowly.tolist(), abs=1e-5)
        if length > 1:
            alone = [verdict_on_tokens(model, other).logit for other in others]
            assert leave_one_out(model, tokens).logits == pytest.approx(alone, abs=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in model.model.state_dict().items())
    assert not model.model.training and all(parameter.grad is None for parameter in model.model.parameters())


def test_pulls_are_the_whole_texts_logit_minus_those_without() -> None:
    model = at_random("gru")
    (found,) = judge([model], "a b c d e f", "negative")
    assert found.verdict == verdict(model, "a b c d e f") and found.model == "gru"
    assert found.without is not None and found.pulls is not None
    np.testing.assert_allclose(np.add(found.pulls, found.without), found.verdict.logit)
    alone = [verdict(model, text).probability for text in ("b c d e f", "a c d e f", "a b d e f")]
    assert found.probabilities_without is not None
    assert found.probabilities_without[:3] == pytest.approx(alone, abs=1e-6)


def test_pulls_by_hand() -> None:
    good = 2 * float(np.tanh(1))
    found = judged("good bad so good", "negative")
    assert found.pulls == pytest.approx([0, 0, 0, good]), "without the last word the neutral one before it is read"
    assert found.turning == (), "a logit of 0 is positive"
    found = judged("bad good", "negative")
    assert found.pulls == pytest.approx([0, 2 * good])
    assert found.turning == (1,)
    assert judged("good bad", "positive").turning == (1,)
    assert judged("bad bad", "positive").turning == ()


@pytest.mark.parametrize("bias", [-0.5, 0.25])
def test_what_is_left_of_one_token_is_the_empty_text(bias: float) -> None:
    found = judged("bad", "negative", bias)
    assert found.without == pytest.approx([bias]), "the state before the first token is zero"
    assert found.pulls == pytest.approx([2 * float(np.tanh(-1))])
    assert found.turning == ((0,) if bias >= 0 else ())


def test_equal_neighbours_pull_alike_and_a_word_a_model_knows_not_pulls_too() -> None:
    model = at_random("gru")
    (found,) = judge([model], "a b b zzz zzz", "mixed")
    assert found.pulls is not None
    assert found.pulls[1] == pytest.approx(found.pulls[2], abs=1e-6)
    assert found.pulls[3] == pytest.approx(found.pulls[4], abs=1e-6)
    assert abs(found.pulls[4]) > 1e-3


def test_a_long_text_has_a_verdict_and_no_pulls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comment, "MOST", 5)
    model = at_random("lstm")
    (found,) = judge([model], "a b c d e", "negative")
    assert found.without is not None and len(found.without) == 5
    (found,) = judge([model], "a b c d e f", "negative")
    assert found.without is None and found.pulls is None and found.probabilities_without is None
    assert found.turning == ()
    assert found.margin == pytest.approx(found.verdict.probability - 0.5)
    with pytest.raises(ValueError, match=r"\b6 tokens .*\b5$"):
        leave_one_out(model, list("abcdef"))


# The reading


@pytest.mark.parametrize(
    ("text", "reading", "is_fooled", "past"),
    [
        ("good", "negative", True, 2 * np.tanh(1)),
        ("good", "positive", False, -2 * np.tanh(1)),
        ("bad", "negative", False, -2 * np.tanh(1)),
        ("bad", "positive", True, 2 * np.tanh(1)),
        ("so", "negative", True, 0),  # P(positive) of 0.5 is a positive verdict
        ("so", "positive", False, 0),
    ],
)
def test_fooled_and_by_how_much(text: str, reading: str, is_fooled: bool, past: float) -> None:
    found = judged(text, reading)
    assert found.fooled is is_fooled
    assert found.margin == pytest.approx(1 / (1 + np.exp(-past)) - 0.5, abs=1e-6)


def test_a_mixed_reading_has_no_opposite() -> None:
    for text in ("good", "bad", "so"):
        found = judged(text, "mixed")
        assert (found.fooled, found.margin) == (None, None)
        assert found.pulls is not None


def test_classes_of_other_names_are_judged_by_those() -> None:
    sentiment, mail = last_word(), replace(last_word(), card={"labels": ["ham", "spam"]})
    for text in ("good", "bad", "so"):
        for number, own in enumerate(mail.labels):
            first, second = judge([sentiment, mail], text, own)
            assert (first.fooled, first.margin) == (None, None), "it has no such class"
            usual = judged(text, sentiment.labels[number])
            assert (second.fooled, second.margin) == (usual.fooled, usual.margin)
    with pytest.raises(ValueError, match="available: ham, spam, mixed"):
        judge([mail], "so", "negative")
    assert fooled("mixed", "mixed", ("mixed", "clear")) is False, "a class's name is that class"
    assert fooled("clear", "mixed", ("mixed", "clear")) is True


def test_of_three_classes_pulls_are_to_the_predicted_one_and_a_verdict_without_a_word_is_any() -> None:
    labels, order = ("negative", "neutral", "positive"), [2, 0, 1]
    model = random_checkpoint("gru", WORDS, dtype=torch.float32, scale=1.5, seed=1, labels=labels)
    texts, turned = ("a b c d e f", "c a h", "h g f", "b"), 0
    for text, gold in product(texts, labels):
        (found,) = judge([model], text, gold)
        alone = [text.split()[:i] + text.split()[i + 1 :] for i in range(len(text.split()))]
        scores = logits(model.model, encode_tokens(alone, model.vocabulary)).astype(float)
        target = Target(labels, found.verdict.predicted)
        assert found.verdict.target == target and found.without and found.margin is not None
        assert found.without == pytest.approx(log_odds(scores, target).tolist(), abs=1e-5)
        assert found.turning == tuple(np.flatnonzero(scores.argmax(axis=1) != target.number))
        turned += len(found.turning)
        assert found.fooled == (target.name != gold) == (found.margin > 0)
        (other,) = judge([permuted(model, order)], text, gold)
        assert other.pulls == pytest.approx(found.pulls, abs=1e-5)
        assert (other.turning, other.fooled) == (found.turning, found.fooled)
        assert other.margin == pytest.approx(found.margin, abs=1e-6)
    assert turned, "some words turn some verdicts"
    (found,) = judge([model], texts[0], "mixed")
    assert found.fooled is None
    assert fooled("neutral", "spam", labels) is None, "no class of it"


def test_fooled_where_and_only_where_the_margin_says_so() -> None:
    said = judged("so", "negative")
    for probability in np.linspace(0, 1, 101):
        for reading in ("negative", "positive"):
            logit = float(np.log(probability) - np.log1p(-probability)) if 0 < probability < 1 else 0.0
            one = replace(said, reading=reading, verdict=replace(said.verdict, probability=probability, logit=logit))
            assert one.margin is not None
            assert one.fooled == (one.margin > 0 or (one.margin == 0 and reading == "negative"))
            assert one.fooled == fooled(one.verdict.label, reading)


def test_what_cannot_be_judged_is_refused() -> None:
    for text in ("", " \n", "\u3000"):
        with pytest.raises(EmptyTextError):
            judged(text, "negative")
    with pytest.raises(EmptyTextError, match="no token to leave out"):
        leave_one_out(last_word(), [])
    with pytest.raises(ValueError, match="no model"):
        judge([], "so", "negative")
    for check in (lambda: judged("so", "Negative"), lambda: check_gold_label("Negative")):
        with pytest.raises(ValueError, match="unknown gold label 'Negative'; available: negative, positive, mixed"):
            check()


def test_odd_texts_are_judged_in_the_order_of_the_models_and_results_cannot_be_changed() -> None:
    models = [at_random(cell) for cell in CELLS]
    for reading in GOLD_LABELS:
        found = judge(models, "<b>x</b> \x00 \ud800 🙂 $x$ ![](y)", reading)
        assert [one.model for one in found] == list(CELLS)
        assert all(one.pulls is not None and len(one.pulls) == len(one.verdict.tokens) for one in found)
        assert hash(found) == hash(judge(models, "<b>x</b> \x00 \ud800 🙂 $x$ ![](y)", reading))
    with pytest.raises(FrozenInstanceError):
        found[0].reading = "positive"  # type: ignore[misc]
