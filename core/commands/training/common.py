"""What the verbs of training share: the folder that they write to, and how many threads they use."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import inputs

if TYPE_CHECKING:
    from core.data.corpus import Corpus


def writable_folder(out: str) -> Path:
    """The folder to write to, not made yet. Raises OSError where that will not be possible."""
    path = Path(out)
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    with tempfile.TemporaryFile(dir=existing):
        return path


def training_rows(options: argparse.Namespace) -> Corpus:
    """The rows to train on: all of ``--data``, or ``--rows`` of them drawn by the seed."""
    corpus = inputs.labelled(options, options.data)
    return corpus if options.rows is None else corpus.sample(options.rows, options.seed)


def set_threads(options: argparse.Namespace) -> None:
    """Use ``--threads`` threads of torch."""
    import torch

    if options.threads is not None:
        torch.set_num_threads(options.threads)
