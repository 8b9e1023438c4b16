"""Checkpoints that several methods of attribution are tested on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import write_tiny_checkpoint


@pytest.fixture(scope="session")
def layered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every cell with one layer, with two and of three classes: rnn1, rnn2, rnn-three, and so on."""
    folder = tmp_path_factory.mktemp("layers")
    for seed, cell in enumerate(("rnn", "gru", "lstm")):
        for layers in (1, 2):
            write_tiny_checkpoint(folder, f"{cell}{layers}", cell, layers=layers, seed=seed)
        write_tiny_checkpoint(folder, f"{cell}-three", cell, seed=seed, labels=("late", "lost", "fine"))
    return folder
