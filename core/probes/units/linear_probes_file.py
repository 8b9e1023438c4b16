"""A model's diagnostic probes, kept in its checkpoint's card under ``probes``: figures and settings, no text.

The card is no part of a model's hash, so nothing cached by that goes stale. A hash that is kept with the probes says
which model, and which log-odds of its words, was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.models import checkpoints
from core.probes.units.linear_probes import CLASSES, SOURCES, TASKS, Probe, Probes
from core.runtime import json_file
from core.runtime.i18n import gettext as _

KEY = "probes"


@dataclass(frozen=True)
class ProbeRows:
    """Where the sentences came from: `rows` drawn by the probes' seed from the `drawn_from` rows of a file."""

    file: str
    sha256: str
    rows: int
    drawn_from: int


def add_probes(probes: Probes, source: ProbeRows, folder: Path | None = None) -> None:
    """Save a checkpoint again with its probes in its card; nothing else changes.

    Raises ValueError where it is not the model that was probed, OSError where it cannot be written.
    """
    checkpoint = checkpoints.load(probes.model, folder)
    if checkpoint.hash_with_polarity != probes.hash:
        raise ValueError(
            _("checkpoint {model!r} is not the one that was probed; probe it again").format(model=probes.model)
        )
    content = {"source": vars(source), **as_json(probes)}
    del content["model"]  # the card says so
    checkpoints.save_again(checkpoint, {**checkpoint.card, KEY: content}, folder)


def as_json(probes: Probes) -> dict[str, Any]:
    """Probes for JSON; numbers are rounded to 6 digits."""
    return {key: value for key, value in json_file.as_json(probes).items() if value is not None}


def of_card(name: str, card: Mapping[str, Any]) -> tuple[Probes, ProbeRows] | None:
    """The probes that a card has, None where it has none. Raises ValueError, in one line, for damaged ones."""
    content = card.get(KEY)
    if content is None:
        return None
    try:
        probes = json_file.made(Probes, {**content, "model": name})
        if not probes.left_out.keys() <= {*TASKS} or not all(probes.left_out.values()):
            raise ValueError(_("expected a line of text, found {value!r:.80}").format(value=probes.left_out))
        if len({(probe.task, probe.source) for probe in probes.probes}) != len(probes.probes):
            raise ValueError(_("a probe is listed twice"))
        for probe in probes.probes:
            _check(probe)
        return probes, json_file.made(ProbeRows, content["source"])
    except json_file.ERRORS as error:
        raise ValueError(
            _("checkpoint {name!r}: its card's probes cannot be read: {reason}").format(
                name=name, reason=json_file.reason(error)
            )
        ) from None


def _check(probe: Probe) -> None:
    for value, known in ((probe.task, TASKS), (probe.source, SOURCES)):
        if value not in known:
            raise ValueError(_("{value!r:.40} is not one of {known}").format(value=value, known=", ".join(known)))
    if probe.classes != CLASSES[probe.task]:
        raise ValueError(
            _("classes of {task} are {classes}").format(task=probe.task, classes=", ".join(CLASSES[probe.task]))
        )
    if len(probe.tokens) != len(probe.classes):
        raise ValueError(_("the probe of {task} is invalid").format(task=probe.task))
    for mean in (probe.accuracy, probe.control, probe.selectivity):
        for share in (mean.mean, *mean.interval):
            if abs(share) > 1:
                raise ValueError(_("expected a share, found {value!r:.40}").format(value=share))
