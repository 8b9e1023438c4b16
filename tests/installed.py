"""The project as it is installed: its wheel in an environment that has no clone beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def wheel(folder: Path) -> Path:
    """Build the wheel into a folder."""
    pytest.importorskip("hatch_requirements_txt", reason="what builds the wheel is missing: see requirements-dev.txt")
    _run("-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder), cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def command(folder: Path) -> Path:
    """Install the wheel there; what it depends on is lent by the environment of the tests. Returns `unrolled`."""
    built, place = wheel(folder), folder / "environment"
    venv.create(place)
    variables = {"base": str(place), "platbase": str(place)}
    libraries = Path(sysconfig.get_path("purelib", vars=variables))
    lent = "\n".join(path for path in sys.path if path.endswith("-packages"))
    (libraries / "lent.pth").write_text(lent, encoding="utf-8")
    scripts = Path(sysconfig.get_path("scripts", vars=variables))
    _run("-m", "pip", "--python", str(scripts / "python"), "install", "--no-deps", "--no-index", str(built), cwd=folder)
    return scripts / "unrolled"


def environment() -> dict[str, str]:
    """This process's, without what would lead an installed program back to the clone."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "UNROLLED_CHECKPOINTS")}


def _run(*arguments: str, cwd: Path) -> None:
    whole = [sys.executable, *arguments]
    done = subprocess.run(whole, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
