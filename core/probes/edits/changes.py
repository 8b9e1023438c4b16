"""What is a small edit of a sentence? A span of its tokens replaced by others; a set of edits applies as one.

Positions count the tokens of the original from 0, so a set has no order. An insertion replaces the empty span before a
token; where another edit begins at the same position, the insertion comes first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.runtime.i18n import mark

SUBSTITUTE, DELETE, INSERT, SWAP, TYPO, EMPHASIS, PUNCTUATION = KINDS = (
    mark("substitute"),
    mark("delete"),
    mark("insert"),
    mark("swap"),
    mark("typo"),
    mark("emphasis"),
    mark("punctuation"),
)
SAME = "same"  # what a diff calls tokens that no edit touches

Diff = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Edit:
    """The tokens `before` at `position` become `after`; insertions and deletions have one of both empty.

    `kind` is one of `KINDS`.
    """

    kind: str
    position: int
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def stop(self) -> int:
        """The position after the last token replaced."""
        return self.position + len(self.before)

    @property
    def growth(self) -> int:
        """By how many tokens the sentence becomes longer."""
        return len(self.after) - len(self.before)


def removed_and_added(edits: Iterable[Edit]) -> tuple[list[str], list[str]]:
    """The tokens that edits remove and add, without those that they only move; repeats kept."""
    before: list[str] = []
    after: list[str] = []
    for edit in edits:
        before += edit.before
        after += edit.after
    if set(before).isdisjoint(after):
        return before, after
    gone, come = Counter(before), Counter(after)
    return list((gone - come).elements()), list((come - gone).elements())


def conflict(one: Edit, other: Edit) -> bool:
    """Whether two edits of one sentence cannot both be made: they share a token, or insert at one position."""
    if not one.before and not other.before:
        return one.position == other.position
    if not one.before:
        return other.position < one.position < other.stop
    if not other.before:
        return one.position < other.position < one.stop
    return max(one.position, other.position) < min(one.stop, other.stop)


def moved(edit: Edit, others: Iterable[Edit]) -> Edit:
    """An edit of a sentence as one of the sentence that `others`, none in conflict with it, have made of it."""
    shift = sum(
        other.growth
        for other in others
        if (other.position, len(other.before) > 0) < (edit.position, len(edit.before) > 0)
    )
    return Edit(edit.kind, edit.position + shift, edit.before, edit.after) if shift else edit


def apply(tokens: Sequence[str], edits: Iterable[Edit]) -> tuple[str, ...]:
    """The tokens after all of some edits.

    Raises ValueError where two are in conflict or one replaces tokens that do not stand there.
    """
    edited: list[str] = []
    reached, last_insertion = 0, -1
    for edit in sorted(edits, key=_order):
        clash = edit.position < reached or (not edit.before and edit.position == last_insertion)
        if clash or not 0 <= edit.position <= len(tokens) or tuple(tokens[edit.position : edit.stop]) != edit.before:
            raise ValueError(
                f"cannot make {' '.join(edit.before)!r} into {' '.join(edit.after)!r} at token {edit.position} of "
                f"{' '.join(tokens)!r}, or not together with the other edits"
            )
        last_insertion = last_insertion if edit.before else edit.position
        edited += [*tokens[reached : edit.position], *edit.after]
        reached = edit.stop
    return (*edited, *tokens[reached:])


def merged(tokens: Sequence[str], edits: Sequence[Edit]) -> Edit:
    """Some edits as one: everything from the first to the last of them replaced."""
    start, stop = min(edit.position for edit in edits), max(edit.stop for edit in edits)
    growth = sum(edit.growth for edit in edits)
    return Edit(SUBSTITUTE, start, tuple(tokens[start:stop]), apply(tokens, edits)[start : stop + growth])


def diff(tokens: Sequence[str], edits: Iterable[Edit]) -> Diff:
    """The sentence as pieces (kind, before, after) from left to right; untouched tokens are ``same``, one a piece."""
    pieces: list[tuple[str, str, str]] = []
    reached = 0
    for edit in sorted(edits, key=_order):
        pieces += [(SAME, token, token) for token in tokens[reached : edit.position]]
        pieces.append((edit.kind, " ".join(edit.before), " ".join(edit.after)))
        reached = edit.stop
    return (*pieces, *((SAME, token, token) for token in tokens[reached:]))


def _order(edit: Edit) -> tuple[int, bool]:
    return edit.position, len(edit.before) > 0
