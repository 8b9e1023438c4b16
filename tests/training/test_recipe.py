"""From labelled sentences to checkpoints: every stage repeats, resumes and saves what it returned."""

from __future__ import annotations

import errno
import json
import shutil
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from core.data.corpus import Corpus, encode
from core.data.labels import Labelling
from core.evaluation.metrics import evaluate
from core.models import checkpoints
from core.models.checkpoints import CheckpointError
from core.models.predict import logits, sigmoid
from core.models.training_rows import STRATIFIED, read_again
from core.text.preprocessing import Preprocessing
from core.training import recipe
from core.training.loop import FEW_ERRORS, SELECTION, TrainingProgress, TrainingSettings, log_loss
from core.training.recipe import FEW_ERRORS_LIMIT, Prepared, Recipe, prepare
from core.training.word2vec import Word2VecSettings

RECIPE = Recipe(min_count=1, held_out_rows=30, word2vec=Word2VecSettings(vector_size=8, epochs=2))
SETTINGS = TrainingSettings(
    "rnn", hidden_size=8, word_dropout=0.1, epochs=2, batch_size=32, evaluations_per_epoch=2, precision="float32"
)


def corpus(rows: int = 200, seed: int = 0) -> Corpus:
    """Made-up sentences, no two alike, whose adjective decides the label."""
    random = np.random.default_rng(seed)
    adjectives = [["bad", "awful", "sad", "terrible"], ["good", "great", "lovely", "happy"]]
    subjects = ["the day", "my dinner", "our bus", "this song", "a game", "the garden", "his train"]
    texts: dict[str, int] = {}
    while len(texts) < rows:
        label = int(random.integers(2))
        start, middle, end = random.choice(subjects), random.choice(adjectives[label]), random.choice(subjects)
        texts.setdefault(f"{start} was {middle} {'so ' * int(random.integers(6))}near {end}", label)
    return Corpus(f"made up {seed}.csv", list(texts), np.array(list(texts.values()), dtype=np.int8), 4, f"{seed:064x}")


CORPUS = corpus()
THREE = ("negative", "neutral", "positive")


def word_vectors(prepared: Prepared, out: Path) -> np.ndarray:
    *_, (_epochs, vectors) = recipe.word_vectors(prepared, out)
    return vectors


def train(
    prepared: Prepared, vectors: np.ndarray, out: Path, settings: TrainingSettings = SETTINGS, name: str = "rnn"
) -> list[TrainingProgress]:
    return list(recipe.classifier(name, prepared, vectors, settings, out))


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def same_weights(one: Path, other: Path) -> bool:
    return (one / "weights.safetensors").read_bytes() == (other / "weights.safetensors").read_bytes()


@dataclass(frozen=True)
class Made:
    """What one whole run left behind; read-only, for all the tests of this file."""

    out: Path
    prepared: Prepared
    vectors: np.ndarray
    events: list[TrainingProgress]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    out = tmp_path_factory.mktemp("made")
    prepared = prepare(CORPUS, RECIPE)
    vectors = word_vectors(prepared, out)
    return Made(out, prepared, vectors, train(prepared, vectors, out))


# Split


def test_the_split_parts_the_rows_by_its_seed_and_all_of_them_give_the_vocabulary(made: Made) -> None:
    train_rows, held = made.prepared.train, made.prepared.held
    assert len(held) == 30
    np.testing.assert_array_equal(np.sort(np.concatenate([train_rows, held])), np.arange(len(CORPUS)))
    np.testing.assert_array_equal(prepare(CORPUS, RECIPE).held, held)
    assert set(prepare(CORPUS, replace(RECIPE, seed=1)).held.tolist()) != set(held.tolist())
    rows = read_again(checkpoints.load("rnn", made.out), CORPUS)  # from the card
    assert np.array_equal(rows.train, train_rows) and np.array_equal(rows.held, held)
    assert set(made.prepared.vocabulary.words) == {word for text in CORPUS.texts for word in text.split()}
    frequent = prepare(CORPUS, replace(RECIPE, min_count=60, held_out_rows=5)).vocabulary
    assert "was" in frequent and "awful" not in frequent
    with pytest.raises(ValueError, match="cannot hold out 1,000 rows"):
        prepare(CORPUS, replace(RECIPE, held_out_rows=1_000))


