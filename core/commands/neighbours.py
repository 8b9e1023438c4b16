"""Verbs on the similarity of words: neighbours, analogy."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs
from core.models import checkpoints

if TYPE_CHECKING:
    from core.probes.words.neighbours import Neighbours, Space


def add_verbs(verbs: Verbs) -> None:
    """Add these verbs and their options."""
    by_word, by_analogy = verbs.add(neighbours), verbs.add(analogy)
    by_word.add_argument("words", nargs="+", metavar="WORD")
    for name in "abc":
        by_analogy.add_argument(name, metavar=name.upper())
    about = "a checkpoint's name, its folder, word2vec for the vectors before training, or all (default)"
    for parser in (by_word, by_analogy):
        parser.add_argument("--model", default="all", help=about)
        parser.add_argument("--count", type=int, default=10, metavar="N", help="words to list (default: 10)")


def neighbours(options: argparse.Namespace) -> int:
    """The words nearest to a word, by cosine: in the word vectors before training, and in each model after it."""
    from core.probes.words.neighbours import neighbours

    spaces = list(_spaces(options.model))
    return _answer(
        options, [partial(neighbours, space, word, options.count) for word in options.words for space in spaces]
    )


def analogy(options: argparse.Namespace) -> int:
    """The words nearest to A − B + C: A is to B as the answer is to C (king man woman: queen)."""
    from core.probes.words.neighbours import analogy

    words = (options.a, options.b, options.c)
    return _answer(options, [partial(analogy, space, *words, options.count) for space in _spaces(options.model)])


def _spaces(model: str) -> Iterator[Space]:
    from core.probes.words.neighbours import after, before

    if model in ("all", checkpoints.WORD2VEC):
        try:
            yield before(checkpoints.load_vectors())
        except checkpoints.CheckpointError as error:
            if model != "all":
                raise
            console.progress(f"left out: {console.one_line(error)}")
    if model != checkpoints.WORD2VEC:
        yield from (after(checkpoint) for checkpoint in inputs.named_checkpoints(model))


def _answer(options: argparse.Namespace, questions: list[Callable[[], Neighbours]]) -> int:
    """Spaces that do not know the words are left out. Raises LookupError where none does."""
    results = console.usable(questions, lambda question: question(), LookupError)
    return console.answer(options, results, _as_json, _show)


def _as_json(result: Neighbours) -> dict[str, object]:
    near = [console.record(word, "word cosine") for word in result.near]
    return console.record(result, "model=space asked searched") | {"near": near}


def _show(result: Neighbours) -> None:
    asked = result.asked[0] if len(result.asked) == 1 else "{} − {} + {}".format(*result.asked)
    console.line(f"{result.space}: nearest to {asked}, of {result.searched:,} words")
    for near in result.near:
        console.line(f"  {near.cosine:.4f}  {near.word}")
