"""`python -m core patterns` and `probe-states`: the keys of their JSON, what they say and keep, their refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.__main__ import main
from core.models import checkpoints
from core.models.trace import trace
from core.probes.scan.lines import read_lines
from core.probes.units.linear_probes import NEGATIONS
from core.probes.units.linear_probes_file import of_card
from core.probes.units.patterns import index, pattern, search
from tests.conftest import WORDS
from tests.hostile import SENTENCES

TEXT = "this movie is not so good"
SPAN = ("--text", TEXT, "--from", "2", "--to", "3", "--threshold", "0.1")


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(tiny_checkpoints, tmp_path / "checkpoints")
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path / "checkpoints"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    shares = np.where(np.isin(WORDS, list(NEGATIONS)), 0.25, 1)
    texts = [" ".join(random.choice(WORDS, random.integers(3, 24), p=shares / shares.sum())) for _ in range(120)]
    path = tmp_path / "some.jsonl"
    rows = [{"text": text, "label": number % 3} for number, text in enumerate([*texts, "", *SENTENCES, texts[0]])]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main([arguments[0], "--json", *arguments[1:]]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_patterns_are_those_of_the_core(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    found = ask(
        capsys,
        "patterns",
        *SPAN,
        "--data",
        str(file),
        "--label-column",
        "label",
        "--labels",
        "2=-",
        "--magnitude",
        "--most",
        "9",
    )
    assert [row["model"] for row in found] == ["rnn", "gru", "lstm"]
    for row in found:
        checkpoint = checkpoints.load(row["model"])
        *_before, last = index(checkpoint, read_lines(file, label_column="label", asked={"2": "neutral"}))
        assert last.index is not None
        asked = pattern(checkpoint, trace(checkpoint, TEXT), 1, 2, 0.1, magnitude=True)
        expected = search(last.index, asked, most=9)
        assert (row["from"], row["to"], row["units"]) == (2, 3, list(asked.units))
        assert (row["windows"], row["qualifying"], row["empty"]) == (expected.windows, expected.qualifying, 1)
        assert row["repeated"] >= 1
        assert [(one["row"], one["from"], one["shared"]) for one in row["moments"]] == [
            (last.index.rows[one.sentence], one.first + 1, one.shared) for one in expected.moments
        ]
        assert {"before", "span", "after", "label", "probability", "jaccard", "length"} <= row["moments"][0].keys()
        assert row["positive"][0]["rows"] + row["positive"][1]["rows"] == int((last.index.labels >= 0).sum())


def test_patterns_search_the_projects_own_sentences_and_are_readable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["patterns", "--model", "lstm", *SPAN, "--state", "c"]) == 0
    shown = capsys.readouterr().out
    assert "units with c at 0.1 or above over 'movie is'" in shown
    assert "the sentences of this project: 310 sentences" in shown and "labelled positive: with a moment" in shown


def test_hostile_texts_come_out_inert(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    for text in SENTENCES:
        status = main(["patterns", "--model", "gru", "--text", text, "--from", "1", "--to", "1", "--data", str(file)])
        out, error = capsys.readouterr()
        assert status in (0, 2) and "\x1b" not in out + error
        assert "\u202e" not in out and "\u200b" not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "0"), "given: 0 to 3"),
        (("--to", "7"), "of the 6; given: 2 to 7"),
        (("--threshold", "0.333"), "multiple of 0.01"),
        (("--state", "c"), "the rnn has no state 'c'"),
        (("--threshold", "1"), "no unit is on over the whole span"),
        (("--most", "0"), "at least 1 moment"),
        (("--text", " "), "the text is empty"),
        (("--data", "nothing.csv"), "nothing.csv"),
        (("--label-column", "label"), "say how to read --data"),
    ],
)
def test_patterns_refuse_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert main(["patterns", "--model", "rnn", *SPAN, *arguments]) == 2
    out, error = capsys.readouterr()
    assert out == "" and message in error and error.splitlines()[-1].startswith("error: ")


def test_probes_are_told_and_kept(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    before = checkpoints.load("gru")
    arguments = ("--model", "gru", "--data", str(file), "--rows", "110", "--seed", "3")
    [told] = ask(capsys, "probe-states", *arguments)
    assert of_card("gru", checkpoints.read_card("gru")) is None
    assert (told["model"], told["seed"], told["source"]["rows"], told["hash"]) == (
        *("gru", 3, 110),
        before.hash_with_polarity,
    )
    assert "polarity" in told["left_out"]
    assert [(one["source"], one["task"]) for one in told["probes"]] == [
        *(("h", "position"), ("h", "negation"), ("x", "position"), ("x", "negation"), ("place", "negation")),
    ]
    assert main(["probe-states", *arguments, "--save"]) == 0
    shown = capsys.readouterr()
    assert "the figures are kept in its card" in shown.err and "polarity was left out" in shown.out
    kept = of_card("gru", checkpoints.read_card("gru"))
    assert kept is not None and kept[1].file == "some.jsonl"
    card = (checkpoints.root() / "gru" / "card.json").read_text()
    texts = [json.loads(line)["text"] for line in file.read_text().splitlines()]
    assert not [text for text in texts if len(text) > 20 and text in card]
    after = checkpoints.load("gru")
    assert after.hash == before.hash


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--rows", "0"), "--rows is at least 1"),
        (("--rows", "12"), "at least 20 different sentences"),
        (("--seed", "-1"), "a seed is 0 or above"),
        (("--text-column", "nope"), "no column 'nope'"),
    ],
)
def test_probes_refuse_in_one_line(
    capsys: pytest.CaptureFixture[str], file: Path, arguments: tuple[str, ...], message: str
) -> None:
    assert main(["probe-states", "--model", "rnn", "--data", str(file), *arguments]) == 2
    out, error = capsys.readouterr()
    assert out == "" and message in error and error.splitlines()[-1].startswith("error: ")
