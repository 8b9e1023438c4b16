"""Words and sentences without a verdict: fluency, neighbours, the map of words; each beside the plain method."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from core.benchmarks.measured import Measured, Timing, compare, race
from core.benchmarks.reading import made_up

if TYPE_CHECKING:
    from core.fluency.trigram import Scorer
    from core.models.checkpoints import Checkpoint


def fluency_of(judge: Scorer, checkpoint: Checkpoint, count: int, rounds: int) -> Measured:
    """Sentences of a model's words scored together, against each by itself."""
    sentences = [checkpoint.preprocessing(text) for text in made_up(checkpoint, count)]

    def together() -> np.ndarray:
        return judge.score(sentences)

    def one_by_one() -> np.ndarray:
        return np.concatenate([judge.score([tokens]) for tokens in sentences])

    more = {"difference": float(np.abs(together() / one_by_one() - 1).max()), "note": "relative difference"}
    what = f"{judge.name}: {count:,} sentences"
    return race("fluency", what, together, "each sentence by itself", one_by_one, rounds, **more)


def shipped_fluency(checkpoint: Checkpoint, part: str, count: int, rounds: int) -> Measured | None:
    """The same of the shipped trigram or mixture, None where there is no mixture."""
    from core.fluency.trigram import load

    judge = getattr(load(), part)
    return None if judge is None else fluency_of(judge, checkpoint, count, rounds)


def judged_orders(checkpoint: Checkpoint, count: int, rounds: int) -> Measured | None:
    """All orders of so many words judged, against every order read through the judge's network by itself."""
    import torch

    from core.fluency.judge import load_if_there
    from core.fluency.order_network import ending

    judge = load_if_there()
    if judge is None:
        return None
    tokens = made_up(checkpoint, 1)[0].split()[:count]
    orders = np.array(list(permutations(range(len(tokens)))), dtype=np.uint8)
    places = torch.from_numpy(orders.astype(np.int64))
    ids = torch.tensor(judge.vocabulary.encode(tokens))[places]
    endings = torch.tensor([ending(token) for token in tokens])[places]
    lengths = torch.full((len(orders),), len(tokens))

    def ours() -> np.ndarray:
        return judge.log_odds(tokens, orders)

    def plain() -> np.ndarray:
        with torch.inference_mode():
            judged: np.ndarray = judge.network(ids, endings, lengths).numpy()
        return judged

    what = f"all {len(orders):,} orders of {len(tokens)} words"
    return compare("judge", what, ours, "every order by itself, in one batch", plain, rounds)


def nearest_words(checkpoint: Checkpoint, rounds: int) -> Measured:
    """The ten words nearest to one, against every vector scaled to length 1 and all cosines sorted."""
    from core.probes.words.neighbours import after, neighbours

    where, word = after(checkpoint), "good"
    number = checkpoint.vocabulary.id(word)

    def ours() -> np.ndarray:
        return np.array([near.cosine for near in neighbours(where, word, 10).near])

    def plain() -> np.ndarray:
        lengths = np.linalg.norm(where.vectors, axis=1, keepdims=True)
        unit = where.vectors / np.where(lengths > 0, lengths, 1)
        cosines = unit @ unit[number]
        cosines[[0, 1, number]] = -np.inf  # <pad>, <unk> and the word itself
        nearest: np.ndarray = np.sort(cosines)[:-11:-1]
        return nearest

    what = f"{checkpoint.name}: the 10 of {len(where.vectors):,} words nearest to “{word}”"
    return compare("neighbours", what, ours, "all vectors scaled, all cosines sorted", plain, rounds)


def map_of_words(checkpoint: Checkpoint, count: int, rounds: int) -> Measured:
    """Words laid on their principal plane, against the singular values of all their vectors."""
    from core.probes.words.embedding_map import that_matter, word_map
    from core.probes.words.neighbours import after, leaning

    where, leans = after(checkpoint), leaning(checkpoint).values
    ids = that_matter(leans, count)
    words = [checkpoint.vocabulary.token(int(id_)) for id_ in ids]

    def ours() -> np.ndarray:
        return np.asarray(np.abs(word_map(where, words, leans[ids]).places))  # an axis may point either way

    def plain() -> np.ndarray:
        vectors = where.vectors[ids].astype(np.float64)
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        left, values, _right = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
        return np.asarray(np.abs(left[:, :2] * values[:2]))

    what = f"{checkpoint.name}: {len(ids)} words on a plane"
    return compare("map of words", what, ours, "singular values of the vectors", plain, rounds)


TIMINGS = (
    Timing(shipped_fluency, ("trigram", 2_000, 1), ("trigram", 20_000, 3), on="last"),
    Timing(shipped_fluency, ("mixture", 100, 1), ("mixture", 500, 3), on="last"),
    Timing(judged_orders, (6, 3), (8, 3), on="last"),
    Timing(nearest_words, (10,), (30,)),
    Timing(map_of_words, (400, 10), (400, 30)),
)
