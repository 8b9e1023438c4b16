"""One reading and one way back for all lengths give what each length gives by itself."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from core.data.labels import SENTIMENT
from core.data.targets import Target
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.predict import EmptyTextError, verdict, verdict_on_tokens
from core.models.recurrent import CELLS
from core.probes.dynamics import memory_decay
from core.probes.dynamics.memory_decay import FILLER, MOST, Memory, memory
from core.probes.dynamics.trajectories import gradients
from tests.probes.small_models import permuted, random_checkpoint, two_outputs

checkpoint = partial(random_checkpoint, words=["hate", "late", "than", "never", "not", "so", "can"])
THREE = ("late", "lost", "fine")
SHAPES = [(cell, layers, labels) for cell in CELLS for layers, labels in ((1, SENTIMENT), (2, SENTIMENT), (1, THREE))]
FILLING = "late than zork never so"


@pytest.mark.parametrize(("cell", "layers", "labels"), SHAPES)
def test_every_length_by_itself(
    cell: str, layers: int, labels: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the target; where none is named, for the class that is predicted for the word."""
    monkeypatch.setattr(memory_decay, "_TOGETHER", 5)
    asked = checkpoint(cell, layers=layers, labels=labels)
    found = memory(asked, "Hate", FILLING, 12)
    assert found.target == verdict_on_tokens(asked, ["hate"]).target
    asked = asked.targeted(found.target)
    after = (FILLING.split() * 3)[:12]
    assert found.k.tolist() == list(range(13)) and found.word == "hate" and found.cycled
    for k in found.k:
        tokens = ["hate", *after[:k]]
        alone = verdict_on_tokens(asked, tokens)
        assert found.probability[k] == pytest.approx(alone.probability, abs=1e-9)
        assert found.logit[k] == pytest.approx(alone.logit, abs=1e-9)
        assert found.gradient_first_word[k] == pytest.approx(slope(asked, tokens), rel=1e-8)
        assert found.predicted[k] == alone.predicted
        if k:
            assert found.logit_without[k] == pytest.approx(verdict_on_tokens(asked, after[:k]).logit, abs=1e-9)
    assert found.logit_without[0] == pytest.approx(asked.model.empty_logit())
    np.testing.assert_allclose(found.effect, found.logit - found.logit_without)
    np.testing.assert_allclose(found.probability_without, 1 / (1 + np.exp(-found.logit_without)))


def slope(asked: Checkpoint, tokens: list[str]) -> float:
    """The norm of the logit's gradient at the first token, by autograd."""
    x = asked.model.embedding(torch.tensor([asked.vocabulary.encode(tokens)])).requires_grad_()
    (gradient,) = torch.autograd.grad(asked.model.from_embeddings(x)[0], x)
    return float(gradient[0, 0].norm())


def test_the_order_of_classes_and_a_second_output_change_no_number() -> None:
    asked, target = checkpoint("gru", labels=THREE), Target(THREE, 1, 0)
    found = memory(asked.targeted(target), "hate", FILLING, 9)
    other = permuted(asked, (2, 0, 1))
    same = memory(other.targeted(Target(other.labels, 2, 1)), "hate", FILLING, 9)
    np.testing.assert_allclose(same.logit, found.logit)
    np.testing.assert_allclose(same.gradient_first_word, found.gradient_first_word)
    assert [THREE[number] for number in found.predicted] == [other.labels[number] for number in same.predicted]
    one, two = (memory(model, "hate", FILLING, 9) for model in (checkpoint("gru"), two_outputs(checkpoint("gru"))))
    np.testing.assert_allclose(two.logit, one.logit, atol=1e-5)
    assert two.predicted.tolist() == one.predicted.tolist()
    turned = memory(checkpoint("gru").targeted(Target(SENTIMENT, 0)), "hate", FILLING, 9)
    np.testing.assert_allclose(turned.logit, -one.logit)
    assert turned.predicted.tolist() == one.predicted.tolist() and turned.turned == one.turned


@pytest.mark.parametrize("name", CELLS)
def test_the_shipped_models(name: str) -> None:
    """The filler needs no repeating up to 100 words and is as neutral as its comment says."""
    asked, words = checkpoints.load(name), FILLER.split()
    found = memory(asked, "hate", upto=len(words))
    assert asked.preprocessing(FILLER) == words and len(words) > 100
    assert not found.cycled and not found.unknown and found.known
    for k in (0, 7, 70):
        text = " ".join(["hate", *words[:k]])
        assert found.probability[k] == pytest.approx(verdict(asked, text).probability, abs=1e-5)
        assert found.gradient_first_word[k] == pytest.approx(gradients(asked, text).x[0], rel=1e-3)
    assert 0.32 < found.probability_without.min() < found.probability_without.max() < 0.67


