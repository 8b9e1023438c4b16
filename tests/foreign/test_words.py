"""Vocabularies and vectors of all the formats say the same; where the two do not match, one line says so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from core.foreign.words import Special, align, read_vectors, read_vocabulary

TOKENS = ["<pad>", "[UNK]", "good", "bad", "not"]
VECTORS = np.arange(15, dtype=np.float32).reshape(5, 3) + 0.5


def test_every_format_of_a_vocabulary_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n".join(TOKENS), encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(("\ufeff" + "\r\n".join(TOKENS) + "\r\n").encode())
    (tmp_path / "c.json").write_text(json.dumps(TOKENS))
    (tmp_path / "d.json").write_text(json.dumps({token: number for number, token in reversed(list(enumerate(TOKENS)))}))
    assert all(read_vocabulary(path) == TOKENS for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", '{"a": 0, "b": 0}', "each given once"),
        ("a.json", '{"a": -1}', "whole numbers from 0"),
        ("a.json", '{"a": 99999999999}', "whole numbers from 0"),
        ("a.json", '{"a": 0, "a": 1}', "twice"),
        ("a.json", '{"a": true}', "expected a list of tokens"),
        ("a.json", '{"a": 0.5}', "expected a list of tokens"),
        ("a.json", "[1, 2]", "expected a list of tokens"),
        ("a.json", "[" * 100_000, "not JSON"),
        ("a.txt", "good 0\nbad 1\n", "expected one token a line"),
        ("a.txt", "\n", "holds no token"),
    ],
)
def test_what_is_no_vocabulary_is_told_of(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        read_vocabulary(tmp_path / name)


def test_every_format_of_vectors_says_the_same(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VECTORS.astype(np.float64))
    save_file({"emb.weight": VECTORS}, tmp_path / "b.safetensors")
    lines = [f"{token} {' '.join(map(str, row))}" for token, row in zip(TOKENS, VECTORS.tolist(), strict=True)]
    (tmp_path / "c.txt").write_text("5 3\n" + "\n".join(lines) + "\n")
    (tmp_path / "d.vec").write_text("\n".join(line + " " for line in lines))
    for path in tmp_path.iterdir():
        found, words = read_vectors(path)
        np.testing.assert_array_equal(found, VECTORS)
        assert words == (TOKENS if path.suffix in (".txt", ".vec") else None)


def test_vectors_that_cannot_be_read_are_told_of(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"objects\.npy is not an npy file of numbers"):
        read_vectors(tmp_path / "objects.npy")
    (tmp_path / "ragged.txt").write_text("a 1 2\nb 1\n")
    with pytest.raises(ValueError, match="line 2: expected a word and 2 numbers, found 1"):
        read_vectors(tmp_path / "ragged.txt")
    save_file({"a": VECTORS, "b": VECTORS}, tmp_path / "two.safetensors")
    with pytest.raises(ValueError, match="holds 2 tensors"):
        read_vectors(tmp_path / "two.safetensors")
    assert read_vectors(tmp_path / "two.safetensors", "b")[0].shape == (5, 3)
    np.save(tmp_path / "row.npy", VECTORS[0])
    with pytest.raises(ValueError, match="expected a matrix"):
        read_vectors(tmp_path / "row.npy")


def test_rows_go_where_their_tokens_go() -> None:
    found = align(TOKENS, VECTORS, None, Special())
    assert found.vocabulary.words == ("good", "bad", "not")
    np.testing.assert_array_equal(found.vectors, VECTORS)
    moved = align([*TOKENS[2:], *TOKENS[:2]], VECTORS, None, Special())
    np.testing.assert_array_equal(moved.vectors, VECTORS[[3, 4, 0, 1, 2]])
    by_word = align(TOKENS, VECTORS[::-1], TOKENS[::-1], Special())
    np.testing.assert_array_equal(by_word.vectors, VECTORS)
    assert (found.pad, found.unknown, found.notes) == ("<pad> (id 0)", "[UNK] (id 1)", ())


def test_ids_without_a_token_have_to_be_named() -> None:
    holes = [None, None, "good", "bad", "not"]
    with pytest.raises(ValueError, match=r"2 ids have no token, \[0, 1\] first; name padding"):
        align(holes, VECTORS, None, Special())
    found = align(holes, VECTORS, None, Special(pad_id=0, unknown_id=1))
    np.testing.assert_array_equal(found.vectors, VECTORS)


def test_what_no_text_can_give_is_left_out_and_told_of() -> None:
    found = align(["<pad>", "[UNK]", "new york", "", "<unk>"], VECTORS, None, Special(unknown_token="[UNK]"))
    assert found.vocabulary.words == ()
    assert any(note.startswith("3 tokens that no text can give") for note in found.notes)


@pytest.mark.parametrize("rows", [4, 6])
def test_different_lengths_are_one_clear_line(rows: int) -> None:
    with pytest.raises(ValueError, match=f"the vocabulary has 5 ids and the embedding {rows} rows") as caught:
        align(TOKENS, np.zeros((rows, 3), dtype=np.float32), None, Special())
    assert "\n" not in str(caught.value)


def test_other_mistakes_are_told_of() -> None:
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
    with pytest.raises(ValueError, match="twice"):
        align(TOKENS, VECTORS, ["a", "a", "b", "c", "d"], Special())
