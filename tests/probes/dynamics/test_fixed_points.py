"""Fixed points whose places and slopes are known, and those of random models stepped again by `models.recurrent`."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.data.targets import Target
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.recurrent import CELLS, State
from core.models.trace import trace
from core.probes.dynamics import fixed_points
from core.probes.dynamics.fixed_points import LATER, TOLERANCE, FixedPoints, Point, _Results, search
from core.probes.dynamics.held_input import HeldMap, joined
from core.probes.dynamics.line_attractor import judge, statement
from tests.conftest import write_tiny_checkpoint
from tests.probes.small_models import permuted

TEXTS = ("I love this movie but it is not good", "he was so sad", "never a bad movie")


def found(checkpoint: Checkpoint, held: str = "zero", seconds: float = 60.0) -> FixedPoints:
    *_before, last = search(checkpoint, TEXTS, held, seconds)
    return last.result()


def with_weights(checkpoint: Checkpoint, recurrent: np.ndarray | float, bias: np.ndarray | float) -> Checkpoint:
    """The checkpoint of an RNN with these recurrent weights and bias, its others as they are; at other words' input."""
    with torch.no_grad():
        weights = checkpoint.model.recurrent
        weights.weight_hh_l0.copy_(torch.as_tensor(recurrent, dtype=torch.float32).expand_as(weights.weight_hh_l0))
        weights.bias_hh_l0.copy_(torch.as_tensor(bias, dtype=torch.float32).expand_as(weights.bias_hh_l0))
        weights.bias_ih_l0.zero_()
    return checkpoint


def stepped(checkpoint: Checkpoint, state: np.ndarray, held: str) -> np.ndarray:
    """F by `core.models.recurrent` itself, in float64, with the shape of its state written out here."""
    model = checkpoints.load(checkpoint.name).model.double()
    x = model.embedding.weight[1:].mean(0, keepdim=True)
    layers, units = model.recurrent.num_layers, model.hidden_size
    parts = torch.from_numpy(state.copy()).view(-1, layers, 1, units)
    after = model.step(
        x if held == "mean" else torch.zeros_like(x), State(parts[0], parts[1] if len(parts) == 2 else None)
    )
    hidden, cell, _pooled = after.state
    return torch.cat([hidden.flatten(), *([] if cell is None else [cell.flatten()])]).numpy()


