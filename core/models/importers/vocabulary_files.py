"""Which word is which row? The vocabulary of a model trained elsewhere, joined to its embedding.

Vocabularies are text, one token a line, ids counted from 0; or JSON: a list, a table from tokens to ids, or what Keras'
``Tokenizer.to_json`` wrote. An unknown word is read as the unknown token; without one as zeros, which is an assumption.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.models.importers import file_kinds
from core.models.importers.refusals import unsafe
from core.text.preprocessing import PAD, UNK, Preprocessing, Vocabulary

MOST_IDS = 20_000_000
PADS = ("<pad>", "<PAD>", "[PAD]", "PAD", "_PAD_", "<blank>")
UNKNOWNS = ("<unk>", "<UNK>", "[UNK]", "UNK", "_UNK_", "<oov>", "<OOV>")
_SHOWN = 5
NO_UNKNOWN = (
    "no vector for unknown words: they are read as zeros; name one with --unknown-token or --unknown-id, or leave them "
    "out with --drop-unknown, as Keras' Tokenizer does"
)

FROM_PICKLE = (
    "import json, pickle  # or torch.load(…, weights_only=False) in place of pickle.load, where torch wrote it",
    'found = pickle.load(open("{name}", "rb"))',
    'found = found.get_stoi() if hasattr(found, "get_stoi") else getattr(found, "word_index", getattr(found, "stoi", '
    "found))",
    'json.dump(dict(found) if hasattr(found, "keys") else list(found), open("{stem}.json", "w"))',
)
"""Lines of Python that write a pickled vocabulary as JSON."""


@dataclass(frozen=True)
class Words:
    """A vocabulary, the vectors [V, E] of its ids, float32, and what was assumed.

    `pad` and `unknown` name the special tokens or ids ("" for none); with `drops`, unknown words are left out.
    """

    vocabulary: Vocabulary
    vectors: np.ndarray
    pad: str
    unknown: str
    notes: tuple[str, ...]
    drops: bool = False

    def preprocessing(self, steps: Sequence[str]) -> Preprocessing:
        """These steps, with unknown words dropped where they are."""
        return Preprocessing(tuple(steps), frozenset(self.vocabulary.words) if self.drops else None)


@dataclass(frozen=True)
class Special:
    """The padding and unknown tokens, by token or by id; None: by the usual names."""

    pad_token: str | None = None
    unknown_token: str | None = None
    pad_id: int | None = None
    unknown_id: int | None = None


def read_vocabulary(path: Path) -> list[str | None]:
    """Tokens by id, None for an id without one. Raises ValueError, or RefusedError with lines that convert the file."""
    if file_kinds.kind(path) in (file_kinds.Kind.PICKLE, file_kinds.Kind.TORCH):
        raise unsafe(path, "is a pickle", FROM_PICKLE, "it as JSON")
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(
            f"{path.name} is not UTF-8 text; expected one token a line, or JSON: a list, or a table from tokens to ids"
        ) from None
    if path.suffix.lower() == ".json":
        return _from_json(content, path.name)
    lines: list[str | None] = list(content.replace("\r\n", "\n").removesuffix("\n").split("\n"))
    several = sum(1 for line in lines if line is not None and len(line.split()) > 1)
    if several * 2 > len(lines):
        raise ValueError(
            f"{path.name}: expected one token a line; {several:,} of {len(lines):,} lines hold several words"
        )
    if not content.strip():
        raise ValueError(f"{path.name} holds no token")
    return lines


def _from_json(content: str, name: str) -> list[str | None]:
    expected = "expected a list of tokens or a table from tokens to ids, whole numbers from 0"
    repeated: list[str] = []

    def table(pairs: list[tuple[str, object]]) -> dict[str, object]:
        data = dict(pairs)
        if len(data) < len(pairs):
            repeated.extend(key for key, value in pairs if data[key] is not value)
        return data

    try:
        data = json.loads(content, object_pairs_hook=table)
    except (ValueError, RecursionError):
        raise ValueError(f"{name} is not JSON; {expected}") from None
    if repeated:
        raise ValueError(f"{name} lists tokens twice: {repeated[:_SHOWN]}")
    if isinstance(data, dict) and isinstance(data.get("config"), dict):
        return _from_tokenizer(data["config"], name)
    if isinstance(data, list) and data and all(isinstance(token, str) for token in data):
        return list(data)
    if isinstance(data, dict) and all(number.isdecimal() and type(data[number]) is str for number in data):
        by_token = {str(token): int(number) for number, token in data.items()}  # "0": "<pad>"
        if len(by_token) < len(data):
            raise ValueError(f"{name} lists tokens twice; expected each once")
        data = by_token
    if not isinstance(data, dict) or not data or not all(type(number) is int for number in data.values()):
        raise ValueError(f"{name}: {expected}")
    return _by_id(data, name)


def _from_tokenizer(config: dict[str, object], name: str) -> list[str | None]:
    """The words of Keras' ``Tokenizer``, which writes them as JSON inside JSON; those that it leaves out are."""
    words, most = config.get("word_index"), config.get("num_words")
    try:
        index = json.loads(words) if isinstance(words, str) else words
    except (ValueError, RecursionError):
        index = None
    if not isinstance(index, dict) or not index or not all(type(number) is int for number in index.values()):
        raise ValueError(f"{name}: expected the word_index of Keras' Tokenizer, as its to_json writes it")
    tokens = _by_id(index, name)
    return tokens[:most] if isinstance(most, int) else tokens


