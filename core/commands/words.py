"""Verbs that ask what words mean to the models: neighbours, analogy."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.verbs import Add
from core.models import checkpoints

if TYPE_CHECKING:
    from core.probes.words.neighbours import Neighbours, Space


def add_verbs(add: Add) -> None:
    """Add these verbs and their options."""
    added = add(neighbours)
    added.add_argument("words", nargs="+", metavar="WORD")
    _options(added)
    added = add(analogy)
    for name in "abc":
        added.add_argument(name, metavar=name.upper())
    _options(added)


def _options(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--model", default="all", help="a checkpoint's name, word2vec for the vectors before training, or all (default)"
    )
    added.add_argument("--count", type=int, default=10, metavar="N", help="words to list (default: 10)")


def neighbours(options: argparse.Namespace) -> int:
    """The words nearest to a word, by cosine: in the word vectors before training, and in each model after it."""
    from core.probes.words.neighbours import neighbours

    spaces = list(_spaces(options.model))
    return _tell(
        options,
        _answers([partial(neighbours, space, word, options.count) for word in options.words for space in spaces]),
    )


def analogy(options: argparse.Namespace) -> int:
    """The words nearest to A − B + C: A is to B as the answer is to C (king man woman: queen)."""
    from core.probes.words.neighbours import analogy

    words = (options.a, options.b, options.c)
    return _tell(
        options, _answers([partial(analogy, space, *words, options.count) for space in _spaces(options.model)])
    )


def _answers(questions: list[Callable[[], Neighbours]]) -> list[Neighbours]:
    """What those that know the words say; the others are told of. Raises LookupError where none does."""
    found, refused = [], []
    for question in questions:
        try:
            found.append(question())
        except LookupError as error:
            refused.append(error)
    if refused and not found:
        raise refused[0]
    for refusal in refused:
        console.progress(f"left out: {console.one_line(refusal)}")
    return found


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
        yield from (after(checkpoint) for checkpoint in console.named_checkpoints(model))


def _tell(options: argparse.Namespace, found: list[Neighbours]) -> int:
    if options.json:
        console.json_list(
            {
                "model": one.space,
                "asked": one.asked,
                "searched": one.searched,
                "near": [{"word": near.word, "cosine": near.cosine} for near in one.near],
            }
            for one in found
        )
        return 0
    for one in found:
        asked = one.asked[0] if len(one.asked) == 1 else "{} − {} + {}".format(*one.asked)
        console.line(f"{one.space}: nearest to {asked}, of {one.searched:,} words")
        for near in one.near:
            console.line(f"  {near.cosine:.4f}  {near.word}")
    return 0
