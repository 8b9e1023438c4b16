"""A thousand hostile texts through every text box and every parameter of the link, on every view of every page.

Every view has its part of the thousand, and gives every box and every parameter the next of them until each input had
its share and the whole part was used: so all thousand are, also where several processes share the views. Every text
through every input, which takes hours:

    UNROLLED_HOSTILE=all pytest tests/security/test_hostile_pages.py
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import count, cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.widgets import models, query_params
from pages.wording import tokens
from tests.app import EVERY, opened
from tests.security.strings import LONGEST, hostile
from tests.views.permutations.test_page import MadeUpTrigram
from tests.views.test_every_page import Html

ALL = os.environ.get("UNROLLED_HOSTILE") == "all"
STRINGS = hostile()
MARKER = "zqxmarker"  # a word that stands nowhere on a page unless it was typed
# What shows a text as it stands, whatever is in it: boxes, plain text, table cells, addresses that are sent encoded.
HOLDERS = {
    *("text_input", "text_area", "text", "code", "page_link", "multiselect", "selectbox", "download_button", "json"),
    *("arrow_data_frame", "dataframe", "data_editor", "bidi_component", "number_input", "katex"),
}
MARKDOWN = {"markdown", "caption", "info", "warning", "success", "error", "alert", "title", "header", "subheader"}
TAGS = {"style", "div", "span", "p", "i", "table", "tbody", "tr", "th", "td", "del", "ins"}
BARE = re.compile(r"[\w.+-]*")  # nothing in it can be markup; with the marker behind it, it would be no number any more
OURS = re.compile(r"</?(?:b|i|br|sub|sup|extra|span[^<>]*)/?>")  # the markup of our own figures
LIVE = re.compile(r"(?<!\\)(?:[<>$`|]|!\[|\]\()|(?<![\\\w]):(?:material|red|blue)|(?<!\\)https?://hostile")


class Reached:
    """What Python's audit events (PEP 578) tell while it watches: programs and machines asked for, and files or sources
    with the marker, or with a piece of a path from `tests.security.strings`, in them."""

    PIECES = (MARKER, "passwd", "win.ini", "id_rsa", "environ", "hostile.example")

    def __init__(self) -> None:
        self._found: list[str] | None = None
        sys.addaudithook(self._hear)  # for good: there is no way to take one back

    def begin(self) -> None:
        self._found = []

    def end(self) -> list[str]:
        found, self._found = self._found or [], None
        return found

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self._found is None or event not in self.WATCHED:
            return
        told = str(arguments)
        if event in self.ALWAYS or any(piece in told for piece in self.PIECES):
            self._found.append(f"{event}: {told[:300]}")

    ALWAYS = frozenset(
        ["subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect", "urllib.Request"]
    )
    WATCHED = ALWAYS | {
        "open",
        "os.listdir",
        "os.scandir",
        "os.remove",
        "os.rename",
        "compile",
        "sqlite3.connect",
        "import",
    }


reached = Reached()
ROUNDS = 4  # at least, for every input of every view


def part(view: tuple[str, str]) -> Sequence[str]:
    """The texts that this view takes, whichever process it runs in: all, or one of so many parts as there are views."""
    number, views = EVERY.index(view), len(EVERY)
    return STRINGS if ALL else STRINGS[number * len(STRINGS) // views : (number + 1) * len(STRINGS) // views]


@pytest.fixture(autouse=True)
def _own_world(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path / "pairs.sqlite3"))
    fluency = SimpleNamespace(trigram=MadeUpTrigram(), mixture=None, hash="made up")
    monkeypatch.setattr(models, "fluency", lambda: (fluency, ""))


@pytest.mark.parametrize(("where", "view"), EVERY)
def test_every_input_of_a_view_takes_its_share(where: str, view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, None] = {"q": None}
    restore = query_params.restore

    def note(name: str, *rest: Any, **more: Any) -> bool:
        names.setdefault(name)
        return restore(name, *rest, **more)

    monkeypatch.setattr(query_params, "restore", note)
    at = opened(where, view)
    assert_inert(at, "as it opens")
    pd.DataFrame().style  # noqa: B018 - pandas compiles templates of its own at the first table
    reached.begin()
    texts, used = part((where, view)), set[str]()
    following = cycle(texts)

    def text_of(turn: int, number: int) -> str:
        """The next; in a cross product the one whose turn it is at this input."""
        text = texts[(turn + number) % len(texts)] if ALL else next(following)
        used.add(text)
        return text if BARE.fullmatch(text) else f"{text} {MARKER}"

    for turn in count():
        if turn >= (len(STRINGS) if ALL else ROUNDS) and used >= set(texts):
            break
        told = {name: text_of(turn, number) for number, name in enumerate(names) if name not in ("view", "lab")}
        for name, text in told.items():
            at.query_params[name] = text
        assert_inert(at.run(), f"link {turn}: {told}")
        boxes = [*at.text_input, *at.text_area]
        for number, box in enumerate(boxes, len(told)):
            box.set_value(text_of(turn, number))
        if boxes:
            assert_inert(at.run(), f"boxes {turn}: {[box.value for box in boxes]}")
    assert reached.end() == [], "a text from outside reached a file, a program, another machine or the interpreter"


def test_the_views_share_a_thousand_different_texts() -> None:
    """Every one of the thousand is in the part of some view, which must use all of its part."""
    assert len(set(STRINGS)) == 1_000 and max(map(len, STRINGS)) <= LONGEST
    assert {text for view in EVERY for text in part(view)} == set(STRINGS)


@pytest.mark.parametrize("name", ["escape", "plain"])
def test_a_page_that_forgot_to_escape_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch itself is tested: without one of the two functions that make a text harmless it must cry out."""
    from pages.views.trajectories import memory

    # Open before the patch: a module that is first imported meanwhile would keep it for good.
    at = opened() if name == "escape" else opened("Trajectories", "memory")
    monkeypatch.setattr(tokens if name == "escape" else memory, name, lambda text, **_: text)
    at.query_params["q" if name == "escape" else "filler"] = f"good <img src=x onerror={MARKER}> ![x](y){MARKER}"
    with pytest.raises(AssertionError):
        assert_inert(at.run(), "unescaped")


