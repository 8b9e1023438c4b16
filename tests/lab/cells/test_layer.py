"""Layers of several units by hand: torch's cells, decimals, peepholes and coupled gates, pasted matrices."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.lab.cells.layer import Layer, check_layer
from core.lab.cells.problem import problem
from core.lab.typed_numbers import Matrix, matrix, written

H, P, T = 3, 2, 4
TORCH = {"lstm": ("i", "f", "z", "o"), "gru": ("r", "z", "n"), "rnn": ("a",)}  # torch's order of the gates
OURS = {"lstm": ("z", "i", "f", "o"), "gru": ("r", "z", "n"), "rnn": ("a",)}


def rows(values: np.ndarray) -> Matrix:
    return tuple(tuple(row) for row in np.atleast_2d(values).tolist())


def layer(cell: str, *, coupled: bool = False, peepholes: bool = False, seed: int = 0) -> Layer:
    random = np.random.default_rng(seed)
    gates = len(OURS[cell]) - coupled
    return Layer.stacked(
        cell,
        rows(random.normal(size=(gates * H, P))),
        rows(random.normal(size=(gates * H, H))),
        rows(random.normal(size=gates * H)),
        rows(random.normal(size=(T, P))),
        rows(random.normal(size=(2 if cell == "lstm" else 1, H))),
        d=rows(random.normal(size=H)) if cell == "gru" else (),
        peepholes=rows(random.normal(size=(3 - coupled, H))) if peepholes else (),
        coupled=coupled,
    )


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_the_states_are_those_of_torch(cell: str) -> None:
    made = layer(cell)
    module = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[cell](P, H, dtype=torch.float64)
    order = [OURS[cell].index(name) for name in TORCH[cell]]
    with torch.no_grad():
        module.weight_ih_l0.copy_(torch.tensor([row for k in order for row in made.w[k]], dtype=torch.float64))
        module.weight_hh_l0.copy_(torch.tensor([row for k in order for row in made.u[k]], dtype=torch.float64))
        module.bias_ih_l0.copy_(torch.tensor([value for k in order for value in made.b[k]], dtype=torch.float64))
        module.bias_hh_l0.zero_()
        if cell == "gru":
            module.bias_hh_l0[2 * H :] = torch.tensor(made.d, dtype=torch.float64)
        start = torch.tensor([made.y0], dtype=torch.float64)
        before = (start, torch.tensor([made.c0], dtype=torch.float64)) if cell == "lstm" else start
        expected = module(torch.tensor(made.inputs, dtype=torch.float64), before)[0]
    truth = problem(made).truth
    found = [[truth[f"y{t}_{j}"] for j in range(1, H + 1)] for t in range(1, T + 1)]
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-12)


@pytest.mark.parametrize("coupled", [False, True])
@pytest.mark.parametrize("peepholes", [False, True])
def test_every_state_is_that_of_decimals(coupled: bool, peepholes: bool) -> None:
    for seed in range(3):
        made = layer("lstm", coupled=coupled, peepholes=peepholes, seed=seed)
        checked = check_layer(made, problem(made).truth)
        assert checked.numbers == 2 * T * H and checked.error < 1e-13
    for cell in ("gru", "rnn"):
        made = layer(cell)
        assert check_layer(made, problem(made).truth).error < 1e-13


def test_peepholes_and_coupled_gates_by_hand() -> None:
    """One unit: i = 1 − σ(p_f c₀), the output gate sees the new c."""
    made = Layer.stacked(
        "lstm",
        ((1.0,), (0.0,), (0.0,)),
        ((0.0,), (0.0,), (0.0,)),
        ((0.0, 0.0, 0.0),),
        ((0.5,),),
        ((0.0,), (2.0,)),
        peepholes=((0.3,), (0.7,)),
        coupled=True,
    )
    truth = problem(made).truth
    f = 1 / (1 + np.exp(-0.6))
    c = f * 2 + (1 - f) * np.tanh(0.5)
    assert (truth["f1"], truth["i1"], truth["c1"]) == pytest.approx((f, 1 - f, c))
    assert truth["zo1"] == pytest.approx(0.7 * c)
    marks = problem(made).marks({"i1": f"{f:.5f}", "zo1": f"{0.7 * 2:.5f}"})
    assert [mark.kind for mark in marks.values()] == ["wrong", "wrong"] and all(mark.said for mark in marks.values())


@pytest.mark.parametrize("made", [layer("lstm", peepholes=True), layer("lstm", coupled=True), layer("gru")])
def test_every_slip_is_named(made: Layer) -> None:
    asked = problem(made)
    for blank in asked.blanks():
        for slip in blank.slips:
            given = slip.formula(asked.truth)
            if abs(given - asked.truth[blank.name]) > 1e-6:
                assert asked.marks({blank.name: f"{given:.8f}"})[blank.name].kind == "wrong", (blank.name, slip.said)


def test_braces_close_and_numbers_stand_in_the_working() -> None:
    asked = problem(layer("lstm", peepholes=True))
    for line in [*asked.given, *(line for part in asked.parts for line in part.solution)]:
        assert line.latex.count("{") == line.latex.count("}")
    assert r"\cdot" in asked.parts[0].solution[0].latex


@pytest.mark.parametrize(
    "text",
    [
        "1 -2; 3.5 4",
        "1, -2\n3.5, 4",
        "[[1, -2], [3.5, 4]]",
        "np.array([[1, -2],\n          [3.5, 4]])",
        r"\begin{bmatrix} 1 & -2 \\ 3.5 & 4 \end{bmatrix}",
        "1\t-2\n3.5\t4\n\n",
        "tensor([[1., -2.], [3.5, 4.]])",
    ],
)
def test_a_matrix_is_read_in_every_form(text: str) -> None:
    assert matrix(text, "W") == ((1, -2), (3.5, 4))
    assert matrix(written(matrix(text, "W")), "W") == ((1, -2), (3.5, 4))


@pytest.mark.parametrize(
    "text", ["", "[]", "a b", "1 nan", "1e999", "__import__('os')", "1 " * 3_000, "<b>", "9" * 500]
)
def test_what_is_no_matrix_is_one_line(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        matrix(text, "W")
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 200


def test_shapes_that_do_not_fit_are_named() -> None:
    fits = {"w": ((1.0,),) * 4, "u": ((1.0,),) * 4, "b": ((0.0,) * 4,), "inputs": ((1.0,),), "before": ((0.0,), (0.0,))}
    Layer.stacked("lstm", **fits)
    for name, wrong in (
        ("w", ((1.0,),) * 3),
        ("u", ((1.0, 2.0),) * 4),
        ("b", ((0.0,) * 3,)),
        ("inputs", ((1.0, 2.0), (1.0,))),
        ("before", ((0.0,),)),
        ("w", ((1e7,),) * 4),
        ("inputs", ((1.0,),) * 13),
    ):
        with pytest.raises(ValueError, match=r"expected|beyond|at most"):
            Layer.stacked("lstm", **fits | {name: wrong})
    with pytest.raises(ValueError, match="LSTM"):
        Layer.stacked("rnn", ((1.0,),), ((1.0,),), ((0.0,),), ((1.0,),), ((0.0,),), coupled=True)
