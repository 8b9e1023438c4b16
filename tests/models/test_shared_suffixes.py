"""Reading once what stands before a change gives the logits of the whole sentences, and leaves the model as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.labels import SENTIMENT
from core.data.targets import Target, head_sizes
from core.models.recurrent import CELLS, Classifier
from core.models.shared_suffixes import Change, ChangedSentence, effects, embedding_gradient, read
from tests.probes.small_models import steep_model

VOCABULARY = 14
THREE = ("negative", "neutral", "positive")


def model(cell: str, layers: int = 1, outputs: int = 1) -> Classifier:
    return steep_model(cell, VOCABULARY, 5, 7, layers, seed=3, outputs=outputs)


def whole(classifier: Classifier, ids: list[int], changes: list[Change]) -> np.ndarray:
    """Every changed sentence read from its beginning."""
    logits: list[np.ndarray] = []
    with torch.inference_mode():
        for start, stop, new in changes:
            changed = [*ids[:start], *new, *ids[stop:]]
            if changed:
                logits.append(classifier(torch.tensor([changed]))[0].numpy())
            else:
                logits.append(classifier.read_out(classifier.start().h[-1])[0].numpy())
    return np.array(logits)


def some_changes(random: np.random.Generator, length: int, count: int) -> list[Change]:
    made = []
    for _ in range(count):
        start, stop = sorted(random.integers(0, length + 1, 2).tolist())
        made.append((start, stop, tuple(random.integers(2, VOCABULARY, random.integers(0, 4)).tolist())))
    return made


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(CELLS),
    st.integers(1, 2),
    st.integers(0, 999),
    st.integers(1, 9),
    st.sampled_from([1, 3, 512]),
    st.sampled_from([1, 3]),
)
def test_any_changes_against_whole_sentences(
    cell: str, layers: int, seed: int, length: int, block: int, outputs: int
) -> None:
    random = np.random.default_rng(seed)
    ids = random.integers(1, VOCABULARY, length).tolist()
    changes = [*some_changes(random, length, 20), (0, 0, ()), (0, length, ())]  # no change, and all left out
    classifier = model(cell, layers, outputs)
    sentence = ChangedSentence(classifier, ids, block)
    np.testing.assert_allclose(sentence.logits(changes), whole(classifier, ids, changes), atol=1e-5, rtol=0)
    assert sentence.logit == pytest.approx(whole(classifier, ids, [(0, 0, ())])[0], abs=1e-5)
    assert sentence.logits([]).shape == ((0,) if outputs == 1 else (0, 3)) and sentence.effects([]).shape == (0,)


@pytest.mark.parametrize("target", [Target(SENTIMENT, 0), Target(THREE, 2)])
@pytest.mark.parametrize("cell", CELLS)
def test_effects_are_the_first_term_of_taylors_series(cell: str, target: Target) -> None:
    """A substitute's embedding a hair from the old one moves the logit by the effect, up to the second order."""
    classifier, ids = model(cell, outputs=head_sizes(target.labels)[0]).double(), [3, 4, 5, 6]
    hair = 1e-5
    with torch.no_grad():
        for i, word in enumerate(ids):  # ids 9 to 12 are 3 to 6, moved a little
            classifier.embedding.weight[9 + i] = classifier.embedding.weight[word] + hair * torch.randn(5).double()
    changes: list[Change] = [(i, i + 1, (9 + i,)) for i in range(4)]
    changes.append((1, 3, (10, 11)))
    sentence = ChangedSentence(classifier, ids)
    aimed = classifier.targeted(target)
    with torch.no_grad():
        rows = torch.tensor([[*ids[:start], *new, *ids[stop:]] for start, stop, new in changes])
        exact = (aimed(rows) - aimed(torch.tensor([ids]))).numpy()
    np.testing.assert_allclose(sentence.effects(changes, target), exact, rtol=1e-3, atol=hair**2 * 100)


def test_effects_of_deletions_and_insertions_as_written() -> None:
    classifier, ids = model("gru"), [3, 4, 5]
    gradient = embedding_gradient(classifier, torch.tensor(ids)).numpy()
    x = classifier.embedding.weight.numpy()
    found = ChangedSentence(classifier, ids).effects([(1, 2, ()), (1, 1, (7,)), (0, 0, (7,)), (3, 3, (7,))])
    expected = [
        -gradient[1] @ x[4],
        (gradient[0] + gradient[1]) / 2 @ x[7],
        gradient[0] @ x[7],
        gradient[2] @ x[7],
    ]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_several_sentences_side_by_side(cell: str, outputs: int) -> None:
    random, classifier = np.random.default_rng(5), model(cell, 2, outputs)
    texts = [random.integers(1, VOCABULARY, length).tolist() for length in (5, 1, 9, 9, 3)]
    asked = [some_changes(random, len(ids), count) for ids, count in zip(texts, (20, 0, 7, 1, 30), strict=True)]
    together = [(ChangedSentence(classifier, ids), changes) for ids, changes in zip(texts, asked, strict=True)]
    target = Target(SENTIMENT if outputs == 1 else THREE, 1)
    effects_of_all = effects(together, target)
    for ids, changes, found, effect in zip(texts, asked, read(together, 16), effects_of_all, strict=True):
        np.testing.assert_allclose(found, whole(classifier, ids, changes).reshape(found.shape), atol=1e-5, rtol=0)
        np.testing.assert_allclose(effect, ChangedSentence(classifier, ids).effects(changes, target), atol=1e-5)
    for (sentence, _changes), ids in zip(together, texts, strict=True):
        assert sentence.logit == pytest.approx(whole(classifier, ids, [(0, 0, ())])[0], abs=1e-5)
