"""How does a labelled file become checkpoints? Vocabulary, split, word2vec, then each cell; every stage resumes.

Unfinished stages keep their state under ``<out>/.training``. word2vec is trained on every text of the file, without
labels; the classifiers on every row but those held out for selection, early stopping and calibration. A run
that starts from a checkpoint of another file takes that one's words and preprocessing, and trains no word vectors.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.corpus import Corpus, Encoded, build_vocabulary, default_held_out, encode, held_out
from core.data.label_inference import own_values
from core.data.labels import SENTIMENT, Names
from core.data.small_data import SMALL, UNEVEN
from core.evaluation.metrics import evaluate
from core.models import checkpoints
from core.models.reference_states import add_state_space, of_rows
from core.models.token_log_odds import add_polarity, log_odds
from core.models.training_rows import STRATIFIED
from core.runtime import files
from core.runtime.i18n import mark
from core.text.preprocessing import Preprocessing, Vocabulary
from core.training import distributed
from core.training.loop import (
    FEW_ERRORS,
    SELECTION,
    TrainingProgress,
    TrainingSettings,
    best,
    check_classes,
    hardware,
    settings_json,
    train_classifier,
)
from core.training.word2vec import Word2VecSettings, Word2VecState, train_word2vec, unit_variance

if TYPE_CHECKING:
    from torch import Tensor

INTENDED_USE = mark(
    "To show students, teachers and researchers how a recurrent classifier behaves. Not for decisions about people, "
    "nor for measuring what anybody thinks."
)
LIMITS = (
    mark("People did not label the training tweets: the labels come from the emoticons in them."),
    mark("English tweets of April to June 2009; later words, emoji and other languages are mostly unknown."),
    mark("There is no neutral class: a sentence without any sentiment still gets one of two verdicts."),
    mark(
        "Tweets contain insults and prejudice, and the model has learnt from them. Names of groups can change its "
        "verdict."
    ),
    mark("It handles word order, negation and sarcasm badly; this workbench shows how."),
)
WORD_LIMITS = (
    mark("English tweets of April to June 2009; later words, emoji and other languages are mostly missing."),
    mark("Each word has one vector for all its meanings. Words used in similar contexts are close, even opposites."),
    mark("The vectors contain the prejudices of the text: names of groups are close to insults used near them."),
)
TERMS = mark(
    "The weights are derived from the text of the training data and follow its terms. Sentiment140 (Go, Bhayani "
    "& Huang 2009) states no licence and is made available for research; tweets remain subject to the terms of "
    "their platform. None of the texts is in this checkpoint."
)


OWN_LIMITS = (
    mark("It has seen only the texts of one table. Texts from other sources, times or writers may mislead it."),
    mark("The labels are those of the table. Wrong or inconsistent labels were learnt too."),
    mark("There is no other class: a text that belongs to none of its classes still gets one of them."),
    mark("It handles word order and negation badly; this workbench shows how."),
)
FEW_ERRORS_LIMIT = mark(
    "Fewer than 5 of the held-out rows were wrong: too few to measure how far its confidence can be trusted. Its "
    "probabilities and its calibration error are rough."
)
BALANCED_LIMIT = mark(
    "All classes had the same weight in training, though some are rarer. Its probabilities assume that all are equally "
    "frequent, so it predicts a rare class more often than that class occurs."
)
SMALL_LIMIT = mark("It was tested on fewer than 400 rows: its accuracy may be off by 5 percentage points or more.")
OWN_TERMS = mark(
    "The weights are derived from the texts of the training table and follow their terms. The checkpoint contains "
    "their vocabulary, but none of the texts."
)
FEW = 50_000
"""Training rows below which the settings for 1.5 million would hardly move the weights and leave most words unknown."""


def for_rows(rows: int) -> dict[str, int]:
    """Default settings for a file of so many rows: fewer than `FEW` are read ten times in some 40 batches each."""
    if rows >= FEW:
        return {"min_count": 10}
    batch = 2 ** min(10, max(3, round(math.log2(max(rows, 1) / 40))))
    return {"min_count": 2, "batch_size": batch, "epochs": 10, "evaluations_per_epoch": 1}


def is_uneven(prepared: Prepared) -> bool:
    """Whether the largest class is more than `UNEVEN` times as frequent among the training rows as the smallest."""
    counts = np.bincount(prepared.corpus.labels[prepared.train])
    return bool(counts.max() > UNEVEN * counts.min())


@dataclass(frozen=True)
class Recipe:
    """What decides the checkpoints besides the data. `held_out_rows` None means 20,000 rows, or a tenth if less.

    `words` is how many of a lender's words are kept, None all: those seen `min_count` times in the file, then the first
    of the lender's, whose order is by frequency. `limits` and `terms` are for the card, instead of the usual ones.
    Raises ValueError for an invalid number.
    """

    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    min_count: int = 10
    held_out_rows: int | None = None
    seed: int = 0
    word2vec: Word2VecSettings = field(default_factory=Word2VecSettings)
    words: int | None = None
    limits: tuple[str, ...] = ()
    terms: str = ""

    def __post_init__(self) -> None:
        if self.min_count < 1 or self.seed < 0:
            raise ValueError(
                f"min_count is at least 1 and seed at least 0; given: {self.min_count:,} and {self.seed:,}"
            )
        if self.words is not None and self.words < 1:
            raise ValueError(f"at least 1 word is kept; given: {self.words:,}")
        if self.held_out_rows is not None and self.held_out_rows < 2:
            raise ValueError(f"at least one row of each class is held out; given: {self.held_out_rows:,}")


@dataclass(frozen=True)
class Prepared:
    """A labelled file, tokenised and split; `train` and `held` are row numbers of `sentences`."""

    recipe: Recipe
    corpus: Corpus
    vocabulary: Vocabulary
    sentences: Encoded
    train: np.ndarray
    held: np.ndarray
    lender: checkpoints.Checkpoint | None = None
    lent: np.ndarray | None = None  # the lender's number of each id, [V]

    @property
    def names(self) -> Names:
        """What the classes are called."""
        return self.corpus.labelling.names

    @property
    def counts(self) -> list[int]:
        """Rows of each class, [K]."""
        return np.bincount(self.corpus.labels, minlength=len(self.names)).tolist()  # type: ignore[no-any-return]


def prepare(corpus: Corpus, recipe: Recipe, start: checkpoints.Checkpoint | None = None) -> Prepared:
    """Vocabulary, ids and split of a corpus; those of `start`, the `lender`, if it was trained on another file.

    Raises ValueError if the corpus is too small or a part lacks a class.
    """
    lender = start if start and not checkpoints.trained_on(start.card, corpus.sha256) else None
    lent = None
    if lender:
        recipe = replace(recipe, preprocessing=lender.preprocessing)
        lent, sentences = _lent(lender, corpus, recipe)
        vocabulary = Vocabulary([lender.vocabulary.token(number) for number in lent[2:].tolist()])
    else:
        vocabulary, sentences, _ = build_vocabulary(corpus.texts, recipe.preprocessing, recipe.min_count)
    train, held = held_out(sentences, corpus.labels, recipe.held_out_rows or default_held_out(len(corpus)), recipe.seed)
    check_classes(corpus.labels, train, held, corpus.labelling.names)
    return Prepared(recipe, corpus, vocabulary, sentences, train, held, lender, lent)


def _lent(lender: checkpoints.Checkpoint, corpus: Corpus, recipe: Recipe) -> tuple[np.ndarray, Encoded]:
    """The numbers of a lender's words that are kept, ascending, [V], and the sentences in ids of these."""
    sentences = encode(corpus.texts, lender.preprocessing, lender.vocabulary)
    seen = np.bincount(sentences.ids, minlength=len(lender.vocabulary)) >= recipe.min_count
    seen[: Vocabulary.unk_id + 1] = True  # with <pad>
    order = np.concatenate([np.flatnonzero(seen), np.flatnonzero(~seen)])
    lent = np.sort(order[: None if recipe.words is None else recipe.words + Vocabulary.unk_id + 1])
    numbers = np.full(len(seen), Vocabulary.unk_id, dtype=np.int32)
    numbers[lent] = np.arange(len(lent))
    return lent, Encoded(numbers[sentences.ids], sentences.offsets)