@pytest.fixture(autouse=True)
def _own_world(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


def test_without_recurrent_weights_there_is_one_point_tanh_of_the_bias() -> None:
    bias = np.linspace(-1, 1, 8)
    result = found(with_weights(checkpoints.load("rnn"), 0.0, bias))
    (point,) = result.points
    assert result.complete and result.converged == result.starts == point.starts
    assert point.hidden == pytest.approx(np.tanh(bias.astype(np.float32).astype(float)), abs=1e-12)
    assert np.abs(point.eigenvalues).max() == 0 and point.stability == "stable"
    assert point.time_constants == pytest.approx(np.zeros(8))


def test_one_unit_that_feeds_itself_twice_rests_at_three_places() -> None:
    """h = tanh(2h) has the roots 0 and ±0.957504…; the slope there is 2 (1 − h²): 2, and 0.1664…."""
    weights = np.zeros((8, 8))
    weights[0, 0] = 2.0
    result = found(with_weights(checkpoints.load("rnn"), weights, 0.0))
    root = 1.0
    for _ in range(200):
        root = math.tanh(2 * root)
    places = sorted(point.hidden[0] for point in result.points)
    assert places == pytest.approx([-root, 0.0, root], abs=1e-9)
    for point in result.points:
        slope = 2 * (1 - point.hidden[0] ** 2)
        assert abs(point.eigenvalues[0]) == pytest.approx(slope, abs=1e-9)
        assert point.stability == ("unstable" if slope > 1 else "stable")
        assert point.time_constants[0] == pytest.approx(abs(1 / math.log(slope)))
    assert "3 distinct points: 2 stable, 1 unstable, 0 too close to tell" in statement(result)


@pytest.mark.parametrize("held", ["zero", "mean"])
@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_points_that_are_kept_stay_where_they_are_when_the_model_steps(name: str, held: str) -> None:
    checkpoint = checkpoints.load(name)
    result = found(checkpoint, held)
    assert result.points and result.complete
    for point in result.points:
        after = stepped(checkpoint, point.state, held)
        assert np.linalg.norm(after - point.state) < TOLERANCE
        assert np.linalg.norm(after - point.state) == pytest.approx(point.speed, abs=1e-12)
        logit = point.hidden @ result.read_out + checkpoint.model.linear.bias.item()
        assert point.logit == pytest.approx(logit, abs=1e-9)
    if held == "zero":
        states = np.concatenate([trace(checkpoint, text).h for text in TEXTS])
        assert result.visited == pytest.approx(states, abs=1e-5)
    logits = [point.logit for point in result.points]
    assert logits == sorted(logits)
    assert sum(point.starts for point in result.points) == result.converged
    assert result.smallest_speed == pytest.approx(min(point.speed for point in result.points), abs=1e-12)


def test_a_held_model_reads_out_the_target_of_its_own(tmp_path: Path) -> None:
    labels = ("negative", "neutral", "positive")
    write_tiny_checkpoint(tmp_path, "three", "gru", labels=labels)
    checkpoint = checkpoints.load("three", tmp_path)
    for target in (Target(labels, 1), Target(labels, 2, 0)):
        model = checkpoint.targeted(target).model
        held_map = HeldMap(model, "zero")
        ids = torch.tensor(checkpoint.vocabulary.encode(["good", "bad"]))
        logits = held_map.logits(held_map.read(model.embedding(ids)))
        assert logits.numpy() == pytest.approx(model.prefix_logits(ids[None])[0].numpy(), abs=1e-5)


def test_points_are_the_same_for_every_target_and_order_of_classes(tmp_path: Path) -> None:
    labels = ("late", "lost", "fine")
    write_tiny_checkpoint(tmp_path, "three", "gru", labels=labels)
    checkpoint = checkpoints.load("three", tmp_path)
    target, pair = Target(labels, 1), Target(labels, 2, 0)
    result, other = found(checkpoint.targeted(target)), found(checkpoint.targeted(pair))
    assert result.points and result.read_out.shape == (3, 8) and result.target == target
    for point in result.points:
        scores = point.hidden @ result.read_out.T + checkpoint.model.linear.bias.numpy()
        assert point.scores == pytest.approx(scores) and result.label(point) == labels[int(scores.argmax())]
        assert point.logit == pytest.approx(scores[1] - np.logaddexp(scores[0], scores[2]))
    for one, same in zip(result.aimed(pair).points, other.points, strict=True):
        assert (one.logit, one.starts) == (pytest.approx(same.logit), same.starts)
        assert one.state == pytest.approx(same.state)
    turned = permuted(checkpoint, (2, 0, 1))
    again = found(turned.targeted(Target(turned.labels, 2)))
    assert [point.logit for point in again.points] == pytest.approx([point.logit for point in result.points])
    assert list(map(again.label, again.points)) == list(map(result.label, result.points))
    assert judge(again) == judge(result)
    with pytest.raises(ValueError, match=r"three has 3 classes .*; name the target class$"):
        found(checkpoint)
    two = checkpoints.load("gru")
    first = found(two.targeted(Target(two.labels, 0)))
    assert first.read_out == pytest.approx(found(two).read_out)
    logits = [point.logit for point in found(two).points]
    assert [point.logit for point in first.aimed(Target(two.labels, 1)).points] == logits
    assert list(map(first.label, first.points)) == list(map(found(two).label, found(two).points))[::-1]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_jacobian_is_autograds(cell: str, layers: int, tmp_path: Path) -> None:
    write_tiny_checkpoint(tmp_path, "own", cell, layers=layers, seed=3)
    checkpoint = checkpoints.load("own", tmp_path)
    held_map = HeldMap(checkpoint.model, "mean")
    ids = torch.tensor(checkpoint.vocabulary.encode(["good", "bad"]))
    states = held_map.read(checkpoint.model.embedding(ids))
    model, x = held_map._model, held_map._x

    def plain(s: torch.Tensor) -> torch.Tensor:
        return joined(model.step(x, held_map._state(s[None])).state)[0]

    for row, jacobian in zip(states, held_map.jacobian(states), strict=True):
        assert jacobian.numpy() == pytest.approx(torch.autograd.functional.jacobian(plain, row).numpy(), abs=1e-12)
        assert held_map(row[None])[0].numpy() == pytest.approx(plain(row).numpy(), abs=1e-15)


def test_starts_are_where_states_lead_the_states_and_the_same_some_steps_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[torch.Tensor] = []

    def minimise(_map: HeldMap, rows: torch.Tensor, *_rest: object) -> list[tuple[torch.Tensor, float]]:
        tried.extend(rows)
        return []

    monkeypatch.setattr(fixed_points, "_minimise", minimise)
    checkpoint = checkpoints.load("gru")
    result = found(checkpoint)
    held_map = HeldMap(checkpoint.model, "zero")
    starts = torch.stack(tried).view(-1, 3, 8)
    assert result.starts == len(tried) == 3 * len(result.visited)
    assert starts[:, 1].numpy() == pytest.approx(result.visited, abs=1e-12)
    ahead = starts[:, 1]
    for _ in range(LATER):
        ahead = held_map(ahead)
    assert starts[:, 2].numpy() == pytest.approx(ahead.numpy(), abs=1e-12)
    for _ in range(500 - LATER):
        ahead = held_map(ahead)
    assert starts[:, 0].numpy() == pytest.approx(ahead.numpy(), abs=1e-9)


def test_a_search_out_of_time_says_so_and_shows_nothing_invented() -> None:
    result = found(checkpoints.load("lstm"), seconds=1e-9)
    assert (result.tried, result.points, result.smallest_speed) == (0, (), None)
    assert not result.complete
    assert "0 of 51" in statement(result) and judge(result).answer == "cannot tell"


def test_a_map_that_rests_nowhere_yields_no_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """F(s) = s + 1 has no fixed point and its q no minimum below ½ D."""
    monkeypatch.setattr(HeldMap, "__call__", lambda _self, s: s + 1)
    monkeypatch.setattr(HeldMap, "jacobian", lambda _self, s: torch.eye(s.shape[1], dtype=s.dtype).repeat(len(s), 1, 1))
    result = found(checkpoints.load("rnn"))
    assert result.complete and not result.points and not result.slow and not result.converged
    assert result.smallest_speed == pytest.approx(math.sqrt(8))
    assert "by 2.8 " in statement(result)


def test_a_fixed_point_takes_the_place_of_slow_ones_near_it_and_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HeldMap, "__call__", lambda _self, s: s)  # as if it rested there
    checkpoint = checkpoints.load("rnn")
    held_map = HeldMap(checkpoint.model, "zero")
    kept = _Results(checkpoint, "zero", held_map, np.zeros((1, 8)), 9, 0.0)
    place = torch.full((8,), 0.1, dtype=torch.float64)
    for shift, speed in ((0.0, 1e-4), (1e-3, 1e-9), (2e-3, 1e-5), (1.0, 1e-4), (2.0, 1e-2)):
        kept.add(place + shift / math.sqrt(8), speed)
    result = kept.event("minimising", 1.0).result()
    assert [(point.speed, point.starts) for point in result.points] == [(1e-9, 3)]
    assert [(point.speed, point.starts) for point in result.slow] == [(1e-4, 1)]
    assert (result.tried, result.converged, result.smallest_speed) == (5, 1, 1e-9)


