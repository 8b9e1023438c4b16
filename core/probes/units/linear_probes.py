"""What can be read off a model's states? Linear probes, each beside a control task unrelated to language.

A probe is a logistic regression from the state after a token to a property of the text so far (Alain & Bengio 2016;
Hupkes, Veldhoen & Zuidema 2018, "diagnostic classifiers"):

    position   in which of the bins 1–2, 3–5, 6–9, 10–15 or from 16 the token's position is
    negation   whether a word of `NEGATIONS` has occurred so far
    polarity   whether the words so far have a low, middle or high sum of polarities (`token_log_odds`), cut at the
               thirds of the training tokens

A probe may succeed by itself, without the state's help. So Hewitt & Liang 2019, "Designing and Interpreting Probes with
Control Tasks", train it again on a control task: each word type has a random label, drawn with the task's own label
shares. Only memorising words solves that, and

    selectivity = accuracy on the task − accuracy on the control task

Accuracy is balanced, the mean of the classes' recalls, so guessing has 1/K. Training and test sentences differ;
intervals are the bootstrap's over the test sentences, since the tokens of one are not independent. They do not cover
another draw of training sentences or control labels.

As baselines the probes also read "x", the embedding of the word just read, and "place", its position. What a state
tells beyond these it has kept. That a probe finds a property does not show that the model uses it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from core.data import targets
from core.data.corpus import Encoded, encode_tokens
from core.evaluation.intervals import Mean
from core.probes.units.token_states import CELL, HIDDEN, token_states
from core.runtime.i18n import gettext as _
from core.runtime.i18n import mark
from core.runtime.shown import Shown

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint

ROWS, SEED = 2_000, 0
POSITION, NEGATION, POLARITY = TASKS = ("position", "negation", "polarity")
WORD, PLACE = "x", "place"
SOURCES = (HIDDEN, CELL, WORD, PLACE)
CLASSES = {
    POSITION: ("1–2", "3–5", "6–9", "10–15", "16–"),
    NEGATION: (mark("none"), mark("negation")),
    POLARITY: (mark("low"), mark("middle"), mark("high")),
}
# fmt: off
NEGATIONS = frozenset({
    "not", "no", "never", "none", "nothing", "nobody", "nowhere", "neither", "nor", "without", "cannot", "hardly",
    "barely", "dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "werent", "cant", "couldnt", "wont", "wouldnt",
    "shouldnt", "havent", "hasnt", "hadnt", "aint",
})
# fmt: on
"""Words that negate, after preprocessing (``n't`` is ``not``), also typed without an apostrophe."""

PENALTY, STEPS = 0.1, 2_000
"""scikit-learn's C, on features of unit variance, and ``max_iter``."""

_BIN_STARTS = (3, 6, 10, 16)  # the first positions of the later bins
_POSITIONS = 40  # of the baseline; all later ones are one
_TEST_SHARE = 0.3
_CONTROLS = 3  # draws of control labels, whose accuracies are averaged
_RESAMPLES = 2_000
_LEAST = 20  # sentences, in training and in the test


@dataclass(frozen=True)
class Probe:
    """One task read off one source; means are balanced accuracies on the test sentences.

    `control` is the mean over the draws of control labels, `selectivity` the task's accuracy minus that, paired by
    sentence. `chance` is 1/K of the K `classes`; the test has `tokens` of each. `converged` says whether all fits did.
    """

    task: str
    source: str
    classes: tuple[str, ...]
    tokens: tuple[int, ...]
    chance: float
    accuracy: Mean
    control: Mean
    selectivity: Mean
    converged: bool


@dataclass(frozen=True)
class Probes(Shown):
    """All probes of one model. `hash` covers its weights and its words' polarity.

    `empty` texts had no word, `repeated` ones the words of an earlier text; both are left out. `left_out` says why a
    task could not be asked. `target`, for more than two classes, names the class whose polarity is probed.
    """

    listed: ClassVar[tuple[str, ...]] = ("probes",)

    model: str
    hash: str
    seed: int
    sentences: tuple[int, int]  # in training, in the test
    tokens: tuple[int, int]
    empty: int
    repeated: int
    controls: int
    left_out: dict[str, str]
    probes: tuple[Probe, ...]
    target: str | None = None


class ProbeProgress(NamedTuple):
    """`done` of `total` probes are fitted."""

    done: int
    total: int
    result: Callable[[], Probes]


class Tokens(NamedTuple):
    """Every token of some sentences: its sentence's number and its id, int64 [N]; `train` is bool [N]."""

    sentence: np.ndarray
    ids: np.ndarray
    train: np.ndarray


def diagnose(
    checkpoint: Checkpoint, texts: Sequence[str], seed: int = SEED, check_cancelled: Callable[[], object] = lambda: None
) -> Generator[ProbeProgress, None, None]:
    """Probe a model on texts; the last event has every probe.

    `seed` splits the sentences, draws the control labels and resamples. `check_cancelled` is called often; what it
    raises ends the work. Polarity is the target's; without one that task is left out. Raises ValueError with fewer than
    20 different sentences on either side of the split.
    """
    checkpoint.model.check_plain(checkpoint.name)
    tokenised = [tuple(checkpoint.preprocessing(text)) for text in texts]
    kept = list(dict.fromkeys(tokens for tokens in tokenised if tokens))
    empty = sum(not tokens for tokens in tokenised)
    sentences = encode_tokens(kept, checkpoint.vocabulary)
    tokens = split(sentences, seed)
    labels, left_out = _labels(checkpoint, kept, sentences, tokens)
    names = sources(checkpoint)
    asked = [(name, task) for name in names for task in labels if (name, task) != (PLACE, POSITION)]
    train = len(np.unique(tokens.sentence[tokens.train]))
    settings = Probes(
        model=checkpoint.name,
        hash=checkpoint.every.hash_with_polarity,
        seed=seed,
        sentences=(train, len(kept) - train),
        tokens=(int(tokens.train.sum()), int((~tokens.train).sum())),
        empty=empty,
        repeated=len(texts) - empty - len(kept),
        controls=_CONTROLS,
        left_out=left_out,
        probes=(),
        target=_named(checkpoint),
    )
    probes: tuple[Probe, ...] = ()
    yield ProbeProgress(0, len(asked), lambda: settings)
    for name in names:
        features = _features(checkpoint, sentences, name, check_cancelled)
        for task in [task for source, task in asked if source == name]:
            one = probe(features, labels[task], tokens, task, name, seed=seed, check_cancelled=check_cancelled)
            probes += (one,)
            yield ProbeProgress(len(probes), len(asked), partial(replace, settings, probes=probes))


def _named(checkpoint: Checkpoint) -> str | None:
    """The target's name where it is chosen."""
    target = checkpoint.target
    return None if target is None or target == checkpoint.every.target else target.name


def sources(checkpoint: Checkpoint) -> list[str]:
    """What a model's probes read: its states and the baselines."""
    return [source for source in SOURCES if source != CELL or checkpoint.model.cell == "lstm"]


def split(sentences: Encoded, seed: int) -> Tokens:
    """The tokens of sentences, a seeded share of these for training. Raises ValueError for too few."""
    count = len(sentences)
    test = round(_TEST_SHARE * count)
    if min(test, count - test) < _LEAST:
        raise ValueError(
            _(
                "probes need at least {least} different sentences for training and {least} for "
                "testing; the {count:,} given would make {train:,} and {test:,}"
            ).format(least=_LEAST, count=count, train=count - test, test=test)
        )
    train = np.ones(count, dtype=bool)
    train[np.random.default_rng((seed, 3)).choice(count, test, replace=False)] = False
    sentence = np.repeat(np.arange(count), sentences.lengths)
    return Tokens(sentence, sentences.ids.astype(np.int64), train[sentence])


def position_labels(sentences: Encoded) -> np.ndarray:
    """The bin of each token's position, int64 [N]."""
    bins: np.ndarray = np.searchsorted(_BIN_STARTS, _positions(sentences) + 1, side="right")
    return bins


def negation_labels(sentences: Sequence[Sequence[str]]) -> np.ndarray:
    """Whether a negation has occurred up to each token: 1 or 0, int64 [N]."""
    so_far = [np.logical_or.accumulate([token in NEGATIONS for token in tokens]) for tokens in sentences]
    return np.concatenate(so_far).astype(np.int64)


def polarity_labels(sentences: Encoded, polarity: np.ndarray, train: np.ndarray) -> np.ndarray:
    """The third of the summed polarity up to each token, 0 low to 2 high, int64 [N]; thirds are of `train` [N].

    All unknown words are one word, with almost no polarity.
    """
    running = np.cumsum(polarity[sentences.ids].astype(np.float64))
    before = np.concatenate([[0.0], running])[sentences.offsets[:-1]]
    so_far = running - np.repeat(before, sentences.lengths)
    thirds: np.ndarray = np.searchsorted(np.quantile(so_far[train], (1 / 3, 2 / 3)), so_far, side="right")
    return thirds


def control_labels(ids: np.ndarray, labels: np.ndarray, train: np.ndarray, seed: int | Sequence[int]) -> np.ndarray:
    """A random label for each token's word type, drawn with the shares of the training labels: int64 [N]."""
    shares = np.bincount(labels[train]) / train.sum()
    types, number = np.unique(ids, return_inverse=True)
    drawn: np.ndarray = np.random.default_rng(seed).choice(len(shares), len(types), p=shares)[number]
    return drawn


def probe(
    features: np.ndarray,
    labels: np.ndarray,
    tokens: Tokens,
    task: str,
    source: str,
    *,
    seed: int = SEED,
    check_cancelled: Callable[[], object] = lambda: None,
) -> Probe:
    """Train a probe from features [N, F] to labels [N] and to control labels, and measure it on the test sentences."""
    classes = CLASSES[task]
    check_cancelled()
    right, converged = _right(features, labels, tokens.train)
    test, sentence = labels[~tokens.train], np.unique(tokens.sentence[~tokens.train], return_inverse=True)[1]
    hits, counts = _by_sentence(right, test, sentence, len(classes))
    drawn = []
    for control in _controls(tokens, labels, seed):
        check_cancelled()
        of_control = control[~tokens.train]
        right, in_time = _right(features, control, tokens.train)
        converged &= in_time
        drawn.append(_by_sentence(right, of_control, sentence, len(classes)))
    weights = _weights(len(counts), seed)
    accuracy = _balanced(hits, counts, weights)
    control_accuracy = np.mean([_balanced(*one, weights) for one in drawn], axis=0)
    return Probe(
        task=task,
        source=source,
        classes=classes,
        tokens=tuple(np.bincount(test, minlength=len(classes)).tolist()),
        chance=1 / len(classes),
        accuracy=_mean(accuracy, len(counts)),
        control=_mean(control_accuracy, len(counts)),
        selectivity=_mean(accuracy - control_accuracy, len(counts)),
        converged=converged,
    )


def _controls(tokens: Tokens, labels: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Draws of control labels with at least two classes in training and test."""
    number = kept = 0
    while kept < _CONTROLS:
        control = control_labels(tokens.ids, labels, tokens.train, (seed, 1, number))
        number += 1
        if number > 100:
            raise ValueError(_("no control task can be drawn: too few word types"))
        if all(len(np.unique(control[part])) > 1 for part in (tokens.train, ~tokens.train)):
            kept += 1
            yield control


def _right(features: np.ndarray, labels: np.ndarray, train: np.ndarray) -> tuple[np.ndarray, bool]:
    """Which test tokens a probe gets right, bool, and whether its fit converged."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=STEPS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the result says it
        model.fit(features[train], labels[train])
    return model.predict(features[~train]) == labels[~train], bool((model[-1].n_iter_ < STEPS).all())


def _by_sentence(
    right: np.ndarray, labels: np.ndarray, sentence: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """How many tokens of each class a sentence has, right and in all: float64 [S, K] each."""
    shape = (int(sentence.max()) + 1, classes)
    cell = sentence * classes + labels
    hits, counts = (np.bincount(cell, weights, shape[0] * classes).reshape(shape) for weights in (right, None))
    return hits.astype(np.float64), counts.astype(np.float64)


def _weights(sentences: int, seed: int) -> np.ndarray:
    """How often each sentence is drawn: once in the first row, then in resamples, float64 [R + 1, S]."""
    random = np.random.default_rng((seed, 2))
    drawn = random.multinomial(sentences, np.full(sentences, 1 / sentences), size=_RESAMPLES)
    return np.concatenate([np.ones((1, sentences)), drawn])


def _balanced(hits: np.ndarray, counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Balanced accuracy under each row of weights [R, S], float64 [R]; classes that a row lacks do not count."""
    every = weights @ counts
    with np.errstate(invalid="ignore"):
        recalls: np.ndarray = np.nanmean(np.where(every > 0, weights @ hits / every, np.nan), axis=1)
    return recalls


def _mean(values: np.ndarray, sentences: int) -> Mean:
    """The first value, and its interval from the resamples after it."""
    low, high = np.quantile(values[1:], (0.025, 0.975))
    return Mean(sentences, float(values[0]), (float(low), float(high)))


def _labels(
    checkpoint: Checkpoint, kept: Sequence[Sequence[str]], sentences: Encoded, tokens: Tokens
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The labels of each task that can be asked, and why the others cannot."""
    labels = {POSITION: position_labels(sentences), NEGATION: negation_labels(kept)}
    left_out: dict[str, str] = {}
    if checkpoint.polarity is None:
        left_out[POLARITY] = _("the checkpoint has no log-odds of words (python -m core polarity)")
    else:
        try:
            polarity = targets.row(checkpoint.polarity, targets.chosen(checkpoint))
            labels[POLARITY] = polarity_labels(sentences, polarity, tokens.train)
        except ValueError as error:
            left_out[POLARITY] = str(error)
    for task in list(labels):
        try:
            _check_classes(labels[task], tokens.train, CLASSES[task], task)
        except ValueError as error:
            left_out[task] = str(error)
            del labels[task]
    if not labels:
        raise ValueError("; ".join(left_out.values()))
    return labels, left_out


def _check_classes(labels: np.ndarray, train: np.ndarray, classes: Sequence[str], task: str) -> None:
    messages = (
        (train, _("{task}: no token of class {lacking} to train on; give more or longer sentences")),
        (~train, _("{task}: no token of class {lacking} to test on; give more or longer sentences")),
    )
    for part, message in messages:
        counts = np.bincount(labels[part], minlength=len(classes))
        if not counts.all():
            lacking = ", ".join(name for name, count in zip(classes, counts, strict=True) if not count)
            raise ValueError(message.format(task=task, lacking=lacking))


def _features(
    checkpoint: Checkpoint, sentences: Encoded, source: str, check_cancelled: Callable[[], object]
) -> np.ndarray:
    """What a probe reads at every token, float32 [N, F]."""
    if source == PLACE:
        one_hot: np.ndarray = np.eye(_POSITIONS, dtype=np.float32)[np.minimum(_positions(sentences), _POSITIONS - 1)]
        return one_hot
    if source == WORD:
        embedded: np.ndarray = checkpoint.model.embedding.weight.detach().numpy()[sentences.ids]
        return embedded
    features = np.empty((len(sentences.ids), checkpoint.model.hidden_size), dtype=np.float32)
    for tokens, states in token_states(checkpoint.model, sentences, source, check_cancelled):
        features[tokens] = states
    return features


def _positions(sentences: Encoded) -> np.ndarray:
    """Each token's position in its sentence, from 0, int64 [N]."""
    positions: np.ndarray = np.arange(len(sentences.ids)) - np.repeat(sentences.offsets[:-1], sentences.lengths)
    return positions
