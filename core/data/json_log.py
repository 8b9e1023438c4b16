"""A log of JSON objects, one a line, that an interrupted run goes on with."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from core.runtime.i18n import gettext as _

Line = dict[str, Any]


def read(path: Path, needed: Collection[str]) -> list[Line]:
    """The lines of a log, or of one JSON list; a last line that was cut off is left out.

    Raises ValueError for any other line that is no object with the `needed` keys.
    """
    content = path.read_bytes()
    if content.lstrip().startswith(b"["):
        content = b"\n".join(json.dumps(one).encode() for one in json.loads(content)) + b"\n"
    lines: list[Line] = []
    for number, line in enumerate(content.split(b"\n")[:-1], 1):  # what follows the last end of line was cut off
        try:
            one = json.loads(line)
        except ValueError:
            one = None
        if not isinstance(one, dict) or not one.keys() >= {*needed}:
            raise ValueError(
                _("{file}, line {number}: expected a JSON object with {keys}").format(
                    file=path.name, number=number, keys=", ".join(sorted(needed))
                )
            )
        lines.append(one)
    return lines


def resume(path: Path, needed: Collection[str]) -> tuple[list[Line], Callable[[Line], None]]:
    """The lines of a log, none of a new one, and a function that appends one and waits until it is on the disk.

    A line that was cut off is removed. Raises as `read` does.
    """
    before = read(path, needed) if path.exists() else []
    if path.exists():
        with path.open("r+b") as file:
            file.truncate(path.read_bytes().rfind(b"\n") + 1)

    def append(line: Line) -> None:
        with path.open("ab") as file:
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    return before, append