# Word vectors


def test_word_vectors_are_made_again_bit_for_bit(made: Made, tmp_path: Path) -> None:
    other_labels = prepare(replace(CORPUS, labels=1 - CORPUS.labels), RECIPE)
    for prepared, out in ((prepare(CORPUS, RECIPE), tmp_path / "same"), (other_labels, tmp_path / "labels")):
        np.testing.assert_array_equal(word_vectors(prepared, out), made.vectors)
        assert same_weights(out / "word2vec", made.out / "word2vec")


def test_word_vectors_are_aligned_as_stored_and_used_again(made: Made) -> None:
    stored, folder = checkpoints.load_vectors(folder=made.out), made.out / "word2vec"
    assert made.vectors.shape == (len(made.prepared.vocabulary), 8)
    np.testing.assert_array_equal(stored.vectors, made.vectors)
    assert stored.vocabulary == made.prepared.vocabulary and stored.preprocessing == Preprocessing()
    assert not made.vectors[0].any() and made.vectors[2:].any(axis=1).all()
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    ((epoch, vectors),) = recipe.word_vectors(prepare(CORPUS, RECIPE), made.out)
    assert epoch == 2
    np.testing.assert_array_equal(vectors, made.vectors)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_word_vectors_of_another_recipe_or_file_are_replaced(tmp_path: Path) -> None:
    word_vectors(prepare(CORPUS, RECIPE), tmp_path)
    settings = RECIPE.word2vec
    # Another text column, or another encoding: the same file, rows, labels and number of tokens, other words.
    meadow = replace(CORPUS, texts=[text.replace("garden", "meadow") for text in CORPUS.texts])
    for given, other in (
        (CORPUS, replace(RECIPE, min_count=2)),
        (CORPUS, replace(RECIPE, preprocessing=Preprocessing().without("repeats"))),
        (CORPUS, replace(RECIPE, word2vec=replace(settings, window=2))),
        (CORPUS, replace(RECIPE, word2vec=replace(settings, seed=1))),
        (CORPUS, replace(RECIPE, word2vec=replace(settings, vector_size=4))),
        (corpus(seed=1), RECIPE),
        (CORPUS, RECIPE),
        (meadow, RECIPE),
    ):
        prepared = prepare(given, other)
        assert [epoch for epoch, _vectors in recipe.word_vectors(prepared, tmp_path)] == [1, 2, 2]
        stored = checkpoints.load_vectors(folder=tmp_path)
        assert stored.card["settings"]["window"] == other.word2vec.window and stored.vocabulary == prepared.vocabulary


def test_damaged_word_vectors_are_made_anew(made: Made, tmp_path: Path) -> None:
    for content in (None, save({"x": torch.zeros(2)})):
        state = interrupt_word_vectors(made.prepared, tmp_path)
        state.write_bytes(state.read_bytes()[:100] if content is None else content)
        np.testing.assert_array_equal(word_vectors(made.prepared, tmp_path), made.vectors)
        shutil.rmtree(tmp_path / "word2vec")
    word_vectors(made.prepared, tmp_path)
    for file in ("weights.safetensors", "card.json", "vocabulary.txt"):
        path = tmp_path / "word2vec" / file
        path.write_bytes(path.read_bytes()[:-3])
        np.testing.assert_array_equal(word_vectors(made.prepared, tmp_path), made.vectors)
        checkpoints.load_vectors(folder=tmp_path)


