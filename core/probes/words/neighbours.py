"""What does a word mean to a model, and what did training change? Neighbours, analogies, and moves.

Every model starts from word vectors (word2vec, "before") and trains them further ("after"). Words are compared by the
cosine of their vectors. An analogy a − b + c is solved as Mikolov et al. 2013 do and gensim's `most_similar`: the word
whose vector has the greatest cosine with the sum of the unit vectors a, −b and c (3CosAdd, as Levy & Goldberg 2014 call
it), the three words themselves left out.

A word's lean is the logit, of the model's target, of the sentence that has this word alone; its shift is the lean with
the trained vector minus that with the vector it started from, the rest of the model as it is. Before training, near
means used in similar contexts, so antonyms are near. Training separates words with different labels.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.data import targets
from core.runtime.i18n import gettext as _
from core.text.preprocessing import Preprocessing, Vocabulary
from core.training.word2vec import unit_variance

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint, WordVectors

COUNT, MOST = 10, 100
FREQUENT = 10_000  # words whose moves are shown: rarer ones hardly move
_LONGEST = 40  # characters of a word for which similar spellings are searched
_SPELLINGS = 5


@dataclass(frozen=True)
class Space:
    """Vectors of a vocabulary's words, float32 [V, E]; a model's are not copied.

    Times its `scale`, float32 [V], each has length 1; 0 if it is zero.
    """

    name: str
    hash: str
    vocabulary: Vocabulary = field(repr=False)
    preprocessing: Preprocessing = field(repr=False)
    vectors: np.ndarray = field(repr=False)
    scale: np.ndarray = field(repr=False)

    def unit(self, ids: int | np.ndarray) -> np.ndarray:
        """The vectors of some words, float32 [..., E], of length 1."""
        units: np.ndarray = self.vectors[ids] * self.scale[ids, None]
        return units

    def cosines(self, direction: np.ndarray) -> np.ndarray:
        """The cosine of every word's vector, float32 [V], with a direction [E] of length 1."""
        cosines: np.ndarray = (self.vectors @ direction) * self.scale
        return cosines

    def word(self, typed: str) -> str:
        """The one known word in what was typed, after preprocessing.

        Raises ValueError for no word or several, LookupError, with similar spellings, for an unknown one.
        """
        tokens = self.preprocessing(typed)
        if len(tokens) != 1:
            if not tokens:
                raise ValueError(_("expected one word; {typed!r} has none").format(typed=typed[:_LONGEST]))
            raise ValueError(
                _("expected one word; {typed!r} has {count}: {words}").format(
                    typed=typed[:_LONGEST], count=len(tokens), words=", ".join(tokens[:6])
                )
            )
        if tokens[0] not in self.vocabulary:
            near = like_spelt(tokens[0], self.vocabulary)
            message = (
                _("{word!r} is not among the {count:,} words of {name}; similar spellings: {near}")
                if near
                else _("{word!r} is not among the {count:,} words of {name}")
            )
            raise LookupError(
                message.format(
                    word=tokens[0][:_LONGEST],
                    count=len(self.vocabulary.words),
                    name=self.name,
                    near=", ".join(near),
                )
            )
        return tokens[0]


class Near(NamedTuple):
    """A word, its vector's cosine with what was asked, and its id."""

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
    """How far each word leans to the target, float64 [V]: its ``polarity`` in the training data, in nats, or, where
    the checkpoint has none, the model's ``lean``, a logit."""

    kind: str
    values: np.ndarray


class Move(NamedTuple):
    """What training did to a word: the cosine of its vectors before and after, the model's lean with each, and its
    polarity in the training data where that is known. `rank` 1 is the most frequent word."""

    word: str
    rank: int
    cosine: float
    lean_before: float
    lean_after: float
    polarity: float | None

    @property
    def shift(self) -> float:
        """The change of the lean, a logit."""
        return self.lean_after - self.lean_before


