"""What do the shipped models lose where a tokeniser split the contractions, and does joining them give it back?"""

from __future__ import annotations

import re
from pathlib import Path

from core.data.corpus import encode, read_corpus
from core.models import checkpoints
from core.models.predict import logits

_NOT = re.compile(r"(\w+)n['’]t\b", re.IGNORECASE)
_ENDING = re.compile(r"(\w)['’](s|re|ve|ll|m|d)\b", re.IGNORECASE)
WAYS = {
    "as typed": (r"\1n't", r"\1'\2"),
    "was n't, it 's": (r"\1 n't", r"\1 '\2"),
    "wasn ' t, it ' s": (r"\1n ' t", r"\1 ' \2"),
    "wasn`t, it`s": (r"\1n`t", r"\1`\2"),
}


def test_joined_contractions_are_read_as_typed_ones(report_data: Path) -> None:
    corpus = read_corpus(report_data)
    rows = [row for row, text in enumerate(corpus.texts) if _NOT.search(text)]
    labels = corpus.labels[rows] == 1
    print(f"\n{len(rows):,} rows with n't")
    for name in ("rnn", "gru", "lstm"):
        checkpoint = checkpoints.load(name)
        found = {}
        for way, (negated, ending) in WAYS.items():
            texts = [_ENDING.sub(ending, _NOT.sub(negated, corpus.texts[row])) for row in rows]
            for joined in (checkpoint, checkpoints.rejoining(checkpoint)):
                scores = logits(joined.model, encode(texts, joined.preprocessing, joined.vocabulary))
                found[way, joined is not checkpoint] = float(((scores >= 0) == labels).mean())
        told = "   ".join(f"{way}: {found[way, False]:.3f}, joined {found[way, True]:.3f}" for way in WAYS)
        print(f"{name}: {told}")
        typed = found["as typed", False]
        assert all(abs(found[way, True] - typed) < 0.005 for way in WAYS)
        assert found["was n't, it 's", False] < typed - 0.02
