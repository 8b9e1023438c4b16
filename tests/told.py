"""What verbs say on standard error beside the line about each file that they read."""

from __future__ import annotations

import re

_LINE = re.compile(r"[^\n]+: (?:\w+-separated|separated by|JSON lines|a JSON array|one text per line|a folder)[^\n]*\n")


def beside(err: str) -> str:
    """Standard error without the lines that say how a file is laid out."""
    return _LINE.sub("", err)
