"""Substitutes that a test names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from core.probes.edits.changes import SUBSTITUTE, Edit
from core.probes.edits.transformations import Transformation


def listed(words: Mapping[int, Sequence[str]]) -> Transformation:
    """For some positions of a sentence, the words that may stand there."""

    def propose(tokens: Sequence[str]) -> Iterator[Edit]:
        for position, others in words.items():
            yield from (Edit(SUBSTITUTE, position, (tokens[position],), (other,)) for other in others)

    return propose
