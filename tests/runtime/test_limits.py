"""What a session of a public server may use: read from the environment, spent, never given back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.runtime.limits import VARIABLES, Budget, Limits, of


def test_nobody_is_limited_unless_asked_and_every_budget_has_its_variable() -> None:
    for told in ({}, {"UNROLLED_PUBLIC": ""}, {"UNROLLED_PUBLIC": "0"}, {"UNROLLED_PUBLIC": " No "}):
        assert of({**told, "UNROLLED_PUBLIC_SECONDS": "5"}) is None
    public = {"UNROLLED_PUBLIC": "1"}
    assert of(public) == Limits()
    assert VARIABLES.keys() == Limits.__dataclass_fields__.keys()
    for name, variable in VARIABLES.items():
        assert of({**public, variable: " 7 "}) == Limits(**{name: 7})


def test_a_slip_is_an_error_and_never_no_limit() -> None:
    for told in ("0", "-1", "1e3", "many", "٣", "9" * 11, "1.5", "1; rm -rf /", "None"):
        for variable in VARIABLES.values():
            with pytest.raises(ValueError, match=f"^{variable} must be a whole number from 1 to [^\n]*$"):
                of({"UNROLLED_PUBLIC": "1", variable: told})
    for told in ("2", "yes please", "ja", "\n1\n2"):
        with pytest.raises(ValueError, match=r"^UNROLLED_PUBLIC must be 1 or 0; given: [^\n]*$"):
            of({"UNROLLED_PUBLIC": told})


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 50), st.integers(0, 500)), max_size=20))
def test_a_budget_only_shrinks_and_is_over_when_either_is(spent: list[tuple[float, int]]) -> None:
    budget = Budget(Limits(seconds=100, queries=1_000))
    assert (budget.seconds, budget.queries, budget.over) == (100, 1_000, False)
    for seconds, queries in spent:
        before = budget.seconds, budget.queries
        budget.spend(seconds, queries)
        assert 0 <= budget.seconds <= before[0] and 0 <= budget.queries <= before[1]
    seconds, queries = sum(one for one, _ in spent), sum(one for _, one in spent)
    assert budget.seconds == pytest.approx(max(0, 100 - seconds), abs=1e-9)
    assert budget.queries == max(0, 1_000 - queries)
    assert budget.over == (budget.seconds == 0 or budget.queries == 0)
    for used in ((-1.0, 0), (0.0, -1), (float("nan"), 0)):  # nothing is ever given back
        with pytest.raises(ValueError, match="at least 0"):
            budget.spend(*used)
    assert budget.queries == max(0, 1_000 - queries)
