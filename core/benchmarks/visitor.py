"""A visitor without a browser: opens pages of a running server, types, clicks, and reads what the server sends.

It sends Streamlit's own messages, one websocket a session, so many can visit at once. It draws nothing.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

from core.runtime.home import home

ROOT = home()
HOME = ""
PATIENCE = 600.0  # seconds to wait for a script's end
_START_LIMIT = 300.0  # seconds to wait for a server
_LARGEST = 2**28  # bytes of a message

Path_ = tuple[int, ...]


class VisitError(OSError):
    """The server did not do what a page of ours does."""


class Seen(NamedTuple):
    """An element on the page: its kind by Streamlit's name, what it holds, and when it came, in seconds since asked."""

    kind: str
    what: Any
    seconds: float


@dataclass(frozen=True)
class Page:
    """What stands on the page when the script has ended.

    `seconds` is the time from asking until then; `messages` are the lines that progress bars showed on the way,
    each once.
    """

    seen: tuple[Seen, ...]
    seconds: float
    messages: tuple[str, ...]

    def all(self, kind: str) -> list[Seen]:
        """The elements of a kind, in the order in which they came."""
        return [one for one in self.seen if one.kind == kind]

    @property
    def faults(self) -> list[str]:
        """What went wrong by the page's own word: uncaught faults and error messages."""
        uncaught = [f"{one.what.type}: {one.what.message}" for one in self.all("exception")]
        return uncaught + [one.what.body for one in self.all("alert") if one.what.format == Alert.ERROR]


class Visitor:
    """One session with the server at an address such as ``http://127.0.0.1:8501``; use it with ``async with``."""

    def __init__(self, address: str):
        self._address = address
        self._socket: ClientConnection | None = None
        self._name = ""  # of the page, as its address ends; none is the home page's
        self._query = ""
        self._states: dict[str, WidgetState] = {}
        self._widgets: dict[str, str] = {}  # the id that Streamlit gave to a widget, by our key

    async def __aenter__(self) -> Self:
        where = self._address.replace("http", "ws", 1) + "/_stcore/stream"
        # A server with much left to say answers no farewell, so it is not waited for.
        self._socket = await connect(
            where,
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=_LARGEST,
            ping_timeout=None,
            close_timeout=1,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def open(self, page: str = HOME, query: Mapping[str, str] | None = None) -> Page:
        """Follow a link to a page by the last part of its address (``Permutations``), in the same session."""
        self._states.clear()
        self._query = urlencode(query or {})
        self._name = "" if page == HOME else page
        return await self._ask()

    async def type(self, key: str, text: str) -> Page:
        """Write into the text box of a key. Raises VisitError where the page has none."""
        self._states[key] = WidgetState(id=self._widget(key), string_value=text)
        return await self._ask()

    async def click(self, key: str) -> Page:
        """Click the button of a key. Raises VisitError where the page has none."""
        return await self._ask(clicked=WidgetState(id=self._widget(key), trigger_value=True))

    def has(self, key: str) -> bool:
        """Whether the page has a widget of a key."""
        return key in self._widgets

    def _widget(self, key: str) -> str:
        if key not in self._widgets:
            raise VisitError(f"no {key!r} on the page; there are: {', '.join(sorted(self._widgets)) or 'none'}")
        return self._widgets[key]

    async def _ask(self, clicked: WidgetState | None = None) -> Page:
        assert self._socket is not None, "use it with `async with`"
        message = BackMsg()
        asked = message.rerun_script
        # By name, always: the first run of a session calls the page that it was asked for by the main script's hash.
        asked.query_string, asked.page_name = self._query, self._name
        asked.context_info.locale = "en-US"
        asked.widget_states.widgets.extend(self._states.values())
        if clicked is not None:
            asked.widget_states.widgets.append(clicked)
        clock = time.perf_counter()
        await self._socket.send(message.SerializeToString())
        return await asyncio.wait_for(self._read(clock), PATIENCE)

    async def _read(self, clock: float) -> Page:
        """Messages until the script has ended for good; one that ends to run again goes on."""
        assert self._socket is not None
        seen: dict[Path_, Seen] = {}
        messages: list[str] = []
        async for data in self._socket:
            message = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
            seconds = time.perf_counter() - clock
            kind = message.WhichOneof("type")
            if kind == "new_session":
                seen.clear()
                self._widgets.clear()
            elif kind == "delta":
                self._take(message, seconds, seen, messages)
            elif kind == "page_info_changed":
                self._query = message.page_info_changed.query_string
            elif kind == "page_not_found":
                raise VisitError(f"no page {message.page_not_found.page_name!r}")
            elif kind == "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    return Page(tuple(seen.values()), seconds, tuple(messages))
                if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    raise VisitError("the script ended by a fault of its own")
        raise VisitError("the server closed the session")

    def _take(self, message: ForwardMsg, seconds: float, seen: dict[Path_, Seen], messages: list[str]) -> None:
        path = tuple(message.metadata.delta_path)
        if message.delta.WhichOneof("type") != "new_element":
            return
        element = message.delta.new_element
        kind = element.WhichOneof("type") or ""
        what: Any = getattr(element, kind, None)
        seen.pop(path, None)
        seen[path] = Seen(kind, what, seconds)
        if kind == "progress" and what.text not in messages:
            messages.append(what.text)
        widget = str(getattr(what, "id", ""))
        if widget.count("-") >= 2:  # $$ID-<digest>-<our key>
            key = widget.split("-", 2)[2]
            self._widgets[key] = widget
            if getattr(what, "set_value", False):  # the server's word stands
                self._states.pop(key, None)


def metrics(page: Page) -> dict[str, tuple[str, str]]:
    """What the page's metrics say, by label: the value, and the line below it."""
    return {one.what.label: (one.what.body, one.what.delta) for one in page.all("metric")}


@contextmanager
def server(
    environment: Mapping[str, str] | None = None, log: Path | None = None, script: Path | None = None
) -> Iterator[tuple[str, int]]:
    """A server of the workbench on a free port of this machine alone: its address and process id, once it answers.

    `environment` is added to this one's; it serves another `script` if one is given. Raises VisitError where it does
    not start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(log or os.devnull, "wb") as output:  # noqa: PTH123 - the null device is no path of ours
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", str(script or ROOT / "app.py")),
                *("--server.address", "127.0.0.1", "--server.port", str(port)),
                *("--server.headless", "true", "--server.fileWatcherType", "none"),
            ],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, process)
        yield address, process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_LIMIT
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise VisitError(
        "the server ended before it answered" if process.poll() is not None else "the server did not start"
    )
