"""A callable that scores a corpus wherever it is loaded."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from core.models import predictor
from core.models.predictor import PredictorError
from core.probes.scan.outside import Asked, AskedScoring
from core.probes.scan.scoring import Scoring
from core.probes.scan.windows import TOKENS_LIMIT
from examples.sklearn_predictor import sentiment

SPEC = "examples.sklearn_predictor:sentiment"
TEXTS = ["A lovely day!", "", "   ", "what a dreadful trip", "so " * (TOKENS_LIMIT + 1), "A lovely day!"]


class Constant:
    """Another scorer of the same texts."""

    hashes = (("constant", "0"),)

    def load(self) -> Scoring:
        def score(
            texts: Sequence[str], problems: dict[int, str], check_cancelled: Callable[[], object]
        ) -> Mapping[str, np.ndarray]:
            return {"constant": np.full(len(texts), 0.25)}

        return score


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent.parent.parent)


def test_it_travels_as_a_name_and_scores_texts_as_they_stand() -> None:
    source = pickle.loads(pickle.dumps(Asked.of(predictor.load(SPEC))))
    breaths: list[None] = []
    problems: dict[int, str] = {}
    found = source.load()(TEXTS, problems, lambda: breaths.append(None))
    assert [name for name, _hash in source.hashes] == list(found) == ["sentiment"]
    expected = [*sentiment(TEXTS[:1]), np.nan, np.nan, *sentiment(TEXTS[3:4]), np.nan, *sentiment(TEXTS[:1])]
    np.testing.assert_allclose(found["sentiment"], expected)
    assert list(problems) == [4]
    assert "2,001 words" in problems[4]
    assert breaths


def test_what_else_scores_stands_behind_it() -> None:
    source = Asked.of(predictor.load(SPEC), Constant())
    found = source.load()(TEXTS, {}, lambda: None)
    assert [name for name, _hash in source.hashes] == list(found) == ["sentiment", "constant"]
    assert set(found["constant"]) == {0.25}


def test_another_file_is_refused() -> None:
    source = Asked(SPEC, "sentiment", "0" * 64)
    with pytest.raises(PredictorError, match="its module's file has changed"):
        source.load()


def test_what_ends_the_scan_ends_the_asking() -> None:
    def check_cancelled() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        AskedScoring(predictor.load(SPEC), "sentiment")(["a day"], {}, check_cancelled)
