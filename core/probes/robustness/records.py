"""Certificates as lines of a log."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

from core.probes.robustness.certify import Certificate, Variant
from core.probes.robustness.families import Moves
from core.probes.robustness.questions import Question

_FOUND = ("status", "label", "margin", "tokens", "sequences", "covered", "witness", "closest", "bounded", "complete")
NEEDED = frozenset(("model", "text", "kind", "most", "model_hash", *_FOUND))
"""Keys of every line."""
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


def key(asked: dict[str, Any] | Question) -> Hashable:
    """What identifies the question of a line, or a question: equal where the answers are."""
    if isinstance(asked, dict):
        return tuple(json.dumps(asked.get(name)) for name in _QUESTION)
    return key({"model_hash": asked.model.hash, "text": asked.text, **_asked(asked)})
