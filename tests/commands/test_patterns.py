"""`python -m core patterns`: the keys of its JSON, what it says, its refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.models import checkpoints
from core.models.trace import trace
from core.probes.scan.lines import read_lines
from core.probes.units.patterns import index, pattern, search
from tests.commands.conftest import Cli
from tests.conftest import WORDS
from tests.hostile import SENTENCES

TEXT = "this movie is not so good"
SPAN = f"patterns --text '{TEXT}' --from 2 --to 3 --threshold 0.1"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    texts = [" ".join(WORDS[(7 * row + 3 * n) % len(WORDS)] for n in range(3 + row % 9)) for row in range(60)]
    rows = [{"text": text, "label": number % 3} for number, text in enumerate([*texts, "", *SENTENCES, texts[0]])]
    path = tmp_path / "some.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_the_cores_patterns(cli: Cli, file: Path) -> None:
    rows = cli.json(f"{SPAN} --label-column label --labels 2=- --magnitude --most 9 --data", file)
    assert [row["model"] for row in rows] == ["rnn", "gru", "lstm"]
    for row in rows:
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
        assert list(row["moments"][0]) == [
            *(
                "row",
                "from",
                "to",
                "shared",
                "on",
                "jaccard",
                "length",
                "before",
                "span",
                "after",
                "probability",
                "label",
            )
        ]
        assert row["positive"][0]["rows"] + row["positive"][1]["rows"] == int((last.index.labels >= 0).sum())


def test_the_projects_own_sentences_for_people(cli: Cli) -> None:
    out = cli.text(f"{SPAN} --model lstm --state c")
    assert "units with c at 0.1 or above over 'movie is'" in out
    assert "310 sentences" in out and "labelled positive: with a moment" in out


def test_hostile_texts_come_out_inert(cli: Cli, file: Path) -> None:
    for text in SENTENCES:
        done = cli.run("patterns --model gru --from 1 --to 1 --text", text, "--data", file)
        assert done.status in (0, 2) and all(line.isprintable() for line in done.out.split("\n"))
        assert "\x1b" not in done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--from 0", "given: 0 to 3"),
        ("--to 7", "of the 6; given: 2 to 7"),
        ("--threshold 0.333", "multiple of 0.01"),
        ("--state c", "the rnn has no state 'c'"),
        ("--threshold 1", "no unit is on over the whole span"),
        ("--most 0", "at least 1 moment"),
        ("--text ' '", "the text is empty"),
        ("--data nothing.csv", "nothing.csv"),
        ("--label-column label", "say how to read --data"),
    ],
)
def test_refusals(arguments: str, says: str, cli: Cli) -> None:
    assert says in cli.refused(f"{SPAN} --model rnn {arguments}", alone=False)
