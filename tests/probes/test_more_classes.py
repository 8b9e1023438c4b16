"""What does not take more than two classes yet says so in one line and gives no number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.data.corpus import read_corpus
from core.data.targets import Target
from core.evaluation import assessment, metrics
from core.lab.boosting import ensemble
from core.lab.mixture import states
from core.models import checkpoints, reference_states, token_log_odds
from core.models.checkpoints import Checkpoint
from core.models.trace import trace
from core.probes.attribution.results import Instance
from core.probes.checklist import suite
from core.probes.dynamics import fixed_points, memory_decay, retention, trajectories
from core.probes.edits import victims
from core.probes.interventions import patching
from core.probes.sarcasm import comment
from core.probes.scan import one_file
from core.probes.units import linear_probes, patterns
from core.probes.words import neighbours
from tests.conftest import write_tiny_checkpoint

THREE = ("negative", "neutral", "positive")
TEXT = "i love this movie , not so bad !"


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    folder = tmp_path_factory.mktemp("three")
    write_tiny_checkpoint(folder, "three", "lstm", labels=THREE)
    return checkpoints.load("three", folder)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "table.csv"
    path.write_text("text,label\ni love it,positive\nso bad,negative\n", encoding="utf-8")
    return path


Asked = Callable[[Checkpoint, Path], object]
REFUSING: dict[str, Asked] = {
    "evaluate": lambda model, path: metrics.evaluate(model, read_corpus(path)),
    "assess": lambda model, path: next(assessment.assess(path, [model])),
    "ensemble": lambda model, path: next(iter(ensemble.measure(read_corpus(path), [model, model]))),
    "mixture": lambda model, path: states.states_of(model, [TEXT]),
    "polarity": lambda model, path: token_log_odds.of_training(model, read_corpus(path)),
    "attribution": lambda model, path: Instance.of(model, TEXT),
    "suite": lambda model, path: suite.run(model),
    "fixed points": lambda model, path: next(iter(fixed_points.search(model, [TEXT]))),
    "memory": lambda model, path: memory_decay.memory(model, "love"),
    "retention": lambda model, path: retention.retention(model, ["love"]),
    "gradients": lambda model, path: trajectories.gradients(model, TEXT),
    "edits": lambda model, path: victims.victim(model),
    "patching": lambda model, path: patching.patch_grid(model, trace(model, TEXT), trace(model, "so bad")),
    "comment": lambda model, path: comment.judge([model], TEXT, "positive"),
    "leave one out": lambda model, path: comment.leave_one_out(model, ("i", "love")),
    "scan": lambda model, path: [*one_file.scan(path, [model])],
    "linear probes": lambda model, path: next(linear_probes.diagnose(model, [TEXT])),
    "patterns": lambda model, path: next(patterns.index(model, None)),  # type: ignore[arg-type]
    "words": lambda model, path: neighbours.leaning(model),
}


@pytest.mark.parametrize("aimed", [False, True])
@pytest.mark.parametrize("ask", REFUSING.values(), ids=REFUSING)
def test_three_classes_are_refused_in_one_line(ask: Asked, aimed: bool, three: Checkpoint, table: Path) -> None:
    model = three.targeted(Target(THREE, 2)) if aimed else three
    with pytest.raises(
        ValueError, match=r"^three has 3 classes \(negative, neutral, positive\); this needs a model of two$"
    ):
        ask(model, table)


def test_axes_are_fitted_to_log_odds_that_are_a_weighted_sum(three: Checkpoint) -> None:
    from core.data.corpus import encode

    sentences = encode([TEXT, "so bad"], three.preprocessing, three.vocabulary)
    for model in (three, three.targeted(Target(THREE, 0))):
        with pytest.raises(ValueError):
            reference_states.of_rows(model.model, sentences, np.arange(2))
    pair = three.targeted(Target(THREE, 2, 0))
    found, read = reference_states.of_rows(pair.model, sentences, np.arange(2)), trace(pair, TEXT)
    assert found.scale == pytest.approx(np.linalg.norm(read.read_out), rel=1e-5)
    assert found.bias == pytest.approx(read.empty_logit, abs=1e-5)
