"""What does a word mean to a model, and what did training make of it? Neighbours, analogies, and what moved.

Every model starts from word vectors (word2vec, "before") and trains them further ("after"). Words are compared by the
cosine of their vectors. An analogy a − b + c is solved as Mikolov et al. 2013 do and gensim's `most_similar`: the word
whose vector has the greatest cosine with the sum of the unit vectors a, −b and c (3CosAdd, as Levy & Goldberg 2014 call
it), the three words themselves left out, without which the answer would mostly be one of them.

What moving a word did to the verdict is asked of the model itself: its lean is the logit of the sentence that has this
word alone, and the shift is the lean with the word's trained vector minus that with the vector it started from, all
else of the model as it is. Near means used in like places before training: antonyms are near. Training moves words
apart that stand under different labels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.runtime.i18n import gettext as _
from core.text.preprocessing import Preprocessing, Vocabulary
from core.training.word2vec import unit_variance

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint, WordVectors

COUNT, MOST = 10, 100
FREQUENT = 10_000  # words whose moves are looked at: rarer ones were met too seldom to move far
_LONGEST = 40  # characters of a word that like spellings are looked for
_SPELLINGS = 5


@dataclass(frozen=True)
class Space:
    """Vectors of a vocabulary's words, of `name`, float32 [V, E].

    A model's are the model's own memory, looked at. Times its `scale`, float32 [V], each has length 1; 0 if it is zero.
    """

    name: str
    hash: str
    vocabulary: Vocabulary = field(repr=False)
    preprocessing: Preprocessing = field(repr=False)
    vectors: np.ndarray = field(repr=False)
    scale: np.ndarray = field(repr=False)

    def unit(self, ids: int | np.ndarray) -> np.ndarray:
        """The vectors of some words, float32 [..., E], of length 1."""
        found: np.ndarray = self.vectors[ids] * self.scale[ids, None]
        return found

    def cosines(self, direction: np.ndarray) -> np.ndarray:
        """The cosine of every word's vector, float32 [V], with a direction [E] of length 1."""
        found: np.ndarray = (self.vectors @ direction) * self.scale
        return found

    def word(self, typed: str) -> str:
        """The one known word in what was typed, as the preprocessing makes it.

        Raises ValueError where it holds no word or several, LookupError, with like spellings, for an unknown one.
        """
        tokens = self.preprocessing(typed)
        if len(tokens) != 1:
            if not tokens:
                raise ValueError(_("one word is asked for; {typed!r} holds none").format(typed=typed[:_LONGEST]))
            raise ValueError(
                _("one word is asked for; {typed!r} holds {count}: {words}").format(
                    typed=typed[:_LONGEST], count=len(tokens), words=", ".join(tokens[:6])
                )
            )
        if tokens[0] not in self.vocabulary:
            near = like_spelt(tokens[0], self.vocabulary)
            told = (
                _("{word!r} is not among the {count:,} words of {name}; spelt alike: {near}")
                if near
                else _("{word!r} is not among the {count:,} words of {name}")
            )
            raise LookupError(
                told.format(
                    word=tokens[0][:_LONGEST],
                    count=len(self.vocabulary.words),
                    name=self.name,
                    near=", ".join(near),
                )
            )
        return tokens[0]


class Near(NamedTuple):
    """A word, the cosine of its vector with what was asked, and its id."""

    word: str
    cosine: float
    id: int


@dataclass(frozen=True)
class Neighbours:
    """The words nearest to `asked`, which is one word or the three of an analogy a − b + c, nearest first."""

    space: str
    asked: tuple[str, ...]
    searched: int
    near: tuple[Near, ...]


class Leaning(NamedTuple):
    """Which way each word leans, float64 [V], and what that is: its ``polarity`` in the training data, in nats, or the
    model's ``lean``, a logit, where the checkpoint has no polarity."""

    kind: str
    values: np.ndarray


class Move(NamedTuple):
    """What training did to a word: the cosine of its vectors before and after, and the model's lean (logit) on the word
    alone with the one and with the other; its polarity in the training data where that is known. `rank` 1 is the most
    frequent word."""

    word: str
    rank: int
    cosine: float
    lean_before: float
    lean_after: float
    polarity: float | None

    @property
    def shift(self) -> float:
        """What the move did to the lean, as a logit."""
        return self.lean_after - self.lean_before


