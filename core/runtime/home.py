"""Where the project's files lie: in a clone, or where it was installed."""

from __future__ import annotations

from pathlib import Path

_BESIDE = Path(__file__).parents[2]


def home() -> Path:
    """The folder of app.py, pages and checkpoints: a clone, or the package `unrolled`, which holds them in a wheel."""
    installed = _BESIDE / "unrolled"
    return installed if (installed / "app.py").is_file() else _BESIDE