def interrupt_word_vectors(prepared: Prepared, out: Path) -> Path:
    """Break off after the first epoch; returns the state left behind."""
    with closing(recipe.word_vectors(prepared, out)) as run:
        assert next(run)[0] == 1
    (state,) = (out / ".training").iterdir()
    return state


def test_word_vectors_go_on_after_an_interruption(made: Made, tmp_path: Path) -> None:
    state = interrupt_word_vectors(made.prepared, tmp_path)
    events = list(recipe.word_vectors(made.prepared, tmp_path))
    assert [epoch for epoch, _vectors in events] == [1, 2, 2], "the first is the state that was resumed"
    np.testing.assert_array_equal(events[-1][1], made.vectors)
    assert not state.exists()


# Classifiers


def test_what_is_loaded_is_what_was_trained_and_measured_on_the_rows_held_out(made: Made) -> None:
    loaded, model = checkpoints.load("rnn", made.out), made.events[-1].model
    assert model is not None
    for key, value in model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[key], value), key
    assert loaded.preprocessing == RECIPE.preprocessing and loaded.vocabulary == made.prepared.vocabulary
    held = made.prepared.held
    chances = sigmoid(logits(loaded.model, made.prepared.sentences.take(held)))
    metrics = loaded.card["metrics"]["selection"]
    assert metrics["rows"] == 30
    assert metrics["accuracy"] == pytest.approx(((chances >= 0.5) == CORPUS.labels[held]).mean())
    # The same rows that training measured, so the same figures, temperature and rounding of the embeddings apart.
    best = min(made.events[-1].history, key=lambda event: event.log_loss)
    scores = logits(loaded.model, made.prepared.sentences.take(held))
    assert metrics["log_loss"] == pytest.approx(log_loss(scores, CORPUS.labels[held]))
    assert log_loss(scores * best.temperature, CORPUS.labels[held]) == pytest.approx(best.log_loss, abs=2e-3)
    errors = round(30 * (1 - best.accuracy))
    assert loaded.card["calibration"] == {
        "weights_chosen_by": SELECTION,
        "temperature": best.temperature,
        "rows": 30,
        "errors": errors,
        "labels": "smoothed (Platt 1999)",
    }
    assert (FEW_ERRORS_LIMIT in loaded.card["limits"]) == (errors < FEW_ERRORS)
    assert f"Fewer than {FEW_ERRORS} " in FEW_ERRORS_LIMIT


def test_the_card_says_what_the_model_is(made: Made) -> None:
    card = checkpoints.read_card("rnn", made.out)
    assert (card["name"], card["kind"], card["cell"]) == ("rnn", "classifier", "rnn")
    assert card["labels"] == ["negative", "positive"]
    words, embedding, hidden = len(made.prepared.vocabulary), 8, 8
    assert card["sizes"] == {
        "vocabulary": words,
        "embedding": embedding,
        "hidden": hidden,
        "layers": 1,
        "parameters": words * embedding + hidden * (embedding + hidden + 2) + hidden + 1,
    }
    assert card["preprocessing"] == list(Preprocessing().steps)
    assert card["settings"]["seed"] == 0 and card["settings"]["word_dropout"] == 0.1
    assert TrainingSettings(**card["settings"]) == SETTINGS
    assert card["embeddings"]["start"].startswith("word2vec") and card["embeddings"]["epochs"] == 2
    assert card["embeddings"]["min_count"] == 1
    assert [step["step"] for step in card["history"]] == [held.step for held in made.events[-1].history]
    assert set(card["versions"]) == {"python", "numpy", "torch", "gensim"}
    assert card["versions"]["numpy"] == np.__version__
    assert card["intended_use"] and card["terms"] and all(card["limits"])
    assert card["data"] == {
        "file": CORPUS.name,
        "sha256": CORPUS.sha256,
        "rows": 200,
        "negative": int((CORPUS.labels == 0).sum()),
        "positive": int((CORPUS.labels == 1).sum()),
        "skipped": 4,
        "training_rows": 170,
        "held_out_rows": 30,
        "split": STRATIFIED,
        "split_rows": 30,
        "split_seed": 0,
        "tokens": sum(len(text.split()) for text in CORPUS.texts),
    }
    files = content(made.out)
    expected = ("card.json", "vocabulary.txt", "weights.safetensors")
    both = {f"{name}/{file}" for name in ("rnn", "word2vec") for file in expected}
    assert set(files) == both | {"rnn/polarity.safetensors", "rnn/state_space.safetensors"}
    for name, written in files.items():
        assert not [text for text in CORPUS.texts if text.encode() in written], name


