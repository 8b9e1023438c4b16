"""The language model's laws: probabilities sum to one, scores add up, sampled and full softmax agree, seeds repeat."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from core.data.corpus import encode_tokens
from core.fluency.recurrent_lm import (
    BOUNDARY,
    LanguageModel,
    LanguageModelSettings,
    Recurrent,
    sampled_loss,
    train_language_model,
)
from core.text.preprocessing import Vocabulary

VOCABULARY = Vocabulary(["a", "b", "c", "d", "e"])
TINY = LanguageModelSettings(len(VOCABULARY), 8, 12, dropout=0.0, epochs=30, batch_size=8, negatives=6)


def scorer(unknown_words: int = 3) -> Recurrent:
    torch.manual_seed(0)
    return Recurrent(LanguageModel(len(VOCABULARY), 4, 6), VOCABULARY, unknown_words)


def slowly(judge: Recurrent, tokens: list[str]) -> float:
    """A word at a time, each with a softmax written out."""
    ids = [BOUNDARY, *judge.vocabulary.encode(tokens), BOUNDARY]
    total = 0.0
    for end, (_, following) in enumerate(pairwise(ids), 1):
        with torch.inference_mode():
            expected = judge.model(torch.tensor([ids[:end]]))[0, -1]
            logits = (judge.model.embedding.weight @ expected + judge.model.bias).double()
        shares = torch.exp(logits - logits.max())
        total += math.log(float(shares[following] / shares.sum()))
        if following == Vocabulary.unk_id:
            total -= math.log(judge.unknown_words)
    return total


def test_scores_against_a_plain_replica() -> None:
    judge = scorer()
    sentences = [["a"], ["b", "a", "zzz", "c"], ["e"] * 9, ["zzz", "yyy"]]
    assert judge.score(sentences) == pytest.approx([slowly(judge, tokens) for tokens in sentences], abs=1e-4)
    assert judge.score([]).shape == (0,)
    one, many = scorer(1), scorer(50)
    assert many.score([["zzz"]])[0] == pytest.approx(one.score([["zzz"]])[0] - math.log(50))
    assert many.score([["a"]])[0] == one.score([["a"]])[0]
    model = scorer().model
    with torch.inference_mode():
        found = model.log_probabilities(model(torch.tensor([[BOUNDARY, 2, 3]]))[0])
    assert found.exp().sum(dim=-1).tolist() == pytest.approx([1.0] * 3)


def test_a_sample_of_every_word_is_the_full_softmax() -> None:
    torch.manual_seed(1)
    model = LanguageModel(len(VOCABULARY), 4, 6)
    torch.nn.init.normal_(model.bias)
    expected, targets = torch.randn(5, 4), torch.tensor([0, 3, 3, 6, 1])
    everything = torch.arange(len(VOCABULARY))
    with torch.inference_mode():
        found = sampled_loss(model, expected, targets, everything, torch.zeros(len(VOCABULARY)))
        full = -model.log_probabilities(expected)[torch.arange(5), targets].mean()
    assert float(found) == pytest.approx(float(full), abs=1e-5)


def test_it_learns_an_order() -> None:
    corpus = encode_tokens([["a", "b", "c"], ["a", "b", "d"], ["b", "c"]] * 40, VOCABULARY)
    *_, last = train_language_model(TINY, [corpus], [1])
    assert last.model is not None and last.step == last.steps
    judge = Recurrent(last.model, VOCABULARY, 1)
    good, bad = judge.score([["a", "b", "c"], ["c", "b", "a"]])
    assert good > bad + 2
    assert good > math.log(1 / 9)  # a third of the sentences is this one
    assert not last.model.training and not any(weight.requires_grad for weight in last.model.parameters())


def test_the_same_seed_gives_the_same_model_and_repeats_are_read_as_copies() -> None:
    one = encode_tokens([["a", "b"], ["c"], ["d", "e", "a"]], VOCABULARY)
    twice = encode_tokens([["a", "b"], ["c"], ["d", "e", "a"]] * 2, VOCABULARY)
    runs = [
        list(train_language_model(TINY, *data))[-1].model
        for data in (([one], [2]), ([one], [2]), ([twice], [1]), ([one, one], [1, 1]))
    ]
    assert all(run is not None for run in runs)
    weights = [np.concatenate([value.numpy().ravel() for value in run.state_dict().values()]) for run in runs if run]
    for other in weights[1:]:
        np.testing.assert_array_equal(other, weights[0])


def test_settings_and_vocabularies_that_cannot_be() -> None:
    for given in ({"vocabulary_size": 2}, {"hidden_size": 0}, {"epochs": 0}, {"dropout": 1.0}, {"learning_rate": 0.0}):
        with pytest.raises(ValueError, match="given"):
            LanguageModelSettings(**given)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a vocabulary of 3"):
        Recurrent(LanguageModel(9, 4, 6), Vocabulary(["a"]), 1)
