"""The blind sheet shows texts only, and the score of its readings is counted as by hand."""

from __future__ import annotations

import csv
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core.evaluation.metrics import wilson_interval
from core.models.token_predictor import Predictor
from core.probes.sarcasm.blind_reading import (
    CONTROL,
    DRAWN,
    GOLD_LABELS,
    SUREST,
    Item,
    agreement,
    controls,
    load,
    parse_readings,
    save,
    sheet,
    with_readings,
)
from core.probes.sarcasm.candidates import Candidates, Question
from core.probes.sarcasm.compose import Composition, search
from core.probes.sarcasm.situations import bank
from core.text.preprocessing import Preprocessing


def scores(model: str) -> Predictor:
    """Some number from each text, the same every time."""

    def predict(sentences: Sequence[Sequence[str]]) -> np.ndarray:
        return np.array([zlib.crc32((model + " ".join(tokens)).encode()) / 2**32 for tokens in sentences])

    return predict


@pytest.fixture(scope="module")
def found() -> list[Composition]:
    compositions = []
    for situation in bank()[:60]:
        candidates = Candidates(Question(situation, budget=20), Preprocessing())
        for model in ("rnn", "gru", "lstm"):
            *_, last = search(model, scores(model), candidates)
            compositions.append(last.result())
    return compositions


@pytest.fixture(scope="module")
def items(found: list[Composition]) -> tuple[Item, ...]:
    return sheet(found)


def test_controls() -> None:
    assert Counter(reading for reading, _text in controls()) == {"positive": 40, "negative": 20}
    assert len({text for _reading, text in controls()}) == 60


def test_the_sheet(items: tuple[Item, ...], found: list[Composition]) -> None:
    assert [item.number for item in items] == list(range(1, 161))
    assert len({item.text for item in items}) == 160
    assert Counter(item.source for item in items) == {SUREST: 50, DRAWN: 50, CONTROL: 60}
    assert sorted(Counter(item.model for item in items if item.source == SUREST).values()) == [16, 17, 17]
    for item in items:
        assert item.reading == "" and (item.expected == "negative") == (
            item.source != CONTROL or "pos" not in item.expected
        )
        assert bool(item.pattern) == (item.source != CONTROL) and bool(item.model) == (item.source == SUREST)
    surest = {
        one.model: max(s.best.probability for one_ in found if one_.model == one.model for s in one_.by_recipe)
        for one in found
    }
    for model in ("rnn", "gru", "lstm"):
        chosen = [item for item in items if item.model == model]
        assert max(Counter(item.pattern for item in chosen).values()) <= 3
    assert max(item.probability or 0 for item in items if item.model == "rnn") == surest["rnn"]


def test_each_candidate_is_about_another_situation(items: tuple[Item, ...]) -> None:
    forms = [[f.lower() for f in (one.clause, one.gerund, one.noun) if f] for one in bank()]
    about = [
        next(number for number, of in enumerate(forms) if any(form in item.text.lower() for form in of))
        for item in items
        if item.source != CONTROL
    ]
    assert len(set(about)) == len(about) == 100


def test_the_sheet_is_decided_by_its_seed(found: list[Composition], items: tuple[Item, ...]) -> None:
    assert sheet(found) == items != sheet(found, seed=1)
    head = [item.source for item in items[:80]]
    assert min(Counter(head).values()) > 10  # shuffled
    for candidates in (1, 1_000):
        with pytest.raises(ValueError, match="2 to 189 candidates"):
            sheet(found, candidates)


def test_agreement_is_counted_by_hand() -> None:
    items = (
        Item(1, "a", SUREST, "negative", "p", "gru", 0.9, "negative"),
        Item(2, "b", SUREST, "negative", "p", "gru", 0.8, "mixed"),
        Item(3, "c", DRAWN, "negative", "q", reading="negative"),
        Item(4, "d", CONTROL, "positive", reading="positive"),
        Item(5, "e", CONTROL, "negative", reading="positive"),
    )
    by_kind = {one.kind: one for one in agreement(items)}
    assert [(one.agreed, one.texts) for one in by_kind.values()] == [(2, 3), (1, 2), (1, 1), (1, 1), (0, 1)]
    assert by_kind["candidates"].interval == wilson_interval(2, 3)
    assert by_kind["candidates"].others == (items[1],)
    assert by_kind["plain complaints"].others == (items[4],)


def test_readings_are_read() -> None:
    lines = ["number,reading", "2,Negative", "", " 1\tpositive ", "3 mixed\n"]
    assert parse_readings(lines, 3) == {2: "negative", 1: "positive", 3: "mixed"}
    items = tuple(Item(number, str(number), DRAWN, "negative") for number in (3, 1, 2))
    assert [item.reading for item in with_readings(items, parse_readings(lines, 3))] == [
        "mixed",
        "positive",
        "negative",
    ]
    for wrong, says in (
        (["1 sarcastic"], "'sarcastic' is no reading; expected one of negative, positive, mixed"),
        (["negative"], "line 1 of the readings is 'negative'"),
        (["1 negative", "1 mixed"], "given twice"),
        (["3 negative"], "outside 1 to 2"),
        (["1 negative"], "1 of 2 texts have no reading, the first of them number 2"),
    ):
        with pytest.raises(ValueError, match=says):
            parse_readings(wrong, 2)


def test_saved_items_are_loaded_as_they_were(items: tuple[Item, ...], tmp_path: Path) -> None:
    read = with_readings(items, {item.number: GOLD_LABELS[item.number % 3] for item in items})
    for name, kept in (("key.csv", items), ("read.csv", read)):
        save(tmp_path / name, kept)
        assert load(tmp_path / name) == kept
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"other\.csv is no sheet"):
        load(tmp_path / "other.csv")
    with (tmp_path / "read.csv").open(newline="") as file:
        assert all(row["text"][0] not in "=+-@" for row in csv.DictReader(file))  # opens in a spreadsheet as text
