"""A map of the words that matter: their vectors on the plane of the first two principal components.

Words are chosen by |leaning| / √rank. Where frequency falls as 1 / rank (Zipf's law) that is, up to a constant,
|log-odds| over their standard error, the order of Monroe, Colaresi & Quinn 2008. Their unit vectors are centred and
projected on the two directions of the greatest variance (PCA, Pearson 1901).

t-SNE was tried and left out. Of 400 words' ten nearest by cosine it kept more (trustworthiness of Venna & Kaski 2001:
0.93 against 0.75 in the word vectors, 0.95 against 0.84 in the LSTM's), but took 6 to 8 s against 3 ms, and its maps of
before and after cannot be compared, nor do they show that training aligns the first axis with polarity (correlation
0.84 before, 0.94 after). `core.probes.words.neighbours.neighbours` gives the nearest words without loss.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core.probes.words.neighbours import Space
from core.runtime.i18n import gettext as _

WORDS, MOST = 400, 2_000


@dataclass(frozen=True)
class WordMap:
    """Words on a plane: `places` float64 [N, 2]; `explained` are the shares of variance along the two axes.

    `leaning` [N] is what the words were chosen by. The first axis points to the target.
    """

    space: str
    words: tuple[str, ...]
    places: np.ndarray = field(repr=False)
    leaning: np.ndarray = field(repr=False)
    explained: tuple[float, float]

    @property
    def correlations(self) -> tuple[float, ...]:
        """How closely the places along each axis go with the leaning, |r|; 0 where either does not vary."""
        if len(self.words) < 3 or not self.leaning.std():
            return (0.0, 0.0)
        return tuple(abs(float(np.corrcoef(axis, self.leaning)[0, 1])) if axis.std() else 0.0 for axis in self.places.T)


def that_matter(leaning: np.ndarray, count: int) -> np.ndarray:
    """Ids of the words that matter most, int64, from the leaning [V] of each id, without <pad> and <unk>."""
    ranks = np.maximum(np.arange(len(leaning)) - 1.0, 1.0)
    weight = np.abs(leaning) / np.sqrt(ranks)
    weight[:2] = -1
    chosen = np.argsort(-weight, kind="stable")[: max(0, min(count, len(leaning) - 2))]
    return chosen.astype(np.int64)


def word_map(where: Space, words: list[str], leaning: np.ndarray) -> WordMap:
    """The words that a space has, on a plane, with their `leaning` [N]. Raises ValueError for fewer than 3."""
    kept = [index for index, word in enumerate(words) if word in where.vocabulary]
    if len(kept) < 3:
        raise ValueError(
            _("a map needs at least 3 words that {name} knows; given: {count}").format(name=where.name, count=len(kept))
        )
    ids = np.array([where.vocabulary.id(words[index]) for index in kept])
    lean = leaning[kept].astype(np.float64)
    places, explained = principal_plane(where.unit(ids))
    if places[:, 0] @ (lean - lean.mean()) < 0:
        places[:, 0] = -places[:, 0]
    return WordMap(where.name, tuple(words[index] for index in kept), places, lean, explained)


def principal_plane(points: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """Points [N, E] on their first two principal axes, [N, 2], and the share of variance along each.

    The point farthest out along an axis is on its positive side.
    """
    centred = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    # The eigenvectors of E × E are the right singular vectors of N × E, and faster.
    values, vectors = np.linalg.eigh(centred.T @ centred)
    places = centred @ vectors[:, :-3:-1]
    if places.shape[1] < 2:
        places = np.column_stack([places, np.zeros(len(places))])
    farthest = places[np.abs(places).argmax(axis=0), np.arange(2)]
    places = places * np.where(farthest < 0, -1.0, 1.0)
    values = np.maximum(values[::-1], 0)
    shares = values / values.sum() if values.sum() > 0 else values
    return places, (float(shares[0]), float(shares[1]) if len(shares) > 1 else 0.0)
