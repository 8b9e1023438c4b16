"""Which small edits of a sentence are there to try? One callable for each kind, from tokens to the edits it proposes.

Each proposes only edits that change a model's input. Preprocessing makes "SO" and "so" the same, and "sooooo" and
"sooo"; "!!!" and "!" are two tokens. So emphasis is a letter drawn out to three ("sooo"), or quotation marks or
asterisks around a word; punctuation is another mark, or an inserted one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from core.probes.edits.changes import DELETE, EMPHASIS, INSERT, PUNCTUATION, SUBSTITUTE, SWAP, TYPO, Edit
from core.text.preprocessing import LINK, Vocabulary

if TYPE_CHECKING:
    from core.fluency.trigram import Trigram
    from core.probes.edits.neighbours import Neighbours
    from core.text.lexicon import Lexicon

Transformation = Callable[[Sequence[str]], Iterator[Edit]]
"""The edits proposed for a sentence's tokens; none of them need be allowed."""

INTENSIFIERS = ("so", "really", "very", "just", "totally", "absolutely", "completely", "even", "still", "truly")
HEDGES = ("maybe", "perhaps", "probably", "kinda", "actually", "somehow", "apparently", "well", "guess")
PHRASES = tuple(tuple(phrase.split()) for phrase in ("i think", "i guess", "of course", "kind of"))
MARKS = (".", "!", "!!!", "?", "...", ",")
_LAST_MARKS = (".", "!", "!!!", "...", "?")
_COMMON = 400  # the most frequent words, among which those likely in a gap are looked for
_DEAREST = 5.0  # nats that putting in a likely word may cost
_PLAINER_FORMS = 3  # of so many plainer verbs, all forms are offered
_REMEMBERED = 1 << 12  # words, and what may stand for each
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2}")


def is_word(token: str) -> bool:
    """Whether a token is a word rather than a number, a mark, an emoticon or a link."""
    return token != LINK and token[0].isalpha() and token[-1].isalpha()


@dataclass(frozen=True)
class Substitute:
    """Another word for each word: word2vec's nearest, its own other forms, plainer verbs and the forms of those.

    Either source may be missing. A form of a plainer verb is offered because texts are not always grammatical.
    """

    neighbours: Neighbours | None = None
    lexicon: Lexicon | None = None

    def __call__(self, tokens: Sequence[str]) -> Iterator[Edit]:
        for position, token in enumerate(tokens):
            if is_word(token):
                for other in self._offers(token):
                    yield Edit(SUBSTITUTE, position, (token,), other)

    @cached_property
    def _offers(self) -> Callable[[str], list[tuple[str, ...]]]:
        return lru_cache(_REMEMBERED)(lambda word: [tuple(other.split()) for other in self._offered(word)])

    def _offered(self, word: str) -> list[str]:
        """What may stand for a word, none twice."""
        offered: list[str] = []
        if self.lexicon:
            plainer = self.lexicon.plainer(word)
            offered += [*self.lexicon.forms(word), *plainer]
            for verb in plainer[:_PLAINER_FORMS]:
                offered += self.lexicon.forms(verb)
        if self.neighbours:
            offered += [other for other, _cosine in self.neighbours(word) if is_word(other)]
        return [other for other in dict.fromkeys(offered) if other != word]


def delete(tokens: Sequence[str]) -> Iterator[Edit]:
    """One token left out, where another remains; of equal tokens side by side the first."""
    if len(tokens) > 1:
        for position, token in enumerate(tokens):
            if position == 0 or tokens[position - 1] != token:
                yield Edit(DELETE, position, (token,), ())


def swap(tokens: Sequence[str]) -> Iterator[Edit]:
    """Two words side by side changing places; marks and links stay."""
    for position in range(len(tokens) - 1):
        one, other = tokens[position : position + 2]
        if one != other and is_word(one) and is_word(other):
            yield Edit(SWAP, position, (one, other), (other, one))


@dataclass(frozen=True)
class Insert:
    """A word put in: an intensifier, a hedge, a short phrase, or what a trigram holds likeliest in the gap."""

    trigram: Trigram | None = None
    likely: int = 6  # words for each gap
    words: tuple[str, ...] = INTENSIFIERS + HEDGES
    phrases: tuple[tuple[str, ...], ...] = PHRASES

    def __call__(self, tokens: Sequence[str]) -> Iterator[Edit]:
        fixed = [*((word,) for word in self.words), *self.phrases]
        likely = likely_words(self.trigram, tokens, self.likely) if self.trigram else [[]] * (len(tokens) + 1)
        for gap in range(len(tokens) + 1):
            for words in dict.fromkeys([*fixed, *((word,) for word in likely[gap])]):
                # Before a word like it an insertion is the same sentence as behind it.
                if tuple(tokens[gap : gap + len(words)]) != words:
                    yield Edit(INSERT, gap, (), words)


