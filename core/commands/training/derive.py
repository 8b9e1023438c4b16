"""Verbs that derive something small from what is there: lexicon, polarity, state-space."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs, label_options
from core.data import targets
from core.models import checkpoints

if TYPE_CHECKING:
    import numpy as np

    from core.models.training_rows import Rows

_SHOWN = 10  # words at either end


def add_verbs(verbs: Verbs) -> None:
    """Add these verbs and their options."""
    parser = verbs.add(lexicon, json_output=False)
    parser.add_argument("--wordnet", required=True, metavar="DIR", help="folder of WordNet's database files")
    parser.add_argument("--out", default="my-lexicon", metavar="DIR", help="default: my-lexicon")
    for verb in (polarity, state_space):
        parser = verbs.add(verb, "--model", json_output=False)
        parser.add_argument("--data", required=True, metavar="FILE", help="the models' training file")
        label_options(parser)


def lexicon(options: argparse.Namespace) -> int:
    """The tables of antonyms, synonyms, forms and plainer verbs, from WordNet and the checkpoints' vocabularies."""
    from core.text import wordnet
    from core.text.preprocessing import Vocabulary

    files = sorted(checkpoints.root().glob("*/vocabulary.txt"))
    vocabularies = [Vocabulary.from_bytes(file.read_bytes()).words for file in files]
    made = wordnet.write(wordnet.read(Path(options.wordnet)), vocabularies, Path(options.out))
    for name, lines in made.items():
        console.line(f"{name}: {lines:,} lines")
    return 0


def polarity(options: argparse.Namespace) -> int:
    """Each word's log-odds by itself, counted over the rows a checkpoint was trained on, and saved with it."""
    from core.models.token_log_odds import add_polarity, of_training

    models = inputs.named_checkpoints(options.model)
    counted: dict[str, np.ndarray] = {}
    for checkpoint, corpus in inputs.labelled_for(options, options.data, models):
        alike = _rows_key(checkpoint)
        if alike not in counted:
            counted[alike] = of_training(checkpoint, corpus)
        add_polarity(checkpoint.name, counted[alike], checkpoint.folder)
        for kind, leaning, sign in targets.leanings(counted[alike], checkpoint.labels):
            order = leaning.argsort()
            ids = order[::-1][:_SHOWN] if sign > 0 else order[:_SHOWN]
            shown = ", ".join(f"{checkpoint.vocabulary.token(int(n))} {leaning[n]:+.2f}" for n in ids)
            console.line(f"{checkpoint.name}: most {kind}: {shown}")
    return 0


def state_space(options: argparse.Namespace) -> int:
    """The axes that a model's states are drawn in, fitted to states of the rows held out of its training, and saved."""
    from core.models.reference_states import add_state_space, of_rows
    from core.models.training_rows import read_again

    models = inputs.prefixwise_checkpoints(options.model, plain=True)
    read: dict[str, Rows] = {}
    for checkpoint, corpus in inputs.labelled_for(options, options.data, models):
        alike = _rows_key(checkpoint)
        if alike not in read:
            read[alike] = read_again(checkpoint, corpus)
        space = of_rows(checkpoint.model, read[alike].sentences, read[alike].held)
        add_state_space(checkpoint.name, space, checkpoint.folder)
        *along, first, second = space.explained
        console.line(
            f"{checkpoint.name}: of the variance of its states, {sum(along):.1%} lies along the read-out and "
            f"{first:.1%} and {second:.1%} along the two components across it"
        )
    return 0


def _rows_key(checkpoint: checkpoints.Checkpoint) -> str:
    """The same for checkpoints that see the same rows, split in the same way, as the same ids."""
    words = checkpoint.card["sha256"][checkpoints.VOCABULARY]
    return json.dumps([checkpoint.card.get("data"), words, checkpoint.preprocessing.steps], sort_keys=True)