def test_a_place_where_hardly_anything_moves_is_no_fixed_point_unless_one_is_there() -> None:
    """A GRU whose update gate is all but shut takes a step of 1e-9 wherever it is, and rests at one place alone."""
    checkpoint = checkpoints.load("gru")
    with torch.no_grad():
        checkpoint.model.recurrent.bias_hh_l0[8:16] = 20.0
    held_map = HeldMap(checkpoint.model, "zero")
    kept = _Results(checkpoint, "zero", held_map, np.zeros((1, 8)), 2, 0.0)
    place = torch.full((8,), 0.9, dtype=torch.float64)
    speed = float((held_map(place[None]) - place).norm())
    assert 0 < speed < TOLERANCE
    kept.add(place, speed)
    result = kept.event("minimising", 1.0).result()
    assert (result.points, len(result.slow), result.converged) == ((), 1, 0)
    assert result.slow[0].ahead > 0.1


@pytest.mark.parametrize("cell", CELLS)
def test_nothing_is_found_where_no_reading_can_come_to(cell: str) -> None:
    checkpoint = checkpoints.load(cell)
    with torch.no_grad():
        for weights in checkpoint.model.recurrent.parameters():
            weights *= 6
    result = found(checkpoint)
    assert result.complete
    for one in (*result.points, *result.slow):
        assert np.abs(one.hidden).max() <= 1 + 1e-9
    s = torch.tensor([[3.0, -2, 0.5, 9]], dtype=torch.float64)
    held_map = HeldMap(checkpoint.model, "zero")
    assert held_map.reachable(s).tolist() == [[1.0, -1, 0.5, 9] if cell == "lstm" else [1.0, -1, 0.5, 1]]