def word_vectors(prepared: Prepared, out: Path) -> Iterator[tuple[int, np.ndarray]]:
    """Word vectors [V, E] for a prepared file: those in ``<out>/word2vec`` if they are its own, else newly trained.

    Yields how many epochs are done, and the vectors so far. A lender's are its own.
    """
    settings = prepared.recipe.word2vec
    if prepared.lender:
        yield settings.epochs, prepared.lender.model.embedding.weight.numpy()[prepared.lent]
        return
    card = _word2vec_card(prepared)
    try:
        stored = checkpoints.load_vectors(folder=out)
        if stored.vocabulary == prepared.vocabulary and _holds(stored.card, json.loads(json.dumps(card))):
            yield settings.epochs, stored.vectors
            return
    except checkpoints.CheckpointError:
        pass  # none, or damaged: train
    state_file = out / ".training" / "word2vec.safetensors"
    words = hashlib.sha256("\n".join(prepared.vocabulary.words).encode()).hexdigest()
    identity = json.dumps([card, words], sort_keys=True)
    state = None
    for state in train_word2vec(
        prepared.sentences, prepared.vocabulary, settings, _restore_word2vec(state_file, identity)
    ):
        _save_word2vec(state_file, state, identity)
        yield state.epoch, state.vectors
    assert state is not None
    import torch

    sentiment = prepared.names == SENTIMENT
    card |= {"versions": checkpoints.versions("numpy", "gensim"), "intended_use": INTENDED_USE}
    card |= {"limits": WORD_LIMITS if sentiment else WORD_LIMITS[1:], "terms": TERMS if sentiment else OWN_TERMS}
    checkpoints.save(checkpoints.WORD2VEC, {"vectors": torch.from_numpy(state.vectors)}, prepared.vocabulary, card, out)
    state_file.unlink()
    # As stored, so that a run that finds them on the disk starts from the same numbers.
    yield settings.epochs, checkpoints.load_vectors(folder=out).vectors


