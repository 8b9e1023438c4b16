"""The wheel: what is in it, where it puts that, and its command."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

import core.api
import unrolled
from core.__main__ import main
from tests import installed

FOLDERS = {"core": "core", "unrolled": "unrolled", "pages": "unrolled/pages", "checkpoints": "unrolled/checkpoints"}


def test_the_package_gives_what_the_api_gives() -> None:
    assert {name: getattr(unrolled, name) for name in unrolled.__all__} == {
        name: getattr(core.api, name) for name in core.__all__
    }


def test_the_wheel_holds_all_that_runs_and_two_names(tmp_path: Path) -> None:
    with zipfile.ZipFile(installed.wheel(tmp_path)) as file:
        held = set(file.namelist())
        needs = file.read("unrolled-0.dist-info/METADATA").decode().split("Requires-Dist: ")[1:]
    assert {name.partition("/")[0] for name in held} == {"core", "unrolled", "unrolled-0.dist-info"}
    wanted = {"unrolled/app.py", "unrolled/.streamlit/config.toml"}
    for folder, place in FOLDERS.items():
        for path in (installed.ROOT / folder).rglob("*"):
            within = path.relative_to(installed.ROOT / folder)
            if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in within.parts):
                wanted.add(f"{place}/{within.as_posix()}")
    assert {name for name in held if ".dist-info/" not in name} == wanted
    pinned = (installed.ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert {line.strip() for line in needs} == {line for line in pinned if line and not line.startswith("#")}


def test_the_command_answers_from_any_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = installed.command(tmp_path)
    done = subprocess.run(
        [command, "predict", "so good"],
        cwd=tmp_path,
        env=installed.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert main(["predict", "so good"]) == 0
    assert (done.returncode, done.stdout, done.stderr) == (0, capsys.readouterr().out, "")
