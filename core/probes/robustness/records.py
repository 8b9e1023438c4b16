"""Certificates as lines of JSON, a file of which goes on where it was cut off."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.probes.robustness.certify import Certificate, Variant
from core.probes.robustness.families import Moves
from core.probes.robustness.questions import Question
from core.runtime.i18n import gettext as _

SUBSTITUTIONS, MOVES = "substitutions", "moves"


def as_json(question: Question, found: Certificate) -> dict[str, Any]:
    """What the verifier needs, and what a person reads."""
    family, listed = question.family, question.word_list
    if isinstance(family, Moves):
        kind: dict[str, Any] = {
            "kind": MOVES,
            "pinned": sorted(family.pinned),
            "window": family.window,
            "floor": question.floor,
            "list_hash": None,
        }
    else:
        assert listed is not None
        kind = {
            "kind": SUBSTITUTIONS,
            "list": listed.name,
            "list_hash": listed.hash,
            "substitutes": [list(words) for words in listed.substitutes],
        }
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
        "most": family.most,
        **kind,
        "bounded": found.bounded,
        "complete": found.complete,
        "reread": found.reread,
        "difference": found.difference,
        "tokens": list(family.tokens),
        "model_hash": found.model_hash,
    }


def _variant(one: Variant | None, **more: Any) -> dict[str, Any] | None:
    return one and {"text": one.text, "margin": one.margin, "label": one.label, **more}


def read(path: Path) -> list[dict[str, Any]]:
    """The lines of a file; a last one that was cut off is left out. Raises ValueError for another that is none."""
    lines: list[dict[str, Any]] = []
    content = path.read_bytes()
    for number, line in enumerate(content.split(b"\n")[:-1], 1):  # what follows the last end of line was cut off
        try:
            one = json.loads(line)
        except ValueError:
            one = None
        if not isinstance(one, dict) or not {"model", "text", "kind", "most", "model_hash"} <= one.keys():
            raise ValueError(_("{file}, line {number}: not a certificate").format(file=path.name, number=number))
        lines.append(one)
    return lines


def asked_for(line: dict[str, Any]) -> tuple[Any, ...]:
    """What identifies the question of a line: equal for lines that answer the same."""
    own = ("model_hash", "text", "kind", "most", "list_hash", "window", "floor")
    return (*(line.get(name) for name in own), str(line.get("pinned")))


def log(path: Path) -> tuple[list[dict[str, Any]], Callable[[dict[str, Any]], None]]:
    """The lines of a file that is to go on, none for a new one, and what appends one, to the disk at once.

    A line that was cut off is removed. Raises as `read` does.
    """
    before = read(path) if path.exists() else []
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
