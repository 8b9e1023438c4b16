"""Vectors of all the formats say the same; a word may hold spaces; what cannot be read is told of in one line."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from core.models.importers import word_vectors
from core.models.importers.refusals import RefusedError
from core.models.importers.vocabulary_files import Special, align

TOKENS = ["<pad>", "[UNK]", "good", "bad", "not"]
VECTORS = np.arange(15, dtype=np.float32).reshape(5, 3) + 0.5


def as_binary(words: list[str], rows: np.ndarray, end: bytes = b"\n") -> bytes:
    head = f"{len(words)} {rows.shape[1]}\n".encode()
    return head + b"".join(
        word.encode() + b" " + row.astype("<f4").tobytes() + end for word, row in zip(words, rows, strict=True)
    )


def keyed() -> Any:
    from gensim.models import KeyedVectors

    kept = KeyedVectors(3)
    kept.add_vectors(TOKENS, VECTORS)
    return kept


def test_every_format_of_vectors_says_the_same(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VECTORS.astype(np.float64))
    save_file({"emb.weight": VECTORS}, tmp_path / "b.safetensors")
    torch.save({"emb.weight": torch.from_numpy(VECTORS)}, tmp_path / "c.pt")
    lines = [f"{token} {' '.join(map(str, row))}" for token, row in zip(TOKENS, VECTORS.tolist(), strict=True)]
    (tmp_path / "d.txt").write_text("5 3\n" + "\n".join(lines) + "\n")
    (tmp_path / "e.vec").write_text("\n".join(line + " " for line in lines))
    (tmp_path / "f.tsv").write_text("\n".join(line.replace(" ", "\t") for line in lines) + "\r\n")
    (tmp_path / "g.txt").write_text("5\t3\n" + "\n".join(line.replace(" ", "\t", 1) for line in lines))
    (tmp_path / "h.bin").write_bytes(as_binary(TOKENS, VECTORS))
    (tmp_path / "i").write_bytes(as_binary(TOKENS, VECTORS, end=b""))
    keyed().save_word2vec_format(str(tmp_path / "j.bin"), binary=True)
    for path in tmp_path.iterdir():
        found = word_vectors.read(path)
        np.testing.assert_array_equal(found.rows, VECTORS)
        assert found.words == (None if path.suffix in (".npy", ".safetensors", ".pt") else TOKENS)
        assert found.notes == ()


@pytest.mark.parametrize("head", ["", "4 2\n"])
def test_a_word_may_hold_spaces(tmp_path: Path, head: str) -> None:
    text = "good 0.1 0.2\n. . . 0.3 0.4\nat name@example.org 0.5 0.6\n2 0.7 0.8\n"
    (tmp_path / "glove.txt").write_text(head + text)
    found = word_vectors.read(tmp_path / "glove.txt")
    assert found.words == ["good", ". . .", "at name@example.org", "2"]
    np.testing.assert_allclose(found.rows, np.array([[1, 2], [3, 4], [5, 6], [7, 8]]) / 10, rtol=1e-6)
    kept = align(list(found.words), found.rows, found.words, Special())
    assert kept.vocabulary.words == ("good", "2")
    assert any("2 tokens that no text can give" in note and "'. . .'" in note for note in kept.notes)
    (tmp_path / "glove.txt").write_text("good 1 2\n\u00a0 3 4\n  5 6\nbad 7 8\n", encoding="utf-8")
    assert word_vectors.read(tmp_path / "glove.txt").words == ["good", "\u00a0", "", "bad"]


# A word that ends in a number can be told from the numbers only by what the other lines have.
PART = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters=" \ufeff"), max_size=8).map(
    "{}x".format
)
FOUND = st.lists(st.lists(PART, min_size=1, max_size=3).map(" ".join), min_size=3, max_size=12, unique=True)


@given(FOUND, st.booleans())
def test_any_words_come_back(tmp_path_factory: pytest.TempPathFactory, found: list[str], head: bool) -> None:
    path = tmp_path_factory.mktemp("any") / "v.txt"
    rows = np.arange(len(found) * 4, dtype=np.float32).reshape(-1, 4) - 7.25
    lines = [f"{word} {' '.join(map(str, row))}" for word, row in zip(found, rows.tolist(), strict=True)]
    path.write_bytes(("\n".join([f"{len(found)} 4"] * head + lines) + "\n").encode())
    read = word_vectors.read(path)
    assert read.words == found
    np.testing.assert_array_equal(read.rows, rows)


def test_words_listed_twice_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("a 1 2\nb 3 4\na 5 6\nb 3 4\n\n")  # the last line may be blank
    (tmp_path / "v.bin").write_bytes(as_binary(["a", "b", "a", "b"], np.array([[1, 2], [3, 4], [5, 6], [3, 4]])))
    for name in ("v.txt", "v.bin"):
        found = word_vectors.read(tmp_path / name)
        assert found.words == ["a", "b"]
        np.testing.assert_array_equal(found.rows, [[1, 2], [3, 4]])
        assert found.notes[0].startswith("2 words have more than one vector") and "1 that differ" in found.notes[0]


def test_what_is_no_table_of_vectors_or_damaged_is_told_of(tmp_path: Path) -> None:
    for content, message in (
        ("a 1 2\nb 1\n", "line 2: expected a word and 2 numbers, found 1"),
        ("a 1 2\nb 1 x\n", "line 2: expected a word and 2 numbers"),
        ("a 1 2\n3 4\n", "line 2: expected a word and 2 numbers"),
        ("3 2\na 1 2\nb 3 4\n", "declares 3 words, 2 were found; the file may be cut off"),
        ("2 2\n", "holds no word vector"),
        ("", "holds no word vector"),
        ("a 1 2\n \t\nb 3 4\n", "line 2 is blank; expected a word and 2 numbers"),
        ("just words\nno numbers\n", "line 1: expected a word and 1 numbers"),
        (as_binary(TOKENS, VECTORS)[:-9], "cut off or damaged at word 5 of 5"),
        (as_binary(TOKENS, VECTORS) + b"more", "4 bytes follow the 5 words"),
        (b"5 3\n\xff " + b"\xff\xfe" * 60, "word 1 is not UTF-8 text"),
        (b"999999999 300\ngood " + bytes(range(128, 256)) * 20, "more than its"),
        (b"\xff\xfe\x00", "neither UTF-8 text nor word2vec's binary format"),
    ):
        path = tmp_path / ("v.bin" if isinstance(content, bytes) else "v.txt")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(ValueError, match=message):
            word_vectors.read(path)


def test_vectors_that_cannot_be_read_are_told_of(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"objects\.npy is not an npy file of numbers"):
        word_vectors.read(tmp_path / "objects.npy")
    np.save(tmp_path / "damaged.npy", VECTORS)
    content = (tmp_path / "damaged.npy").read_bytes()
    (tmp_path / "damaged.npy").write_bytes(content.replace(b"{'des", b"{((((", 1))
    with pytest.raises(ValueError, match=r"damaged\.npy is not an npy file of numbers"):
        word_vectors.read(tmp_path / "damaged.npy")
    save_file({"a": VECTORS, "b": VECTORS}, tmp_path / "two.safetensors")
    with pytest.raises(ValueError, match="holds 2 tensors"):
        word_vectors.read(tmp_path / "two.safetensors")
    assert word_vectors.read(tmp_path / "two.safetensors", "b").rows.shape == (5, 3)
    np.save(tmp_path / "row.npy", VECTORS[0])
    with pytest.raises(ValueError, match="expected a matrix"):
        word_vectors.read(tmp_path / "row.npy")


def test_gensims_and_fasttexts_own_files_are_refused_with_what_converts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyed().save(str(tmp_path / "mine.kv"))
    with pytest.raises(RefusedError, match="is a pickle") as refused:
        word_vectors.read(tmp_path / "mine.kv")
    monkeypatch.chdir(tmp_path)
    exec("\n".join(refused.value.lines), {})
    assert word_vectors.read(tmp_path / "mine.txt").words == TOKENS
    (tmp_path / "cc.en.bin").write_bytes(struct.pack("<ii", 793_712_314, 12) + bytes(100))
    with pytest.raises(RefusedError, match="fastText's own format"):
        word_vectors.read(tmp_path / "cc.en.bin")
    (tmp_path / "list.pkl").write_bytes(pickle.dumps([1.0]))
    with pytest.raises(RefusedError, match="is a pickle"):
        word_vectors.read(tmp_path / "list.pkl")


def test_an_npy_file_that_tells_of_more_than_it_has_is_one_line(tmp_path: Path) -> None:
    for shape in ((10**9, 300), (2**40, 2**40), (10**30, 2), (-1, 5), (2, 50)):
        with (tmp_path / "v.npy").open("wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
            file.write(bytes(100))
        with pytest.raises(ValueError, match=r"v\.npy is not an npy file of numbers \(") as refused:
            word_vectors.read(tmp_path / "v.npy")
        assert "\n" not in str(refused.value)