def test_what_the_vocabulary_lacks_is_told() -> None:
    found = memory(checkpoint("gru"), "frabjous", FILLING, 3)
    assert not found.known and found.unknown == ("zork",) and not found.cycled
    assert found.filler == tuple(FILLING.split())


def test_one_word_of_filler_and_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    together = []

    def gradients_of(logits: Tensor, x: Tensor) -> Tensor:
        together.append(len(logits))
        return original(logits, x)

    original = memory_decay._gradients
    monkeypatch.setattr(memory_decay, "_gradients", gradients_of)
    found = memory(checkpoint("rnn"), "hate", "so", 1)
    assert found.k.tolist() == [0, 1] and not found.cycled
    together.clear()
    longest = memory(checkpoint("rnn"), "hate", "so", MOST)
    assert sum(together) == MOST + 1 and max(together) <= 64, "what all need at once would be gigabytes"
    assert len(longest.probability) == MOST + 1 and longest.cycled
    assert np.isfinite(longest.gradient_first_word).all()
    np.testing.assert_allclose(longest.probability[:2], found.probability)
    np.testing.assert_allclose(longest.gradient_first_word[:2], found.gradient_first_word)


@pytest.mark.parametrize(
    ("word", "filler", "upto", "says"),
    [
        ("hate", "so", 0, "1 to 1,000; given: 0"),
        ("hate", "so", -5, "given: -5"),
        ("hate", "so", 1_001, "given: 1,001"),
        ("can't", "so", 5, r"read as 2 tokens \(can not\); give one"),
        ("so late", "so", 5, "2 tokens"),
    ],
)
def test_bad_bounds_are_refused(word: str, filler: str, upto: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        memory(checkpoint("rnn"), word, filler, upto)


def test_empty_words_are_refused() -> None:
    with pytest.raises(EmptyTextError, match="the word is empty"):
        memory(checkpoint("rnn"), " ", "so")
    with pytest.raises(EmptyTextError, match="the filler is empty"):
        memory(checkpoint("rnn"), "hate", " ")


def made_up(effect: list[float], probability: list[float]) -> Memory:
    found = memory(checkpoint("rnn"), "hate", "so", len(effect) - 1)
    logit = np.array(effect) + 0.5
    return replace(found, logit=logit, logit_without=np.full(len(effect), 0.5), probability=np.array(probability))


def test_when_a_word_is_forgotten() -> None:
    falling = made_up([-4.0, -3, -1, -2.5, -1, 0.5], [0.1, 0.2, 0.4, 0.3, 0.5, 0.6])
    assert falling.forgotten(0.5) == 4  # below a half at 2 too, but not from there on
    assert falling.forgotten(0.1) is None and falling.forgotten(0.2) == 5
    assert falling.turned == 4  # 0.5 is positive
    kept = made_up([-4.0, -4, -5], [0.1, 0.1, 0.1])
    assert kept.forgotten(0.5) is None and kept.turned is None
    assert made_up([2.0, 0.0, 0.0], [0.8, 0.5, 0.49]).turned == 2
    assert made_up([0.0, 0.0, 0.0], [0.6, 0.6, 0.6]).forgotten(0.5) is None  # it was never remembered


@pytest.mark.parametrize(
    ("effect", "probability", "claims"),
    [
        ([-4.0, -3, -1, -0.3, -0.2], [0.1, 0.2, 0.3, 0.4, 0.6], ["3", "10%", "4"]),
        ([-4.0, -0.1, -3], [0.1, 0.4, 0.1], ["2", "75%", "1", "10%"]),
        ([-4.0, -2, -1], [0.1, 0.1, 0.1], ["2", "25%"]),
        ([-4.0, -2, 1], [0.1, 0.1, 0.4], ["2", "-25%"]),
        ([0.05, 0.4, 1], [0.5, 0.5, 0.5], ["+0.05"]),
    ],
)
def test_what_became_of_a_word_in_a_sentence(effect: list[float], probability: list[float], claims: list[str]) -> None:
    """Its numbers: a step, a share left, and the step of a flip or of what did not last."""
    assert re.findall(r"[-+]?[\d.]+%?", made_up(effect, probability).statement) == claims