def test_a_search_can_be_ended_at_any_step_and_keeps_what_it_has() -> None:
    calls = 0

    def check_cancelled() -> None:
        nonlocal calls
        calls += 1
        if calls > 60:
            raise StopAsyncIteration

    events = []
    with pytest.raises(StopAsyncIteration):
        events.extend(search(checkpoints.load("rnn"), TEXTS, check_cancelled=check_cancelled))
    latest = events[-1]
    assert 0 < latest.result().tried < latest.result().starts


def test_the_model_is_left_as_it_was() -> None:
    checkpoint = checkpoints.load("gru")
    before = {name: tensor.clone() for name, tensor in checkpoint.model.state_dict().items()}
    found(checkpoint)
    assert all(torch.equal(tensor, before[name]) for name, tensor in checkpoint.model.state_dict().items())
    assert not any(parameter.requires_grad for parameter in checkpoint.model.parameters())


@pytest.mark.parametrize(
    ("texts", "held", "seconds", "told"),
    [
        (TEXTS, "one", 1.0, "held at one of zero, mean; given: 'one'"),
        (TEXTS, "zero", 0.0, "must be above 0 seconds; given: 0$"),
        (TEXTS, "zero", math.nan, "must be above 0 seconds; given: nan$"),
        (["", " "], "zero", 1.0, "2 texts"),
        ([], "zero", 1.0, "0 texts"),
    ],
)
def test_bad_input_is_told(texts: list[str], held: str, seconds: float, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        list(search(checkpoints.load("rnn"), texts, held, seconds))


# What follows from points


def point(place: np.ndarray, logit: float, *moduli: float) -> Point:
    return Point(place, place, logit, 1e-12, 1, np.array(moduli, dtype=complex))


def a_search(points: list[Point], **changes: object) -> FixedPoints:
    usual = FixedPoints(
        model="rnn",
        input="zero",
        starts=9,
        tried=9,
        converged=len(points),
        smallest_speed=1e-12,
        points=tuple(points),
        slow=(),
        read_out=np.array([3.0, 4.0]),
        visited=np.zeros((1, 2)),
        tokens=15.3,
        seconds=1.0,
    )
    return replace(usual, **changes)


def along(direction: tuple[float, float], *moduli: float) -> list[Point]:
    return [point(step * np.array(direction), step, *moduli) for step in (-2.0, -1.0, 0.0, 1.0, 2.0)]


def test_a_line_along_the_read_out_is_one() -> None:
    judged = judge(a_search(along((0.6, 0.8), 0.999, 0.5)))
    assert judged.answer == "line"
    assert judged.share == pytest.approx(1) and judged.alignment == pytest.approx(1)
    assert judged.lasting == (1,) * 5
    assert "5 too close to tell; 3 with a logit above 0 and 2 below" in statement(
        a_search(along((0.6, 0.8), 0.999, 0.5))
    )
    assert judged.longest[0] == pytest.approx(-1 / math.log(0.999))
    assert judge(a_search(along((-0.8, 0.6), 0.999, 0.5))).alignment == pytest.approx(0, abs=1e-12)  # across it
    assert judge(a_search(along((0.6, 0.8), 1.01, 0.5))).answer == "line"  # along which differences slowly grow


def test_the_slowest_difference_need_not_be_the_leading_eigenvalues() -> None:
    judged = judge(a_search(along((1, 0), 2.0, 0.999, 0.5)))
    assert judged.longest == pytest.approx([-1 / math.log(0.999)] * 5)
    assert (judged.lasting, judged.growing) == ((1,) * 5, (1,) * 5)
    assert re.search(r"\b999\.5 steps .*\b15\.3 tokens .*\b5 of ", statement(a_search(along((1, 0), 2.0, 0.999, 0.5))))


def test_what_is_claimed_rests_on_the_numbers() -> None:
    line = along((1, 0), 0.999, 0.5)
    fades, bursts = along((1, 0), 0.9, 0.5), along((1, 0), 1.5, 0.9)
    assert judge(a_search(line)).answer == "line"
    assert judge(a_search(fades)).answer == judge(a_search(bursts)).answer == "none"
    one_sided = [replace(found, logit=1.0) for found in line]
    no_line = [point(np.array(place), place[0], 0.999, 0.5) for place in ((1, 0), (-1, 0), (0, 1), (0, -1), (0, 0))]
    doubtful = [
        a_search([]),
        a_search(line, tried=4),
        a_search(line, tokens=None),
        a_search(along((1, 0), 1.5, 0.999)),  # leaves the line
        a_search(line[:2]),
        a_search(along((1, 0), 0.999, 0.998)),  # a plane
        a_search(line, slow=tuple(along((1, 0), 1, 1)) * 2),
        a_search(one_sided),
        a_search(no_line),
    ]
    assert {judge(result).answer for result in doubtful} == {"cannot tell"}
    results = [a_search(line), a_search(fades), *doubtful]
    reasons = [judge(result).reason for result in results]
    assert len(set(reasons)) == len(reasons)
    assert all(reason in statement(result) for reason, result in zip(reasons, results, strict=True))


PLANE = np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1]], dtype=float)


