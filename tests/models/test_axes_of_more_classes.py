"""The axes of states of a model of more than two classes: a read-out for each pair of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.data.targets import Target
from core.models import checkpoints, reference_states
from core.models.checkpoints import Checkpoint
from core.models.trace import trace
from core.probes.dynamics import trajectories
from tests.conftest import write_tiny_checkpoint

THREE = ("negative", "neutral", "positive")
TEXT = "i love this movie , not so bad !"


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    folder = tmp_path_factory.mktemp("three")
    write_tiny_checkpoint(folder, "three", "lstm", labels=THREE)
    return checkpoints.load("three", folder)


def test_axes_are_fitted_whatever_the_target(three: Checkpoint, tmp_path: Path) -> None:
    from core.data.corpus import encode

    sentences = encode([TEXT, "so bad"], three.preprocessing, three.vocabulary)
    space = reference_states.of_rows(three.model, sentences, np.arange(2))
    shutil.copytree(Path(str(three.folder)) / "three", tmp_path / "three")
    reference_states.add_state_space("three", space, tmp_path)
    loaded = checkpoints.load("three", tmp_path)
    assert loaded.hash == three.hash and loaded.state_space is not None
    for target in (Target(THREE, 2, 0), Target(THREE, 1, 2)):
        pair = three.targeted(target)
        again = reference_states.of_rows(pair.model, sentences, np.arange(2)).as_arrays()
        assert all(np.array_equal(array, again[name]) for name, array in space.as_arrays().items())
        found, read = loaded.state_space.along(target), trace(pair, TEXT)
        np.testing.assert_allclose(
            trajectories.project(read, found)[:, 0] * found.scale, read.logit - found.bias, atol=1e-4
        )
        assert found.scale == pytest.approx(np.linalg.norm(read.read_out), rel=1e-5)
        assert found.bias == pytest.approx(read.empty_logit, abs=1e-5)
    with pytest.raises(ValueError, match="do not belong"):
        trajectories.project(trace(three, TEXT), found)
