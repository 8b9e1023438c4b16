"""How is a classifier trained? Length-sorted batches, one cycle of the learning rate, early stopping, exact resumption.

Adam (Kingma & Ba 2015) with the one-cycle schedule of Smith & Topin 2018 (a rise over the first third, then a cosine
fall), gradients clipped by norm (Pascanu, Mikolov & Bengio 2013), dropout on the embeddings and the read-out. Held-out
rows of the training file decide when to stop and which weights to keep, by log-loss before temperature scaling: where
hardly a row is wrong, the loss after it falls with every sharpening. At the end the temperature (Guo et al. 2017, with
Platt's smoothed labels, see `fit_temperature`) is folded into the read-out, so the logits are calibrated.

K classes have K scores and softmax's cross-entropy; two have one score, the logit, and the same loss.

Everything that decides the next step (weights, Adam's moments, random state, position in the data) is saved at every
evaluation, so a run that is interrupted and resumed ends with the same weights. The same seed on the same machine, with
the same number of threads, gives the same weights.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from core.data import targets
from core.data.corpus import Encoded, length_batches, pad
from core.data.labels import SENTIMENT, Names
from core.models.predict import logits
from core.models.recurrent import CELLS, Classifier
from core.runtime import files
from core.text.preprocessing import Vocabulary
from core.training import distributed, robust

PRECISIONS = ("auto", "float32", "bfloat16")
Weights = np.ndarray | Sequence[float]
_WARM_UP = 1 / 3
_REPORT_EVERY = 10  # steps
_AVERAGE_EVERY = 10  # steps
SELECTION = "log-loss before temperature"
"""How weights are selected: part of a run's identity, as older runs used another rule."""
FEW_ERRORS = 5
"""With fewer held-out errors the temperature is at least 1: the width of log T is about 1 / √errors."""


@dataclass(frozen=True)
class TrainingSettings:
    """What decides a training run besides the data. `learning_rate` is the cycle's peak; `patience` counts evaluations.

    `word_dropout` is the chance of reading a training token as ``<unk>``. `precision` bfloat16 keeps weights and sums
    in float32 and multiplies in bfloat16; auto uses it where the processor supports it. With `average` the rate stays
    at its peak after the rise, and the mean of the weights since then is evaluated and kept: stochastic weight
    averaging (Izmailov et al. 2018), for a second run that starts from a first.

    `robust`, one of `robust.WAYS`, is how it is trained against replaced words; with ``interval`` the weights
    to keep are chosen when the intervals have grown, for the log-loss on unchanged texts would choose the first ones.

    With `balance` a row counts for N / (K N_c), N_c being the training rows of its class, in training, in selecting
    weights and in the temperature. Probabilities are then those of a world in which all classes are as frequent.

    Raises ValueError for an invalid number.
    """

    cell: str
    hidden_size: int = 256
    layers: int = 1
    dropout: float = 0.3
    word_dropout: float = 0.0
    train_embeddings: bool = True
    epochs: int = 4
    batch_size: int = 1024
    learning_rate: float = 3e-3
    clip: float = 1.0
    evaluations_per_epoch: int = 4
    patience: int = 4
    seed: int = 0
    precision: str = "auto"
    average: bool = False
    balance: bool = False
    robust: str = ""

    def __post_init__(self) -> None:
        for name, known in (("precision", PRECISIONS), ("cell", CELLS), ("robust", ("", *robust.WAYS))):
            if getattr(self, name) not in known:
                raise ValueError(f"unknown {name} {getattr(self, name)!r}; available: {', '.join(known)}")
        for name in ("hidden_size", "layers", "epochs", "batch_size", "evaluations_per_epoch", "patience", "seed"):
            if getattr(self, name) < (least := int(name != "seed")):
                raise ValueError(f"{name} is at least {least}; given: {getattr(self, name):,}")
        if not (0 <= self.dropout < 1 and 0 <= self.word_dropout < 1):
            given = f"{self.dropout}, {self.word_dropout}"
            raise ValueError(f"dropout and word_dropout are from 0 to below 1; given: {given}")
        if not (0 < self.learning_rate < math.inf and self.clip > 0):
            raise ValueError(f"learning_rate and clip are above 0; given: {self.learning_rate}, {self.clip}")


