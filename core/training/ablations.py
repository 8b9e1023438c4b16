"""Ablations: what does each choice in the recipe add? Preprocessing, embeddings, width, depth, word2vec epochs.

Every variant changes one thing of a base (an LSTM on rows drawn from the training file) and is compared with it on the
same held-out rows, by the paired difference of accuracies with its 95 % interval. An interval that contains zero means
no difference. The interval covers the draw of the rows; the base trained from another seed shows the effect of chance
in training.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from core.data.corpus import Corpus, build_vocabulary, default_held_out, held_out
from core.data.targets import predicted
from core.evaluation.metrics import paired_interval, wilson_interval
from core.models.predict import logits
from core.models.training_rows import STRATIFIED
from core.runtime import files
from core.text.preprocessing import USUAL, Preprocessing, Vocabulary
from core.training.loop import TrainingSettings, train_classifier
from core.training.word2vec import Word2VecSettings, train_word2vec, unit_variance

MIN_COUNT = 10
_BASE = TrainingSettings("lstm", hidden_size=128, epochs=2, dropout=0.3, evaluations_per_epoch=2)
_BASE_WORD2VEC = Word2VecSettings(epochs=5)


@dataclass(frozen=True)
class Variant:
    """The base with one change; the base has the group ``base``."""

    group: str
    name: str
    training: TrainingSettings = _BASE
    word2vec: Word2VecSettings = _BASE_WORD2VEC
    preprocessing: Preprocessing = Preprocessing()


class StudyProgress(NamedTuple):
    """`done` of `variants` are trained; `study` is the result so far, ready for JSON."""

    done: int
    variants: int
    study: dict[str, Any]


def variants() -> list[Variant]:
    """The base, then one change at a time."""
    full = Preprocessing()
    return [
        Variant("base", "LSTM, 128 units, 1 layer, all steps, 5 word2vec epochs"),
        Variant("seed", "another seed", replace(_BASE, seed=1)),
        *(Variant("preprocessing", f"without {step}", preprocessing=full.without(step)) for step in full.steps),
        Variant("embeddings", "frozen", replace(_BASE, train_embeddings=False)),
        *(Variant("hidden size", f"{size} units", replace(_BASE, hidden_size=size)) for size in (64, 256)),
        Variant("layers", "2 layers", replace(_BASE, layers=2)),
        *(Variant("word2vec", f"{n} epochs", word2vec=replace(_BASE_WORD2VEC, epochs=n)) for n in (1, 10)),
    ]


def study(corpus: Corpus, state_folder: Path) -> Iterator[StudyProgress]:
    """Train every variant on a corpus; an interrupted study of the same corpus is resumed."""
    header: dict[str, Any] = {
        "data": {
            "file": corpus.name,
            "sha256": corpus.sha256,
            "rows": len(corpus),
            "drawn_from": corpus.drawn_from,
            "texts_sha256": hashlib.sha256("\0".join(corpus.texts).encode("utf-8", "surrogatepass")).hexdigest(),
            "split": STRATIFIED,
        },
        "steps": Preprocessing().steps,
        "base": asdict(_BASE),
        "word2vec": asdict(_BASE_WORD2VEC),
        "embeddings": "word2vec, scaled to unit variance",
        "min_count": MIN_COUNT,
    }
    full = Preprocessing()
    encoded = {full: build_vocabulary(corpus.texts, full, MIN_COUNT)[:2]}
    vectors: dict[tuple[Preprocessing, Word2VecSettings], np.ndarray] = {}
    # The same rows for every variant, so that differences are paired.
    train, held = held_out(encoded[full][1], corpus.labels, default_held_out(len(corpus)), seed=0)
    labels, names = corpus.labels[held], corpus.labelling.names
    header["data"]["held_out_rows"] = len(held)
    todo = variants()
    state_file = state_folder / "study.json"
    state = _restore(state_file, header)
    if not state:
        steps = vocabulary_by_step(corpus.texts, train, held)
        state = {"header": header, "steps": steps, "rows": [], "base": []}
    rows = state["rows"]
    for number, variant in enumerate(todo):
        if number >= len(rows):
            clock = time.perf_counter()
            if variant.preprocessing not in encoded:
                encoded[variant.preprocessing] = build_vocabulary(corpus.texts, variant.preprocessing, MIN_COUNT)[:2]
            vocabulary, sentences = encoded[variant.preprocessing]
            start = (variant.preprocessing, variant.word2vec)
            if start not in vectors:
                *_, trained = train_word2vec(sentences, vocabulary, variant.word2vec)
                vectors[start] = unit_variance(trained.vectors)
            # Without some step a text may have no tokens.
            filled = train[sentences.lengths[train] > 0]
            given = (variant.training, sentences, corpus.labels, filled, held, vectors[start])
            *_, last = train_classifier(*given, names=names)
            assert last.model is not None
            held_sentences = sentences.take(held)
            correct = predicted(logits(last.model, held_sentences)) == labels
            hits = int(correct.sum())
            difference, *ends = paired_interval(correct, np.array(state["base"])) if rows else (None,)
            rows.append(
                {
                    "group": variant.group,
                    "name": variant.name,
                    "accuracy": hits / len(held),
                    "accuracy_interval": wilson_interval(hits, len(held)),
                    "difference": difference,
                    "difference_interval": ends or None,
                    "vocabulary": len(vocabulary),
                    "unknown_rate": float(np.mean(held_sentences.ids == Vocabulary.unk_id)),
                    "seconds": time.perf_counter() - clock,
                    "effect": effect(*ends) if ends else "base",
                }
            )
            state["base"] = state["base"] or correct.tolist()
            state_folder.mkdir(parents=True, exist_ok=True)
            files.write(state_file, json.dumps(state).encode())
        yield StudyProgress(len(rows), len(todo), {**header, "vocabulary_by_step": state["steps"], "variants": rows})


def effect(low: float, high: float) -> str:
    """What an interval of the difference says: ``better``, ``worse`` or ``none``."""
    return "better" if low > 0 else "worse" if high < 0 else "none"


def vocabulary_by_step(texts: list[str], train: np.ndarray, held: np.ndarray) -> list[dict[str, Any]]:
    """The words of the rows `train`, those of them seen at least `MIN_COUNT` times, and the share of the tokens of the
    rows `held` that are not among these: with no step, then with one step more at a time."""
    names = list(USUAL)
    rows: list[dict[str, Any]] = []
    for count in range(len(names) + 1):
        preprocessing = Preprocessing(tuple(names[:count]))
        words: Counter[str] = Counter()
        for row in train:
            words.update(preprocessing(texts[row]))
        vocabulary = Vocabulary.from_counts(words, MIN_COUNT)
        tokens = [token for row in held for token in preprocessing(texts[row])]
        rows.append(
            {
                "step": names[count - 1] if count else "none",
                "distinct": len(words),
                "vocabulary": len(vocabulary),
                "unknown_rate": len(vocabulary.unknown(tokens)) / len(tokens),
            }
        )
    return rows


def _restore(path: Path, header: dict[str, Any]) -> dict[str, Any] | None:
    """The state of an interrupted study of the same header; None without one, or if it is damaged."""
    try:
        state: dict[str, Any] = json.loads(path.read_bytes())
        return state if state["header"] == json.loads(json.dumps(header)) else None
    except (OSError, ValueError, LookupError, TypeError):
        return None
