"""What a page would hand out, and checkpoints with axes of their own."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import WORDS


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], list[list[str]]]]:
    """The rows of every file that a page offered to download, header first, by its name."""
    from pages.widgets import tables

    offered: dict[str, Callable[[], list[list[str]]]] = {}
    download = tables.download

    def note(name: str, content: Callable[[], str], **more: str) -> None:
        offered[name] = lambda: list(csv.reader(io.StringIO(content(), newline="")))
        download(name, content, **more)

    monkeypatch.setattr(tables, "download", note)
    return offered


@pytest.fixture(scope="session")
def with_axes(tiny_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny checkpoints, each with axes fitted to the states of one text of all words."""
    from core.models import checkpoints, state_space
    from core.models.trace import trace

    folder = tmp_path_factory.mktemp("with-axes")
    for name in ("rnn", "gru", "lstm"):
        checkpoint = checkpoints.load(name, tiny_checkpoints)
        states = trace(checkpoint, " ".join(WORDS))
        space = state_space.fit(states.h, states.read_out, states.empty_logit)
        checkpoints.save_again(checkpoint, checkpoint.card, folder, state_space=space)
    return folder