@dataclass(frozen=True)
class Moves:
    """The frequent words that stand in both vocabularies, by falling frequency, in arrays [W]; `words` of the model.

    `ids` are the model's. `polarity` is None where the checkpoint has none. `frozen` says that nothing moved.
    """

    model: str
    hash: str
    ids: np.ndarray
    words: tuple[str, ...] = field(repr=False)
    cosine: np.ndarray = field(repr=False)
    lean_before: np.ndarray = field(repr=False)
    lean_after: np.ndarray = field(repr=False)
    polarity: np.ndarray | None = field(repr=False)

    @property
    def frozen(self) -> bool:
        """Whether training left the vectors where they were, but for rounding."""
        return bool((self.cosine > 1 - 1e-4).all())

    def of(self, place: int) -> Move:
        """One word's."""
        polarity = None if self.polarity is None else float(self.polarity[place])
        return Move(
            word=self.words[place],
            rank=int(self.ids[place]) - 1,
            cosine=float(self.cosine[place]),
            lean_before=float(self.lean_before[place]),
            lean_after=float(self.lean_after[place]),
            polarity=polarity,
        )

    def most(self, by: str, count: int, frequent: int = FREQUENT) -> list[Move]:
        """The words that moved most among the `frequent` most frequent: by ``cosine``, or by their shift to the
        ``positive`` side (class 1) or the ``negative``. Raises LookupError for another order."""
        shift = self.lean_after - self.lean_before
        orders = {"cosine": self.cosine, "positive": -shift, "negative": shift}
        if by not in orders:
            raise LookupError(f"no order {by!r}; available: {', '.join(orders)}")
        places = np.flatnonzero(self.ids - 1 <= frequent)
        return [self.of(place) for place in places[np.argsort(orders[by][places], kind="stable")][:count].tolist()]


def space(name: str, vectors: np.ndarray, vocabulary: Vocabulary, preprocessing: Preprocessing, key: str = "") -> Space:
    """A space of vectors [V, E]. Raises ValueError where `vectors` and vocabulary differ in length."""
    if len(vectors) != len(vocabulary):
        raise ValueError(
            _("{count:,} vectors for a vocabulary of {vocabulary_count:,}").format(
                count=len(vectors), vocabulary_count=len(vocabulary)
            )
        )
    vectors = vectors.astype(np.float32, copy=False).view()  # no copy of a model's own, and its flags are left alone
    norms = np.linalg.norm(vectors, axis=1)
    scale = np.divide(1, norms, out=np.zeros_like(norms), where=norms > 0)
    for array in (vectors, scale):
        array.setflags(write=False)
    return Space(name, key, vocabulary, preprocessing, vectors, scale)


def before(found: WordVectors) -> Space:
    """The space of the word vectors, scaled as models start from them."""
    key = str(found.card["sha256"]["weights.safetensors"])
    return space("word2vec", unit_variance(found.vectors), found.vocabulary, found.preprocessing, key)


def after(checkpoint: Checkpoint) -> Space:
    """The space of a model's own embeddings."""
    weight = checkpoint.model.embedding.weight.detach().cpu().numpy()
    return space(checkpoint.name, weight, checkpoint.vocabulary, checkpoint.preprocessing, checkpoint.hash)


def started_from(checkpoint: Checkpoint, found: WordVectors) -> bool:
    """Whether a model's embeddings started from these word vectors, as far as its card tells: the same training file,
    the same vocabulary, and word2vec named as the start."""
    card = checkpoint.card
    return (
        str(card.get("embeddings", {}).get("start", "")).startswith("word2vec")
        and card.get("data", {}).get("sha256") == found.card.get("data", {}).get("sha256")
        and checkpoint.vocabulary == found.vocabulary
        and checkpoint.model.embedding.weight.shape[1] == found.vectors.shape[1]
    )


def neighbours(where: Space, typed: str, count: int = COUNT) -> Neighbours:
    """The words nearest to one, itself left out. Raises as `Space.word`, and ValueError for a count that cannot be."""
    word = where.word(typed)
    number = where.vocabulary.id(word)
    return _nearest(where, where.unit(number), (word,), count)


def analogy(where: Space, a: str, b: str, c: str, count: int = COUNT) -> Neighbours:
    """The words nearest to a − b + c, the three left out: *a* is to *b* as what is found is to *c*. Raises as
    `neighbours`."""
    words = tuple(where.word(typed) for typed in (a, b, c))
    one, other, third = (where.unit(where.vocabulary.id(word)) for word in words)
    return _nearest(where, one - other + third, words, count)