def test_a_card_that_says_nothing_of_its_split_had_the_one_of_old(made: Made) -> None:
    """As the shipped checkpoints' cards: held are rows that no other repeats, drawn whatever their class."""
    texts = [*CORPUS.texts[:60], *CORPUS.texts[:5]]
    labels = np.concatenate([CORPUS.labels[:60], CORPUS.labels[:5]])
    checkpoint = checkpoints.load("rnn", made.out)
    found = Corpus("old.csv", texts, labels, 0, "0" * 64)
    tokens = len(encode(texts, checkpoint.preprocessing, checkpoint.vocabulary).ids)
    data = {"sha256": "0" * 64, "file": "old.csv", "rows": 65, "tokens": tokens, "held_out_rows": 20, "split_seed": 3}
    checkpoint.card["data"] = data
    rows = read_again(checkpoint, found)
    expected = np.sort(np.random.default_rng(3).choice(np.arange(5, 60), 20, replace=False))
    assert rows.held.tolist() == expected.tolist()
    assert sorted([*rows.train, *rows.held]) == list(range(65))


def test_training_again_gives_the_same_checkpoint_and_a_finished_one_stays(made: Made, tmp_path: Path) -> None:
    vectors = word_vectors(made.prepared, tmp_path)
    train(made.prepared, vectors, tmp_path)
    assert content(tmp_path) == content(made.out)
    assert train(made.prepared, made.vectors, tmp_path) == []
    assert content(tmp_path) == content(made.out)
    with pytest.raises(ValueError):  # a run that diverges
        train(made.prepared, made.vectors, tmp_path, replace(SETTINGS, learning_rate=1e30))
    assert content(tmp_path / "rnn") == content(made.out / "rnn")
    other = replace(SETTINGS, seed=SETTINGS.seed + 1)
    train(made.prepared, made.vectors, tmp_path, other, name="second")
    assert checkpoints.names(tmp_path) == ["rnn", "second"]
    assert content(tmp_path / "rnn") == content(made.out / "rnn")
    assert not same_weights(tmp_path / "rnn", tmp_path / "second")
    assert next(recipe.classifier("rnn", made.prepared, made.vectors, other, tmp_path)).step > 0


