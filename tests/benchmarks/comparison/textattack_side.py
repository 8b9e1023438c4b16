"""TextAttack's side of the comparison: `GreedyWordSwapWIR` by deletion, and `BeamSearch`, on one of our checkpoints.

It runs in a virtual environment of its own, beside the project's:

    python3.11 -m venv ta
    ta/bin/pip install torch==2.13.0 "transformers>=4.50,<5" "datasets>=3,<4" "flair==0.15.1" textattack

(on Linux without a GPU, `uv pip install --torch-backend=cpu` spares the CUDA libraries; numpy, safetensors and pyarrow,
which `core` needs, come with these packages); `compare` runs it there. Measured with textattack 0.3.11, transformers
4.57.6, datasets 3.6.0.

Nothing is downloaded (`offline` sees to that). TextAttack's usual substitutes come from a downloaded matrix of
neighbours (`textattack.shared.WordEmbedding` takes any: vectors, both dictionaries, and ``nn_matrix`` [V, K], ids with
the word itself first); here a transformation offers what the request lists for each position instead.

TextAttack splits text into words in its own way and drops punctuation. So that both sides have the same positions and
the victim reads exactly our tokens, each distinct token is written as one plain word, ``t0``, ``t1``, …, and read back
before the victim sees it; a word that is none of these stops the run.

Positions without substitutes are kept from TextAttack as a constraint of its own kind, so that it does not ask the
victim about them. Constraints: no token replaced twice, and at most `max_edits`. Queries are counted by TextAttack, the
first look at the text included, cached answers too.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import offline  # noqa: F401, before TextAttack

# isort: split

import numpy as np
import textattack
import torch
from exchange import Answer, Attempt, Request, Target, write_answers
from textattack.constraints import PreTransformationConstraint
from textattack.constraints.overlap import MaxWordsPerturbed
from textattack.constraints.pre_transformation import RepeatModification
from textattack.goal_functions import UntargetedClassification
from textattack.models.wrappers import ModelWrapper
from textattack.search_methods import BeamSearch, GreedyWordSwapWIR
from textattack.shared import AttackedText
from textattack.transformations import WordSwap

from core.data.corpus import encode_tokens, read_texts
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.predict import logits, sigmoid

BEAM, BATCH = 4, 256  # prefixes kept; texts that the victim gets at a time


class Words:
    """Our tokens as words that TextAttack leaves whole, and back."""

    def __init__(self) -> None:
        self._tokens: list[str] = []
        self._words: dict[str, str] = {}

    def word(self, token: str) -> str:
        if token not in self._words:
            self._words[token] = f"t{len(self._tokens)}"
            self._tokens.append(token)
        return self._words[token]

    def text(self, tokens: list[str]) -> str:
        return " ".join(self.word(token) for token in tokens)

    def tokens(self, text: str) -> list[str]:
        """Raises ValueError for a word that stands for no token."""
        found = []
        for word in text.split():
            if not word.startswith("t") or not word[1:].isdigit() or int(word[1:]) >= len(self._tokens):
                raise ValueError(f"TextAttack made {word!r} of our tokens")
            found.append(self._tokens[int(word[1:])])
        return found


class Victim(ModelWrapper):
    """A checkpoint as a black box: texts in, the probabilities of negative and positive out."""

    def __init__(self, checkpoint: Checkpoint, words: Words):
        self.model = checkpoint.model
        self.checkpoint, self.words = checkpoint, words

    def __call__(self, text_input_list: list[str], **_: object) -> torch.Tensor:
        positive = self.probabilities([self.words.tokens(text) for text in text_input_list])
        return torch.from_numpy(np.stack([1 - positive, positive], axis=1))

    def probabilities(self, sentences: list[list[str]]) -> np.ndarray:
        return sigmoid(logits(self.model, encode_tokens(sentences, self.checkpoint.vocabulary)))


class Substitutes(WordSwap):
    """Replaces a word by what the request lists for its position; replacing changes no position."""

    def __init__(self, words: Words):
        super().__init__()
        self.words = words
        self.by_position: list[list[str]] = []

    def take(self, target: Target) -> None:
        self.by_position = [[self.words.word(token) for token in tokens] for tokens in target.substitutes]

    def _get_transformations(self, current_text: AttackedText, indices_to_modify: set[int]) -> list[AttackedText]:
        return [
            current_text.replace_word_at_index(position, word)
            for position in indices_to_modify
            for word in self.by_position[position]
            if word != current_text.words[position]
        ]


class HasSubstitutes(PreTransformationConstraint):
    """Only positions that have a substitute are ranked and changed."""

    def __init__(self, substitutes: Substitutes):
        self.substitutes = substitutes

    def _get_modifiable_indices(self, current_text: AttackedText) -> set[int]:
        return {position for position, words in enumerate(self.substitutes.by_position) if words}


def main() -> None:
    """Attack every target of a request by every search asked for, and write the answers."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--request", required=True, type=Path, help="what to attack, from our side")
    parser.add_argument("--data", required=True, type=Path, help="the file whose rows are attacked")
    parser.add_argument("--out", required=True, type=Path, help="the answers, as JSON")
    parser.add_argument("--threads", type=int, default=1, help="processor threads (default: 1)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    request = Request.read(options.request)
    texts = read_texts(options.data)
    words = Words()
    victim = Victim(checkpoints.load(request.model), words)
    answers = []
    searches = {"greedy, WIR delete": GreedyWordSwapWIR(wir_method="delete"), f"beam {BEAM}": BeamSearch(BEAM)}
    for name, search in searches.items():
        substitutes = Substitutes(words)
        limits = [HasSubstitutes(substitutes), RepeatModification(), MaxWordsPerturbed(max_num_words=request.max_edits)]
        goal = UntargetedClassification(victim, model_batch_size=BATCH)
        attack = textattack.Attack(goal, limits, substitutes, search)
        attempts = [attempt(attack, victim, substitutes, target, texts[target.row]) for target in request.targets]
        answers.append(Answer(f"TextAttack {name}", attempts))
    write_answers(answers, options.out)


def attempt(attack: textattack.Attack, victim: Victim, substitutes: Substitutes, target: Target, text: str) -> Attempt:
    """One search on one row. Raises ValueError where the request's positions are not those of the row's tokens."""
    tokens = victim.checkpoint.preprocessing(text)
    if len(tokens) != len(target.substitutes):
        raise ValueError(f"row {target.row} has {len(tokens)} tokens; the request has {len(target.substitutes)}")
    substitutes.take(target)
    before = float(victim.probabilities([tokens])[0])
    example = AttackedText(victim.words.text(tokens))
    if victim.words.tokens(" ".join(example.words)) != tokens:
        raise ValueError(f"row {target.row}: TextAttack splits it in another way")
    start = time.perf_counter()
    result = attack.attack(example, int(before >= 0.5))
    seconds = time.perf_counter() - start
    found = result.perturbed_result
    edited = victim.words.tokens(found.attacked_text.text)
    after = float(victim.probabilities([edited])[0])
    return Attempt(
        row=target.row,
        success=(after >= 0.5) != (before >= 0.5),
        queries=found.num_queries,
        seconds=seconds,
        probability=before,
        edited_probability=after,
        edits=sum(old != new for old, new in zip(tokens, edited, strict=True)),
        edited=edited,
    )


if __name__ == "__main__":
    main()