def _nearest(where: Space, wanted: np.ndarray, asked: tuple[str, ...], count: int) -> Neighbours:
    if not 1 <= count <= MOST:
        raise ValueError(_("1 to {most} neighbours can be asked for; given: {count}").format(most=MOST, count=count))
    length = float(np.linalg.norm(wanted))
    cosines = where.cosines(wanted / length if length > 0 else wanted)
    left_out = {Vocabulary.pad_id, Vocabulary.unk_id, *(where.vocabulary.id(word) for word in asked)}
    cosines[list(left_out)] = -np.inf
    count = min(count, len(cosines) - len(left_out))
    if count <= 0:
        return Neighbours(where.name, asked, 0, ())
    best = np.argpartition(-cosines, count - 1)[:count]
    best = best[np.lexsort((best, -cosines[best]))]
    near = tuple(Near(where.vocabulary.token(int(one)), float(cosines[one]), int(one)) for one in best)
    return Neighbours(where.name, asked, len(cosines) - len(left_out), near)


def like_spelt(word: str, vocabulary: Vocabulary, count: int = _SPELLINGS) -> list[str]:
    """Known words spelt much like one, the most alike first, of equals the more frequent; none for a very long one.

    Alike is what `difflib` finds so: twice the matching characters over all characters, at least 0.7.
    """
    if not 0 < len(word) <= _LONGEST:
        return []
    # difflib keeps what it knows of the second text, so that is the word asked.
    matcher = SequenceMatcher(None, "", word)
    letters = set(word)
    found = []
    for rank, other in enumerate(vocabulary.words):
        # Cheap bounds first: of 34,000 words a few hundred remain.
        if abs(len(other) - len(word)) > 2 or len(letters & set(other)) < 0.6 * len(letters):
            continue
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() >= 0.7 and matcher.quick_ratio() >= 0.7 and (ratio := matcher.ratio()) >= 0.7:
            found.append((-ratio, rank, other))
    return [other for _ratio, _rank, other in sorted(found)[:count]]


def leans(checkpoint: Checkpoint, vectors: np.ndarray) -> np.ndarray:
    """The model's logit, float64 [N], of one-word sentences whose word has the vector [N, E]."""
    import torch

    found = []
    with torch.inference_mode():
        for start in range(0, len(vectors), 4_096):
            x = torch.from_numpy(vectors[start : start + 4_096].astype(np.float32))
            found.append(checkpoint.model.from_embeddings(x[:, None]).numpy())
    return np.concatenate(found).astype(np.float64) if found else np.zeros(0)


def moves(checkpoint: Checkpoint, start: Space, frequent: int = FREQUENT) -> Moves:
    """What training did to the `frequent` most frequent words, those that both have.

    Raises ValueError where the two differ in the vectors' size.
    """
    own = after(checkpoint)
    if own.vectors.shape[1] != start.vectors.shape[1]:
        sizes = f"{own.vectors.shape[1]} and {start.vectors.shape[1]}"
        raise ValueError(
            _("{name} and {start} have vectors of {sizes} numbers; nothing can be compared").format(
                name=checkpoint.name, start=start.name, sizes=sizes
            )
        )
    words = [word for word in own.vocabulary.words[:frequent] if word in start.vocabulary]
    ids = np.array([own.vocabulary.id(word) for word in words], dtype=np.int64)
    others = np.array([start.vocabulary.id(word) for word in words], dtype=np.int64)
    return Moves(
        model=checkpoint.name,
        hash=checkpoint.hash,
        ids=ids,
        words=tuple(words),
        cosine=np.einsum("we,we->w", own.unit(ids), start.unit(others)).astype(np.float64),
        lean_before=leans(checkpoint, start.vectors[others]),
        lean_after=leans(checkpoint, own.vectors[ids]),
        polarity=None if checkpoint.polarity is None else checkpoint.polarity[ids],
    )


def move_of(checkpoint: Checkpoint, start: Space, typed: str) -> Move:
    """What training did to one word. Raises as `Space.word`, for whichever lacks it."""
    own = after(checkpoint)
    word = own.word(typed)
    start.word(word)
    number, other = own.vocabulary.id(word), start.vocabulary.id(word)
    lean_before, lean_after = leans(checkpoint, np.stack([start.vectors[other], own.vectors[number]])).tolist()
    polarity = None if checkpoint.polarity is None else float(checkpoint.polarity[number])
    return Move(word, number - 1, float(own.unit(number) @ start.unit(other)), lean_before, lean_after, polarity)


def leaning(checkpoint: Checkpoint) -> Leaning:
    """Which way each word of a model leans."""
    if checkpoint.polarity is not None:
        return Leaning("polarity", checkpoint.polarity.astype(np.float64))
    return Leaning("lean", leans(checkpoint, after(checkpoint).vectors))
