"""A source of models travels by name, and every model scores the same texts."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from core.models import checkpoints, predictor
from core.models.predictor import PredictorError
from core.probes.scan.scoring import TOKENS_LIMIT, ModelSource
from examples.sklearn_predictor import sentiment

SPEC = "examples.sklearn_predictor:sentiment"
TEXTS = ["A lovely day!", "", "   ", "what a dreadful trip", "so " * (TOKENS_LIMIT + 1), "so " * TOKENS_LIMIT]


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])


def test_checkpoints_and_a_callable_score_the_same_texts(tiny_checkpoints: Path) -> None:
    models = [*(checkpoints.load(name, tiny_checkpoints) for name in ("gru", "lstm")), predictor.load(SPEC)]
    source = pickle.loads(pickle.dumps(ModelSource.of(models, tiny_checkpoints)))
    calls: list[None] = []
    problems: dict[int, str] = {}
    scores = source.load()(TEXTS, problems, lambda: calls.append(None))
    assert [name for name, _hash in source.hashes] == list(scores) == ["sentiment", "gru", "lstm"]
    expected = [*sentiment(TEXTS[:1]), np.nan, np.nan, *sentiment(TEXTS[3:4]), np.nan, *sentiment(TEXTS[5:])]
    np.testing.assert_allclose(scores["sentiment"], expected)
    assert all(np.isnan(values).tolist() == np.isnan(expected).tolist() for values in scores.values())
    assert problems == {4: "2,001 words, of which at most 2,000 are read"} and calls


def test_a_model_that_changed_is_refused(tiny_checkpoints: Path) -> None:
    with pytest.raises(PredictorError, match="its module's file has changed"):
        ModelSource(tiny_checkpoints, (("sentiment", "0" * 64),), (("sentiment", SPEC),)).load()
    with pytest.raises(ValueError, match=r"'lstm' in .* is not the one that the scan began with"):
        ModelSource(tiny_checkpoints, (("lstm", "0" * 64),)).load()


def test_what_check_cancelled_raises_ends_the_asking() -> None:
    def check_cancelled() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        ModelSource.of([predictor.load(SPEC)], Path()).load()(["a day"], {}, check_cancelled)
