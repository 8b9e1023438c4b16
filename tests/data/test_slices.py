"""Slices: every sentence in one of each family; marks as a person would put them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.data.slices import FAMILIES, LENGTHS, SLICES, Marker, indices
from core.text.preprocessing import Preprocessing, is_emoticon
from tests.hostile import SENTENCES


def test_marks() -> None:
    """Negation, question, emoticon."""
    for text, marks in {
        "I love it": (False, False, False),
        "I don't love it": (True, False, False),
        "I never said so": (True, False, False),
        "why ?": (False, True, False),
        "really?!": (False, True, False),
        "so happy :)": (False, False, True),
        "not you too :( ???": (True, True, True),
        "love it 😀": (False, False, True),
        "notable nothingness": (False, False, False),
        "http://example.com/?q=1": (False, False, False),
        "": (False, False, False),
    }.items():
        assert tuple(Marker()([text])[0].tolist()) == marks, text
    assert Marker()(SENTENCES).shape == (len(SENTENCES), 3)  # hostile ones


@given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
def test_marks_are_those_of_each_text_alone(texts: list[str]) -> None:
    """What was seen before changes nothing."""
    marker = Marker()
    together = marker(texts)
    assert together.shape == (len(texts), 3)
    for text, row in zip(texts, together, strict=True):
        assert Marker()([text])[0].tolist() == row.tolist()


def test_an_emoticon_is_one_whole_token() -> None:
    for token in (":)", ":-(", "<3", "^_^", "=D", ["xd", ":)"][1], "😂", "❤"):
        assert is_emoticon(token), token
    for token in ("x", ":", "10:30", "he", "(", "d", *Preprocessing()("ratio 3:4 re:do")):
        assert not is_emoticon(token), token


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)), min_size=1, max_size=20))
def test_every_sentence_is_in_one_slice_of_each_family(rows: list[tuple[int, int]]) -> None:
    lengths, unknown = (np.array(column) for column in zip(*rows, strict=True))
    marks = np.zeros((len(rows), 3), dtype=bool)
    marks[::2] = True
    found = indices(marks, lengths, unknown)
    assert found.shape == (len(rows), len(FAMILIES))
    for row, (length, count) in zip(found.tolist(), rows, strict=True):
        slices = [SLICES[place] for place in row]
        assert [family for family, _name in slices] == list(FAMILIES)
        by_family = dict(slices)
        low, high = LENGTHS[FAMILIES["length"].index(by_family["length"])]
        assert max(length, 1) >= low
        assert high is None or length <= high
        assert by_family["unknown"] == ("0", "1", "2 or more")[min(count, 2)]
