"""Which words may stand for which? A fixed list for the tokens of one text, named and hashed.

- ``wordnet``: WordNet's synonyms and the word's other forms, those that the guards of edits let through one by one;
- ``typos``: slips of the finger, as edits propose them;
- a file: a word and its substitutes a line, with spaces, tabs or commas between, or a colon after the word. No
  guard looks at them.

No list proves that the meaning is kept. A word that a model does not know is to it the one unknown word, whichever it
is: of several in a list it reads one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.models.predictor import BlackBox
from core.probes.edits import sources
from core.probes.edits.changes import SUBSTITUTE, Edit
from core.probes.edits.guards import FAILED
from core.probes.edits.transformations import is_word, slips
from core.runtime.i18n import gettext as _
from core.text import lexicon

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model

WORDNET, TYPOS = NAMES = "wordnet", "typos"
_LARGEST = 5_000_000  # bytes of a file
_AFTER_WORD = re.compile(r"(?<=\w):(?=\s|\w)|(?<=\s):(?=\s)")  # a colon, but not that of an emoticon


@dataclass(frozen=True)
class WordList:
    """A list for the tokens of a text under a model: `substitutes` [n], none twice; its name, or that of its file."""

    name: str
    substitutes: tuple[tuple[str, ...], ...]

    @property
    def hash(self) -> str:
        """Of the substitutes, 16 hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.substitutes).encode()).hexdigest()[:16]


def told_apart(
    model: Model, tokens: Sequence[str], substitutes: Sequence[Sequence[str]]
) -> tuple[tuple[str, ...], ...]:
    """The substitutes that a model reads as something else than the token and than one another, the first of each."""
    found = []
    for token, words in zip(tokens, substitutes, strict=True):
        read = words if isinstance(model, BlackBox) else model.vocabulary.encode(words)
        own = token if isinstance(model, BlackBox) else model.vocabulary.encode([token])[0]
        first = dict(zip(reversed(read), reversed(words), strict=True))
        found.append(tuple(word for one, word in reversed(first.items()) if one != own))
    return tuple(found)


def listed(name: str, model: Model, tokens: Sequence[str], gold_label: str) -> WordList:
    """A list of this name, or in the file of this name, for tokens; the guards keep the gold label.

    Raises OSError and ValueError for a file that cannot be read or holds nothing.
    """
    if name not in NAMES:
        return WordList(Path(name).name, _typeable(model, tokens, _of_file(Path(name), model)))
    words = lexicon.load()
    offered = {
        token: slips(token) if name == TYPOS else [*words.synonyms(token), *words.forms(token)]
        for token in dict.fromkeys(tokens)
        if is_word(token) and (name == WORDNET or len(token) > 2)
    }
    found = _typeable(model, tokens, offered)
    if name == TYPOS:
        return WordList(name, found)
    guards = sources.guards(model, sources.WordSources(lexicon=words))
    allowed = tuple(
        tuple(
            word
            for word in words_of
            if all(guard.judge((Edit(SUBSTITUTE, place, (token,), (word,)),), gold_label) != FAILED for guard in guards)
        )
        for place, (token, words_of) in enumerate(zip(tokens, found, strict=True))
    )
    return WordList(name, allowed)


def table(checkpoint: Checkpoint) -> np.ndarray:
    """WordNet's list as ids [K, V, S] by gold label and word, without repeats, then the word's own id."""
    words = checkpoint.vocabulary.words
    by_label = []
    for label in checkpoint.labels:
        kept = told_apart(checkpoint, words, listed(WORDNET, checkpoint, words, label).substitutes)
        by_label.append([[], [], *map(checkpoint.vocabulary.encode, kept)])  # of padding and the unknown word: none
    most = max(1, *(len(ids) for some in by_label for ids in some))
    return np.array([[[*ids, *[own] * (most - len(ids))] for own, ids in enumerate(some)] for some in by_label])


def _typeable(model: Model, tokens: Sequence[str], offered: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """What is offered for each token, without what the model's preprocessing would not read as one such token."""
    kept = {
        token: tuple(word for word in dict.fromkeys(words) if word != token and model.preprocessing(word) == [word])
        for token, words in offered.items()
    }
    return tuple(kept.get(token, ()) for token in tokens)


def _of_file(path: Path, model: Model) -> dict[str, list[str]]:
    """The substitutes of each word, as the model's preprocessing reads both."""
    if path.stat().st_size > _LARGEST:
        raise ValueError(_("{file} is larger than {most} MB").format(file=path.name, most=_LARGEST // 10**6))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(_("{file} is not UTF-8 text").format(file=path.name)) from None
    offered: dict[str, list[str]] = {}
    for line in text.splitlines():
        read = [model.preprocessing(word) for word in _AFTER_WORD.sub(" ", line.replace(",", " "), count=1).split()]
        if read and len(read[0]) == 1:
            offered.setdefault(read[0][0], []).extend(word for words in read[1:] if len(words) == 1 for word in words)
    if not any(offered.values()):
        raise ValueError(
            _("{file} holds no substitute; expected a word and its substitutes on each line").format(file=path.name)
        )
    return offered
