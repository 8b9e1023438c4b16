"""Do certificates hold? Each is checked again without the search: no shared states, no bounds, everything in float64.

A line names its model, whose hash must be the same, and its words, whose hash must be too; a list that has a name is
made again. The witness must flip and be one of the family's, and the closest margin must be what the line says. Of a
certified line no sequence may flip and none come nearer than the closest; of another no change up to the size that is
complete may flip: of some drawn at random, or of all.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, islice, pairwise, product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from core.data import targets
from core.models.predictor import BlackBox

if TYPE_CHECKING:
    from core.models.predictor import Model

SAMPLES = 200
_CLOSE = 1e-6  # log-odds
_TOGETHER = 1_000


class Checked(NamedTuple):
    """How many sequences of a certificate were read, and what is wrong with it: nothing if it holds."""

    read: int
    faults: tuple[str, ...]


def verify(
    line: dict[str, Any],
    model: Model,
    *,
    everything: bool = False,
    samples: int = SAMPLES,
    seed: int = 0,
    fluency: Callable[[Sequence[Sequence[str]]], np.ndarray] | None = None,
    remade: Callable[[str, Model, Sequence[str], str], Any] | None = None,
) -> Checked:
    """Check a line of a log. `fluency` scores token lists in nats, for lines with a floor; `remade` makes a list of a
    name again (`word_lists.listed`), for lines with one."""
    if line["model_hash"] != model.hash:
        return Checked(0, ("the model has changed since",))
    tokens, kind = tuple(line["tokens"]), line["kind"]
    if line["label"] not in model.labels:
        return Checked(0, ("the model has no such label",))
    faults = [] if tuple(model.preprocessing(line["text"])) == tokens else ["the text has other tokens"]
    if kind == "substitutions":
        substitutes = line["substitutes"]
        if hashlib.sha256(json.dumps(substitutes).encode()).hexdigest()[:16] != line["list_hash"]:
            faults.append("the list is not the one that its hash names")
        again = remade and remade(line["list"], model, tokens, line["label"])
        if again and again.hash != line["list_hash"]:
            faults.append("the list has changed since")
        if len(substitutes) != len(tokens):
            return Checked(0, (*faults, "the list is of another text"))
    if faults:
        return Checked(0, tuple(faults))
    margins = _reader(model, line["label"])
    own, _label = margins([tokens])
    if own[0] < 0 or abs(own[0] - line["margin"]) > _CLOSE:
        faults.append("the text's own margin is another")
    for name in ("witness", "closest"):
        if line[name]:
            (margin,), (label,) = margins([tuple(line[name]["text"].split())])
            if abs(margin - line[name]["margin"]) > _CLOSE or label != line[name]["label"]:
                faults.append(f"the {name} has another margin")
            if not _belongs(line, tokens, tuple(line[name]["text"].split())):
                faults.append(f"the {name} is no such change of the text")
    if (line["status"] == "flipped") != bool(line["witness"] and line["witness"]["label"] != line["label"]):
        faults.append("the witness does not flip the verdict")
    certified = line["status"] == "certified"
    if certified and (line["covered"] != line["sequences"] or line["sequences"] != _count(line, model)):
        faults.append("not all sequences are covered")
    if not certified:
        if not line["complete"]:
            return Checked(0, tuple(faults))
        line = {**line, "most": line["complete"]}
    sequences = _all(line, tokens) if everything else islice(_drawn(line, tokens, random.Random(seed)), samples)
    least = min(line["closest"]["margin"], own[0]) if line["closest"] else -np.inf  # the text's own order is among them
    floor = line.get("floor")
    lowest = -np.inf if floor is None or fluency is None else float(fluency([tokens])[0]) - floor
    read = seen = 0
    while chunk := list(islice(sequences, _TOGETHER)):
        seen += len(chunk)
        if floor is not None and fluency is not None:
            chunk = [one for one, nats in zip(chunk, fluency(chunk), strict=True) if nats >= lowest]
        if chunk:
            found, labels = margins(chunk)
            read += len(chunk)
            if set(labels) != {line["label"]}:
                faults.append(f"a sequence flips: {' '.join(chunk[[*map(line['label'].__ne__, labels)].index(True)])}")
                break
            if certified and not line["bounded"] and found.min() < least - _CLOSE:
                faults.append(f"a sequence is nearer than the closest: {' '.join(chunk[int(found.argmin())])}")
                break
    if certified and everything and not faults and line["kind"] == "moves" and seen != line["sequences"]:
        faults.append("not all sequences are covered")
    return Checked(read, tuple(faults))


def _belongs(line: dict[str, Any], tokens: Sequence[str], sequence: Sequence[str]) -> bool:
    """Whether a sequence is one of a line's family."""
    if len(sequence) != len(tokens):
        return False
    changed = [place for place, (one, other) in enumerate(zip(tokens, sequence, strict=True)) if one != other]
    if line["kind"] == "substitutions":
        return len(changed) <= line["most"] and all(sequence[one] in line["substitutes"][one] for one in changed)
    pinned, window = {*line["pinned"]}, line["window"] or len(tokens)
    free = [place for place in range(len(tokens)) if place not in pinned]
    before, after = (sorted(free, key=lambda place: words[place]) for words in (tokens, sequence))  # sorting is stable
    pairs = [*zip(before, after, strict=True)]
    near = all(tokens[one] == sequence[at] and abs(one - at) <= line["most"] for one, at in pairs)
    return near and pinned.isdisjoint(changed) and (not changed or changed[-1] - changed[0] < window)