def space(name: str, vectors: np.ndarray, vocabulary: Vocabulary, preprocessing: Preprocessing, key: str = "") -> Space:
    """A space of vectors [V, E]. Raises ValueError where `vectors` and vocabulary differ in length."""
    if len(vectors) != len(vocabulary):
        raise ValueError(
            _("{count:,} vectors for a vocabulary of {vocabulary_count:,}").format(
                count=len(vectors), vocabulary_count=len(vocabulary)
            )
        )
    vectors = vectors.astype(np.float32, copy=False).view()  # a view, so that the model's own flags stay
    norms = np.linalg.norm(vectors, axis=1)
    scale = np.divide(1, norms, out=np.zeros_like(norms), where=norms > 0)
    for array in (vectors, scale):
        array.setflags(write=False)
    return Space(name, key, vocabulary, preprocessing, vectors, scale)


def before(vectors: WordVectors) -> Space:
    """The space of the word vectors, scaled as models start from them."""
    key = str(vectors.card["sha256"]["weights.safetensors"])
    return space("word2vec", unit_variance(vectors.vectors), vectors.vocabulary, vectors.preprocessing, key)


def after(checkpoint: Checkpoint) -> Space:
    """The space of a model's own embeddings."""
    weight = checkpoint.model.embedding.weight.detach().cpu().numpy()
    return space(checkpoint.name, weight, checkpoint.vocabulary, checkpoint.preprocessing, checkpoint.hash)


def started_from(checkpoint: Checkpoint, vectors: WordVectors) -> bool:
    """Whether a model's embeddings started from these word vectors, by its card: the same training file and vocabulary,
    and word2vec as the start."""
    card = checkpoint.card
    return (
        str(card.get("embeddings", {}).get("start", "")).startswith("word2vec")
        and card.get("data", {}).get("sha256") == vectors.card.get("data", {}).get("sha256")
        and checkpoint.vocabulary == vectors.vocabulary
        and checkpoint.model.embedding.weight.shape[1] == vectors.vectors.shape[1]
    )


def neighbours(where: Space, typed: str, count: int = COUNT) -> Neighbours:
    """The words nearest to one, itself left out. Raises as `Space.word`, and ValueError for an invalid count."""
    word = where.word(typed)
    number = where.vocabulary.id(word)
    return _nearest(where, where.unit(number), (word,), count)


def analogy(where: Space, a: str, b: str, c: str, count: int = COUNT) -> Neighbours:
    """The words nearest to a − b + c, the three left out. Raises as `neighbours`."""
    words = tuple(where.word(typed) for typed in (a, b, c))
    one, other, third = (where.unit(where.vocabulary.id(word)) for word in words)
    return _nearest(where, one - other + third, words, count)


def _nearest(where: Space, wanted: np.ndarray, asked: tuple[str, ...], count: int) -> Neighbours:
    if not 1 <= count <= MOST:
        raise ValueError(_("ask for 1 to {most} neighbours; given: {count}").format(most=MOST, count=count))
    length = float(np.linalg.norm(wanted))
    left_out = {where.vocabulary.id(word) for word in asked}
    near = nearest(where, wanted / length if length > 0 else wanted, left_out, count)
    return Neighbours(where.name, asked, len(where.vocabulary.words) - len(left_out), near)


def nearest(where: Space, direction: np.ndarray, left_out: Collection[int], count: int) -> tuple[Near, ...]:
    """The words nearest to a direction [E] of length 1, nearest first; not those of the ids `left_out`."""
    cosines = where.cosines(direction)
    without = [*{Vocabulary.pad_id, Vocabulary.unk_id, *left_out}]
    cosines[without] = -np.inf
    count = min(count, len(cosines) - len(without))
    if count <= 0:
        return ()
    best = np.argpartition(-cosines, count - 1)[:count]
    best = best[np.lexsort((best, -cosines[best]))]
    return tuple(Near(where.vocabulary.token(id_), float(cosines[id_]), id_) for id_ in best.tolist())


