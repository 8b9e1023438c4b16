"""What a page would hand out, and checkpoints with axes of their own."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit

from tests.conftest import WORDS


@pytest.fixture(autouse=True)
def no_earlier_results() -> None:
    """No search of an earlier test is remembered."""
    from pages.server import background_search

    background_search._finished.clear()


@pytest.fixture
def tiny_models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny checkpoints are the app's."""
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


@pytest.fixture
def own_models(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A copy of them is, which may be changed; nothing is cached before and after."""
    from tests.app import forget

    shutil.copytree(tiny_checkpoints, tmp_path / "checkpoints")
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path / "checkpoints"))
    forget()
    yield
    forget()


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


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the page offers to download, by the name of the file."""
    offered: dict[str, str] = {}
    button = streamlit.download_button

    def note(label: str, data: Any, file_name: str, *others: Any, **named: Any) -> bool:
        content = data() if callable(data) else data
        offered[file_name] = content.decode("utf-8") if isinstance(content, bytes) else content
        return button(label, data, file_name, *others, **named)

    monkeypatch.setattr(streamlit, "download_button", note)
    return offered
