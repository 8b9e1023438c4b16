"""Every view opens with every kind of model, and says what it cannot show of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.models import checkpoints
from core.models.recurrent import Head
from tests.app import EVERY, ROOT, forget, opened, said, sound
from tests.conftest import write_tiny_checkpoint
from tests.models.imported import write_imported

TEXT = "this movie is not bad, i love it"
TWO, THREE = ("cooking", "weather"), ("late", "lost", "fine")
SEVEN = ("anger", "disgust", "fear", "joy", "neither", "sadness", "surprise")
CHECKED = {"file": "said.csv", "rows": 12, "largest_difference": 3e-8}
INSIDE = ("states", "words", "path", "gradients", "memory", "patch", "fixed", "patterns", "probes")
# Views that name the classes as soon as they open.
NAMED = {
    *[("Home", ""), ("Permutations", "hand"), ("Sarcasm", "comment"), ("Sarcasm", "edits")],
    *[("Trajectories", "words"), ("Trajectories", "memory"), ("Attributions", "words")],
    *[("Maths_Lab", "cells"), ("Models", "cards")],
}
# Views of sentiment: they say that other classes are not for them, and of what they are.
OF_SENTIMENT = {("Permutations", "suite"), ("Sarcasm", "compose"), ("Models", "behaviour"), ("Models", "measured")}
OF_SENTIMENT |= {("Models", "cards")}  # the made-up card is the shipped models'


def of(labels: tuple[str, ...], layers: int = 1) -> Callable[[Path], None]:
    """A model of these classes, which are no sentiment."""

    def write(folder: Path) -> None:
        write_tiny_checkpoint(folder, "topics", "lstm", layers=layers, labels=labels)

    return write


def shown_of(block: Any) -> Iterator[str]:
    """What a page shows, piece by piece, without the help of the view."""
    for child in getattr(block, "children", {}).values():
        proto = getattr(child, "proto", None)
        label = getattr(proto, "label", "") or getattr(getattr(proto, "popover", None), "label", "")
        if not str(label).startswith("About this"):
            yield str(getattr(child, "proto", ""))
            yield from shown_of(child)


def check_classes(labels: tuple[str, ...]) -> Callable[[str, str, AppTest], None]:
    """That a page speaks of these classes, and of no other."""

    def check(page: str, view: str, at: AppTest) -> None:
        assert not at.error and "needs a model of two" not in said(at)
        protos = [*shown_of(at.main)]
        if (page, view) in NAMED:
            assert any(label in text for label in labels for text in protos)
        if page != "Maths_Lab" and (page, view) not in OF_SENTIMENT:
            foreign = [word for text in protos for word in ("positive", "negative") if re.search(rf"\b{word}\b", text)]
            assert foreign == []
        if page == "Trajectories" and len(labels) == 2:
            assert ("topics has several layers" in said(at)) is (view not in ("memory", "probes"))

    return check


def bidirectional(folder: Path) -> None:
    write_imported(folder, "both", "lstm", layers=2, bidirectional=True)


def check_bidirectional(page: str, view: str, at: AppTest) -> None:
    if page == "Home":
        assert "both is bidirectional" in said(at) and len(at.metric) == 1
    inside = page == "Trajectories" or (page, view) == ("Maths_Lab", "cells")
    assert bool(at.error) is inside and ("both is bidirectional" in said(at)) is (inside or page == "Home")


def read_outs(folder: Path) -> None:
    """Imported models whose heads read something else than the last state of a plain cell."""
    write_imported(folder, "pooled", "gru", layers=2, reads="mean")
    write_imported(folder, "padded", "lstm", reads="max padded:6")
    write_imported(folder, "attending", "lstm", reads="dot left:12", head=Head(4, "tanh"))
    write_imported(folder, "relu", "rnn", nonlinearity="relu")
    write_imported(folder, "before", "gru", reset_after=False)


def check_read_outs(page: str, view: str, at: AppTest) -> None:
    if page == "Trajectories" and view not in ("states", "words", "differ", "patch"):
        assert at.error and all(error.value.startswith("Not ") for error in at.error)
    if page == "Trajectories" and view == "patch":
        assert ": before (reset gate" in said(at)
    if page == "Home":
        assert "padded reads the first 6 of 9 tokens" in said(at) and len(at.metric) == 5


def unchecked(folder: Path) -> None:
    """A model from elsewhere that nobody compared with its owner's outputs, one that was, a bidirectional one."""
    assumed = {"checked": None, "assumed": ["the head reads final"]}
    for cell, imported in {"gru": assumed, "lstm": {"checked": CHECKED}}.items():
        write_tiny_checkpoint(folder, cell, cell)
        tiny = checkpoints.load(cell, folder)
        checkpoints.save_again(tiny, {**tiny.card, "imported": imported}, folder)
    write_imported(folder, "both", "rnn", bidirectional=True)


