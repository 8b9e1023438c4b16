"""Verbs that derive something small from what is there: lexicon, polarity."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from core import checkpoints
from core.commands import console
from core.commands.verbs import Add

if TYPE_CHECKING:
    import numpy as np

_SHOWN = 10  # words at either end


def add_verbs(add: Add) -> None:
    """Add these verbs and their options."""
    added = add(lexicon, json_output=False)
    added.add_argument("--wordnet", required=True, metavar="DIR", help="folder of WordNet's database files")
    added.add_argument("--out", default="my-lexicon", metavar="DIR", help="default: my-lexicon")

    added = add(polarity, json_output=False)
    console.model_option(added)
    added.add_argument("--data", required=True, metavar="FILE", help="the file that the models were trained on")
    console.label_options(added)


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


def polarity(options: argparse.Namespace) -> int:
    """Which way each word leans by itself, counted over the rows a checkpoint was trained on, and saved with it."""
    from core.polarity import add_polarity, of_training

    models = console.named_checkpoints(options.model)
    corpus = console.labelled(options, options.data)
    counted: dict[str, np.ndarray] = {}
    for checkpoint in models:
        # Checkpoints of the same rows and words share their counts.
        words = checkpoint.card["sha256"][checkpoints.VOCABULARY]
        alike = json.dumps([checkpoint.card["data"], words, checkpoint.preprocessing.steps], sort_keys=True)
        if alike not in counted:
            counted[alike] = of_training(checkpoint, corpus)
        add_polarity(checkpoint.name, counted[alike])
        order = counted[alike].argsort()
        for kind, ids in (("negative", order[:_SHOWN]), ("positive", order[::-1][:_SHOWN])):
            shown = ", ".join(f"{checkpoint.vocabulary.token(int(n))} {counted[alike][n]:+.2f}" for n in ids)
            console.line(f"{checkpoint.name}: most {kind}: {shown}")
    return 0
