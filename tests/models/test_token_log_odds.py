"""Polarity by hand, against a plain replica of its formula, and counted again from a checkpoint's own file."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.__main__ import main
from core.data.corpus import encode_tokens, read_corpus
from core.models import checkpoints, token_log_odds
from core.models.token_log_odds import log_odds, of_training
from core.text.preprocessing import Vocabulary
from tests.training.test_recipe import corpus

VOCABULARY = Vocabulary(["good", "bad", "day"])
PAD, UNK, GOOD, BAD, DAY = range(5)


def test_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_log_odds, "SMOOTHING", 1)
    texts = ["good day", "good good", "zork", "bad day", "bad day", "bad"]
    labels = np.array([1, 1, 1, 0, 0, 0])
    found = log_odds(encode_tokens([text.split() for text in texts], VOCABULARY), labels, np.arange(6), 5)
    # Positive: good 2, day 1, unknown 1; negative, the repeated sentence once: bad 2, day 1. Each with 1 more.
    p, n = 4 + 5, 3 + 5
    assert found[GOOD] == pytest.approx(math.log(3 / p) - math.log(1 / n))
    assert found[BAD] == pytest.approx(math.log(1 / p) - math.log(3 / n))
    assert found[DAY] == pytest.approx(math.log(2 / p) - math.log(2 / n))
    assert found[UNK] == pytest.approx(math.log(2 / p) - math.log(1 / n))
    assert found[PAD] == 0
    assert found.dtype == np.float32
    # Of three classes each against the rest; the first against the others is what negative was against positive.
    sentences, three = (
        encode_tokens([text.split() for text in texts], VOCABULARY),
        np.where(np.arange(6) == 2, 2, labels),
    )
    rows = log_odds(sentences, three, np.arange(6), 5, ("a", "b", "c"))
    assert rows.shape == (3, 5) and not rows[:, PAD].any()
    np.testing.assert_allclose(rows[0], -found, atol=1e-6)
    assert rows[2, UNK] == pytest.approx(math.log(2 / (1 + 5)) - math.log(1 / (6 + 5)))
    turned = log_odds(sentences, 2 - three, np.arange(6), 5, ("c", "b", "a"))
    np.testing.assert_array_equal(turned, rows[::-1])


def plain(sentences: list[list[int]], labels: list[int], size: int, a: float) -> list[float]:
    """The formula, word by word."""
    counts = {label: {tuple(s) for s, of in zip(sentences, labels, strict=True) if of == label} for label in (0, 1)}
    number = {label: [sum(word in s for s in counts[label]) for word in range(size)] for label in (0, 1)}
    totals = {label: sum(number[label]) + a * size for label in (0, 1)}
    found = [
        math.log((number[1][word] + a) / totals[1]) - math.log((number[0][word] + a) / totals[0])
        for word in range(size)
    ]
    return [0, *found[1:]]


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(st.lists(st.integers(1, 8), max_size=6), st.integers(0, 1), st.booleans()), min_size=1, max_size=30
    ),
    st.floats(0.1, 20),
    st.integers(1, 5),
)
def test_as_the_plain_formula_says(rows: list[tuple[list[int], int, bool]], a: float, chunk: int) -> None:
    offsets = np.cumsum([0, *(len(ids) for ids, _, _ in rows)])
    ids = np.array([number for ids, _, _ in rows for number in ids], dtype=np.int32)
    sentences = token_log_odds.Encoded(ids, offsets)
    labels = np.array([label for _, label, _ in rows], dtype=np.int8)
    chosen = np.flatnonzero([counted for *_, counted in rows])[::-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_log_odds, "_ROWS", chunk)
        patch.setattr(token_log_odds, "SMOOTHING", a)
        result = log_odds(sentences, labels, chosen, 9)
    expected = plain([rows[row][0] for row in chosen], labels[chosen].tolist(), 9, a)
    np.testing.assert_allclose(result, expected, atol=1e-5)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one trained checkpoint, beside the file that it was trained on."""
    tmp_path = tmp_path_factory.mktemp("trained")
    made = corpus(120)
    lines = [f"{label},{text}" for label, text in zip(made.labels, made.texts, strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join(["label,text", *lines]) + "\n")
    sizes = "--cells rnn --hidden-size 4 --embedding-size 4 --min-count 1 --held-out 20 --epochs 1 --word2vec-epochs 1"
    assert main(["train", "--data", str(tmp_path / "rows.csv"), "--out", str(tmp_path / "out"), *sizes.split()]) == 0
    return tmp_path


@pytest.fixture
def trained(once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, whose checkpoint the commands know."""
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path / "out"))
    return shutil.copytree(once, tmp_path, dirs_exist_ok=True)


@pytest.mark.parametrize(
    ("verb", "part", "says"),
    [("polarity", "polarity", "rnn: most negative: "), ("state-space", "state_space", "rnn: of the variance of its")],
)
def test_the_command_makes_again_what_training_made(
    trained: Path, verb: str, part: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = checkpoints.load("rnn")
    bare = {key: value for key, value in whole.card.items() if key != part}
    parts = {name: getattr(whole, name) for name in ("polarity", "state_space") if name != part}
    checkpoints.save("rnn", whole.model.state_dict(), whole.vocabulary, bare, **parts)
    without = checkpoints.load("rnn")
    assert getattr(without, part) is None and without.hash == whole.hash
    capsys.readouterr()
    assert main([verb, "--data", str(trained / "rows.csv")]) == 0
    out = capsys.readouterr().out
    assert says in out
    if verb == "polarity":
        assert out.count("\n") == 2 and "awful -" in out and "lovely +" in out
    again = checkpoints.load("rnn")
    assert again.card == whole.card  # the file's hash included
    assert main([verb, "--data", str(trained / "rows.csv"), "--model", "rnn"]) == 0
    assert checkpoints.load("rnn").card == whole.card
    capsys.readouterr()
    (trained / "other.csv").write_text((trained / "rows.csv").read_text() + "1,one more\n")
    assert main([verb, "--data", str(trained / "other.csv")]) == 2
    error = capsys.readouterr().err
    assert "'rnn' was trained on rows.csv" in error and "given: other.csv" in error and error.count("\n") == 1
    assert checkpoints.load("rnn").card == whole.card


def test_the_right_file_read_in_another_way_is_refused(trained: Path) -> None:
    checkpoint = checkpoints.load("rnn", trained / "out")
    corpus = read_corpus(trained / "rows.csv")
    corpus.texts[0] += " more words"
    with pytest.raises(ValueError, match="are these its columns"):
        of_training(checkpoint, corpus)


def test_a_sample_is_drawn_again(trained: Path) -> None:
    arguments = (
        "--rows 80 --seed 3 --cells rnn --hidden-size 4 --embedding-size 4 --min-count 1 --held-out 20 --epochs 1"
    )
    out = trained / "sample"
    assert main(["train", "--data", str(trained / "rows.csv"), "--out", str(out), *arguments.split()]) == 0
    checkpoint = checkpoints.load("rnn", out)
    assert checkpoint.polarity is not None
    np.testing.assert_array_equal(of_training(checkpoint, read_corpus(trained / "rows.csv")), checkpoint.polarity)


def test_the_shipped_models_words_lean_as_anybody_would_say() -> None:
    for name in ("rnn", "gru", "lstm"):
        checkpoint = checkpoints.load(name)
        assert checkpoint.polarity is not None and checkpoint.polarity.shape == (len(checkpoint.vocabulary),)
        leaning = {word: checkpoint.polarity[number] for number, word in enumerate(checkpoint.vocabulary.words, 2)}
        assert min(leaning[word] for word in ("thanks", "awesome", "proud", "congrats", "love")) > 1
        assert max(leaning[word] for word in ("sad", "hurts", "died", "headache", "hate")) < -1
        assert max(abs(leaning[word]) for word in ("the", "and", "of", "take")) < 0.2
        assert leaning["stolen"] < leaning["taken"] < 0 and leaning["stole"] < leaning["took"]
