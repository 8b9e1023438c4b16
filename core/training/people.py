"""How are models made that people's labels taught? Three classes, from the words and weights of a two-class model.

The table is that of SemEval's Twitter tasks of 2013 to 2016 (Rosenthal, Farra & Nakov 2017, "SemEval-2017 Task 4"). It
has the columns ``text``, ``label`` (0 negative, 2 neutral, 1 positive) and ``part``, which begins with a year. Some
parts, usually those of the last year, are for the report alone. The part of sarcastic tweets is left out. Of
near-duplicates one is kept, of the report first, then of the latest year: texts whose words, without links, names and
punctuation, have a Jaccard similarity of at least `ALIKE`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.data.corpus import Corpus, file_sha256
from core.data.label_inference import label_key
from core.data.labels import Labelling
from core.data.tables import location, rows
from core.models.checkpoints import Checkpoint
from core.runtime.i18n import mark
from core.text.preprocessing import Preprocessing
from core.training.loop import TrainingSettings
from core.training.recipe import LIMITS, Recipe

LABELLING = Labelling(("negative", "neutral", "positive"))
CODES = {"0": 0, "2": 1, "1": 2}  # of the table
ALIKE = 0.8
WORDS = 12_000
"""How many words of the two-class model are kept, so that the checkpoint has 5 MB."""
_LEFT_OUT = "sarcasm"  # in the name of a part

RECIPE = Recipe(
    min_count=2,
    words=WORDS,
    limits=(
        mark("People labelled the training tweets: crowd workers, for SemEval’s tasks of 2013 to 2016."),
        mark(
            "English tweets of these years. A model like it that saw no tweet of 2016 was right for 59 % of that "
            "year’s: on tweets of other years it will be right less often than its report says."
        ),
        mark("Its words come from a model of tweets of 2009. Most later words, emoji and other languages are unknown."),
        mark("Neutral means that the labels show no clear sentiment; people often disagree on where that begins."),
        *LIMITS[3:],
    ),
    terms=mark(
        "The weights are derived from the text of the training data and follow its terms. SemEval’s tweets (Rosenthal, "
        "Farra & Nakov 2017) and those of Sentiment140 (Go, Bhayani & Huang 2009), from which the first weights came, "
        "state no licence and are made available for research; tweets remain subject to the terms of their platform. "
        "None of the texts is in this checkpoint."
    ),
)


def settings(start: Checkpoint) -> TrainingSettings:
    """How such a model is trained from a two-class one. The values were chosen on tweets of 2015, by models of 2013 and
    2014 (docs/results.md)."""
    return TrainingSettings(
        start.card["cell"],
        hidden_size=start.model.hidden_size,
        layers=start.model.recurrent.num_layers,
        dropout=0.5,
        word_dropout=0.1,
        epochs=5,
        batch_size=128,
        learning_rate=1e-3,
        evaluations_per_epoch=2,
    )


def split(table: Path, held_out: str | None = None) -> tuple[Corpus, Corpus]:
    """The tweets to train on, and those to report on: parts whose names begin with `held_out`, usually the last year.

    Raises as `core.data.tables.rows`, and ValueError for another label, a part without a year, or no row on a side.
    """
    cells: list[tuple[str, int, str]] = []
    for number, line, (text, label, part) in rows(table, ("text", "label", "part")):
        key, part = label_key(label), str(part)
        if key not in CODES or not part[:4].isdecimal():
            where = location(table, number, line)
            raise ValueError(f"{where}: expected a label 0, 1 or 2, and a part that begins with a year")
        if _LEFT_OUT not in part:
            cells.append((str(text), CODES[key], part))
    apart = held_out or max((part[:4] for *_, part in cells), default="")
    cells.sort(key=lambda cell: (cell[2].startswith(apart), cell[2][:4]), reverse=True)
    kept = [cells[number] for number in without_near_duplicates([text for text, *_ in cells])]
    sides = [[cell for cell in kept if cell[2].startswith(apart) == of_report] for of_report in (False, True)]
    if not all(sides):
        raise ValueError(f"{table.name}: no parts to train on, or none that begins with {apart!r} to report on")
    sha256 = file_sha256(table)

    def corpus(side: Sequence[tuple[str, int, str]], of: str) -> Corpus:
        labels = np.array([label for _, label, _ in side], dtype=np.int8)
        return Corpus(f"{table.name}, {of}", [text for text, *_ in side], labels, 0, sha256, labelling=LABELLING)

    return corpus(sides[0], f"without {apart}"), corpus(sides[1], apart)


def without_near_duplicates(texts: Sequence[str]) -> list[int]:
    """The numbers of the texts that are no near-duplicate of an earlier one, in order."""
    words = [frozenset(filter(_is_word, tokens)) for tokens in map(Preprocessing(), texts)]
    frequency = Counter(word for own in words for word in own)
    by_word: dict[str, list[int]] = defaultdict(list)
    kept = []
    for number, own in enumerate(words):
        # Texts so alike share one of so many of their rarest words (prefix filtering, Chaudhuri et al. 2006).
        least = int(np.ceil(ALIKE * len(own)))
        rare = sorted(own, key=lambda word: (frequency[word], word))[: len(own) - least + 1]
        others = {other for word in rare for other in by_word[word]}
        if all(len(own & words[other]) < ALIKE * len(own | words[other]) for other in others):
            kept.append(number)
            for word in rare:
                by_word[word].append(number)
    return kept


def _is_word(token: str) -> bool:
    return token[0] != "<" and any(map(str.isalnum, token))
