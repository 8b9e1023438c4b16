"""Which vector has which word? Embeddings in a file of their own, read without running code.

A row an id: safetensors, npy, torch's own files of tensors. A row a word: word2vec's text format and GloVe's, which
lacks its first line (words, numbers), and word2vec's binary format. A word may hold spaces; tabs separate as blanks do.
"""

from __future__ import annotations

import tokenize
from collections import Counter
from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from core.models.importers import file_kinds
from core.models.importers.refusals import RefusedError, listed, named, unsafe

_SHOWN = 5
_LOOKED_AT = 1_000  # first lines that decide how many numbers a word has
_LONGEST_WORD = 10_000  # bytes
_MOST_NUMBERS = 100_000  # a word
FASTTEXT = b"\xba\x16\x4f\x2f"

FROM_GENSIM = (
    "from gensim.models import KeyedVectors, Word2Vec",
    'found = KeyedVectors.load("{name}")  # a Word2Vec or FastText model has its vectors in .wv',
    'getattr(found, "wv", found).save_word2vec_format("{stem}.txt")',
)
FROM_FASTTEXT = (
    "import fasttext",
    'model, out = fasttext.load_model("{name}"), open("{stem}.vec", "w", encoding="utf-8")',
    "for word in model.words: print(word, *model.get_word_vector(word), file=out)",
)
"""Lines of Python that write vectors as text, of a file that cannot be read safely."""


class Vectors(NamedTuple):
    """Vectors [V, E], float32; the words of their rows where the file says them; what was assumed, a line each."""

    rows: np.ndarray
    words: list[str] | None
    notes: tuple[str, ...] = ()


def read(path: Path, name: str | None = None) -> Vectors:
    """The vectors of a file; `name` chooses one of several tensors.

    Raises ValueError for an unreadable file, RefusedError with lines that convert it, LookupError for a missing tensor.
    """
    with path.open("rb") as file:
        start = file.read(len(file_kinds.NPY))
        file.seek(0)
        binary = start != file_kinds.NPY and _is_binary(path, file)
    if start == file_kinds.NPY:
        return _matrix(path, _npy(path))
    if binary:
        return _binary(path)
    if start.startswith(FASTTEXT):
        raise RefusedError(
            f"{path.name} is fastText's own format, which is not read; these lines of Python write its vectors as text",
            FROM_FASTTEXT,
            path,
        )
    kind = file_kinds.kind(path)
    if kind is file_kinds.Kind.PICKLE:
        raise unsafe(path, "is a pickle, perhaps gensim's,", FROM_GENSIM, "its vectors as text")
    if kind in (file_kinds.Kind.SAFETENSORS, file_kinds.Kind.TORCH):
        return _matrix(path, _tensor(path, name))
    if kind is file_kinds.Kind.UNKNOWN:
        return _text(path)
    raise ValueError(
        f"{path.name} holds {kind.value}, not an embedding; can read: .safetensors, .npy, a state_dict of torch, and "
        "word2vec's or GloVe's text or word2vec's binary format"
    )


def _npy(path: Path) -> np.ndarray:
    """The memory-mapped array of an npy file. Raises ValueError for one that is cut off or no array."""
    try:
        with np.errstate(all="ignore"):  # numpy compares the size that it declares with the file's
            array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, TypeError, OverflowError, tokenize.TokenError) as error:
        raise ValueError(f"{path.name} is not an npy file of numbers ({' '.join(str(error).split())})") from None
    return array


def _matrix(path: Path, array: np.ndarray) -> Vectors:
    if array.ndim != 2 or not array.size or not np.issubdtype(array.dtype, np.floating):
        raise ValueError(
            f"{path.name}: expected a matrix of numbers [words, size], found {array.dtype} {list(array.shape)}"
        )
    return Vectors(array.astype(np.float32, copy=False), None)


def _tensor(path: Path, name: str | None) -> np.ndarray:
    from core.models.importers.weights import read

    tensors = read(path)
    if name is None and len(tensors) > 1:
        raise ValueError(f"{path.name} holds {len(tensors)} tensors; name one with --embedding-name: {listed(tensors)}")
    tensor = tensors[named(tensors, next(iter(tensors), "") if name is None else name, "the embedding")]
    array: np.ndarray = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
    return array


def _text(path: Path) -> Vectors:
    """word2vec's text format, with its first line of two numbers or without."""
    words: list[str] = []
    rows: list[np.ndarray] = []
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            first = list(islice(file, _LOOKED_AT))
            declared = _header(first[0]) if first else None
            size = declared[1] if declared else _size(first)
            lines = enumerate(chain(first, file), 1)
            for number, line in lines:
                if number == 1 and declared:
                    continue
                if not line.strip(" \t\r\n"):
                    if any(more.strip(" \t\r\n") for _number, more in lines):
                        raise ValueError(f"{path.name}, line {number:,} is blank; expected a word and {size:,} numbers")
                    break
                word, row = _word(line, size)
                if row is None:
                    found = len(_fields(line)) - 1
                    raise ValueError(
                        f"{path.name}, line {number:,}: expected a word and {size:,} numbers, found {found:,} values "
                        f"after the first: {line[:60].strip()!r}"
                    )
                words.append(word)
                rows.append(row)
    except UnicodeDecodeError:
        raise ValueError(
            f"{path.name} is neither UTF-8 text nor word2vec's binary format; expected a word and its numbers a line"
        ) from None
    if not rows:
        raise ValueError(f"{path.name} holds no word vector")
    if declared and declared[0] != len(rows):
        raise ValueError(
            f"{path.name}: its first line declares {declared[0]:,} words, {len(rows):,} were found; the file may be "
            "cut off"
        )
    return _each_once(words, np.stack(rows))


