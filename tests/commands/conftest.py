"""Runs verbs in process on the tiny checkpoints."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from core.__main__ import main


class Done(NamedTuple):
    """What a verb left behind: its exit status, standard output and standard error."""

    status: int
    out: str
    err: str


class Cli:
    """The command line. The first argument of each method is split into words, the others are words as they are."""

    def __init__(self, capsys: pytest.CaptureFixture[str]):
        self._capsys = capsys

    def run(self, command: str, *words: object) -> Done:
        self._capsys.readouterr()
        try:
            status = main([*shlex.split(command), *map(str, words)])
        except SystemExit as stopped:  # argparse's own
            status = int(str(stopped.code))
        return Done(status, *self._capsys.readouterr())

    def json(self, command: str, *words: object) -> list[dict[str, Any]]:
        """The JSON list that a verb prints in one line."""
        verb, more = _verb(command)
        done = self.run(f"{verb} --json {more}", *words)
        assert done.status == 0 and done.out.count("\n") == 1, done.err
        rows: list[dict[str, Any]] = json.loads(done.out)
        return rows

    def text(self, command: str, *words: object) -> str:
        """What a verb prints for people; a terminal would only show it."""
        done = self.run(command, *words)
        assert done.status == 0 and "Traceback" not in done.err, done.err
        assert inert(done.out), ascii(done.out)
        return done.out

    def refused(self, command: str, *words: object, alone: bool = True) -> str:
        """The line with which a verb refuses, alone on standard error, or after its progress."""
        done = self.run(command, *words)
        *before, line = done.err.splitlines()
        assert (done.status, done.out) == (2, "") and line.startswith("error: ") and inert(line), done
        assert (not before or not alone) and "Traceback" not in done.err, done.err
        return line


def inert(printed: str) -> bool:
    """Whether a terminal would only show it."""
    return all(line.isprintable() for line in printed.split("\n"))


def _verb(command: str) -> tuple[str, str]:
    first, _space, more = command.partition(" ")
    if first != "lab":
        return first, more
    exercise, _space, more = more.partition(" ")
    return f"lab {exercise}", more


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


@pytest.fixture(autouse=True)
def _tiny_models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file of the test's own folder."""

    def writer(name: str, content: str) -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8", newline="")
        return path

    return writer