def settings_json(settings: TrainingSettings) -> dict[str, Any]:
    """The settings as a card keeps them: without `balance` and `robust` if they are off, as in older cards."""
    return {key: value for key, value in asdict(settings).items() if key not in ("balance", "robust") or value}


def class_weights(labels: np.ndarray) -> np.ndarray:
    """The weights N / (K N_c) of a row of each of K classes, [K]."""
    counts = np.bincount(labels)
    return len(labels) / (len(counts) * counts)


class HeldOut(NamedTuple):
    """The model on the held-out rows at one step; `log_loss` (nats) is before scaling by `temperature`."""

    step: int
    accuracy: float
    log_loss: float
    temperature: float
    training_loss: float


def best(history: Sequence[HeldOut]) -> HeldOut:
    """The evaluation whose weights are kept: the first with the least log-loss."""
    return min(history, key=lambda held: held.log_loss)


class TrainingProgress(NamedTuple):
    """A run's progress. Only the last event has `model`: rounded, calibrated, in eval mode, on the CPU."""

    step: int
    steps: int
    loss: float
    tokens_per_second: float
    seconds_left: float
    history: tuple[HeldOut, ...]
    model: Classifier | None = None


def train_classifier(
    settings: TrainingSettings,
    sentences: Encoded,
    labels: np.ndarray,
    train: np.ndarray,
    held: np.ndarray,
    vectors: np.ndarray,
    state_file: Path | None = None,
    start: Mapping[str, Tensor] | None = None,
    names: Names = SENTIMENT,
    substitutes: np.ndarray | None = None,
) -> Iterator[TrainingProgress]:
    """Train on the rows `train` of `sentences`, select on the rows `held`, from word vectors [V, E] or weights `start`.

    Weights of another number of classes lend all but the read-out. `labels` are numbers of `names`. `substitutes`
    [K, V, S] are for `robust` training.

    Yields progress every few steps and at every evaluation. With `state_file` the run is saved at every evaluation and
    resumed from there if it is the same run; the file is removed at the end. Raises ValueError if a class has no row.
    """
    check_classes(labels, train, held, names)
    device = _device()
    weights = class_weights(labels[train]) if settings.balance else None
    run = _Run(settings, vectors, device, start, weights, names, substitutes)
    lengths = sentences.lengths
    held_sentences, held_labels = sentences.take(held), labels[held]
    gold = torch.from_numpy(labels.astype(np.int64))
    steps_per_epoch = len(_epoch_batches(settings, lengths, train, 0))
    steps = steps_per_epoch * settings.epochs
    interval = max(1, steps_per_epoch // settings.evaluations_per_epoch)
    lent = [value.numpy() for value in (start or {}).values()]
    lent += [] if substitutes is None else [substitutes]
    identity = _run_identity(settings, sentences, labels, train, held, vectors, *lent)
    if state_file:
        run.restore(state_file, identity)
    distributed.check_same(run.step, "steps that are done")
    if not distributed.first():
        torch.manual_seed(settings.seed + distributed.rank() + run.step * distributed.size())  # dropout of its own
    clock, tokens, first = time.perf_counter(), 0, run.step

    while run.step < steps and not run.out_of_patience(steps):
        batches = _epoch_batches(settings, lengths, train, run.step // steps_per_epoch)
        for rows in batches[run.step % steps_per_epoch :]:
            own, weight = distributed.share(rows)
            ids, row_lengths = pad(sentences, own)
            rate = _rate(run.step, steps, settings.average)
            run.advance(ids, row_lengths, gold[torch.from_numpy(own)], rate, weight, robust.strength(run.step, steps))
            tokens += int(lengths[rows].sum())
            if settings.average and run.step >= steps * _WARM_UP and run.step % _AVERAGE_EVERY == 0:
                run.average()
            evaluated = run.step % interval == 0 or run.step == steps
            if evaluated:
                if settings.robust != "interval" or robust.strength(run.step, steps) == 1:
                    run.evaluate(held_sentences, held_labels)
                if state_file and distributed.first():
                    run.save(state_file, identity)
            if evaluated or run.step % _REPORT_EVERY == 0:
                seconds = time.perf_counter() - clock
                left = seconds / (run.step - first) * (steps - run.step)
                yield TrainingProgress(run.step, steps, run.loss, tokens / seconds, left, tuple(run.history))
            if evaluated and run.out_of_patience(steps):
                break
    seconds = max(time.perf_counter() - clock, 1e-9)
    yield TrainingProgress(run.step, steps, run.loss, tokens / seconds, 0.0, tuple(run.history), run.finish())
    if state_file and distributed.first():
        state_file.unlink(missing_ok=True)


def check_classes(labels: np.ndarray, train: np.ndarray, held: np.ndarray, names: Names = SENTIMENT) -> None:
    """Raises ValueError if a part of the split lacks a class."""
    for part, rows in (("training", train), ("held-out", held)):
        counts = np.bincount(labels[rows], minlength=len(names))
        if missing := [name for name, count in zip(names, counts, strict=True) if not count]:
            raise ValueError(f"the {part} rows lack a class: {', '.join(missing)}; needed: {', '.join(names)}")


def hardware(settings: TrainingSettings) -> dict[str, str | int]:
    """The device, precision (`auto` resolved) and threads of a run with these settings."""
    device = _device()
    return {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "precision": "bfloat16" if _bfloat16(settings.precision, device) else "float32",
        "threads": torch.get_num_threads(),
    }


def fit_temperature(scores: np.ndarray, labels: np.ndarray, weights: Weights | None = None) -> float:
    """The temperature T at which scores / T, [N] or [N, K], have the least log-loss against smoothed labels.

    A row of a class of N rows counts as (N + 1) / (N + K) of that class and the rest of the others alike (Platt 1999;
    Lin, Lin & Weng 2007); with hard labels, as in Guo et al. 2017, rows without an error drive T to 0. With fewer than
    `FEW_ERRORS` errors T is at least 1. `weights` [K] are those of a row of each class.
    """
    from scipy.optimize import minimize_scalar

    labels = np.asarray(labels, dtype=np.int64)
    gaps = targets.behind(scores, labels)
    others = gaps.shape[1]
    rows = np.bincount(labels)[labels]
    rest = (1 - (rows + 1) / (rows + 1 + others)) / others
    each = _each(labels, weights)

    def loss(log_temperature: float) -> float:
        scaled = gaps * np.exp(-log_temperature)
        return float(np.average(_losses(scaled) - rest * scaled.sum(axis=1), weights=each))

    few = int((targets.predicted(scores) != labels).sum()) < FEW_ERRORS
    best = minimize_scalar(loss, bounds=(0 if few else -4, 4), method="bounded")
    return 1.0 if few and loss(0.0) <= best.fun else float(np.exp(best.x))


def log_loss(scores: np.ndarray, labels: np.ndarray, weights: Weights | None = None) -> float:
    """The mean log-loss of scores [N] or [N, K] in nats, weighted by class if `weights` are given."""
    return float(np.average(_losses(targets.behind(scores, labels)), weights=_each(labels, weights)))


def _losses(gaps: np.ndarray) -> np.ndarray:
    """The log-losses [N] where the other classes' scores exceed the gold label's by [N, K − 1]."""
    first, *others = gaps.T
    losses = np.logaddexp(0, first)
    for gap in others:
        losses = np.logaddexp(losses, gap)
    return losses  # type: ignore[no-any-return]


def _each(labels: np.ndarray, weights: Weights | None) -> np.ndarray | None:
    return None if weights is None else np.asarray(weights)[labels]


def _epoch_batches(settings: TrainingSettings, lengths: np.ndarray, train: np.ndarray, epoch: int) -> list[np.ndarray]:
    """The batches of one epoch: rows of similar length together, in a random order of its own."""
    random = np.random.default_rng([settings.seed, epoch])
    batches = length_batches(lengths, settings.batch_size, random.permutation(train))
    return [batches[index] for index in random.permutation(len(batches))]


def _rate(step: int, steps: int, constant: bool) -> float:
    """The learning rate at a step over its peak: a linear rise from 1/25, then half a cosine down to zero, or none."""
    peak = steps * _WARM_UP
    if step < peak:
        return 0.04 + 0.96 * step / peak
    return 1.0 if constant else 0.5 * (1 + math.cos(math.pi * (step - peak) / max(steps - peak, 1)))


def _run_identity(settings: TrainingSettings, sentences: Encoded, labels: np.ndarray, *arrays: np.ndarray) -> str:
    digest = hashlib.sha256(json.dumps([settings_json(settings), SELECTION], sort_keys=True).encode())
    for array in (sentences.ids, sentences.offsets, labels, *arrays):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _bfloat16(precision: str, device: torch.device) -> bool:
    if precision == "auto":
        if device.type == "cuda":
            return bool(torch.cuda.is_bf16_supported())
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return precision == "bfloat16"


class _Run:
    """The state of one training run, saved and restored together."""

    def __init__(
        self,
        settings: TrainingSettings,
        vectors: np.ndarray,
        device: torch.device,
        start: Mapping[str, Tensor] | None,
        weights: np.ndarray | None,
        names: Names,
        substitutes: np.ndarray | None,
    ):
        if settings.robust and substitutes is None:
            raise ValueError("robust training needs substitutes")
        self.substitutes = None if substitutes is None else torch.from_numpy(substitutes)
        torch.manual_seed(settings.seed)
        size, embedding = vectors.shape
        self.settings, self.device, self.weights = settings, device, weights
        self.class_weights = None if weights is None else torch.tensor(weights, dtype=torch.float32, device=device)
        layers, outputs = settings.layers, targets.head_sizes(names)[0]
        self.model = Classifier(
            settings.cell, size, embedding, settings.hidden_size, layers, dropout=settings.dropout, outputs=outputs
        )
        with torch.no_grad():
            self.model.embedding.weight.copy_(torch.from_numpy(vectors))
        if start:
            own = self.model.state_dict()
            if len(start["linear.weight"]) != outputs:  # the read-out of other classes
                start = {**start, **{key: value for key, value in own.items() if key.startswith("linear.")}}
            if {key: value.shape for key, value in start.items()} != {key: value.shape for key, value in own.items()}:
                raise ValueError("the model to start from has another cell, size or number of layers than this run")
            self.model.load_state_dict(start)
        self.model.embedding.weight.requires_grad_(settings.train_embeddings)
        self.model.to(device)
        self.parameters = [value for value in self.model.parameters() if value.requires_grad]
        self.optimizer = torch.optim.Adam(self.parameters, lr=settings.learning_rate, fused=True)
        self.bfloat16 = _bfloat16(settings.precision, device)
        self.step = 0
        self.loss = math.log(len(names))
        self.history: list[HeldOut] = []
        self.best: dict[str, Tensor] = {}
        self.mean: dict[str, Tensor] = {}  # of the weights since the rate stopped rising, where they are averaged
        self.averaged = 0

    def advance(
        self, ids: np.ndarray, lengths: np.ndarray, gold: Tensor, rate: float, weight: float, strength: float
    ) -> None:
        """One optimiser step on one batch, of which these rows are the share `weight`; `strength` is `robust`'s."""
        self.model.train()
        block = torch.from_numpy(ids)
        if self.settings.word_dropout:
            dropped = torch.rand(block.shape) < self.settings.word_dropout
            block = block.masked_fill(dropped & (block != Vocabulary.pad_id), Vocabulary.unk_id)
        if self.substitutes is not None and self.settings.robust == "augment":
            block = robust.replaced(block, gold, self.substitutes)
        block, read, gold = block.to(self.device), torch.from_numpy(lengths).to(self.device), gold.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            scores = self.model(block, read)
        loss = targets.cross_entropy(scores.float(), gold, self.class_weights) * weight
        if self.substitutes is not None and self.settings.robust == "interval":
            table = self.substitutes.to(self.device)
            scores = robust.worst_scores(self.model, block, read, gold, table, strength)
            worst = targets.cross_entropy(scores, gold, self.class_weights) * weight
            kappa = robust.KAPPA * strength
            loss = (1 - kappa) * loss + kappa * worst
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        loss = distributed.add_up(self.parameters, loss)
        nn.utils.clip_grad_norm_(self.parameters, self.settings.clip, foreach=True)
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * rate
        self.optimizer.step()
        self.step += 1
        self.loss += 0.02 * (loss.item() - self.loss)

    def evaluate(self, sentences: Encoded, labels: np.ndarray) -> None:
        """Evaluate on the held-out rows, and keep the weights if they are the best so far."""
        self.model.eval()
        current = {key: value.detach().clone() for key, value in self.model.state_dict().items()}
        if self.mean:
            self.model.load_state_dict(self.mean)
        scores = logits(self.model, sentences)
        if not np.isfinite(scores).all():
            raise ValueError(f"training diverged: logits are not finite at step {self.step}; try a lower learning rate")
        temperature, loss = fit_temperature(scores, labels, self.weights), log_loss(scores, labels, self.weights)
        accuracy = float((targets.predicted(scores) == labels).mean())
        temperature, loss, accuracy = distributed.agreed([temperature, loss, accuracy])
        better = not self.history or loss < min(held.log_loss for held in self.history)
        self.history.append(HeldOut(self.step, accuracy, loss, temperature, self.loss))
        if better:
            self.best = {key: value.detach().cpu().clone() for key, value in self.model.state_dict().items()}
        self.model.load_state_dict(current)

    def average(self) -> None:
        """Add the current weights to their running mean."""
        self.averaged += 1
        for key, value in self.model.state_dict().items():
            if key in self.mean:
                self.mean[key].lerp_(value, 1 / self.averaged)
            else:
                self.mean[key] = value.detach().clone()

    def out_of_patience(self, steps: int) -> bool:
        """Whether, since the rate began to fall, `patience` evaluations in a row failed to beat the best."""
        if self.step < steps * _WARM_UP or not self.history:
            return False
        since = max(best(self.history).step, steps * _WARM_UP)
        return sum(held.step > since for held in self.history) >= self.settings.patience

    def finish(self) -> Classifier:
        """The best weights, embeddings rounded as they will be stored, temperature folded into the read-out."""
        model = self.model.cpu()
        model.load_state_dict(self.best)
        temperature = best(self.history).temperature
        with torch.no_grad():
            model.linear.weight.div_(temperature)
            model.linear.bias.div_(temperature)
            model.embedding.weight.copy_(model.embedding.weight.half().float())
        model.zero_grad(set_to_none=True)
        return model.requires_grad_(False).eval()

    def save(self, path: Path, identity: str) -> None:
        """Save the state; a crash leaves the last one whole."""
        from safetensors.torch import save as to_bytes

        tensors = {f"model.{key}": value.detach().cpu() for key, value in self.model.state_dict().items()}
        tensors |= {f"best.{key}": value for key, value in self.best.items()}
        tensors |= {f"mean.{key}": value.cpu() for key, value in self.mean.items()}
        for number, parameter in enumerate(self.parameters):
            tensors |= {f"adam.{number}.{key}": value.cpu() for key, value in self.optimizer.state[parameter].items()}
        tensors["random"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random_cuda"] = torch.cuda.get_rng_state()
        numbers = {
            "identity": identity,
            "step": self.step,
            "loss": self.loss,
            "history": self.history,
            "averaged": self.averaged,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, to_bytes(tensors, metadata={"run": json.dumps(numbers)}))

    def restore(self, path: Path, identity: str) -> bool:
        """Resume from a saved state, if there is one of this very run."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt") as file:
                numbers: dict[str, Any] = json.loads((file.metadata() or {}).get("run", "{}"))
                if numbers.get("identity") != identity:
                    return False
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118, no mapping
        except (OSError, SafetensorError, json.JSONDecodeError):
            return False
        self.step, self.loss = numbers["step"], numbers["loss"]
        self.history = [HeldOut(*held) for held in numbers["history"]]
        self.averaged = numbers["averaged"]

        def part(prefix: str, device: torch.device | str = "cpu") -> dict[str, Tensor]:
            """The tensors whose names begin so, without it."""
            return {key[len(prefix) :]: value.to(device) for key, value in tensors.items() if key.startswith(prefix)}

        self.best, self.mean = part("best."), part("mean.", self.device)
        self.model.load_state_dict(part("model."))
        for number, parameter in enumerate(self.parameters):
            self.optimizer.state[parameter] = part(f"adam.{number}.", self.device)
        torch.set_rng_state(tensors["random"])
        if "random_cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random_cuda"])
        return True
