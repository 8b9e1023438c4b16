"""Worked solutions with one wrong line, and derivations line by line: a machine finds the same lines right."""

from __future__ import annotations

import pytest

from core.lab.bptt.derivation import check
from core.lab.bptt.gradients import ACTIVATIONS, WEIGHTS
from core.lab.bptt.lines import MOST_LINES, lines
from core.lab.bptt.mistakes import mistakes


def test_each_of_the_seven_has_one_wrong_line() -> None:
    found = mistakes()
    assert len(found) == len({mistake.title for mistake in found}) == 7
    for mistake in found:
        judged = [place == mistake.wrong for place in range(len(mistake.lines))]
        assert [not right for right in mistake.judged()] == judged
        assert mistake.mends(mistake.right)[0]
        assert not mistake.mends(mistake.claims[mistake.wrong][1])[0]
        with pytest.raises(ValueError):
            mistake.mends("__import__('os')")


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("weight", WEIGHTS)
def test_every_line_of_a_derivation_is_right(weight: str, activation: str) -> None:
    for steps in range(1, MOST_LINES + 1):
        found = lines(weight, steps, activation)
        assert found[-1].target == f"dL/d{weight}"
        assert len({line.target for line in found}) == len(found)
        for line in found:
            assert line.hint
            assert check(line.formula, line.target, steps=steps, activation=activation).agrees


def test_other_weights_and_steps_are_refused() -> None:
    for arguments in (("w", 2), ("w_i", 0), ("w_i", MOST_LINES + 1)):
        with pytest.raises(ValueError, match="w_o, w_i, w_h"):
            lines(*arguments)