def like_spelt(word: str, vocabulary: Vocabulary) -> list[str]:
    """Known words spelt like one, the most similar first, then the most frequent; none for a very long one.

    Similar is a `difflib` ratio of at least 0.7: twice the matching characters over all characters.
    """
    if not 0 < len(word) <= _LONGEST:
        return []
    # difflib caches the second text.
    matcher = SequenceMatcher(None, "", word)
    letters = set(word)
    similar = []
    for rank, other in enumerate(vocabulary.words):
        # Cheap bounds first: a few hundred of 34,000 words remain.
        if abs(len(other) - len(word)) > 2 or len(letters & set(other)) < 0.6 * len(letters):
            continue
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() >= 0.7 and matcher.quick_ratio() >= 0.7 and (ratio := matcher.ratio()) >= 0.7:
            similar.append((-ratio, rank, other))
    return [other for _ratio, _rank, other in sorted(similar)[:_SPELLINGS]]


def leans(checkpoint: Checkpoint, vectors: np.ndarray) -> np.ndarray:
    """The model's logit, float64 [N], of one-word sentences whose word has the vector [N, E].

    Raises ValueError for a model without a target.
    """
    import torch

    targets.chosen(checkpoint)
    logits = []
    with torch.inference_mode():
        for start in range(0, len(vectors), 4_096):
            x = torch.from_numpy(vectors[start : start + 4_096].astype(np.float32))
            logits.append(checkpoint.model.from_embeddings(x[:, None]).numpy())
    return np.concatenate(logits).astype(np.float64) if logits else np.zeros(0)


def moves(checkpoint: Checkpoint, start: Space) -> list[Move]:
    """What training did to the `FREQUENT` most frequent words that both have, the most frequent first.

    Raises ValueError where the vectors differ in size, and for a model without a target.
    """
    own = after(checkpoint)
    if own.vectors.shape[1] != start.vectors.shape[1]:
        sizes = f"{own.vectors.shape[1]} and {start.vectors.shape[1]}"
        raise ValueError(
            _("{name} and {start} have vectors of different sizes ({sizes}), so they cannot be compared").format(
                name=checkpoint.name, start=start.name, sizes=sizes
            )
        )
    return _moves(
        checkpoint, own, start, [word for word in own.vocabulary.words[:FREQUENT] if word in start.vocabulary]
    )


def frozen(moves: Sequence[Move]) -> bool:
    """Whether training left the vectors as they were."""
    return all(move.cosine > 1 - 1e-4 for move in moves)


def move_of(checkpoint: Checkpoint, start: Space, typed: str) -> Move:
    """What training did to one word. Raises as `Space.word` for either space."""
    own = after(checkpoint)
    word = own.word(typed)
    start.word(word)
    return _moves(checkpoint, own, start, [word])[0]


def _moves(checkpoint: Checkpoint, own: Space, start: Space, words: list[str]) -> list[Move]:
    ids, others = (np.array([where.vocabulary.id(word) for word in words], dtype=np.int64) for where in (own, start))
    known = polarity_of(checkpoint)
    polarity = [None] * len(words) if known is None else known[ids].tolist()
    cosines = np.einsum("we,we->w", own.unit(ids), start.unit(others))
    before, after = (leans(checkpoint, vectors) for vectors in (start.vectors[others], own.vectors[ids]))
    columns = (column.tolist() for column in (ids - 1, cosines, before, after))
    return [Move(*values) for values in zip(words, *columns, polarity, strict=True)]


def polarity_of(checkpoint: Checkpoint) -> np.ndarray | None:
    """How far each token speaks for the target in the training data, float32 [V], in nats; None where it is not known.

    Raises ValueError for a model without a target.
    """
    target = targets.chosen(checkpoint)
    return None if checkpoint.polarity is None else targets.row(checkpoint.polarity, target)


def leaning(checkpoint: Checkpoint) -> Leaning:
    """How far each word of a model leans to its target. Raises ValueError for a model without one."""
    known = polarity_of(checkpoint)
    if known is not None:
        return Leaning("polarity", known.astype(np.float64))
    return Leaning("lean", leans(checkpoint, after(checkpoint).vectors))