def classifier(
    name: str,
    prepared: Prepared,
    vectors: np.ndarray,
    settings: TrainingSettings,
    out: Path,
    start: checkpoints.Checkpoint | None = None,
    substitutes: np.ndarray | None = None,
) -> Iterator[TrainingProgress]:
    """Train one classifier, from the weights of `start` if given, and save it; the last event carries the model.
    `substitutes` are those of `train_classifier`.

    Ask `check_start` before, if there is one.
    """
    identity = _identity(prepared, settings, start)
    try:
        finished = _holds(checkpoints.load(name, out).card, identity)
    except checkpoints.CheckpointError:
        finished = False
    if not finished:
        state_file = out / ".training" / f"{name}.safetensors"
        for progress in train_classifier(
            settings,
            prepared.sentences,
            prepared.corpus.labels,
            prepared.train,
            prepared.held,
            unit_variance(vectors),
            state_file,
            _weights(start, prepared.lent) if start else None,
            prepared.names,
            substitutes,
        ):
            # Saved before the run removes its state: a full disk must not cost it.
            if progress.model is not None and distributed.first():
                card = _card(identity, prepared, settings, progress)
                checkpoints.save(name, progress.model.state_dict(), prepared.vocabulary, card, out)
            yield progress
    if not distributed.first():
        return
    if checkpoints.POLARITY not in checkpoints.read_card(name, out)["sha256"]:
        size = len(prepared.vocabulary)
        leanings = log_odds(prepared.sentences, prepared.corpus.labels, prepared.train, size, prepared.names)
        add_polarity(name, leanings, out)
    if checkpoints.STATE_SPACE not in checkpoints.read_card(name, out)["sha256"]:
        add_state_space(name, of_rows(checkpoints.load(name, out).model, prepared.sentences, prepared.held), out)
    if "selection" not in checkpoints.read_card(name, out)["metrics"]:
        held = prepared.held
        selection = Corpus(
            "held-out rows of the training file",
            [prepared.corpus.texts[row] for row in held],
            prepared.corpus.labels[held],
            0,
            prepared.corpus.sha256,
            labelling=prepared.corpus.labelling,
        )
        add_metrics(name, "selection", selection, out)


def _weights(start: checkpoints.Checkpoint, lent: np.ndarray | None) -> dict[str, Tensor]:
    """The weights of a checkpoint to start from, with the word vectors of the ids `lent`."""
    weights = start.model.state_dict()
    return weights if lent is None else {**weights, "embedding.weight": weights["embedding.weight"][lent]}


def check_start(start: checkpoints.Checkpoint | None, prepared: Prepared, settings: TrainingSettings) -> None:
    """Raises ValueError for a checkpoint of another cell, or of another vocabulary for the same file."""
    other = start is not prepared.lender and start is not None and start.vocabulary != prepared.vocabulary
    if start and (other or start.card["cell"] != settings.cell):
        raise ValueError(f"checkpoint {start.name!r} has another cell or vocabulary than this run: it cannot start it")


def _holds(card: checkpoints.Card, part: checkpoints.Card) -> bool:
    return all(card.get(key) == value for key, value in part.items())


def _identity(prepared: Prepared, settings: TrainingSettings, start: checkpoints.Checkpoint | None) -> checkpoints.Card:
    """The part of a classifier's card that decides its weights, as JSON."""
    card = {
        "kind": checkpoints.CLASSIFIER,
        "cell": settings.cell,
        "preprocessing": prepared.recipe.preprocessing.steps,
        "settings": settings_json(settings),
        "embeddings": prepared.lender.card["embeddings"]
        if prepared.lender
        else {
            "start": "word2vec, scaled to unit variance",
            **asdict(prepared.recipe.word2vec),
            "min_count": prepared.recipe.min_count,
        },
        # A run that went on from another: what that one was, or None.
        "start": {key: start.card[key] for key in ("settings", "history", "sha256")} if start else None,
        "data": _data(prepared) | _split(prepared),
    }
    if values := own_values(prepared.corpus.labelling):
        card["label_values"] = values
    identity: checkpoints.Card = json.loads(json.dumps(card))
    return identity