def likely_words(trigram: Trigram, tokens: Sequence[str], count: int) -> list[list[str]]:
    """For each of the n + 1 gaps of a sentence, the common words that are likeliest to stand there, likeliest first.

    Between a b and c d these are the words w with the highest p(w | a, b) p(c | b, w) p(d | w, c); none that make the
    whole more than `_DEAREST` nats less likely than it is without them.
    """
    frequent = enumerate(trigram.vocabulary.words[:_COMMON], start=2)
    common = np.array([number for number, word in frequent if is_word(word)], dtype=np.int64)
    if not len(common) or not count:
        return [[] for _ in range(len(tokens) + 1)]
    edge = Vocabulary.pad_id
    ids = np.array([edge, edge, *trigram.vocabulary.encode(tokens), edge, edge], dtype=np.int64)
    gaps = [ids[shift : shift + len(tokens) + 1] for shift in range(4)]
    a, b, c, d = (np.repeat(gap, len(common)) for gap in gaps)
    w = np.tile(common, len(tokens) + 1)
    score = trigram.log_probability(a, b, w) + trigram.log_probability(b, w, c)
    without = [np.repeat(trigram.log_probability(*gaps[shift : shift + 3]), len(common)) for shift in range(2)]
    score -= without[0]
    # After the end there is nothing.
    score += np.where(c != edge, trigram.log_probability(w, c, d) - without[1], 0)
    by_gap = score.reshape(-1, len(common))
    best = np.argsort(-by_gap, axis=1, kind="stable")[:, :count]
    words = [trigram.vocabulary.token(number) for number in common.tolist()]
    return [
        [words[number] for number in row if scores[number] >= -_DEAREST]
        for row, scores in zip(best.tolist(), by_gap, strict=True)
    ]


@dataclass(frozen=True)
class Typo:
    """A slip of the finger in a word of three letters or more: neighbouring letters swapped, one left out, doubled, or
    struck on the key beside it.

    With a vocabulary, all those that the model knows and one of those that it does not: unknown words are one to it.
    """

    vocabulary: Vocabulary | None = None

    def __call__(self, tokens: Sequence[str]) -> Iterator[Edit]:
        for position, token in enumerate(tokens):
            if is_word(token) and len(token) >= 3:
                for word in self._slips(token):
                    yield Edit(TYPO, position, (token,), (word,))

    @cached_property
    def _slips(self) -> Callable[[str], list[str]]:
        return lru_cache(_REMEMBERED)(self._offered)

    def _offered(self, word: str) -> list[str]:
        """The slips of one word."""
        mistyped = slips(word)
        if self.vocabulary is None:
            return mistyped
        unknown = next((other for other in mistyped if other not in self.vocabulary), None)
        return [other for other in mistyped if other == unknown or other in self.vocabulary]


def slips(word: str) -> list[str]:
    """Mistyped forms of a word: letters swapped, left out, doubled, a key beside it; the first is not swapped or left
    out."""
    mistyped = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(1, len(word) - 1)]
    mistyped += [word[:i] + word[i + 1 :] for i in range(1, len(word))]
    mistyped += [word[:i] + word[i] + word[i:] for i in range(1, len(word))]
    mistyped += [word[:i] + key + word[i + 1 :] for i, char in enumerate(word) for key in _beside(char)]
    return [other for other in dict.fromkeys(mistyped) if other != word]


def _beside(char: str) -> str:
    """The letters left and right of a letter on an English keyboard."""
    for row in _KEYBOARD:
        key = row.find(char)
        if key >= 0:
            return row[max(key - 1, 0) : key] + row[key + 1 : key + 2]
    return ""


@dataclass(frozen=True)
class Emphasis:
    """A word drawn out ("sooo"), or back again, and a word in quotation marks or asterisks.

    With a vocabulary, drawn-out words only where the model knows them.
    """

    vocabulary: Vocabulary | None = None

    def __call__(self, tokens: Sequence[str]) -> Iterator[Edit]:
        for position, token in enumerate(tokens):
            if not is_word(token):
                continue
            for word in dict.fromkeys(drawn_out(token)):
                if self.vocabulary is None or word in self.vocabulary:
                    yield Edit(EMPHASIS, position, (token,), (word,))
            for mark in '"*':
                if not (position and tokens[position - 1] == mark):
                    yield Edit(EMPHASIS, position, (token,), (mark, token, mark))


def drawn_out(word: str) -> Iterator[str]:
    """The word with one vowel, or its last letter, three times; drawn-out letters once or twice."""
    for i, char in enumerate(word):
        alone = word[i - 1 : i] != char and word[i + 1 : i + 2] != char
        if alone and (char in "aeiouy" or i == len(word) - 1):
            yield word[:i] + 3 * char + word[i + 1 :]
    for match in _DRAWN_OUT.finditer(word):
        for times in (1, 2):
            yield word[: match.start()] + times * match[1] + word[match.end() :]


def punctuation(tokens: Sequence[str]) -> Iterator[Edit]:
    """Another mark for a mark, a mark at the end where there is none, a comma or three dots between two words."""
    for position, token in enumerate(tokens):
        if token in MARKS:
            for mark in MARKS:
                if mark != token:
                    yield Edit(PUNCTUATION, position, (token,), (mark,))
        elif position and is_word(token) and is_word(tokens[position - 1]):
            for mark in (",", "..."):
                yield Edit(PUNCTUATION, position, (), (mark,))
    if tokens[-1] not in MARKS:
        for mark in _LAST_MARKS:
            yield Edit(PUNCTUATION, len(tokens), (), (mark,))
