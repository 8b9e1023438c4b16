"""Certificates as lines of JSON, a file of which goes on where it was cut off."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

from core.probes.robustness.certify import Certificate, Variant
from core.probes.robustness.families import Moves
from core.probes.robustness.questions import Question
from core.runtime.i18n import gettext as _

NEEDED = frozenset(("model", "text", "kind", "most", "model_hash"))
SUBSTITUTIONS, MOVES = "substitutions", "moves"
_QUESTION = ("model_hash", "text", "kind", "most", "list_hash", "window", "floor", "pinned")


def as_json(question: Question, found: Certificate) -> dict[str, Any]:
    """What the verifier needs, and what a person reads."""
    return {
        "model": found.model,
        "text": found.text,
        "status": found.status,
        "sequences": found.sequences,
        "covered": found.covered,
        "witness": _variant(found.witness, size=found.size),
        "closest": _variant(found.closest),
        "seconds": round(found.seconds, 3),
        "label": found.original.label,
        "margin": found.original.margin,
        **_asked(question),
        "bounded": found.bounded,
        "passed": found.passed,
        "complete": found.complete,
        "reread": found.reread,
        "difference": found.difference,
        "tokens": list(question.family.tokens),
        "model_hash": found.model_hash,
    }


def _asked(question: Question) -> dict[str, Any]:
    """The kind of change."""
    family, listed = question.family, question.word_list
    if isinstance(family, Moves):
        own: dict[str, Any] = {"pinned": sorted(family.pinned), "window": family.window, "floor": question.floor}
        return {"kind": MOVES, "most": family.most, "list_hash": None, **own}
    assert listed is not None
    own = {"list": listed.name, "list_hash": listed.hash, "substitutes": [*map(list, listed.substitutes)]}
    return {"kind": SUBSTITUTIONS, "most": family.most, **own}


def _variant(one: Variant | None, **more: Any) -> dict[str, Any] | None:
    return None if one is None else {"text": one.text, "margin": one.margin, "label": one.label, **more}


def read(path: Path, needed: frozenset[str] = NEEDED) -> list[dict[str, Any]]:
    """The lines of a file; a last one that was cut off is left out. Raises ValueError for another that is none."""
    lines: list[dict[str, Any]] = []
    content = path.read_bytes()
    if content.lstrip().startswith(b"["):  # what `certify --json` prints
        content = b"\n".join(json.dumps(one).encode() for one in json.loads(content)) + b"\n"
    for number, line in enumerate(content.split(b"\n")[:-1], 1):  # what follows the last end of line was cut off
        try:
            one = json.loads(line)
        except ValueError:
            one = None
        if not isinstance(one, dict) or not needed <= one.keys():
            raise ValueError(_("{file}, line {number}: not a certificate").format(file=path.name, number=number))
        lines.append(one)
    return lines


def key(asked: dict[str, Any] | Question) -> Hashable:
    """What identifies the question of a line, or a question: equal where the answers are."""
    if isinstance(asked, dict):
        return tuple(json.dumps(asked.get(name)) for name in _QUESTION)
    return key({"model_hash": asked.model.hash, "text": asked.text, **_asked(asked)})


def log(path: Path, needed: frozenset[str] = NEEDED) -> tuple[list[dict[str, Any]], Callable[[dict[str, Any]], None]]:
    """The lines of a file that is to go on, none for a new one, and what appends one, to the disk at once.

    A line that was cut off is removed. Raises as `read` does.
    """
    before = read(path, needed) if path.exists() else []
    if path.exists():
        content = path.read_bytes()
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)

    def append(line: dict[str, Any]) -> None:
        with path.open("ab") as file:
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    return before, append