def test_a_page_that_opened_a_file_so_named_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other watch is tested likewise."""
    reached.begin()
    for name in ("../../etc/passwd", f"{MARKER}.csv"):
        with pytest.raises(OSError):
            Path("/nowhere", name).read_text(encoding="utf-8")
    assert [line.partition(":")[0] for line in reached.end()] == ["open", "open"]
    assert reached.end() == []


def assert_inert(at: AppTest, when: str) -> None:
    """No fault, and nothing that came from outside stands where it could be taken for markup."""
    assert [(when, fault.message) for fault in at.exception] == []
    for element in (*at.main, *at.sidebar):
        proto = getattr(element, "proto", None)
        if proto is None or MARKER not in str(proto):
            continue
        kind = element.type
        if kind == "html":
            found = Html(proto.body)
            assert found.tags <= TAGS, (when, found.tags)
            assert found.attributes <= {"class", "title", "style"}, (when, found.attributes)
        elif kind == "plotly_chart":
            for text in _strings(json.loads(proto.spec)):
                assert MARKER not in text or "<" not in OURS.sub("", text), (when, text)
        elif kind in MARKDOWN:
            assert not LIVE.search(element.value), (when, kind, element.value)
        else:
            assert kind in HOLDERS or not LIVE.search(_label(proto)), (when, kind, _label(proto))
        if hasattr(proto, "label"):
            assert not LIVE.search(proto.label), (when, kind, proto.label)


def _label(proto: Any) -> str:
    """What Streamlit reads as Markdown of a widget: its label and its choices."""
    options = [getattr(option, "content", option) for option in getattr(proto, "options", [])]
    return "\n".join(str(text) for text in (getattr(proto, "label", ""), *options))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
