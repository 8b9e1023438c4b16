"""Checkpoints small enough to be made anew in every test run: random weights, real format."""

from __future__ import annotations

import os
from dataclasses import asdict

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run, on machines of any speed.
settings.register_profile("seeded", derandomize=True, deadline=None)
settings.load_profile("seeded")

# fmt: off
WORDS = [
    "<url>", "!", ".", ",", "?", "...", ":)", "i", "he", "the", "a", "to", "it", "is", "this", "that", "you", "not",
    "do", "can", "was", "no", "so", "love", "good", "great", "better", "late", "than", "never", "bad", "sad",
    "terrible", "hate", "but", "and", "movie",
]
# fmt: on
EMBEDDING, HIDDEN = 6, 8


@pytest.fixture(autouse=True)
def _speak_english_again() -> Iterator[None]:
    """Whatever language a test spoke, the next one begins in English."""
    from core.runtime import i18n

    yield
    i18n.use(i18n.ENGLISH)


@pytest.fixture(scope="session")
def tiny_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of checkpoints rnn, gru and lstm. Shared by all tests: copy it before changing anything in it."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for seed, cell in enumerate(("rnn", "gru", "lstm")):
        write_tiny_checkpoint(folder, cell, cell, seed=seed)
    return folder


@pytest.fixture(scope="session")
def report_data() -> Path:
    """The tweets of the shipped models' reports, in the folder that ``UNROLLED_DATA`` names. Skips without them."""
    folder = os.environ.get("UNROLLED_DATA")
    if not folder:
        pytest.skip("UNROLLED_DATA names no folder with sentiment140_valid.parquet")
    path = Path(folder) / "sentiment140_valid.parquet"
    if not path.is_file():
        pytest.skip(f"no {path.name} in the folder that UNROLLED_DATA names ({folder})")
    return path


def write_tiny_checkpoint(
    folder: Path,
    name: str,
    cell: str,
    *,
    layers: int = 1,
    seed: int = 0,
    steps: tuple[str, ...] | None = None,
    labels: tuple[str, ...] = ("negative", "positive"),
    outputs: int | None = None,
) -> None:
    """Save a classifier with random weights, its card filled in as `core.training.recipe` does; its head has `outputs`,
    or as many as is usual for the `labels`."""
    import torch

    from core.data import targets
    from core.models import checkpoints
    from core.models.recurrent import Classifier
    from core.text.preprocessing import SHIPPED, Vocabulary
    from core.training import recipe
    from core.training.loop import HeldOut, TrainingSettings

    vocabulary, outputs = Vocabulary(WORDS), outputs or targets.head_sizes(labels)[0]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Classifier(cell, len(vocabulary), EMBEDDING, HIDDEN, layers, outputs=outputs)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter)  # larger than the usual start, so that verdicts differ
        with torch.no_grad():
            model.embedding.weight[Vocabulary.pad_id] = 0
    model.embedding.weight.data = model.embedding.weight.data.half().float()
    card: checkpoints.Card = {
        "kind": checkpoints.CLASSIFIER,
        "cell": cell,
        "sizes": {
            "vocabulary": len(vocabulary),
            "embedding": EMBEDDING,
            "hidden": HIDDEN,
            "layers": layers,
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            **({} if outputs == 1 else {"outputs": outputs}),
        },
        "labels": list(labels),
        "preprocessing": SHIPPED if steps is None else steps,
        "settings": asdict(TrainingSettings(cell, hidden_size=HIDDEN, layers=layers, seed=seed)),
        "embeddings": {"start": "word2vec", **asdict(recipe.Word2VecSettings(vector_size=EMBEDDING)), "min_count": 1},
        "data": {
            "file": "made_up.parquet",
            "sha256": "0" * 64,
            "rows": 1_000,
            "negative": 500,
            "positive": 500,
            "skipped": 0,
            "training_rows": 800,
            "held_out_rows": 200,
            "split_seed": seed,
            "tokens": 10_000,
        },
        "history": [
            HeldOut(10, 0.70, 0.60, 1.2, 0.65)._asdict(),
            HeldOut(20, 0.75, 0.55, 1.1, 0.58)._asdict(),
        ],
        "versions": {"python": "3.11.0", "numpy": "2.0.0", "torch": "2.0.0", "gensim": "4.0.0"},
        "intended_use": recipe.INTENDED_USE,
        "limits": recipe.LIMITS,
        "terms": recipe.TERMS,
        "metrics": {
            "selection": _metrics("held-out rows of the training file"),
            "report": _metrics("made_up_report.parquet"),
        },
    }
    checkpoints.save(name, model.state_dict(), vocabulary, card, folder)


def _metrics(data: str) -> dict[str, object]:
    """Figures that agree with one another: 150 of 200 rows right."""
    import numpy as np

    from core.evaluation.metrics import Evaluation, LengthBand, average_recall, class_figures, macro_f1

    by_class = class_figures(np.array([[70, 30], [20, 80]]), ("negative", "positive"), [(0.82, 0.02)] * 2)
    evaluation = Evaluation(
        model="",
        data=data,
        rows=200,
        skipped=5,
        accuracy=0.75,
        accuracy_interval=(0.6857, 0.8049),
        f1=0.7619,
        auc=0.82,
        log_loss=0.52,
        calibration_error=0.02,
        confusion={"true_negative": 70, "false_positive": 30, "false_negative": 20, "true_positive": 80},
        unknown_rate=0.03,
        by_length=(
            LengthBand(1, 5, 80, 0.75, (0.6452, 0.8319)),
            LengthBand(31, None, 120, 0.75, (0.6656, 0.8189)),
        ),
        macro_f1=macro_f1(by_class),
        average_recall=average_recall(by_class),
        classes=by_class,
    ).as_json()
    del evaluation["model"]
    return {**evaluation, "sha256": "1" * 64}
