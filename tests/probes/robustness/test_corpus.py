"""Counts of certified, flipped and undecided texts, worked by hand; the generator behind them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from core.evaluation.metrics import wilson_interval
from core.models.checkpoints import Checkpoint
from core.probes.robustness import certify
from core.probes.robustness.corpus import Corpus, Counts, certificates, status
from core.probes.robustness.questions import Question, moves
from core.probes.robustness.records import key
from tests.probes.small_models import random_checkpoint

if TYPE_CHECKING:
    from core.models.predictor import Model

WORDS = ["so", "not", "bad", "good", "late", "never"]


def line(status: str, complete: int, size: int | None = None, sequences: int = 9) -> dict[str, Any]:
    witness = None if size is None else {"text": "x", "margin": -1.0, "label": "negative", "size": size}
    return {"status": status, "complete": complete, "witness": witness, "sequences": sequences}


LINES = (
    line("certified", 3),
    line("certified", 0, sequences=1),  # nothing to change
    line("certified", 2),  # a text of two words
    line("flipped", 0, 1),
    line("flipped", 2, 3),
    line("undecided", 1),
    line("undecided", 0),  # float32 was too coarse
    line("flipped", 0, 2),  # likewise: of one change nothing is known
)


def test_counts_by_hand() -> None:
    corpus = Corpus(3, 10, LINES, ("the text is empty",))
    assert corpus.counts() == [Counts(1, 5, 1, 2), Counts(2, 4, 2, 2), Counts(3, 3, 3, 2)]
    assert (corpus.done, corpus.unchangeable) == (9, 1)
    assert corpus.counts()[0].interval == wilson_interval(5, 8)
    assert Corpus(3, 0).counts() == []
    assert [status(LINES[4], size) for size in (1, 2, 3)] == ["certified", "certified", "flipped"]


def ask(model: Model, text: str) -> Question:
    return moves(model, text, 2)


@pytest.fixture
def model() -> Checkpoint:
    return replace(random_checkpoint("lstm", WORDS, dtype=torch.float32, scale=0.8), hash="h")


def test_texts_are_left_out_known_or_kept(model: Checkpoint) -> None:
    texts, kept = ["so not bad", "", "good", "so not bad", "never late so"], list[dict[str, Any]]()
    known = {key(ask(model, "good")): {**line("certified", 2, sequences=1), "text": "known"}}
    *_before, found = certificates(model, texts, 2, ask, known=known, keep=kept.append)
    assert [one["text"] for one in kept] == ["so not bad", "never late so"]
    assert [one["text"] for one in found.lines] == ["so not bad", "known", "so not bad", "never late so"]
    assert (found.done, found.total, len(found.left_out)) == (5, 5, 1)
    for size in (1, 2):
        for text, one in zip((texts[0], texts[4]), (found.lines[0], found.lines[3]), strict=True):
            *_before, alone = moves(model, text, size).answers()
            assert status(one, size) == alone.status, "one search at the largest size answers the smaller ones"


def test_nothing_is_complete_where_float32_is_too_coarse(model: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    model.model.linear.bias[0] += 9.0
    *_before, fine = moves(model, "so not bad", 2).answers()
    assert (fine.status, fine.complete) == ("certified", 2)
    monkeypatch.setattr(certify, "_FAR_BELOW", float("inf"))
    monkeypatch.setattr(certify._Search, "_proved", lambda self: {})
    *_before, coarse = moves(model, "so not bad", 2).answers()
    assert (coarse.status, coarse.complete) == ("undecided", 0)