def test_a_full_disk_while_saving_loses_no_training(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(checkpoints, "save", full)
        train(made.prepared, made.vectors, tmp_path)
    events = train(made.prepared, made.vectors, tmp_path)
    assert {event.step for event in events} == {made.events[-1].step}, "nothing is left to train, only to save"
    assert same_weights(tmp_path / "rnn", made.out / "rnn")


def test_polarity_and_state_space_are_added_where_they_are_missing(made: Made, tmp_path: Path) -> None:
    whole, prepared = checkpoints.load("rnn", made.out), made.prepared
    assert whole.polarity is not None and whole.state_space is not None
    assert whole.card["polarity"] == {"smoothing": 3.0}
    assert whole.card["state_space"] == {"rows": 30, "seed": 0, "explained": whole.state_space.explained.tolist()}
    # A run that was broken off between the parts, or a checkpoint from before there were any: nothing is trained.
    for polarity in (None, whole.polarity):
        card = {key: value for key, value in whole.card.items() if key not in ("polarity", "state_space")}
        checkpoints.save("rnn", whole.model.state_dict(), whole.vocabulary, card, tmp_path, polarity)
        if polarity is not None:
            whole_card = {**card, "polarity": whole.card["polarity"]}
            checkpoints.save_again(checkpoints.load("rnn", tmp_path), whole_card, tmp_path)
        assert list(recipe.classifier("rnn", prepared, made.vectors, SETTINGS, tmp_path)) == []
        after = checkpoints.load("rnn", tmp_path)
        assert after.card == whole.card and after.hash == whole.hash


# More classes, from a checkpoint of another file


def test_a_checkpoint_of_another_file_lends_words_and_weights_to_more_classes(made: Made, tmp_path: Path) -> None:
    rows = corpus(rows=120, seed=4)
    texts = [f"{text} indeed" for text in rows.texts]
    labels = np.where(np.arange(120) % 3, rows.labels * 2, 1).astype(np.int8)
    given = replace(rows, texts=texts, labels=labels, labelling=Labelling(THREE))
    start, still = checkpoints.load("rnn", made.out), replace(SETTINGS, learning_rate=1e-9, epochs=1)
    for words in (None, 12):
        prepared = prepare(given, replace(RECIPE, held_out_rows=20, min_count=70, words=words), start)
        ((_epochs, vectors),) = recipe.word_vectors(prepared, tmp_path)
        recipe.check_start(start, prepared, still)
        assert list(recipe.classifier(f"t{words}", prepared, vectors, still, tmp_path, start))[-1].model
        checkpoint = checkpoints.load(f"t{words}", tmp_path)
        assert checkpoint.labels == THREE and checkpoint.card["sizes"]["outputs"] == 3
        assert checkpoint.card["data"]["counts"] == np.bincount(labels).tolist()
        assert checkpoint.polarity is not None and checkpoint.polarity.shape == (3, len(checkpoint.vocabulary))
        kept = start.vocabulary.encode(checkpoint.vocabulary.words)
        assert len(kept) == (words or len(start.vocabulary.words)) and kept == sorted(kept)
        assert {"was", "near", "the"} <= set(checkpoint.vocabulary.words) and "indeed" not in checkpoint.vocabulary
        np.testing.assert_allclose(checkpoint.model.embedding.weight[2:], start.model.embedding.weight[kept], atol=2e-3)
        assert checkpoint.card["embeddings"] == start.card["embeddings"]
        assert read_again(checkpoint, given).held.tolist() == prepared.held.tolist()
        assert {row["label"] for row in checkpoint.card["metrics"]["selection"]["classes"]} == set(THREE)
        assert recipe.LIMITS[2] not in checkpoint.card["limits"]
    assert not (tmp_path / "word2vec").exists()
    with pytest.raises(ValueError, match="another cell"):
        recipe.check_start(start, prepared, replace(SETTINGS, cell="gru"))


# Metrics added later


def test_metrics_are_added_and_nothing_else_changes(made: Made, tmp_path: Path) -> None:
    train(made.prepared, made.vectors, tmp_path)
    before = checkpoints.load("rnn", tmp_path)
    files = content(tmp_path / "rnn")
    report = corpus(rows=40, seed=7)
    recipe.add_metrics("rnn", "report", report, tmp_path)
    after = checkpoints.load("rnn", tmp_path)
    assert after.hash == before.hash and after.hash_with_polarity == before.hash_with_polarity
    assert {name for name, written in content(tmp_path / "rnn").items() if written != files[name]} == {"card.json"}
    expected = json.loads(json.dumps(evaluate(after, report).as_json()))
    assert after.card["metrics"].pop("report") == {key: value for key, value in expected.items() if key != "model"} | {
        "sha256": report.sha256
    }
    unchanged = [key for key in before.card if key != "sha256"]
    assert {key: after.card[key] for key in unchanged} == {key: before.card[key] for key in unchanged}
    with pytest.raises(CheckpointError, match="no checkpoint 'gru'"):
        recipe.add_metrics("gru", "report", report, tmp_path)
