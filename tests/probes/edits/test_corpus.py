"""Searches in lockstep find what they find one by one; in float64, where no rounding parts what is alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.models.checkpoints import Checkpoint
from core.models.recurrent import CELLS
from core.models.token_predictor import predictor
from core.probes.edits import corpus
from core.probes.edits import sources as edit_sources
from core.probes.edits.results import MinimalEdits
from core.probes.edits.search import Question, search
from core.probes.edits.victims import black_box, white_box
from tests.probes.small_models import random_checkpoint, word_sources

SOURCES = word_sources()
WORDS = ("i", "love", "this", "movie", "so", "late", "no", "good", "never", ",", "zzz")
RECIPES = (
    {"first": True, "widen": False, "max_edits": 3},
    {"first": True, "beam": 3, "budget": 300},
    {"beam": None, "budget": 150},
)


def questions(model: Checkpoint, seed: int, recipe: dict[str, Any], count: int = 4) -> list[Question]:
    random, tools = np.random.default_rng(seed), edit_sources.tools(model, SOURCES)
    texts = [" ".join(random.choice(WORDS, random.integers(1, 9))) for _ in range(count)]
    return [edit_sources.ask(model, SOURCES, text, "flip", with_tools=tools, **recipe) for text in texts]


def same(found: MinimalEdits, alone: MinimalEdits) -> None:
    for name in ("flips", "queries", "found", "tried", "complete_sizes", "refused", "label", "candidates"):
        assert getattr(found, name) == getattr(alone, name), name
    assert found.probability == pytest.approx(alone.probability, abs=1e-5)
    for one, other in ((found.best, alone.best), (found.closest, alone.closest)):
        assert (one is None) == (other is None)
        if one and other:
            assert (one.tokens, one.label, one.minimal) == (other.tokens, other.label, other.minimal)
            assert one.logit == pytest.approx(other.logit, abs=1e-5)


@settings(deadline=None, max_examples=15)
@given(
    st.sampled_from(CELLS),
    st.sampled_from([("negative", "positive"), ("negative", "neutral", "positive")]),
    st.sampled_from(RECIPES),
    st.booleans(),
    st.integers(0, 999),
)
def test_lockstep_is_one_by_one(
    cell: str, labels: tuple[str, ...], recipe: dict[str, Any], inside: bool, seed: int
) -> None:
    model = random_checkpoint(cell, WORDS, seed=seed, labels=labels)
    victim = white_box(model) if inside else black_box(predictor(model), labels)
    asked = questions(model, seed, recipe)
    alone = [list(search(cell, victim, question))[-1].result() for question in asked]
    for at_once in (2, 64):
        found = dict(corpus.search(cell, victim, iter(asked), at_once=at_once))
        assert sorted(found) == list(range(len(asked)))
        for number, result in found.items():
            same(result, alone[number])


def test_no_question_and_a_cancelled_search() -> None:
    model = random_checkpoint("gru", WORDS)
    assert list(corpus.search("gru", white_box(model), [])) == []

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(corpus.search("gru", white_box(model), questions(model, 0, {}), stop))
