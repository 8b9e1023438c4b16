"""`python -m core lab bptt`: its working, its JSON, its refusals."""

from __future__ import annotations

import math

import pytest

from tests.commands.conftest import Cli


def test_one_object_with_the_working(cli: Cli) -> None:
    (row,) = cli.json(f"lab bptt --x 0 {math.log(2)} --y 1 --w-i 1 --w-h 1 --w-o 1")
    assert list(row) == [
        *("exercise", "steps", "logit", "probability", "loss", "readout", "gradients", "largest_error_autograd"),
        *("largest_error_central", "notes", "check"),
    ]
    assert [step["h"] for step in row["steps"]] == pytest.approx([0, 0.6])
    assert [gradient["name"] for gradient in row["gradients"]] == ["dL/dw_o", "dL/dw_i", "dL/dw_h"]
    assert row["gradients"][0]["value"] == pytest.approx(-0.6 / (1 + math.exp(0.6)))
    assert row["gradients"][1]["terms"][0]["factors"][-1] == {"symbol": "x_2", "value": pytest.approx(math.log(2))}
    assert row["largest_error_autograd"] < 1e-12 and row["largest_error_central"] < 1e-8
    assert row["check"] is None
    out = cli.text("lab bptt")
    assert "t = 2: (yhat - y) * w_o * (1 - h_2**2) * h_1 = 0.7275 * 1.5 * 0.5715 * 0.537 = 0.334909" in out
    assert "Largest error: " in out and "report" not in out


def test_steps_and_a_derivation(cli: Cli) -> None:
    (row,) = cli.json("lab bptt --steps 3 --formula 'yhat - y' --target dL/dw_o --seed 2")
    assert len(row["steps"]) == 3
    assert (row["check"]["kind"], row["check"]["off_by"], row["check"]["agrees"]) == ("factor", "1 / h_3", False)
    out = cli.text("lab bptt '--formula=-(yhat - y) * h_2'")
    assert "−1" in out and "32 random points" in out


def test_numbers_beyond_float64_are_null(cli: Cli) -> None:
    (row,) = cli.json("lab bptt --w-i=1e308 --w-h=-1e308 --w-o=1e308 --x 1 1e308")
    assert row["steps"][1]["a"] is None
    assert any("float64" in note for note in row["notes"])
    assert "none" in cli.text("lab bptt --w-h=1e308 --x 0 0 0")


def test_refusals(cli: Cli) -> None:
    for arguments, says in (
        ("--x a", "invalid float value: 'a'"),
        ("--x nan", "x_1 is nan"),
        ("--steps 10000", "10,000 steps"),
        ("--formula \"__import__('os')\"", "'__import__'"),
        ("--formula h --target dL/dx", "no target 'dL/dx'"),
    ):
        assert says in cli.refused(f"lab bptt {arguments}")
