"""Where does a network come to rest while its input is held, and does it keep its verdict there?

With the input x held, reading is one map applied again and again, s' = F(s), where s is every layer's h, and for the
LSTM (h, c). Its fixed points F(s) = s say what the network remembers without new input (Sussillo & Barak 2013, "Opening
the black box"; Golub & Sussillo 2018; for sentiment, Maheswaranathan et al. 2019, "Reverse engineering recurrent
networks for sentiment classification reveals line attractor dynamics"). They are found by minimising

    q(s) = ½ ‖F(s) − s‖²

in float64 from states that sentences pass through, from the same some steps later, and from where F itself leads. They
minimise by Adam or L-BFGS; here it is Levenberg & Marquardt's method, which uses the Jacobian that is wanted anyway and
squares the error at each step near a point. It stays among reachable states, h in [-1, 1]: far outside, a GRU's update
gate shuts, F(s) ≈ s everywhere, and q has meaningless minima. A point is kept if it moves by less than 1e-6 a step and
the fixed point of the linearised map, which takes J − I inverted, is less than 1e-2 away. Other minima of q below 1e-3
are slow points.

Near a fixed point a difference δ becomes J δ, J = ∂F/∂s, so its eigenvalue λ keeps |λ| of its own direction a step:
1/e is left after |1 / ln|λ|| steps, its time constant. With all |λ| < 1 the point is stable. Axes: N starts, D = L·H
(LSTM: 2·L·H), the length of s, H units.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.data import targets
from core.data.targets import POSITIVE, Target
from core.models.checkpoints import Checkpoint
from core.probes.dynamics.held_input import INPUTS, HeldMap
from core.runtime.i18n import gettext as _
from core.runtime.shown import Shown

SECONDS = 60.0
TOLERANCE, SLOW, MERGE = 1e-6, 1e-3, 1e-2
"""The speeds ‖F(s)−s‖ of fixed and of slow points, and the distance below which two points are one."""
STARTS = 40  # states that sentences pass through
LATER = 8  # steps of the held input after which each state is a start again
_SETTLE, _LOOK = 500, 25  # steps of F alone, and how many of them between two looks at the clock
_ITERATIONS, _PATIENCE = 60, 8  # of minimising, and of these without halving the speed
_DONE = 1e-11  # float64 is not worth more
_TOGETHER = 6  # Jacobians at a time
_MARGIN = 1e-3  # a modulus nearer to 1 is marginal


@dataclass(frozen=True)
class Point:
    """A fixed point, or a slow one where `speed` = ‖F(s)−s‖ is at least `TOLERANCE` or `ahead` at least `MERGE`.

    `ahead` is ‖(J − I)⁻¹ (F(s) − s)‖, the distance to the linearised map's fixed point. `hidden` float64 [H] is the top
    layer's part of `state` [D], `logit` its read-out; `eigenvalues` complex128 [D] are the Jacobian's, the largest
    modulus first. `starts` is how many starts led here. `scores` [K] are those of all classes, None for two.
    """

    state: np.ndarray
    hidden: np.ndarray
    logit: float
    speed: float
    starts: int
    eigenvalues: np.ndarray
    ahead: float = 0.0
    scores: np.ndarray | None = None

    @property
    def fixed(self) -> bool:
        """Whether it is a fixed point, not a slow one."""
        return self.speed < TOLERANCE and self.ahead < MERGE

    @property
    def stability(self) -> str:
        """``stable`` if every small difference dies out, ``unstable`` if some grows, ``marginal`` if the leading |λ| is
        within 1e-3 of 1."""
        return self.fates[0]

    @property
    def fates(self) -> tuple[str, ...]:
        """`stability` in each eigenvalue's direction."""
        return tuple(
            "stable" if modulus < 1 - _MARGIN else "unstable" if modulus > 1 + _MARGIN else "marginal"
            for modulus in np.abs(self.eigenvalues).tolist()
        )

    @property
    def time_constants(self) -> np.ndarray:
        """|1 / ln|λ|| of each eigenvalue, in steps, float64; infinite on the unit circle, 0 where λ is 0."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.abs(1 / np.log(np.abs(self.eigenvalues))))


@dataclass(frozen=True)
class FixedPoints(Shown):
    """The result of a search: of `starts`, `tried` were minimised to the end and `converged` reached a fixed point.

    `points` and `slow` are distinct, the lowest logit of the `target` first; `smallest_speed` is the smallest reached,
    None before any. `read_out` are the weights of the scores, [H] of two classes, else [K, H]; `visited` [N, H] the
    states that sentences passed through. `tokens` is the mean length of a training text, if the card says it.
    """

    listed: ClassVar[tuple[str, ...]] = ("points",)
    pictured: ClassVar[bool] = True

    model: str
    input: str
    starts: int
    tried: int
    converged: int
    smallest_speed: float | None
    points: tuple[Point, ...]
    slow: tuple[Point, ...]
    read_out: np.ndarray
    visited: np.ndarray
    tokens: float | None
    seconds: float
    target: Target = POSITIVE

    @property
    def complete(self) -> bool:
        """Whether every start was tried."""
        return self.tried == self.starts

    def aimed(self, target: Target) -> FixedPoints:
        """The same points with the logits of another target; no model is asked."""

        def turned(points: Sequence[Point]) -> tuple[Point, ...]:
            given = (
                targets.log_odds(point.logit, self.target) if point.scores is None else point.scores for point in points
            )
            logits = [float(targets.log_odds(scores, target)) for scores in given]
            moved = [replace(point, logit=logit) for point, logit in zip(points, logits, strict=True)]
            return tuple(sorted(moved, key=lambda point: point.logit))

        if target == self.target:
            return self
        return replace(self, target=target, points=turned(self.points), slow=turned(self.slow))

    def predicted(self, point: Point) -> int:
        """The number of the class that is predicted at a point."""
        scores = None if point.scores is None else point.scores[None]
        return int(targets.predicted_by(np.array([point.logit]), scores, self.target)[0])

    def label(self, point: Point) -> str:
        """The name of that class."""
        return self.target.labels[self.predicted(point)]


class FixedPointProgress(NamedTuple):
    """How far a search is: `stage` is ``settling`` or ``minimising``; `share` of the work, or of the time, is done."""

    stage: str
    share: float
    result: Callable[[], FixedPoints]


def search(
    checkpoint: Checkpoint,
    texts: Sequence[str],
    held: str = "zero",
    seconds: float = SECONDS,
    check_cancelled: Callable[[], None] = lambda: None,
) -> Generator[FixedPointProgress, None, None]:
    """Search for a model's fixed points with the input `held` at zero or the mean embedding; the last event has all.

    Starts are up to `STARTS` of the states of `texts`, drawn by a fixed seed. The mean is over the vocabulary without
    padding. `check_cancelled` is called often and may raise to end the search.

    Raises ValueError for a model without a target, another input, no time, or texts without a word.
    """
    targets.chosen(checkpoint)
    if held not in INPUTS:
        raise ValueError(f"the input is held at one of {', '.join(INPUTS)}; given: {held!r}")
    if not seconds > 0:
        raise ValueError(_("the time limit must be above 0 seconds; given: {seconds:g}").format(seconds=seconds))
    begun = time.monotonic()
    checkpoint.model.check_plain(checkpoint.name)
    held_map = HeldMap(checkpoint.model, held)
    visited = visited_states(checkpoint, held_map, texts)
    drawn = np.sort(np.random.default_rng(0).permutation(len(visited))[:STARTS])
    results = _Results(checkpoint, held, held_map, held_map.hidden(visited).numpy(), 3 * len(drawn), begun)
    until = begun + seconds
    yield results.event("settling", 0.0)
    z = first = visited[torch.from_numpy(drawn)]
    later = first
    for step in range(_SETTLE):
        if step == LATER:
            later = z
        if step % _LOOK == 0:
            check_cancelled()
            if time.monotonic() > begun + seconds / 4:
                break
            yield results.event("settling", 0.1 * step / _SETTLE)
        z = held_map(z)
    # In turn, so that a search that ends early has tried each kind.
    for rows in torch.stack([z, first, later], dim=1).flatten(0, 1).split(_TOGETHER):
        for reached, speed in _minimise(held_map, rows, until, check_cancelled):
            results.add(reached, speed)
        if time.monotonic() > until:
            break
        done = max(results.tried / results.starts, (time.monotonic() - begun) / seconds)
        yield results.event("minimising", 0.1 + 0.9 * done)
    yield results.event("minimising", 1.0)


def visited_states(checkpoint: Checkpoint, held_map: HeldMap, texts: Sequence[str]) -> Tensor:
    """The states of texts after every token, [N, D]."""
    states = []
    for text in texts:
        ids = checkpoint.vocabulary.encode(checkpoint.preprocessing(text))
        if ids:
            states.append(held_map.read(checkpoint.model.embedding(torch.tensor(ids)).detach()))
    if not states:
        raise ValueError(_("none of the {count:,} texts has a word to start from").format(count=len(texts)))
    return torch.cat(states)


def _minimise(
    held_map: HeldMap, z: Tensor, until: float, check_cancelled: Callable[[], None]
) -> list[tuple[Tensor, float]]:
    """Levenberg & Marquardt from every row of z [n, D]: the states reached and their speeds, for those that ended."""
    z, left = z.clone(), held_map(z) - z
    damping = left.norm(dim=1).clamp(max=1.0)
    eye = torch.eye(z.shape[1], dtype=z.dtype)
    speeds = [left.norm(dim=1)]
    going = speeds[0] > _DONE
    for iteration in range(_ITERATIONS):
        if not going.any() or time.monotonic() > until:
            break
        check_cancelled()
        rows = going.nonzero()[:, 0]
        jacobian = held_map.jacobian(z[rows]) - eye
        gradient = (jacobian.mT @ left[rows, :, None])[:, :, 0]
        # A component at an end of its range that would leave it stays there; the others move without it.
        stays = held_map.reachable(z[rows] - gradient.sign()) == z[rows]
        jacobian, gradient = jacobian * ~stays[:, None, :], gradient * ~stays
        factor, fault = torch.linalg.cholesky_ex(jacobian.mT @ jacobian + damping[rows, None, None] * eye)
        tried = held_map.reachable(z[rows] - torch.cholesky_solve(gradient[:, :, None], factor)[:, :, 0])
        ahead = held_map(tried) - tried
        better = (fault == 0) & (ahead.norm(dim=1) < left[rows].norm(dim=1))
        z[rows[better]], left[rows[better]] = tried[better], ahead[better]
        damping[rows] = (damping[rows] * torch.where(better, 0.1, 6.0)).clamp(1e-15, 1e6)
        speeds.append(left.norm(dim=1))
        going = speeds[-1] > _DONE
        if iteration >= _PATIENCE:  # near a fixed point the speed falls far faster: this is another minimum
            going &= speeds[-1] < 0.5 * speeds[-1 - _PATIENCE]
    ended = torch.ones_like(going) if time.monotonic() <= until else ~going
    return [(z[row], float(speeds[-1][row])) for row in ended.nonzero()[:, 0].tolist()]


class _Results:
    """What is known so far, as rows are added."""

    def __init__(
        self, checkpoint: Checkpoint, held: str, held_map: HeldMap, visited: np.ndarray, starts: int, begun: float
    ):
        self.starts, self.tried, self.converged = starts, 0, 0
        self._checkpoint, self._held, self._map = checkpoint, held, held_map
        self._visited, self._begun = visited, begun
        self._smallest: float | None = None
        self._points: list[Point] = []

    def add(self, z: Tensor, speed: float) -> None:
        """Add a state that a start led to."""
        self.tried += 1
        self._smallest = speed if self._smallest is None else min(speed, self._smallest)
        if not speed < SLOW:
            return
        state = z.numpy().copy()
        near = [index for index, point in enumerate(self._points) if np.linalg.norm(state - point.state) < MERGE]
        fixed = [index for index in near if self._points[index].fixed]
        if fixed or (near and speed >= TOLERANCE):
            index = (fixed or near)[0]
            self.converged += self._points[index].fixed and speed < TOLERANCE
            self._count(index)
            return
        point = self._point(z, state, speed)
        self.converged += point.fixed
        if point.fixed:  # it replaces slow ones; otherwise the first stays
            point = replace(point, starts=1 + sum(self._points[index].starts for index in near))
            self._points = [other for index, other in enumerate(self._points) if index not in near]
        elif near:
            self._count(near[0])
            return
        self._points.append(point)

    def _count(self, index: int) -> None:
        """One more start led to a known point."""
        self._points[index] = replace(self._points[index], starts=self._points[index].starts + 1)

    def _point(self, z: Tensor, state: np.ndarray, speed: float) -> Point:
        jacobian = self._map.jacobian(z[None])[0].numpy()
        values = np.linalg.eigvals(jacobian)
        left = (self._map(z[None]) - z)[0].numpy()
        ahead = float(np.linalg.norm(np.linalg.lstsq(jacobian - np.eye(len(left)), left, rcond=None)[0]))
        values = values[np.lexsort((-values.imag, -np.abs(values).round(12)))].astype(np.complex128)
        hidden = self._map.hidden(z[None])[0].numpy().copy()
        scores = self._map.scores(z[None])[0].numpy()
        for array in (state, hidden, values):
            array.setflags(write=False)
        logit = self._map.logits(z[None]).item()
        return Point(state, hidden, logit, speed, 1, values, ahead, scores if scores.ndim else None)

    def event(self, stage: str, share: float) -> FixedPointProgress:
        """What is known, as an event."""
        ordered = sorted(self._points, key=lambda point: point.logit)
        checkpoint = self._checkpoint
        so_far = FixedPoints(
            model=checkpoint.name,
            input=self._held,
            starts=self.starts,
            tried=self.tried,
            converged=self.converged,
            smallest_speed=self._smallest,
            points=tuple(point for point in ordered if point.fixed),
            slow=tuple(point for point in ordered if not point.fixed),
            read_out=read_out_of(checkpoint),
            visited=self._visited,
            tokens=mean_tokens(checkpoint.card),
            seconds=time.monotonic() - self._begun,
            target=targets.chosen(checkpoint),
        )
        return FixedPointProgress(stage, min(share, 1.0), lambda: so_far)


def read_out_of(checkpoint: Checkpoint) -> np.ndarray:
    """The weights of the scores, float64 [H] for two classes, else [K, H]."""
    weights: np.ndarray = targets.scores_of(checkpoint.model.linear.weight.detach().double().numpy().T).T
    return weights


def mean_tokens(card: dict[str, object]) -> float | None:
    """The mean number of tokens of a training text, if the card says it."""
    data = card.get("data")
    if isinstance(data, dict) and isinstance(data.get("tokens"), int) and isinstance(data.get("rows"), int):
        return float(data["tokens"] / data["rows"]) if data["rows"] else None
    return None