def _by_id(by_token: dict[str, int], name: str) -> list[str | None]:
    ids = list(by_token.values())
    if min(ids) < 0 or max(ids) >= MOST_IDS or len(set(ids)) < len(ids):
        raise ValueError(f"{name}: ids are whole numbers from 0 to {MOST_IDS - 1:,}, each given once")
    tokens: list[str | None] = [None] * (max(ids) + 1)
    for token, number in by_token.items():
        tokens[number] = token
    return tokens


def align(tokens: Sequence[str | None], vectors: np.ndarray, of: Sequence[str] | None, special: Special) -> Words:
    """The project's vocabulary, ``<pad>`` and ``<unk>`` first, with its vectors, from tokens by id and their vectors.

    `of` names the words of the vectors' rows; without it, rows are ids. Tokens that no text can give (empty or with
    white space) are left out and reported. An id 0 without a token is padding's; a word that is padding's stays a word.
    Raises ValueError if lengths differ, an id has no token, a word is repeated or has no vector, or a number is not
    finite; LookupError for a missing special token.
    """
    pad, unknown = (_special(tokens, kind, special) for kind in ("pad", "unknown"))
    notes: list[str] = []
    if pad is None and unknown != 0 and of is None and len(tokens) > 1 and tokens[0] is None:
        pad = 0
        notes.append("id 0 has no token: taken as padding's")
    if of is None:
        _check_lengths(tokens, vectors, {pad, unknown})
        rows = {number: number for number in range(len(vectors))}
    else:
        rows = _rows_by_word(tokens, of, {pad, unknown})
    if not np.isfinite(vectors).all():
        bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))[:_SHOWN].tolist()
        raise ValueError(f"the embedding holds numbers that are not finite, in rows {bad} first")
    kept = [
        (token, rows[number])
        for number, token in enumerate(tokens)
        if token is not None and number != unknown and number in rows and _is_readable(token, number == pad)
    ]
    taken = {token for token, _row in kept}
    left_out = [token for number, token in enumerate(tokens) if number not in (pad, unknown) and token not in taken]
    if left_out:
        shown = ", ".join(repr(token) for token in left_out[:_SHOWN])
        token, is_ = ("tokens", "are") if len(left_out) > 1 else ("token", "is")
        notes.append(
            f"{len(left_out):,} {token} that no text can give (white space in them, or nothing) {is_} left out: {shown}"
        )
    zeros = np.zeros(vectors.shape[1], dtype=np.float32)
    first = [zeros if number is None or number not in rows else vectors[rows[number]] for number in (pad, unknown)]
    if unknown is None or unknown not in rows:
        notes.append(NO_UNKNOWN)
    names = []
    for special_id in (pad, unknown):
        name = tokens[special_id] if special_id is not None and special_id < len(tokens) else None
        names.append("" if special_id is None else f"{name or ''} (id {special_id})".strip())
    vocabulary = Vocabulary(token for token, _row in kept)
    aligned = np.concatenate([np.stack(first), vectors[[row for _token, row in kept]]]).astype(np.float32)
    return Words(vocabulary, aligned, names[0], names[1], tuple(notes))


