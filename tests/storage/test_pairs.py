"""A kept pair is there again as it was judged, and tells how precise the fluency gate is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.data.targets import Target
from core.evaluation.metrics import wilson_interval
from core.storage.pairs import Collection, Pair


@pytest.fixture
def kept(tmp_path: Path) -> Collection:
    return Collection(tmp_path / "collection.sqlite3")


def keep(kept: Collection, original: str = "better late", other: str = "late better", **more: Any) -> Pair:
    """Keep a pair, made up where nothing is said."""
    numbers = {"probability_original": 0.75, "probability_other": 0.25}
    return kept.keep(original=original, other=other, **{"model": "lstm", "judgement": "valid", **numbers, **more})


def score(original: float, other: float, floor: float | None = 8.0, scorer: str = "words") -> dict[str, Any]:
    return {"fluency_original": original, "fluency_other": other, "floor": floor, "scorer": scorer}


# Keeping, listing, removing


def test_a_pair_is_kept_with_its_fluency_or_without(kept: Collection) -> None:
    given = {"original": "better late than never", "other": "better never than late", "model": "lstm", "note": "hm"}
    given |= {"probability_original": 0.75, "probability_other": 0.25, "judgement": "not valid", **score(-20.5, -24.25)}
    found = kept.keep(**given)  # type: ignore[arg-type]
    labels = {"target": "positive", "label_original": "positive", "label_other": "negative"}
    assert found == Pair(id=1, created=found.created, **given, **labels)  # type: ignore[arg-type]
    bare = keep(kept)
    assert (bare.fluency_original, bare.fluency_other, bare.scorer, bare.floor, bare.note) == (None,) * 4 + ("",)


def test_the_same_pair_again_takes_the_new_judgement(kept: Collection) -> None:
    first = keep(kept, judgement="unsure", note="first thought", **score(-10, -12))
    other = keep(kept, model="gru")
    again = keep(kept, judgement="valid", probability_other=0.125, **score(-11, -14, 4.0, "better words"))
    expected = {"fluency_original": -11.0, "fluency_other": -14.0, "floor": 4.0, "scorer": "better words"}
    assert again == replace(first, judgement="valid", probability_other=0.125, **expected)
    assert kept.pairs() == [other, again]
    assert keep(kept, judgement="valid", probability_other=0.125, note="second") == replace(again, note="second")
    unknown_floor = keep(kept, judgement="valid", probability_other=0.125, **score(-11, -14, None, "other words"))
    assert unknown_floor.floor is None, "one scorer's floor says nothing of another's"


def test_of_more_classes_the_predicted_ones_are_said(kept: Collection) -> None:
    given = {"target": Target(("no", "so-so", "yes"), 0, 2), "label_original": "so-so", "label_other": "yes"}
    found = keep(kept, **given)
    assert (found.target, found.against) == ("no", "yes")
    assert (found.label_original, found.label_other) == ("so-so", "yes")
    assert keep(kept, **{**given, "label_other": "no"}) == replace(found, label_other="no")
    assert "no,so-so,no,yes" in kept.export_csv()
    with pytest.raises(ValueError, match="does not tell which of 3 classes"):
        keep(kept, **{**given, "label_other": None})


def test_listing_is_newest_first_and_filtered(kept: Collection) -> None:
    for number, judgement in enumerate(["valid", "unsure", "not valid"] * 2):
        keep(kept, original=f"text {number}", judgement=judgement, model=["rnn", "gru"][number % 2])
    for chosen, expected in (((), "543210"), (("unsure",), "41"), (("unsure", "gru"), "1"), ((None, None, "T 4"), "4")):
        assert "".join(pair.original[-1] for pair in kept.pairs(*chosen)) == expected
    with pytest.raises(ValueError, match="'maybe'; available: valid, odd, not English, unsure, not valid"):
        kept.pairs("maybe")


# What is refused


@pytest.mark.parametrize(
    "wrong",
    [
        {"judgement": "maybe"},
        {"judgement": ""},
        {"probability_original": float("nan")},
        {"probability_other": 1.01},
        {"probability_other": -0.01},
        score(float("-inf"), -1.0),
        score(-1.0, float("nan")),
        score(-1.0, -1.0, -0.5),
        score(-1.0, -1.0, float("inf")),
        score(-1.0, -1.0, scorer="\udc00"),
        {"scorer": "words"},
        {"fluency_original": -1.0, "fluency_other": -1.0},
        {"fluency_original": -1.0, "scorer": "words"},
    ],
    ids=ascii,
)
def test_what_is_no_judgement_or_number_is_refused(wrong: dict[str, Any], kept: Collection) -> None:
    with pytest.raises(ValueError, match=r"judgement|number from|kept together|scorer holds half") as refused:
        keep(kept, **wrong)
    assert "\n" not in str(refused.value)
    assert not kept.path.exists()


# How precise is the gate?


def test_precision_by_hand(kept: Collection) -> None:
    for number, judgement in enumerate(["valid", "valid", "valid", "not valid", "unsure", "unsure"]):
        keep(kept, original=f"{number}", judgement=judgement, **score(-20, -24))
    keep(kept, original="on the very edge", **score(-20, -28))
    keep(kept, original="just outside", **score(-20, -28.5))
    keep(kept, original="more fluent than the original", judgement="not valid", **score(-20, -5))
    keep(kept, original="no floor", **score(-20, -21, None))
    keep(kept, original="no fluency")
    (found,) = kept.precision()
    assert found.scorer == "words"
    assert (found.valid, found.judged, found.unsure, found.outside, found.unknown) == (4, 6, 2, 1, 1)
    assert found.precision == pytest.approx(4 / 6)
    assert found.interval == wilson_interval(4, 6)
    low, high = found.interval
    assert low == pytest.approx(0.3000, abs=5e-4) and high == pytest.approx(0.9032, abs=5e-4)  # Wilson 1927, by hand


def test_precision_is_told_for_each_scorer_and_needs_a_judgement(kept: Collection) -> None:
    keep(kept, judgement="unsure", **score(-20, -21))
    keep(kept, original="outside", **score(-20, -99))
    keep(kept, original="other scorer", judgement="not valid", **score(-20, -21, 8, "letters"))
    letters, words = kept.precision()
    assert (letters.scorer, letters.precision, words.scorer) == ("letters", 0, "words")
    assert (words.valid, words.judged, words.precision, words.interval) == (0, 0, None, None)
    assert (words.unsure, words.outside) == (1, 1)


def test_the_same_texts_kept_for_several_models_count_once(kept: Collection) -> None:
    for model in ("rnn", "gru", "lstm"):
        keep(kept, original="agreed", model=model, **score(-20, -21))
    for model, judgement in (("rnn", "valid"), ("gru", "not valid")):
        keep(kept, original="judged both ways", model=model, judgement=judgement, **score(-20, -21))
    for model, judgement in (("rnn", "unsure"), ("gru", "not valid")):
        keep(kept, original="sure in the end", model=model, judgement=judgement, **score(-20, -21))
    keep(kept, original="agreed", model="fourth", **score(-20, -99))
    (found,) = kept.precision()
    assert (found.valid, found.judged, found.unsure, found.outside) == (1, 2, 1, 0)
