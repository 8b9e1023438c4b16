"""Remembering words changes no id, whatever the steps and the text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.data.corpus import Encoder, encode, encode_tokens
from core.text import word_cache
from core.text.preprocessing import SHIPPED, STEPS, WORDWISE, Preprocessing, Vocabulary

PIECES = [
    *"aAoOdDpPxXsΣσİ3@'’:;=)(-<>&#.…!?_*~/|^\\$\ufe0f\u0301\udc80🙂`👩💻\u200d🏽🇩\u20e3", " ", "  ", "\n", "\t",
    "\x1c", "\u00a0", "\u2028", "http://", "www.", "twitpic.com/", "co.uk", "n't", "n't've", "can't", "&amp;", "&nbsp;",
    "&lt;3", "&#10;", "haaaa", "do", "n", " n't", "is", "it", "s", "re", "<br />", "<br", "/>", "<p", "@bob's", "10:30",
    "1,000", "<url>", "<3", "o_o", "t_t", "'ve", "loooove", "!!!", "...",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def steps(names: set[str]) -> st.SearchStrategy[Preprocessing]:
    return st.lists(st.sampled_from(sorted(names)), unique=True).map(lambda chosen: Preprocessing(tuple(chosen)))


@given(texts, steps(WORDWISE))
@example("can't  http://a.b/c?d=&amp; @bob's :) he", Preprocessing(SHIPPED))
def test_a_texts_tokens_are_those_of_its_words(text: str, preprocessing: Preprocessing) -> None:
    assert preprocessing(text) == [token for word in text.split() for token in preprocessing(word)]


@given(st.lists(texts, max_size=6), steps(set(STEPS)))
@example(["was n't it 's", "a<br />b n ' t"], Preprocessing())
@example(["was n't it 's", "a<br />b n ' t"], Preprocessing(("punctuation", "rejoin", "contractions", "markup")))
def test_ids_are_those_of_tokens(found: list[str], preprocessing: Preprocessing) -> None:
    vocabulary = Vocabulary(["he", "not", "can", "is", "it's", "a", "o", "<url>", "!", "'"])
    plain = encode_tokens((preprocessing(text) for text in found), vocabulary)
    encoder = Encoder(preprocessing, vocabulary)
    for encoded in (encoder(found), encoder(found), encode(found, preprocessing, vocabulary)):
        assert np.array_equal(encoded.ids, plain.ids) and np.array_equal(encoded.offsets, plain.offsets)
        assert encoded.ids.dtype == plain.ids.dtype and encoded.offsets.dtype == plain.offsets.dtype


def test_what_is_remembered_is_bounded_and_long_words_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_cache, "SIZE", 5)
    encoder = Encoder(Preprocessing(), Vocabulary(["w7"]))
    found = [f"w{number % 9} w{number} {'x' * 50}{number}" for number in range(100)]
    plain = encode_tokens((Preprocessing()(text) for text in found), Vocabulary(["w7"]))
    assert np.array_equal(encoder(found).ids, plain.ids)
    remembered = encoder._ids
    assert len(remembered) <= 5 and len(remembered._before) <= 5
    assert not any(len(word) > 40 for word in (*remembered, *remembered._before))


def test_what_is_met_again_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_cache, "SIZE", 3)
    made: list[str] = []
    remembered: word_cache.WordCache[str] = word_cache.WordCache(lambda word: made.append(word) or word.upper())
    for number in range(20):
        assert remembered["often"] == "OFTEN" and remembered[f"w{number}"] == f"W{number}"
    assert made.count("often") == 1 and len(made) == 21