def unreachable(vocabulary: Vocabulary, preprocessing: Preprocessing) -> list[str]:
    """The words that no text gives with these steps, which change or split them."""
    return [word for word in vocabulary.words if preprocessing(word) != [word]]


def _special(tokens: Sequence[str | None], kind: str, special: Special) -> int | None:
    """The id of the padding or the unknown token, if there is one."""
    token, number = getattr(special, f"{kind}_token"), getattr(special, f"{kind}_id")
    if token is not None and number is not None:
        raise ValueError(f"give --{kind}-token or --{kind}-id, not both")
    if token is not None:
        if token not in tokens:
            raise LookupError(f"the vocabulary has no token {token!r} for --{kind}-token")
        return tokens.index(token)
    if number is not None:
        if not 0 <= number < MOST_IDS:
            raise ValueError(f"--{kind}-id is from 0 to {MOST_IDS - 1:,}; given: {number}")
        return int(number)
    usual = [name for name in (PADS if kind == "pad" else UNKNOWNS) if name in tokens]
    if len(usual) > 1:
        raise ValueError(f"{len(usual)} tokens could stand for {kind}: {', '.join(usual)}; choose with --{kind}-token")
    return tokens.index(usual[0]) if usual else None


def _check_lengths(tokens: Sequence[str | None], vectors: np.ndarray, special: set[int | None]) -> None:
    """Raises ValueError if vocabulary and embedding differ in their ids."""
    holes = [number for number, token in enumerate(tokens) if token is None and number not in special]
    beyond = max([len(tokens), *(number + 1 for number in special if number is not None)])
    if beyond != len(vectors):
        fewer = min(beyond, len(vectors))
        shifted = ""
        if beyond == len(vectors) - 1:
            shifted = "; where ids begin at 1 and 0 is padding, give the vocabulary as JSON, token to id"
        raise ValueError(
            f"the vocabulary has {beyond:,} ids and the embedding {len(vectors):,} rows; expected as many of both "
            f"(give --vocabulary-size {fewer} where only the first of both are meant{shifted})"
        )
    if holes:
        raise ValueError(
            f"{len(holes):,} ids have no token, {holes[:_SHOWN]} first; name padding and the unknown word's with "
            "--pad-id and --unknown-id"
        )


def _rows_by_word(tokens: Sequence[str | None], of: Sequence[str], special: set[int | None]) -> dict[int, int]:
    """The row of each id, by its word; special ids may have none."""
    places = {word: row for row, word in enumerate(of)}
    rows = {number: places[token] for number, token in enumerate(tokens) if token is not None and token in places}
    lacking = [str(token) for number, token in enumerate(tokens) if number not in rows and number not in special]
    if lacking:
        raise ValueError(
            f"the embedding has {len(of):,} words and lacks {len(lacking):,} of the vocabulary's {len(tokens):,}: "
            f"{', '.join(lacking[:_SHOWN])}"
        )
    return rows


def _is_readable(token: str, padding: bool) -> bool:
    """Whether a text can give this token."""
    return bool(token) and token.split() == [token] and token not in (PAD, UNK) and not (padding and token in PADS)
