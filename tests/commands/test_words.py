"""The verbs neighbours and analogy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.__main__ import main
from core.models import checkpoints
from core.probes.words.neighbours import after, analogy, neighbours


@pytest.fixture(autouse=True)
def _trained(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


def test_neighbours_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["neighbours", "love", "BAD", "--model", "lstm", "--count", "4", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    space = after(checkpoints.load("lstm"))
    for one, word in zip(found, ("love", "bad"), strict=True):
        wanted = neighbours(space, word, 4)
        assert (one["model"], one["asked"], one["searched"]) == ("lstm", [word], wanted.searched)
        assert [near["word"] for near in one["near"]] == [near.word for near in wanted.near]
        assert [near["cosine"] for near in one["near"]] == pytest.approx([near.cosine for near in wanted.near])


def test_an_analogy_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analogy", "better", "good", "bad", "--count", "3"]) == 0
    out, err = capsys.readouterr()
    assert "word2vec" in err  # there is none among the tiny models, and that is said
    lines = out.splitlines()
    assert [line for line in lines if "better − good + bad" in line] == [
        f"{name}: nearest to better − good + bad, of 34 words" for name in ("rnn", "gru", "lstm")
    ]
    best = analogy(after(checkpoints.load("rnn")), "better", "good", "bad", 1).near[0]
    assert lines[1] == f"  {best.cosine:.4f}  {best.word}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["neighbours", "lvoe"], "'lvoe' is not among the 37 words of rnn; spelt alike: love"),
        (["neighbours", ""], "one word is asked for; '' holds none"),
        (["neighbours", "good bad"], "holds 2: good, bad"),
        (["neighbours", "<b>\x1b[31m"], "one word is asked for"),
        (["neighbours", "good", "--count", "0"], "1 to 100 neighbours"),
        (["neighbours", "good", "--model", "word2vec"], "no checkpoint 'word2vec'"),
        (["analogy", "good", "bad", "zzz"], "'zzz' is not among"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    line = err.strip().splitlines()[-1]
    assert line.startswith("error: ")
    assert said in line
    assert "\x1b" not in err
