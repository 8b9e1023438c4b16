"""`python -m core lab bptt`: its working, its JSON, its refusals."""

from __future__ import annotations

import json
import math

import pytest

from core.__main__ import main


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main(["lab", "bptt", "--json", *arguments]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    return found


def test_json_is_a_list_of_one_object(capsys: pytest.CaptureFixture[str]):
    found = ask(capsys, "--x", "0", str(math.log(2)), "--y", "1", "--w-i", "1", "--w-h", "1", "--w-o", "1")
    assert list(found) == [
        *("exercise", "steps", "logit", "probability", "loss", "readout", "gradients", "largest_error_autograd"),
        *("largest_error_central", "slips", "notes", "check"),
    ]
    assert [step["h"] for step in found["steps"]] == pytest.approx([0, 0.6])
    assert [gradient["name"] for gradient in found["gradients"]] == ["dL/dw_o", "dL/dw_i", "dL/dw_h"]
    assert found["gradients"][0]["value"] == pytest.approx(-0.6 / (1 + math.exp(0.6)))
    assert found["gradients"][1]["terms"][0]["factors"][-1] == {"symbol": "x_2", "value": pytest.approx(math.log(2))}
    assert found["largest_error_autograd"] < 1e-12
    assert found["largest_error_central"] < 1e-8
    assert found["check"] is None


def test_people_read_the_working_and_the_largest_error(capsys: pytest.CaptureFixture[str]):
    assert main(["lab", "bptt"]) == 0
    told = capsys.readouterr().out
    assert "t = 2: (yhat - y) * w_o * (1 - h_2**2) * h_1 = 0.7275 * 1.5 * 0.5715 * 0.537 = 0.334909" in told
    assert "Largest error: " in told
    assert "-w_o * h_2 * e**(w_o * h_2)" in told


def test_steps_and_a_derivation(capsys: pytest.CaptureFixture[str]):
    found = ask(capsys, "--steps", "3", "--formula", "yhat - y", "--target", "dL/dw_o", "--seed", "2")
    assert len(found["steps"]) == 3
    assert (found["check"]["kind"], found["check"]["off_by"], found["check"]["agrees"]) == ("factor", "1 / h_3", False)
    assert main(["lab", "bptt", "--formula=-(yhat - y) * h_2"]) == 0
    assert "The sign is wrong: your formula is −1 times the truth at all 32 random points." in capsys.readouterr().out


def test_saturation_is_null_and_said(capsys: pytest.CaptureFixture[str]):
    found = ask(capsys, "--w-i=1e308", "--w-h=-1e308", "--w-o=1e308", "--x", "1", "1e308")
    assert found["steps"][1]["a"] is None
    assert any("beyond float64" in note for note in found["notes"])
    assert main(["lab", "bptt", "--w-h=1e308", "--x", "0", "0", "0"]) == 0
    assert "none" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--x", "a"], "invalid float value: 'a'"),
        (["--x", "nan"], "x_1 is nan"),
        (["--w-o", "inf"], "w_o is inf"),
        (["--steps", "10000"], "10,000 steps"),
        (["--y", "2"], "y is 2"),
        (["--seed", "-1"], "the seed is -1"),
        (["--formula", ""], "the formula is empty"),
        (["--formula", "__import__('os')"], "'__import__', which is unknown"),
        (["--formula", "h" * 100_000], "100,000 characters"),
        (["--formula", "h", "--target", "dL/dx"], "no target 'dL/dx'"),
        (["--formula", "h", "--steps", "50"], "50 steps"),
    ],
)
def test_refusals_are_one_line(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]):
    try:
        status = main(["lab", "bptt", *arguments])
    except SystemExit as stop:
        status = stop.code
    printed = capsys.readouterr()
    assert (status, printed.out, len(printed.err.splitlines())) == (2, "", 1)
    assert told in printed.err