def check_unchecked(page: str, view: str, at: AppTest) -> None:
    assert not at.error
    inside = page == "Trajectories" or (page, view) == ("Maths_Lab", "cells")
    assert ("both is bidirectional" in said(at)) is (inside or page == "Home")
    if page != "Maths_Lab" or view == "cells":
        (line,) = [caption.value for caption in at.sidebar.caption if "checked" in caption.value]
        assert "GRU" in line and "LSTM" not in line
    if (page, view) == ("Models", "cards"):
        lines = [text.value for text in at.text]
        assert sum(line.startswith("Not checked") for line in lines) == 1 and "· the head reads final" in lines
        assert any("said.csv" in line and "3.0e-08" in line for line in lines)
    if page == "Home":
        assert len(at.metric) == 3


def check_black_box(page: str, view: str, at: AppTest) -> None:
    assert not at.error
    inside = page == "Trajectories" or (page, view) in {
        ("Maths_Lab", "cells"),
        ("Models", "words"),
        ("Models", "evaluate"),
    }
    assert any(" is a black box" in caption.value for caption in at.caption) is (inside or page == "Home")


def check_none(page: str, view: str, at: AppTest) -> None:
    assert len(at.error) <= 1


KINDS: dict[str, tuple[Callable[[Path], None] | None, Callable[[str, str, AppTest], None]]] = {
    "two": (of(TWO, layers=3), check_classes(TWO)),
    "three": (of(THREE), check_classes(THREE)),
    "seven": (of(SEVEN), check_classes(SEVEN)),
    "bidirectional": (bidirectional, check_bidirectional),
    "read-outs": (read_outs, check_read_outs),
    "unchecked": (unchecked, check_unchecked),
    "black box of two": (None, check_black_box),
    "black box of three": (None, check_black_box),
    "none": (lambda folder: None, check_none),
}


@pytest.fixture(scope="module", params=KINDS)
def kind(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tiny_checkpoints: Path
) -> Iterator[str]:
    make = KINDS[request.param][0]
    folder = tmp_path_factory.mktemp("models") if make else tiny_checkpoints
    if make:
        make(folder)
    forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNROLLED_CHECKPOINTS", str(folder))
        patch.chdir(ROOT)
        if not make:
            asked = "opinion" if "three" in request.param else "sentiment"
            patch.setattr(sys, "argv", ["app.py", "--predictor", f"examples.sklearn_predictor:{asked}"])
        yield request.param
    forget()


@pytest.mark.parametrize(("where", "view"), EVERY)
def test_every_view_opens_with_every_kind_of_model(kind: str, where: str, view: str) -> None:
    loaded = {"loaded": "attending,before,padded,pooled,relu"} if kind == "read-outs" else {}
    at = sound(opened(where, view, q=TEXT, **loaded))
    KINDS[kind][1](where, view, at)


@pytest.mark.parametrize("told", [[], "yes", {"checked": True}, {"checked": {"rows": 3}}, {"checked": {"rows": "3"}}])
def test_a_card_that_says_nothing_sound_counts_as_not_checked(told: object) -> None:
    from pages.widgets import models

    assert models.unchecked({"mine": {"imported": told or {"x": 1}}, "own": {}}) == ["mine"]