def on_a_plane(places: np.ndarray, *moduli: float) -> FixedPoints:
    """Points of a model of three classes, whose read-out's directions span the first two units."""
    weights = np.array([[1.0, 0, 0], [-0.5, 0.9, 0], [-0.5, -0.9, 0]])
    found = [
        replace(point(place, 0.0, *moduli), scores=place @ weights.T) for place in np.pad(places, ((0, 0), (0, 1)))
    ]
    return a_search(found, read_out=weights, target=Target(("a", "b", "c"), 0))


def test_three_classes_can_be_kept_on_a_plane() -> None:
    judged = judge(on_a_plane(PLANE, 0.999, 0.998, 0.5))
    assert (judged.answer, judged.dimensions) == ("plane", 2)
    assert judged.share == pytest.approx(1) and judged.alignment == pytest.approx(1)
    text = statement(on_a_plane(PLANE, 0.999, 0.998, 0.5))
    assert "attractor of 2 dimensions" in text and "a (2)" in text and "b (1)" in text and "c (4)" in text
    tilted = on_a_plane(PLANE, 0.999, 0.998, 0.5)
    tilted = replace(
        tilted, points=tuple(replace(found, hidden=found.hidden[[0, 2, 1]]) for found in tilted.points)
    )  # one of the axes is across the read-out
    assert judge(tilted).alignment == pytest.approx(0, abs=1e-12)
    line = judge(on_a_plane(np.outer(np.arange(-3, 4), [0.1, 1.0]), 0.999, 0.5))  # whose middle is a tie of all
    assert (line.answer, line.dimensions) == ("cannot tell", 1) and line.reason.endswith(" a")
    doubtful = (
        on_a_plane(PLANE[:5], 0.999, 0.998, 0.5),  # in two dimensions five points are too few
        on_a_plane(PLANE, 0.999, 0.998, 0.997),  # a direction too many
        on_a_plane(PLANE, 1.5, 0.999, 0.998),  # leaves the plane
        on_a_plane(PLANE[PLANE[:, 0] < 1].repeat(2, axis=0), 0.999, 0.998, 0.5),  # never a
    )
    assert {judge(result).answer for result in doubtful} == {"cannot tell"}
    assert len({judge(result).reason for result in doubtful}) == len(doubtful)
    assert judge(on_a_plane(PLANE, 0.9, 0.5, 0.5)).answer == "none"


def test_the_edge_of_stability_is_marginal() -> None:
    place = np.zeros(2)
    kinds = [point(place, 0.0, modulus).stability for modulus in (0.998, 0.9995, 1.0, 1.0005, 1.002)]
    assert kinds == ["stable", "marginal", "marginal", "marginal", "unstable"]
    assert point(place, 0.0, 1.0).time_constants[0] == math.inf
