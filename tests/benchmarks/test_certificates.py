"""How fast the sequences of real tweets' certificates are read: shared, unshared, and as ARC does; and how many tweets
intervals alone certify. Needs ``UNROLLED_DATA``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from core.benchmarks.measured import Work, seconds, threads
from core.benchmarks.searches import lowest_of
from core.data.corpus import drawn, read_texts
from core.models import checkpoints
from core.models.predict import verdict_on_tokens
from core.probes.robustness.bounds import bounds
from core.probes.robustness.certify import DOUBTFUL
from core.probes.robustness.families import Substitutions
from core.probes.robustness.questions import substitutions

TWEETS = 40


def _note(found: list[float], way: Work) -> None:
    found.append(way())


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_tweets(name: str, report_data: Path) -> None:
    checkpoint, took, bounded = checkpoints.load(name), [], 0
    with threads(2):
        for text in drawn(read_texts(report_data), TWEETS):
            family = substitutions(checkpoint, text).family
            assert isinstance(family, Substitutions)
            ways = lowest_of(checkpoint, family)
            lowest: list[float] = []
            took.append([seconds(partial(_note, lowest, way)) for way in ways])
            assert max(lowest) - min(lowest) < 1e-4
            predicted = checkpoint.labels.index(verdict_on_tokens(checkpoint, family.tokens).label)
            found = bounds(checkpoint, family, predicted)
            bounded += family.count > 1 and found is not None and found.whole() > DOUBTFUL
    shared, unshared, remembered = np.array(took).T
    print(
        f"\n{name}: {TWEETS} tweets, all ways to replace up to three words: {shared.sum():.1f} s shared; unshared "
        f"{unshared.sum() / shared.sum():.1f}×, ARC's way {remembered.sum() / shared.sum():.1f}× as long; intervals "
        f"alone certify {bounded}"
    )
