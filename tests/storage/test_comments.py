"""A kept find is there again with the person's own reading, and says whether the model is fooled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.data.targets import Target
from core.models.gold_labels import GOLD_LABELS
from core.storage.comments import SOURCES, Find, Finds

SPAM = Target(("ham", "spam"), 1)


@pytest.fixture
def kept(tmp_path: Path) -> Finds:
    return Finds(tmp_path / "collection.sqlite3")


def keep(kept: Finds, text: str = "oh great", **more: Any) -> Find:
    """Keep a find, made up where nothing is said."""
    return kept.keep(text=text, **{"model": "lstm", "probability": 0.75, "reading": "negative", **more})


def test_how_a_find_was_made_is_kept_in_one_line(kept: Finds) -> None:
    found = kept.keep(
        text="i love waiting", original="i hate waiting", model="lstm", probability=0.875, reading="negative",
        source="edit", how=" hate\n→\t love  ", note="hm",
    )  # fmt: skip
    assert found == Find(
        1, found.created, "i love waiting", "i hate waiting", "lstm", 0.875, "negative", "edit", "hate → love", "hm",
        "positive", "positive", None,
    )  # fmt: skip
    typed = keep(kept)
    assert (typed.source, typed.original, typed.how, typed.note) == ("typed", None, "", "")


def test_fooled_is_the_opposite_of_the_reading(kept: Finds) -> None:
    for probability, verdict in ((0.75, "positive"), (0.5, "positive"), (0.499, "negative")):
        for reading in GOLD_LABELS:
            found = keep(kept, probability=probability, reading=reading)
            assert (found.label, found.target) == (verdict, "positive")
            assert found.fooled is (None if reading == "mixed" else reading != verdict)


def test_classes_are_kept_by_their_names(kept: Finds) -> None:
    for probability, label in ((0.75, "spam"), (0.25, "ham")):
        for reading in ("ham", "spam", "mixed"):
            found = keep(kept, reading=reading, probability=probability, target=SPAM)
            assert (found.reading, found.target, found.label) == (reading, "spam", label)
            assert found.fooled is (None if reading == "mixed" else reading != label)
            assert kept.finds(reading=reading) == [found]
    with pytest.raises(ValueError, match="available: ham, spam, mixed"):
        keep(kept, target=SPAM)


def test_of_more_classes_the_predicted_one_is_said(kept: Finds) -> None:
    target = Target(("no", "so-so", "yes"), 1, 2)
    found = keep(kept, target=target, label="no", probability=0.4, reading="so-so")
    assert (found.target, found.against, found.label, found.fooled) == ("so-so", "yes", "no", True)
    assert kept.all() == [found]
    assert keep(kept, target=Target(target.labels, 2), label="yes", reading="yes") == replace(
        found, target="yes", against=None, label="yes", probability=0.75, reading="yes"
    )
    for label, says in (
        (None, r"P\(so-so\) does not tell which of 3"),
        ("maybe", "unknown label 'maybe'; available: no"),
    ):
        with pytest.raises(ValueError, match=says):
            keep(kept, target=target, label=label, reading="no")


def test_the_same_text_again_takes_the_new_reading(kept: Finds) -> None:
    first = keep(kept, note="first thought")
    other = keep(kept, model="gru")
    again = keep(kept, reading="mixed", probability=0.25)
    assert again == replace(first, reading="mixed", probability=0.25, label="negative")
    assert kept.finds() == [other, again]
    assert keep(kept, reading="mixed", probability=0.25, note="second") == replace(again, note="second")


def test_where_a_text_comes_from_is_not_lost_when_it_is_typed_again(kept: Finds) -> None:
    typed = keep(kept)
    composed = keep(kept, source="compose", how="praise + a delay", original="a delay")
    assert composed == replace(typed, source="compose", how="praise + a delay", original="a delay")
    assert keep(kept, reading="positive") == replace(composed, reading="positive")
    assert keep(kept, source="file") == replace(composed, source="file", how="", original=None)


def test_listing_is_newest_first_and_filtered(kept: Finds) -> None:
    for number in range(6):
        keep(
            kept, f"text {number}", reading=GOLD_LABELS[number % 3], model=["rnn", "gru"][number % 2], how=f"<{number}>"
        )
    for number, source in enumerate(SOURCES):
        keep(kept, f"from {number}", source=source, original="once Upon", probability=0.25)

    def last(**chosen: str) -> str:
        return "".join(find.text[-1] for find in kept.finds(**chosen))

    assert last() == "43210543210"
    assert last(reading="mixed") == "52"
    assert last(model="gru") == "531"
    assert last(reading="mixed", model="gru") == "5"
    assert last(source="compose") == "2" and last(source="typed") == "0543210"
    assert last(contains="uPON") == "43210" and last(contains="<4>") == "4"
    assert last(reading="positive", model="rnn", source="typed", contains="TEXT 4") == "4"
    assert last(model="nosuch") == last(contains="nosuch") == ""
    assert last(reading="sad") == ""
    with pytest.raises(ValueError, match="available"):
        kept.finds(source="heard")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"reading": "sad"}, "unknown gold label 'sad'; available: negative, positive, mixed"),
        ({"reading": ""}, "unknown gold label ''"),
        ({"source": "heard"}, "unknown source 'heard'; available: typed, edit, compose, file, suite"),
        ({"probability": float("nan")}, "probability is a number from 0 to 1; given: nan"),
        ({"probability": 1.01}, "from 0 to 1"),
        ({"probability": -0.01}, "from 0 to 1"),
        ({"text": ""}, "no text to keep"),
        ({"text": " \n\u3000"}, "no text to keep"),
        ({"how": "so \ud83d"}, "how holds half a surrogate pair"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any], says: str, kept: Finds) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        keep(kept, **wrong)
    assert "\n" not in str(refused.value)
    assert not kept.path.exists()
