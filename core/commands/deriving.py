"""Verbs that derive something small from what others made: lexicon."""

from __future__ import annotations

import argparse
from pathlib import Path

from core import checkpoints
from core.commands import console
from core.commands.verbs import Add


def add_verbs(add: Add) -> None:
    """Add these verbs and their options."""
    added = add(lexicon, json_output=False)
    added.add_argument("--wordnet", required=True, metavar="DIR", help="folder of WordNet's database files")
    added.add_argument("--out", default="my-lexicon", metavar="DIR", help="default: my-lexicon")


def lexicon(options: argparse.Namespace) -> int:
    """The tables of antonyms, forms and plainer verbs, from WordNet; forms that a checkpoint's vocabulary has count."""
    from core import wordnet
    from core.text import Vocabulary

    files = sorted(checkpoints.root().glob("*/vocabulary.txt"))
    vocabularies = [Vocabulary.from_bytes(file.read_bytes()).words for file in files]
    made = wordnet.write(wordnet.read(Path(options.wordnet)), vocabularies, Path(options.out))
    for name, lines in made.items():
        console.line(f"{name}: {lines:,} lines")
    return 0
