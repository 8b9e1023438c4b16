"""`python -m core lab worksheet`: its files, its refusals."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.lab import variants
from core.lab.variants import MODULES
from tests.commands.conftest import Cli
from tests.lab.problems import chain


@pytest.fixture(autouse=True)
def _small_exercises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "_problem", lambda _module, seed: chain(seed / 10))


def test_a_sheet_and_its_answers_for_each_exercise_and_seed(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "sheets"
    rows = cli.json(f"lab worksheet --seed 9:10 --markdown --out {out}")
    names = [f"{exercise}-{seed}.{form}" for exercise in MODULES for seed in ("09", "10") for form in ("html", "md")]
    assert sorted(path.name for path in out.iterdir()) == sorted([*names, "answers"])
    assert sorted(path.name for path in (out / "answers").iterdir()) == sorted([*names, "index.html"])
    assert [row["file"] for row in rows if "/answers/" not in row["file"]] == [str(out / name) for name in names]
    assert "0.604368" not in (out / "lstm-09.html").read_text() and "sheet 9" in (out / "lstm-09.html").read_text()
    assert "0.716298" in (out / "answers" / "lstm-09.md").read_text()
    linked = re.findall(r'href="([^"]*)"', (out / "answers" / "index.html").read_text())
    assert len(linked) == 16 and all((out / "answers" / link).is_file() for link in linked)


def test_nothing_is_written_over_unasked(cli: Cli, tmp_path: Path) -> None:
    command = f"lab worksheet --exercise lstm --seed 3 --out {tmp_path}"
    assert "wrote" in cli.text(command) and (tmp_path / "lstm-3.html").is_file()
    assert "there already" in cli.refused(command)
    assert cli.text(f"{command} --replace").count("replaced") == 3
    assert "wrote" in cli.text(f"{command} --exercise bptt --results --lang zh-TW")
    page = (tmp_path / "bptt-3.html").read_text()
    assert page.count("<li>") == 2 and 'lang="zh-TW"' in page
    assert 'lang="en"' in (tmp_path / "lstm-3.html").read_text()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--seed x", "expected a seed such as 7"),
        ("--seed -1", "expected a seed"),
        ("--seed 5:1", "ends before it begins"),
        ("--seed 1:999999", "at most 1,000"),
        ("--exercise nets", "available: lstm"),
        ("--out {file}", "is a file"),
        ("--out {file}/a", "is a file"),
        ("--out {folder}/a/b", "there is no folder"),
    ],
)
def test_refusals_leave_nothing_behind(cli: Cli, tmp_path: Path, options: str, says: str) -> None:
    file = tmp_path / "file"
    file.touch()
    line = cli.refused(f"lab worksheet --out {tmp_path / 'out'} " + options.format(file=file, folder=tmp_path))
    assert says in line or "no folder" in line
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
