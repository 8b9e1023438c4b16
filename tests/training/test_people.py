"""Models from people's labels: the last year is apart, near-duplicates are those that comparing all pairs finds."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import main
from core.models import checkpoints
from core.training import people
from tests.conftest import WORDS, write_tiny_checkpoint

PARTS = ("2013train", "2014test", "2015test", "2016train", "2016test")


def write(path: Path, rows: list[tuple[str, object, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "part"])
        writer.writerows(rows)
    return path


def test_the_last_year_is_apart_and_a_near_duplicate_kept_in_the_later_one(tmp_path: Path) -> None:
    first, words = "so good to see you", "one two three four five six seven eight nine ten"
    rows = [
        (f"@ann {first} !!! http://x.y", 1, "2013train"),
        (first.upper(), 2, "2016test"),
        (words, 0, "2014test"),
        (words.replace("ten", "eleven"), 1, "2015test"),  # 9 of 11
        (words.replace("ten", "eleven").replace("nine", "twelve"), 2, "2013dev"),  # 8 of 12, and 9 of 11
        ("a sad day", 0, "2015train"),
        ("great joy at night", 0, "2014sarcasm"),
    ]
    before, last = people.split(write(tmp_path / "t.csv", rows))
    assert last.texts == [first.upper()] and last.labels.tolist() == [1]
    assert before.texts == [rows[3][0], rows[5][0]] and before.labels.tolist() == [2, 0]
    assert before.name == "t.csv, without 2016" and last.name == "t.csv, 2016" and before.sha256 == last.sha256
    for wrong in ((first, 3, "2013train"), (first, 1, "train")):
        with pytest.raises(ValueError, match=r"t\.csv, row 1 \(line 2\): expected a label 0, 1 or 2"):
            people.split(write(tmp_path / "t.csv", [wrong]))


def test_near_duplicates_are_those_of_all_pairs() -> None:
    random = np.random.default_rng(0)
    texts = [" ".join(f"w{n}" for n in random.choice(12, random.integers(0, 9), replace=False)) for _ in range(300)]
    kept: list[int] = []
    for number, text in enumerate(texts):
        own = set(text.split())
        others = [set(texts[other].split()) for other in kept]
        if all(len(own & other) < 0.8 * len(own | other) or not own for other in others):
            kept.append(number)
    assert people.without_near_duplicates(texts) == kept and len(kept) < 290


def test_the_verb_trains_three_classes_and_reports_on_the_last_year(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(1)
    moods = {0: "terrible", 1: "love", 2: "movie"}
    rows = [
        (" ".join([*random.choice(WORDS[7:22], 6), moods[number % 3]]), number % 3, PARTS[number % 5])
        for number in range(150)
    ]
    table = write(tmp_path / "t.csv", rows)
    write_tiny_checkpoint(tmp_path / "out", "gru", "gru")
    start = shutil.copytree(tmp_path / "out" / "gru", tmp_path / "elsewhere" / "gru")
    arguments = f"train-people --data {table} --start {start} --out {tmp_path / 'out'}"
    assert main(arguments.split()) == 0
    card = checkpoints.load("gru_people", tmp_path / "out").card
    assert card["labels"] == list(people.LABELLING.names) and "label_values" not in card
    assert card["limits"][:4] == list(people.RECIPE.limits[:4]) and card["terms"] == people.RECIPE.terms
    assert card["data"]["rows"] + card["metrics"]["report"]["rows"] <= 150
    assert card["metrics"]["report"]["data"] == "t.csv, 2016" and "of neutral" in capsys.readouterr().out
    assert sum(card["data"]["counts"]) == card["data"]["rows"]
