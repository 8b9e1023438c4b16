"""A refusal that needs more than a line: what is wrong in one, and then its particulars, one a line."""

from __future__ import annotations

from collections.abc import Sequence


class RefusedError(ValueError):
    """`summary` says in one line what was refused; `lines` list it, tensor by tensor, or say what helps."""

    def __init__(self, summary: str, lines: Sequence[str]):
        super().__init__(f"{summary}: {'; '.join(lines)}")
        self.summary, self.lines = summary, tuple(lines)
