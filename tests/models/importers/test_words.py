"""Vocabularies of all the formats say the same; where words and vectors do not match, one line says so."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from core.models.importers.refusals import RefusedError
from core.models.importers.vocabulary_files import Special, align, read_vocabulary

TOKENS = ["<pad>", "[UNK]", "good", "bad", "not"]
VECTORS = np.arange(15, dtype=np.float32).reshape(5, 3) + 0.5


def test_every_format_of_a_vocabulary_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n".join(TOKENS), encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(("\ufeff" + "\r\n".join(TOKENS) + "\r\n").encode())
    (tmp_path / "c.json").write_text(json.dumps(TOKENS))
    (tmp_path / "d.json").write_text(json.dumps({token: number for number, token in reversed(list(enumerate(TOKENS)))}))
    (tmp_path / "e.json").write_text(json.dumps({str(number): token for number, token in enumerate(TOKENS)}))
    assert all(read_vocabulary(path) == TOKENS for path in tmp_path.iterdir())


def test_what_is_no_vocabulary_is_told_of(tmp_path: Path) -> None:
    for name, content, message in (
        ("a.json", '{"a": 0, "b": 0}', "each given once"),
        ("a.json", '{"a": -1}', "whole numbers from 0"),
        ("a.json", '{"a": 99999999999}', "whole numbers from 0"),
        ("a.json", '{"a": 0, "a": 1}', "twice"),
        ("a.json", '{"a": true}', "expected a list of tokens"),
        ("a.json", '{"a": 0.5}', "expected a list of tokens"),
        ("a.json", "[1, 2]", "expected a list of tokens"),
        ("a.json", '{"0": "a", "1": "a"}', "twice"),
        ("a.json", "{}", "expected a list of tokens"),
        ("a.json", "[" * 100_000, "not JSON"),
        ("a.txt", "good 0\nbad 1\n", "expected one token a line"),
        ("a.txt", "\n", "holds no token"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(ValueError, match=message):
            read_vocabulary(tmp_path / name)


def test_rows_go_where_their_tokens_go() -> None:
    found = align(TOKENS, VECTORS, None, Special())
    assert found.vocabulary.words == ("good", "bad", "not")
    np.testing.assert_array_equal(found.vectors, VECTORS)
    moved = align([*TOKENS[2:], *TOKENS[:2]], VECTORS, None, Special())
    np.testing.assert_array_equal(moved.vectors, VECTORS[[3, 4, 0, 1, 2]])
    by_word = align(TOKENS, VECTORS[::-1], TOKENS[::-1], Special())
    np.testing.assert_array_equal(by_word.vectors, VECTORS)
    assert (found.pad, found.unknown, found.notes) == ("<pad> (id 0)", "[UNK] (id 1)", ())
    found = align(["the", "<unk>", "good", "bad", "not"], VECTORS, None, Special(pad_id=0))
    assert found.vocabulary.words == ("the", "good", "bad", "not")
    np.testing.assert_array_equal(found.vectors[found.vocabulary.id("the")], VECTORS[0])
    np.testing.assert_array_equal(found.vectors[0], VECTORS[0])
    found = align(["<pad>", "[UNK]", "new york", "", "<unk>"], VECTORS, None, Special(unknown_token="[UNK]"))
    assert found.vocabulary.words == ()
    assert any(note.startswith("3 tokens that no text can give") for note in found.notes)


def test_ids_without_a_token_have_to_be_named() -> None:
    holes = [None, None, "good", "bad", "not"]
    with pytest.raises(ValueError, match=r"1 ids have no token, \[1\] first; name padding"):
        align(holes, VECTORS, None, Special())
    found = align(holes, VECTORS, None, Special(pad_id=0, unknown_id=1))
    np.testing.assert_array_equal(found.vectors, VECTORS)
    found = align([None, *TOKENS[1:]], VECTORS, None, Special())
    last = align(["good", "bad"], VECTORS[:3], None, Special(pad_id=2))  # beyond the vocabulary, within the embedding
    assert last.pad == "(id 2)" and np.array_equal(last.vectors[0], VECTORS[2])
    assert found.pad == "(id 0)" and any("id 0 has no token" in note for note in found.notes)
    np.testing.assert_array_equal(found.vectors[0], VECTORS[0])


def test_mistakes_are_told_of() -> None:
    for rows in (4, 6):
        with pytest.raises(ValueError, match=f"the vocabulary has 5 ids and the embedding {rows} rows") as caught:
            align(TOKENS, np.zeros((rows, 3), dtype=np.float32), None, Special())
        assert "\n" not in str(caught.value)
        assert ("where ids begin at 1" in str(caught.value)) is (rows == 6)
    with pytest.raises(ValueError, match=r"not finite, in rows \[2\]"):
        align(TOKENS, np.where(VECTORS == 7.5, np.inf, VECTORS), None, Special())
    with pytest.raises(ValueError, match="repeated"):
        align([*TOKENS[:4], "good"], VECTORS, None, Special())
    with pytest.raises(ValueError, match="2 tokens could stand for unknown"):
        align(["<unk>", "[UNK]", "a", "b", "c"], VECTORS, None, Special())
    with pytest.raises(LookupError, match="no token 'what'"):
        align(TOKENS, VECTORS, None, Special(unknown_token="what"))
    with pytest.raises(ValueError, match="not both"):
        align(TOKENS, VECTORS, None, Special(pad_token="<pad>", pad_id=0))
    with pytest.raises(ValueError, match="lacks 1 of the vocabulary's 5: bad"):
        align(TOKENS, VECTORS[:4], ["<pad>", "[UNK]", "good", "not"], Special())


def test_kerass_tokenizer_tells_its_words(tmp_path: Path) -> None:
    config = {"num_words": 4, "word_index": json.dumps({"<OOV>": 1, "good": 2, "bad": 3, "not": 4})}
    (tmp_path / "tokenizer.json").write_text(json.dumps({"class_name": "Tokenizer", "config": config}))
    assert read_vocabulary(tmp_path / "tokenizer.json") == [None, "<OOV>", "good", "bad"]
    (tmp_path / "tokenizer.json").write_text(json.dumps({"class_name": "Tokenizer", "config": {"word_index": "x"}}))
    with pytest.raises(ValueError, match="expected the word_index"):
        read_vocabulary(tmp_path / "tokenizer.json")


def test_a_pickled_vocabulary_is_refused_with_lines_that_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = {token: number for number, token in enumerate(TOKENS)}
    for name, content in (("a.pkl", words), ("b.pkl", TOKENS)):
        (tmp_path / name).write_bytes(pickle.dumps(content))
        with pytest.raises(RefusedError) as refused:
            read_vocabulary(tmp_path / name)
        monkeypatch.chdir(tmp_path)
        exec("\n".join(refused.value.lines), {})
        assert read_vocabulary(tmp_path / name.replace("pkl", "json")) == TOKENS