def _reader(model: Model, label: str) -> Callable[[Sequence[tuple[str, ...]]], tuple[np.ndarray, list[str]]]:
    """Margins for a class and predicted classes of token lists of one length, by plain float64."""
    number = model.labels.index(label)
    if not isinstance(model, BlackBox):
        import copy

        import torch

        network = copy.deepcopy(model.model.every).double()

    def read(sequences: Sequence[tuple[str, ...]]) -> tuple[np.ndarray, list[str]]:
        if isinstance(model, BlackBox):
            scores = targets.logs(model.of_tokens(sequences))
        else:
            with torch.inference_mode():
                scores = network(torch.tensor([model.vocabulary.encode(one) for one in sequences])).numpy()
        if scores.ndim == 1:
            margins = scores if number else -scores
        else:
            margins = scores[:, number] - np.delete(scores, number, axis=1).max(axis=1)
        return margins, [model.labels[one] for one in targets.predicted(scores).tolist()]

    return read


def _count(line: dict[str, Any], model: Model) -> int:
    """How many sequences a line's family has, the text among them; of orders, what the line says."""
    if line["kind"] == "moves":
        return int(line["sequences"])
    counts = [1] + [0] * line["most"]  # of ways to replace 0, 1, … tokens
    for token, words in zip(line["tokens"], line["substitutes"], strict=True):
        own, *told = model.vocabulary.encode([token, *words])
        counts = [1, *(more + fewer * len({*told} - {own}) for fewer, more in pairwise(counts))]
    return sum(counts)


def _all(line: dict[str, Any], tokens: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every sequence of a line's family."""
    if line["kind"] == "moves":
        yield from _orders(line, tokens, list)
        return
    for size in range(1, line["most"] + 1):
        for places in combinations(range(len(tokens)), size):
            for words in product(*(line["substitutes"][place] for place in places)):
                yield _with(tokens, places, words)


def _drawn(line: dict[str, Any], tokens: Sequence[str], random: random.Random) -> Iterator[tuple[str, ...]]:
    """Sequences of a line's family at random, without end; any may come twice. None where there are none."""
    if line["kind"] == "moves":
        while True:  # from some token on, so that windows lie anywhere
            start = random.randrange(len(tokens))
            yield next(_orders(line, tokens, lambda some: random.sample(some, len(some)), start))
    changeable = [place for place, words in enumerate(line.get("substitutes", ())) if words]
    while changeable:
        places = sorted(random.sample(changeable, random.randint(1, min(line["most"], len(changeable)))))
        yield _with(tokens, places, [random.choice(line["substitutes"][place]) for place in places])


def _with(tokens: Sequence[str], places: Sequence[int], words: Sequence[str]) -> tuple[str, ...]:
    changed = list(tokens)
    for place, word in zip(places, words, strict=True):
        changed[place] = word
    return tuple(changed)


def _orders(
    line: dict[str, Any], tokens: Sequence[str], arranged: Callable[[Sequence[int]], Sequence[int]], start: int = 0
) -> Iterator[tuple[str, ...]]:
    """The orders of a line's family that keep the tokens before `start`, the choices at each place arranged.

    Equal tokens that are not pinned keep their order, so that none comes twice.
    """
    most, pinned, window = line["most"], set(line["pinned"]), line["window"] or len(tokens)
    equal: dict[str, int] = {}
    before = {}  # the one before of the same word
    for one, token in enumerate(tokens):
        if one not in pinned:
            before[one], equal[token] = equal.get(token), one

    def further(order: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        place = len(order)
        if place == len(tokens):
            yield order
            return
        near = range(max(place - most, 0), min(place + most + 1, len(tokens)))
        free = [
            one
            for one in ([place] if place < start else near)
            if one not in order and (one == place or not {one, place} & pinned) and before.get(one) in (None, *order)
        ]
        changed = [at for at, one in enumerate(order) if at != one]
        for one in arranged(free):
            late = [left for left in range(max(place - most, 0)) if left not in order]
            if not late and (one == place or not changed or place - changed[0] < window):
                yield from further((*order, one))

    for order in further(()):
        yield tuple(tokens[one] for one in order)
