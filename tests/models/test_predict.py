"""A verdict is the last of the verdicts on the prefixes, and the same whether texts come alone or together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax

from core.data import targets
from core.data.corpus import encode
from core.data.labels import SENTIMENT
from core.data.targets import POSITIVE, Target
from core.models.checkpoints import Checkpoint
from core.models.predict import EmptyTextError, Verdict, aimed, logits, sigmoid, verdict, verdicts
from core.models.recurrent import CELLS
from core.text.preprocessing import Preprocessing, Vocabulary
from tests.models import imported
from tests.probes import small_models

VOCABULARY = Vocabulary(["i", "love", "hate", "this", "not", "movie", "a", "<url>", "he", "!!!", "so"])
TEXTS = [
    "i love this movie",
    "not",
    "",
    "I hate this movie so so so so so so so so so so so much !!!",
    "   \t\n",
    "@sam I don't love http://example.com/x",
    "zzz qqq",
]


def checkpoint(cell: str, layers: int = 1, labels: tuple[str, ...] = SENTIMENT, **variant: Any) -> Checkpoint:
    return imported.checkpoint(cell, VOCABULARY, layers, torch.float32, seed=3, scale=0.9, labels=labels, **variant)


def biased(bias: float) -> Checkpoint:
    """A model whose every logit is `bias`."""
    model = checkpoint("rnn").model
    with torch.no_grad():
        model.linear.weight.zero_()
        model.linear.bias.fill_(bias)
    return Checkpoint("biased", model, Preprocessing(), VOCABULARY, {}, "biased")


def probabilities(checkpoint: Checkpoint, texts: Sequence[str]) -> np.ndarray:
    """P(positive) of each text; one without a token has the probability before the first."""
    return sigmoid(logits(checkpoint.model, encode(texts, checkpoint.preprocessing, checkpoint.vocabulary)))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_many_texts_at_once_and_prefixes_get_the_verdicts_they_get_alone(cell: str, layers: int) -> None:
    model = checkpoint(cell, layers)
    found = probabilities(model, TEXTS)
    assert found.dtype == np.float64 and found.shape == (len(TEXTS),)
    before_the_first = expit(model.model.linear.bias.item())
    assert found[[2, 4]] == pytest.approx([before_the_first] * 2, abs=1e-7)
    assert probabilities(model, ["", "  "]) == pytest.approx([before_the_first] * 2, abs=1e-7)
    assert probabilities(model, []).shape == (0,)
    order = np.random.default_rng(0).permutation(len(TEXTS))
    np.testing.assert_allclose(probabilities(model, [TEXTS[row] for row in order]), found[order], rtol=0, atol=1e-7)
    texts = [text for text in TEXTS if text.strip()] * 3
    for text, together in zip(texts, verdicts(model, texts), strict=True):
        alone = verdict(model, text)
        assert alone.probability == pytest.approx(found[TEXTS.index(text)], abs=1e-6)
        assert (together.model, together.text, together.tokens) == (cell, text, alone.tokens)
        assert together.known == alone.known
        assert together.logit == pytest.approx(alone.logit, abs=1e-5)
        assert together.prefix_probabilities == pytest.approx(alone.prefix_probabilities, abs=1e-6)
        assert (
            together.probability == together.prefix_probabilities[-1] == pytest.approx(expit(together.logit), abs=1e-12)
        )
        assert len(together.prefix_probabilities) == len(together.tokens)
        for end, probability in enumerate(together.prefix_probabilities, 1):
            assert verdict(model, " ".join(together.tokens[:end])).probability == pytest.approx(probability, abs=1e-6)


def test_the_batch_size_changes_no_logit() -> None:
    model = checkpoint("gru")
    sentences = encode(TEXTS * 5, model.preprocessing, model.vocabulary)
    for batch_size in (1, 2, 3, 100):
        found = logits(model.model, sentences, batch_size)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, logits(model.model, sentences), rtol=0, atol=1e-6)


def test_an_empty_text_is_refused_and_named_among_many() -> None:
    with pytest.raises(ValueError, match="text 3 of 7 is empty"):
        verdicts(checkpoint("rnn"), TEXTS)
    assert verdicts(checkpoint("rnn"), []) == []
    for text in ("", " ", "\t\n ", "\u3000"):
        with pytest.raises(ValueError, match="the text is empty"):
            verdict(checkpoint("rnn"), text)


def test_ten_thousand_words_are_read() -> None:
    text = "i love this movie so " * 2_000
    model = checkpoint("lstm")
    found = verdict(model, text)
    assert len(found.tokens) == len(found.prefix_probabilities) == 10_000
    assert np.isfinite(found.prefix_probabilities).all()
    assert probabilities(model, [text, "not"])[0] == pytest.approx(found.probability, abs=1e-6)


def test_unknown_special_and_hostile_words() -> None:
    model = checkpoint("lstm")
    found = verdict(model, "i love frabjous movie frabjous")
    assert found.known == (True, True, False, True, False)
    assert found.unknown == ("frabjous", "frabjous")
    assert verdict(model, "i love slithy movie gig").probability == found.probability
    nothing_known = verdict(model, "that frabjous gig")
    assert nothing_known.unknown == nothing_known.tokens and not any(nothing_known.known)
    assert verdict(model, "i love").unknown == ()
    model = checkpoint("gru")
    for text in ("<pad>", "<unk>", "i <pad> <unk> love"):
        found = verdict(model, text)
        assert Vocabulary.pad_id not in model.vocabulary.encode(found.tokens)
        assert not any(known for token, known in zip(found.tokens, found.known, strict=True) if "pad" in token)
    model = checkpoint("lstm")
    for text in ("!!!", "...", "🙂🙂", "\x00", "a\x00b", "\ud800", "שלום", "\u202eevil", "<b>x</b>", "\x1b[31m"):
        found = verdict(model, text)
        assert found.text == text
        assert 0 < found.probability < 1 and len(found.tokens) > 0


def test_a_verdict_carries_plain_numbers_and_nothing_can_be_changed() -> None:
    found = verdict(checkpoint("gru"), "I love it")
    assert found.model == "gru"
    assert type(found.logit) is float and type(found.probability) is float
    assert {type(probability) for probability in found.prefix_probabilities} == {float}
    assert hash(found) == hash(verdict(checkpoint("gru"), "I love it"))
    model = checkpoint("lstm")
    before = {key: value.clone() for key, value in model.model.state_dict().items()}
    verdict(model, TEXTS[0])
    probabilities(model, TEXTS)
    assert not model.model.training
    for key, value in model.model.state_dict().items():
        assert torch.equal(value, before[key])


# The threshold and the logistic function


def test_a_verdict_is_positive_at_a_half_or_more() -> None:
    for probability, name in (
        *((0.0, "negative"), (math.nextafter(0.5, 0), "negative"), (0.5, "positive")),
        *((math.nextafter(0.5, 1), "positive"), (1.0, "positive")),
    ):
        assert Verdict("m", "t", ("t",), (True,), 0.0, probability, (probability,)).label == name
    for bias, name in ((0.0, "positive"), (-1e-3, "negative"), (1e-3, "positive")):
        found = verdict(biased(bias), "i love this")
        assert found.logit == np.float32(bias) and found.label == name
    with np.errstate(all="raise", under="ignore"):  # a very sure model
        assert verdict(biased(-3e4), "so").probability == 0
        assert verdict(biased(3e4), "so").probability == 1


def test_the_logistic_function() -> None:
    by_hand = {0.0: 0.5, math.log(3): 0.75, -math.log(3): 0.25, math.log(99): 0.99}
    np.testing.assert_allclose(sigmoid(np.array([*by_hand])), [*by_hand.values()], rtol=0, atol=1e-15)
    with np.errstate(all="raise", under="ignore"):
        found = sigmoid(np.array([-np.inf, -1e30, -1000, 1000, 1e30, np.inf]))
    np.testing.assert_array_equal(found, [0, 0, 0, 1, 1, 1])
    x = np.linspace(-40, 40, 8_001)
    np.testing.assert_allclose(sigmoid(x), expit(x), rtol=0, atol=3e-16)
    np.testing.assert_allclose(sigmoid(-x), 1 - sigmoid(x), rtol=0, atol=3e-16)
    assert (np.diff(sigmoid(x)) >= 0).all()
    assert sigmoid(np.array([1.0], dtype=np.float32)).dtype == np.float64


THREE = ("negative", "neutral", "positive")
READ = [text for text in TEXTS if text.strip()]


@pytest.mark.parametrize("variant", [{}, {"bidirectional": True}, {"reads": "mean"}], ids=str)
def test_a_verdict_on_many_classes_is_their_softmax(variant: dict[str, Any]) -> None:
    model = checkpoint("gru", labels=THREE, **variant)
    scores = logits(model.model, encode(TEXTS, model.preprocessing, model.vocabulary))
    assert scores.shape == (len(TEXTS), 3) and scores.dtype == np.float32
    found = verdicts(model, READ)
    assert len({one.label for one in found}) > 1  # or the test would show little
    for one in found:
        expected = softmax(scores[TEXTS.index(one.text)].astype(np.float64))
        assert one.distribution == pytest.approx(expected, abs=1e-6) and sum(one.distribution) == pytest.approx(1)
        order = np.argsort(-expected)
        assert one.labels == THREE and one.label == THREE[order[0]] and one.runner_up == THREE[order[1]]
        assert one.margin == pytest.approx(expected[order[0]] - expected[order[1]], abs=1e-6)
        assert one.target == Target(THREE, int(order[0])) and one.probability == one.distribution[order[0]]
        assert one.logit == pytest.approx(math.log(one.probability / (1 - one.probability)), abs=1e-5)
        curves = one.prefix_distributions
        assert curves.shape == (0 if variant.get("bidirectional") else len(one.tokens), 3)
        if len(curves):
            assert one.prefix_probabilities == tuple(curves[:, order[0]])
            assert curves[-1] == pytest.approx(one.distribution) and curves.sum(axis=1) == pytest.approx(1)


def test_a_targets_numbers_need_no_second_reading_and_aim_the_model() -> None:
    model = checkpoint("lstm", labels=THREE)
    for target in (Target(THREE, 0), Target(THREE, 1), Target(THREE, 2, 0)):
        for text in READ:
            usual, asked = verdict(model, text), verdict(model.targeted(target), text)
            assert usual.aimed(target) == asked and asked.aimed(usual.target) == usual
            assert asked.label == usual.label and asked.distribution == usual.distribution
            assert asked.target == target and aimed(model.targeted(target), asked.tokens).target == target
            assert asked.probability == pytest.approx(expit(asked.logit), abs=1e-9)
    of_text = aimed(model, ("i", "love"))
    assert of_text.target == verdict(model, "i love").target
    sentences = encode(READ, model.preprocessing, model.vocabulary)
    scores = logits(model.model, sentences)
    np.testing.assert_allclose(logits(of_text.model, sentences), targets.log_odds(scores, of_text.target), atol=1e-5)
    two = checkpoint("lstm")
    assert aimed(two, ("i",)) is two
    with pytest.raises(EmptyTextError):
        aimed(model, ())


def test_two_classes_seen_from_either_side() -> None:
    model = checkpoint("rnn")
    usual = verdict(model, "i love this movie")
    assert usual.target == POSITIVE and usual.scores == usual.probabilities == usual.prefix_scores == ()
    assert usual.distribution == (1 - usual.probability, usual.probability)
    other = verdict(model.targeted(Target(SENTIMENT, 0)), "i love this movie")
    assert other.logit == -usual.logit and other.probability == 1 - usual.probability
    assert other == usual.aimed(other.target) and other.label == usual.label
    assert usual.runner_up != usual.label and usual.margin == pytest.approx(abs(2 * usual.probability - 1))
    for probability, label_of in ((0.5, "positive"), (math.nextafter(0.5, 0), "negative")):
        assert replace(usual, probability=probability).label == label_of
    assert usual.prefix_distributions[:, 1] == pytest.approx(usual.prefix_probabilities, abs=0)


def test_a_made_up_verdict_has_the_usual_target() -> None:
    found = Verdict("own", "a", ("a",), (True,), 1.0, 0.7, (), labels=("ham", "spam"))
    assert found.target == Target(("ham", "spam"), 1) and found.label == "spam" and found.runner_up == "ham"


def test_permuted_classes_permute_the_verdict() -> None:
    model = checkpoint("gru", labels=THREE)
    moved = small_models.permuted(model, order := (2, 0, 1))
    for text in READ:
        found, other = verdict(model, text), verdict(moved, text)
        assert other.label == found.label and other.runner_up == found.runner_up
        assert other.logit == pytest.approx(found.logit, abs=1e-6)
        np.testing.assert_allclose(other.prefix_distributions, found.prefix_distributions[:, order], atol=1e-6)
