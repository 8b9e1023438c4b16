"""Labels read a window at a time: as those of a file read whole, or refused at the row that changes their meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data import label_columns
from core.data.label_columns import LEFT_OUT, UNKNOWN, Readings
from core.data.label_inference import Column, LabelsError, decide, label_key
from core.data.labels import SENTIMENT, Labelling

COLUMN = Column("a.csv", "mood")
MOODS = Labelling(SENTIMENT)
VALUES = ["0", "1", "2", "4", "-1", "0.5", "pos", "NEG", "neutral", "", "odd", "true"]


def test_what_a_value_stands_for() -> None:
    for code, values in (
        (0, [0, "0", 0.0, "0.0", " NEG ", "Neg"]),
        (1, [1, "1", 1.0, "1.00", "Positive", "pos", True, "TRUE", "+1"]),
        (LEFT_OUT, [None, "", "  ", "neutral", "Mixed", float("nan")]),
    ):
        for value in values:
            assert Readings(COLUMN, MOODS).read([value], [1]).tolist() == [code], value
    for value in ("sarcastic", "4", 2, [1], {"a": 1}, "01"):  # nothing that can be understood alone
        with pytest.raises(LabelsError):
            Readings(COLUMN, MOODS).read([value], [1])
    assert Readings(COLUMN, MOODS).read(["pos", "odd", [1], {"a": 1}, "neg"], range(5)).tolist() == [1, -2, -2, -2, 0]
    number_or_truth = Readings(COLUMN, Labelling(("a", "b"), {"true": 0}))
    assert number_or_truth.read([1, True, 1, True], range(4)).tolist() == [1, 0, 1, 0]
    asked = Readings(COLUMN, MOODS, {"Joy": "positive", "2": "neg", "1": "-", "0": "-"})
    assert asked.read(["joy", 2, 1, 0, "pos"], range(5)).tolist() == [1, 0, LEFT_OUT, LEFT_OUT, 1]


@given(
    st.one_of(
        st.lists(st.sampled_from(VALUES), min_size=1, max_size=30),
        st.lists(st.sampled_from(["0", "1", "0", "1", "0", "1", "-1"]), min_size=30, max_size=90),
    ),
    st.integers(1, 8),
)
def test_windows_are_the_file_read_whole_or_refused(values: list[str], size: int) -> None:
    readings = Readings(COLUMN, MOODS)
    found: list[int] = []
    try:
        for start in range(0, len(values), size):
            part = values[start : start + size]
            found += readings.read(part, range(start + 1, start + 1 + len(part))).tolist()
    except LabelsError:
        return
    counts = {key: values.count(key) for key in values}
    meaning = decide({label_key(key): count for key, count in counts.items()}, MOODS, column=COLUMN)
    codes = {value: LEFT_OUT if number is None else number for value, number in meaning.values.items()}
    assert found == [codes.get(label_key(value), UNKNOWN) for value in values]
    assert readings.line == meaning.line


@pytest.mark.parametrize(("late", "before"), [("2", ["0", "1"]), ("-1", ["0", "1"]), ("2", ["0"]), ("3", ["1"])])
def test_a_value_of_another_meaning_stops_at_its_row(late: str, before: list[str]) -> None:
    readings = Readings(COLUMN, MOODS)
    for start in range(1, 5_001, 1_000):
        readings.read(sorted(before * (1_000 // len(before))), range(start, start + 1_000))
    with pytest.raises(LabelsError, match=rf"{late} \(1.*, first in row 5,003\)"):
        readings.read([before[0], before[0], late, before[0]], range(5_001, 5_005))


def test_a_file_sorted_by_class_of_two_is_read() -> None:
    readings = Readings(COLUMN, MOODS)
    assert readings.read(["0"] * 5, range(1, 6)).tolist() == [0] * 5
    assert readings.read(["4"] * 5, range(6, 11)).tolist() == [1] * 5
    assert readings.read(["2"] * 5, range(11, 16)).tolist() == [LEFT_OUT] * 5
    assert "this is a guess" in readings.line and "4 = positive (5)" in readings.line


@pytest.mark.parametrize("size", [1, 7, 40, 1_000])
def test_a_minus_one_that_becomes_rare_is_refused_as_in_the_file_read_whole(size: int) -> None:
    values = ["-1"] * 3 + ["1"] * 40 + ["0"] * 40
    readings = Readings(COLUMN, MOODS)
    with pytest.raises(LabelsError, match=r"-1 \(3 rows\).*0 may be neutral or negative"):
        for start in range(0, len(values), size):
            readings.read(values[start : start + size], range(start + 1, start + 1 + size))
    readings = Readings(COLUMN, MOODS, {"-1": "neutral"})
    assert readings.read(values, range(len(values))).tolist() == [-1] * 3 + [1] * 40 + [0] * 40


def test_many_values_are_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_columns, "MOST_VALUES", 50)
    readings = Readings(COLUMN, MOODS)
    readings.read(["neg", "pos"], [1, 2])
    for number in range(200):
        assert readings.read([f"w{number}", "neg"], [3, 4]).tolist() == [UNKNOWN, 0]
    assert len(readings._codes) <= 52 and len(readings._counts) <= 52
