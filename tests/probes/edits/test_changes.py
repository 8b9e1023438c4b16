"""Edits of a sentence: one after another they give what they give together, and a diff tells the whole story."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.probes.edits.changes import DELETE, INSERT, SAME, SUBSTITUTE, SWAP, Edit, apply, conflict, diff, moved
from core.probes.edits.changes import removed_and_added as balance

TOKENS = tuple("abcdef")


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    start = draw(st.integers(0, len(TOKENS)))
    stop = draw(st.integers(start, min(start + 2, len(TOKENS))))
    after = tuple(draw(st.lists(st.sampled_from("xyz"), min_size=int(start == stop), max_size=2)))
    return Edit(SUBSTITUTE, start, TOKENS[start:stop], after)


def compatible(chosen: list[Edit]) -> list[Edit]:
    kept: list[Edit] = []
    for edit in chosen:
        if not any(conflict(edit, other) for other in kept):
            kept.append(edit)
    return kept


def test_by_hand() -> None:
    made = (
        Edit(INSERT, 0, (), ("so",)),
        Edit(SUBSTITUTE, 0, ("a",), ("x",)),
        Edit(SWAP, 2, ("c", "d"), ("d", "c")),
        Edit(DELETE, 5, ("f",), ()),
    )
    assert apply(TOKENS, made) == ("so", "x", "b", "d", "c", "e")
    assert diff(TOKENS, made) == (
        ("insert", "", "so"),
        ("substitute", "a", "x"),
        ("same", "b", "b"),
        ("swap", "c d", "d c"),
        ("same", "e", "e"),
        ("delete", "f", ""),
    )
    assert balance(made) == (["a", "f"], ["so", "x"])  # what is only moved neither goes nor comes


@given(st.lists(edits(), max_size=5), st.randoms())
def test_one_after_another_in_any_order_is_all_together(chosen: list[Edit], random: object) -> None:
    kept = compatible(chosen)
    together = apply(TOKENS, kept)
    random.shuffle(kept)  # type: ignore[attr-defined]
    assert apply(TOKENS, kept) == together
    tokens = TOKENS
    for number, edit in enumerate(kept):
        tokens = apply(tokens, [moved(edit, kept[:number])])
    assert tokens == together
    pieces = diff(TOKENS, kept)  # holds both sentences
    assert " ".join(before for _, before, _ in pieces if before) == " ".join(TOKENS)
    assert " ".join(after for _, _, after in pieces if after) == " ".join(together)
    assert sum(kind != SAME for kind, _, _ in pieces) == len(kept)


@given(edits(), edits())
def test_what_is_in_conflict_cannot_be_made_together(one: Edit, other: Edit) -> None:
    assert conflict(one, other) == conflict(other, one)
    if conflict(one, other):
        with pytest.raises(ValueError, match="not together"):
            apply(TOKENS, [one, other])
    else:
        apply(TOKENS, [one, other])


def test_an_edit_of_another_sentence_is_refused() -> None:
    for wrong in (Edit(DELETE, 0, ("b",), ()), Edit(INSERT, 7, (), ("x",)), Edit(INSERT, -1, (), ("x",))):
        with pytest.raises(ValueError, match="cannot make"):
            apply(TOKENS, [wrong])
