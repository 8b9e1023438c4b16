"""Fixed points are read back as they were found, for the model and input that they are of."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.models import checkpoints
from core.probes.dynamics.fixed_points import FixedPoints, search
from core.probes.dynamics.fixed_points_file import FILE, load, save

TEXTS = ["so good", "not bad at all"]


def found(name: str, folder: Path, held: str = "zero", seconds: float = 60.0) -> FixedPoints:
    *_before, last = search(checkpoints.load(name, folder), TEXTS, held, seconds)
    return last.result()


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_what_was_saved_is_read(name: str, tiny_checkpoints: Path, tmp_path: Path) -> None:
    checkpoint, result = checkpoints.load(name, tiny_checkpoints), found(name, tiny_checkpoints)
    save([result], [checkpoint], TEXTS, tmp_path)
    read = load(checkpoint, "zero", TEXTS, tmp_path)
    assert read is not None and read.complete and read.converged == result.converged
    for before, after in zip((*result.points, *result.slow), (*read.points, *read.slow), strict=True):
        np.testing.assert_allclose(after.hidden, before.hidden, atol=1e-5)
        np.testing.assert_allclose(after.eigenvalues, before.eigenvalues, atol=1e-5)
        assert after.logit == pytest.approx(before.logit, abs=1e-5)
        assert (after.fixed, after.starts, after.stability) == (before.fixed, before.starts, before.stability)
    np.testing.assert_array_equal(read.visited, result.visited)
    assert load(checkpoint, "mean", TEXTS, tmp_path) is None
    assert load(checkpoint, "zero", TEXTS[:1], tmp_path) is None


def test_searches_are_added_and_those_of_a_changed_model_dropped(tiny_checkpoints: Path, tmp_path: Path) -> None:
    checkpoint = checkpoints.load("gru", tiny_checkpoints)
    for held in ("zero", "mean"):
        save([found("gru", tiny_checkpoints, held)], [checkpoint], TEXTS, tmp_path)
    assert load(checkpoint, "zero", TEXTS, tmp_path) and load(checkpoint, "mean", TEXTS, tmp_path)
    content = json.loads((tmp_path / FILE).read_text())
    for one in content["searches"]:
        one["hash"] = "0" * 64
    (tmp_path / FILE).write_text(json.dumps(content))
    assert load(checkpoint, "zero", TEXTS, tmp_path) is None
    save([found("gru", tiny_checkpoints)], [checkpoint], TEXTS, tmp_path)
    assert len(json.loads((tmp_path / FILE).read_text())["searches"]) == 1


def test_refusals(tiny_checkpoints: Path, tmp_path: Path) -> None:
    checkpoint = checkpoints.load("lstm", tiny_checkpoints)
    with pytest.raises(ValueError, match=r"0 of \d+ starts"):
        save([found("lstm", tiny_checkpoints, seconds=1e-9)], [checkpoint], TEXTS, tmp_path)
    save([found("lstm", tiny_checkpoints)], [checkpoint], TEXTS, tmp_path)
    content = json.loads((tmp_path / FILE).read_text())
    for spoil in ({"input": "<b>"}, {"starts": -1}, {"points": [{}]}, {"hash": "x"}):
        spoilt = {**content, "searches": [{**content["searches"][0], **spoil}]}
        (tmp_path / FILE).write_text(json.dumps(spoilt))
        with pytest.raises(ValueError, match=r"^fixed_points.json is malformed \([^\n]+$"):
            load(checkpoint, "zero", TEXTS, tmp_path)
