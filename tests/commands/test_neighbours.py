"""The verbs neighbours and analogy."""

from __future__ import annotations

import pytest

from core.models import checkpoints
from core.probes.words.neighbours import after, analogy, neighbours
from tests.commands.conftest import Cli


def test_neighbours_as_json(cli: Cli) -> None:
    rows = cli.json("neighbours love BAD --model lstm --count 4")
    space = after(checkpoints.load("lstm"))
    for row, word in zip(rows, ("love", "bad"), strict=True):
        expected = neighbours(space, word, 4)
        assert list(row) == ["model", "asked", "searched", "near"]
        assert (row["model"], row["asked"], row["searched"]) == ("lstm", [word], expected.searched)
        assert [tuple(near) for near in row["near"]] == [("word", "cosine")] * 4
        assert [near["word"] for near in row["near"]] == [near.word for near in expected.near]
        assert [near["cosine"] for near in row["near"]] == pytest.approx([near.cosine for near in expected.near])


def test_an_analogy_for_people(cli: Cli) -> None:
    done = cli.run("analogy better good bad --count 3")
    assert "word2vec" in done.err  # there is none among the tiny models, and that is reported
    lines = done.out.splitlines()
    assert [line for line in lines if "better − good + bad" in line] == [
        f"{name}: nearest to better − good + bad, of 34 words" for name in ("rnn", "gru", "lstm")
    ]
    best = analogy(after(checkpoints.load("rnn")), "better", "good", "bad", 1).near[0]
    assert lines[1] == f"  {best.cosine:.4f}  {best.word}"


def test_refusals(cli: Cli) -> None:
    for arguments, says in (
        ("neighbours lvoe", "spellings: love"),
        ("neighbours ''", "one word; '' "),
        ("neighbours 'good bad'", "2: good, bad"),
        ("neighbours '<b>\x1b[31m'", "one word"),
        ("neighbours good --count 0", "1 to 100 neighbours"),
        ("analogy good bad zzz", "'zzz' is not among"),
    ):
        assert says in cli.refused(arguments, alone=False)