def _card(
    identity: checkpoints.Card, prepared: Prepared, settings: TrainingSettings, progress: TrainingProgress
) -> checkpoints.Card:
    """The card of a newly trained classifier, without metrics."""
    assert progress.model is not None
    model, kept, rows = progress.model, best(progress.history), len(prepared.held)
    errors = rows - round(kept.accuracy * rows)
    sentiment = prepared.names == SENTIMENT
    outputs = model.linear.out_features
    return {
        **identity,
        "sizes": {
            "vocabulary": len(prepared.vocabulary),
            "embedding": model.embedding.embedding_dim,
            "hidden": model.hidden_size,
            "layers": model.recurrent.num_layers,
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            **({} if outputs == 1 else {"outputs": outputs}),
        },
        "labels": list(prepared.names),
        "hardware": hardware(settings),
        "history": [held._asdict() for held in progress.history],
        "calibration": {
            "weights_chosen_by": SELECTION,
            "temperature": kept.temperature,
            "rows": rows,
            "errors": errors,
            "labels": "smoothed (Platt 1999)",
        },
        "versions": checkpoints.versions("numpy", "torch", "gensim"),
        "intended_use": INTENDED_USE,
        "limits": [
            *(prepared.recipe.limits or (LIMITS if sentiment else OWN_LIMITS)),
            *([BALANCED_LIMIT] if settings.balance else []),
            *([FEW_ERRORS_LIMIT] if errors < FEW_ERRORS else []),
            *([SMALL_LIMIT] if rows < SMALL else []),
        ],
        "terms": prepared.recipe.terms or (TERMS if sentiment else OWN_TERMS),
        "metrics": {},
    }


def add_metrics(name: str, key: str, corpus: Corpus, out: Path) -> None:
    """Evaluate a saved checkpoint and add the metrics to its card under `key`."""
    checkpoint = checkpoints.load(name, out)
    evaluation = evaluate(checkpoint, corpus).as_json()
    del evaluation["model"]
    card = checkpoint.card
    card["metrics"][key] = {**evaluation, "sha256": corpus.sha256}
    checkpoints.save_again(checkpoint, card, out)


def _word2vec_card(prepared: Prepared) -> dict[str, Any]:
    """What decides the word vectors."""
    settings = asdict(prepared.recipe.word2vec)
    return {
        "kind": checkpoints.EMBEDDINGS,
        "preprocessing": prepared.recipe.preprocessing.steps,
        "settings": {
            "algorithm": "skip-gram, negative sampling",
            **settings,
            "min_count": prepared.recipe.min_count,
        },
        "data": _data(prepared),  # every row: which ones a classifier holds out is nothing to word2vec
    }


def _data(prepared: Prepared) -> dict[str, Any]:
    sentiment, found = prepared.names == SENTIMENT, prepared.counts
    counts: dict[str, Any] = dict(zip(SENTIMENT, found, strict=True)) if sentiment else {"counts": found}
    sample = {"drawn_from": prepared.corpus.drawn_from, "sample_seed": prepared.recipe.seed}
    return {
        "file": prepared.corpus.name,
        "sha256": prepared.corpus.sha256,
        "rows": len(prepared.corpus),
        **(sample if prepared.corpus.drawn_from else {}),
        **counts,
        "skipped": prepared.corpus.skipped,
        "tokens": len(prepared.sentences.ids),
    }


def _split(prepared: Prepared) -> dict[str, int | str]:
    return {
        "split": STRATIFIED,
        "split_rows": prepared.recipe.held_out_rows or default_held_out(len(prepared.corpus)),
        "training_rows": len(prepared.train),
        "held_out_rows": len(prepared.held),
        "split_seed": prepared.recipe.seed,
    }


def _save_word2vec(path: Path, state: Word2VecState, identity: str) -> None:
    from safetensors.numpy import save as to_bytes

    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"identity": identity, "epoch": str(state.epoch)}
    files.write(path, to_bytes({"vectors": state.vectors, "output": state.output}, metadata=metadata))


def _restore_word2vec(path: Path, identity: str) -> Word2VecState | None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            if metadata.get("identity") == identity:
                return Word2VecState(int(metadata["epoch"]), file.get_tensor("vectors"), file.get_tensor("output"))
    except (OSError, SafetensorError):
        pass
    return None
