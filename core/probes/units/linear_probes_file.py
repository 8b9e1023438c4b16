"""Where are a model's diagnostic probes kept? In its checkpoint's card, under ``probes``: figures, settings, no text.

The card is no part of a model's hash, so nothing cached by that goes stale. What was measured is told from what stands
there today by a hash that is kept with it, of the model and of its words' polarity.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.evaluation.intervals import Mean
from core.models import checkpoints
from core.probes.units.linear_probes import CLASSES, SOURCES, TASKS, Probe, Probes
from core.runtime.i18n import gettext as _

KEY = "probes"
_COUNTS = ("seed", "empty", "repeated", "controls")
_MEANS = ("accuracy", "control", "selectivity")


@dataclass(frozen=True)
class Source:
    """Where the sentences came from: `rows` drawn by the probes' seed from the `drawn_from` rows of a file."""

    file: str
    sha256: str
    rows: int
    drawn_from: int


def add_probes(found: Probes, source: Source, folder: Path | None = None) -> None:
    """Save a checkpoint again with its probes in its card; nothing else changes.

    Raises ValueError where it is not the model that was probed, OSError where it cannot be written.
    """
    checkpoint = checkpoints.load(found.model, folder)
    if checkpoint.hash_with_polarity != found.hash:
        raise ValueError(
            _("checkpoint {model!r} is not the one that was probed; probe it again").format(model=found.model)
        )
    content = {"source": vars(source), **as_json(found)}
    del content["model"]  # the card says so
    checkpoints.save_again(checkpoint, {**checkpoint.card, KEY: content}, folder)


def as_json(found: Probes) -> dict[str, Any]:
    """Probes for JSON; numbers are rounded to 6 digits."""
    return {
        **vars(found),
        "probes": [
            {
                **vars(probe),
                "chance": _rounded(probe.chance),
                **{name: _mean_json(getattr(probe, name)) for name in _MEANS},
            }
            for probe in found.probes
        ],
    }


def of_card(name: str, card: Mapping[str, Any]) -> tuple[Probes, Source] | None:
    """The probes that a card has, None where it has none. Raises ValueError, in one line, for damaged ones."""
    content = card.get(KEY)
    if content is None:
        return None
    try:
        source = content["source"]
        found = Probes(
            model=name,
            hash=_text(content["hash"]),
            **{count: _count(content[count]) for count in _COUNTS},
            sentences=_pair(content["sentences"]),
            tokens=_pair(content["tokens"]),
            left_out={_one_of(task, TASKS): _text(reason) for task, reason in content["left_out"].items()},
            probes=tuple(_probe(one) for one in content["probes"]),
        )
        if len({(one.task, one.source) for one in found.probes}) != len(found.probes):
            raise ValueError(_("a probe stands there twice"))
        return found, Source(
            _text(source["file"]), _text(source["sha256"]), _count(source["rows"]), _count(source["drawn_from"])
        )
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        reason = " ".join(reason.split())[:200]
        raise ValueError(
            _("checkpoint {name!r}: its card's probes cannot be read: {reason}").format(name=name, reason=reason)
        ) from None


def _probe(found: Any) -> Probe:
    task = _one_of(found["task"], TASKS)
    classes = tuple(found["classes"])
    if classes != CLASSES[task]:
        raise ValueError(_("classes of {task} are {classes}").format(task=task, classes=", ".join(CLASSES[task])))
    tokens = tuple(_count(one) for one in found["tokens"])
    if len(tokens) != len(classes) or not isinstance(found["converged"], bool):
        raise ValueError(_("the probe of {task} is none").format(task=task))
    return Probe(
        task=task,
        source=_one_of(found["source"], SOURCES),
        classes=classes,
        tokens=tokens,
        chance=1 / len(classes),
        **{name: _mean(found[name]) for name in _MEANS},
        converged=found["converged"],
    )


def _mean_json(found: Mean) -> dict[str, object]:
    return {"rows": found.rows, "mean": _rounded(found.mean), "interval": [_rounded(one) for one in found.interval]}


def _rounded(number: float) -> float:
    return float(f"{number:.6g}")


def _mean(found: Any) -> Mean:
    low, high = (_share(one) for one in found["interval"])
    if not low <= high:
        raise ValueError(_("an interval from {low:g} to {high:g}").format(low=low, high=high))
    return Mean(_count(found["rows"]), _share(found["mean"]), (low, high))


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1:
        raise ValueError(_("expected a share, found {value!r:.40}").format(value=value))
    return float(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise ValueError(_("expected a count, found {value!r:.40}").format(value=value))
    return value


def _pair(value: Any) -> tuple[int, int]:
    train, test = (_count(one) for one in value)
    return train, test


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 300:
        raise ValueError(_("expected a line of text, found {value!r:.80}").format(value=value))
    return value


def _one_of(value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(_("{value!r:.40} is none of {known}").format(value=value, known=", ".join(known)))
    return str(value)