def _fields(line: str) -> list[str]:
    """What blanks and tabs separate; other white space may belong to a word."""
    return [field for field in line.rstrip("\r\n").replace("\t", " ").split(" ") if field]


def _header(line: str) -> tuple[int, int] | None:
    """The two numbers of word2vec's first line: words, numbers per word."""
    fields = _fields(line)
    if len(fields) == 2 and all(field.isascii() and field.isdecimal() for field in fields):
        return int(fields[0]), int(fields[1])
    return None


def _size(lines: Sequence[str]) -> int:
    """How many numbers most of these lines end in, after a word of at least one field."""
    counted: Counter[int] = Counter()
    for line in lines:
        fields = _fields(line)
        numbers = 0
        while numbers < len(fields) - 1 and _is_number(fields[-1 - numbers]):
            numbers += 1
        if numbers:
            counted[numbers] += 1
    return counted.most_common(1)[0][0] if counted else 1


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # which Python would take as a thousands separator


def _word(line: str, size: int) -> tuple[str, np.ndarray | None]:
    """A line's word and its numbers, None if there are fewer."""
    fields = _fields(line)
    nameless = len(fields) == size and line[:1] in (" ", "\t")  # the word was white space, or nothing
    if len(fields) <= size and not nameless:
        return "", None
    try:
        row = np.array(fields[len(fields) - size :], dtype=np.float32)
    except ValueError:
        return "", None
    return " ".join(fields[: len(fields) - size]), row


def _is_binary(path: Path, file: IO[bytes]) -> bool:
    """Whether this is word2vec's binary format: its first line, then a word and bytes that are no text."""
    start = file.read(_LONGEST_WORD)
    head, newline, rest = start.partition(b"\n")
    if not newline or len(head) > 40 or not head.isascii():
        return False
    declared = _header(head.decode())
    if declared is None or not declared[0] or not 0 < declared[1] <= _MOST_NUMBERS:
        return False
    try:
        if _word(rest.partition(b"\n")[0].decode(), declared[1])[1] is not None:
            return False
    except UnicodeDecodeError:
        pass
    _first, blank, numbers = rest.partition(b" ")
    # Numbers in binary hold bytes that no text has.
    return bool(blank) and any(byte < 9 or 13 < byte < 32 or byte > 126 for byte in numbers[: 4 * declared[1]])


def _binary(path: Path) -> Vectors:
    """word2vec's binary format: a line of two numbers; then word, blank, E float32 in little-endian order; the words
    may be followed by a line's end."""
    content = path.read_bytes()
    end = content.index(b"\n") + 1
    declared = _header(content[:end].decode())
    assert declared is not None
    count, size = declared
    words: list[str] = []
    if len(content) - end < count * (4 * size + 2):
        raise ValueError(
            f"{path.name}: its first line declares {count:,} words of {size:,} numbers, more than its "
            f"{len(content):,} bytes can hold; the file may be cut off"
        )
    rows = np.empty((count, size), dtype=np.float32)
    place = end
    for number in range(count):
        blank = content.find(b" ", place, place + _LONGEST_WORD)
        if blank < 0 or blank + 1 + 4 * size > len(content):
            raise ValueError(f"{path.name}: the file is cut off or damaged at word {number + 1:,} of {count:,}")
        try:
            words.append(content[place:blank].lstrip(b"\n").decode("utf-8"))
        except UnicodeDecodeError:
            raise ValueError(f"{path.name}: word {number + 1:,} is not UTF-8 text, or the file is damaged") from None
        rows[number] = np.frombuffer(content, dtype="<f4", count=size, offset=blank + 1)
        place = blank + 1 + 4 * size
    if more := content[place:].strip(b"\n"):
        raise ValueError(f"{path.name}: {len(more):,} bytes follow the {count:,} words that it declares")
    return _each_once(words, rows)


def _each_once(words: list[str], rows: np.ndarray) -> Vectors:
    """The first vector of each word, as gensim keeps them, and a line where there were others."""
    first: dict[str, int] = {}
    for row, word in enumerate(words):
        first.setdefault(word, row)
    if len(first) == len(words):
        return Vectors(rows, words)
    again = [word for word, count in Counter(words).items() if count > 1]
    other = sum(not np.array_equal(rows[row], rows[first[word]]) for row, word in enumerate(words))
    shown = ", ".join(repr(word) for word in again[:_SHOWN])
    note = (
        f"{len(again):,} {'words have' if len(again) > 1 else 'word has'} more than one vector in the file; the first "
        f"of each is taken, {other:,} that {'differ' if other != 1 else 'differs'} from it left out: {shown}"
    )
    return Vectors(rows[list(first.values())], list(first), (note,))
