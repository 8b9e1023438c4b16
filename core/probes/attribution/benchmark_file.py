"""The benchmark of the attribution methods, kept in one JSON file beside the checkpoints, without texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from core.models import checkpoints
from core.probes.attribution.removal import BASELINES
from core.probes.attribution.standings import COLUMNS, League
from core.runtime import json_file
from core.runtime.i18n import gettext as _

FILE = "faithfulness.json"
FORMAT = 1


@dataclass(frozen=True)
class Source:
    """Where the sentences came from: `rows` drawn by `seed` from the `drawn_from` rows of a file."""

    file: str
    sha256: str
    rows: int
    drawn_from: int
    seed: int


@dataclass(frozen=True)
class Leagues:
    """The leagues of some models on the same rows."""

    source: Source
    leagues: tuple[League, ...]

    def outdated(self, hashes: Mapping[str, str]) -> list[str]:
        """The models, by name, that are not those measured any more, or are gone; `hashes` are today's."""
        return [league.model for league in self.leagues if hashes.get(league.model) != league.hash]


def save(path: Path, source: Source, leagues: Sequence[League]) -> None:
    """Write leagues, numbers rounded to 6 digits. What methods said where they failed may quote a text: it is left out.

    Raises as `json_file.write`.
    """
    json_file.write(path, FORMAT, {"source": asdict(source), "leagues": [as_json(league) for league in leagues]})


def load(folder: Path | None = None) -> Leagues | None:
    """The leagues kept beside the checkpoints, None where there are none. Raises ValueError for a damaged file."""
    path = (folder or checkpoints.root()) / FILE
    return read_league(path) if path.exists() else None


def read_league(path: Path) -> Leagues:
    """The leagues of a file. Raises ValueError, in one line, for one that is not what `save` writes."""
    return json_file.read(path, FORMAT, _leagues)


def as_json(league: League, *, failures: bool = False) -> dict[str, object]:
    """A league for JSON; what methods said where they failed only if asked for."""
    content = json_file.as_json(league)
    for standing in content["standings"]:
        if not (failures and standing["failure"]):
            del standing["failure"]
    return {**content, "statement": league.statement}


def _leagues(content: dict[str, Any]) -> Leagues:
    kept = json_file.made(Leagues, content)
    if len({league.model for league in kept.leagues}) != len(kept.leagues):
        raise ValueError(_("a model is named twice"))
    return replace(kept, leagues=tuple(map(_checked, kept.leagues)))


def _checked(league: League) -> League:
    names = [standing.method for standing in league.standings]
    if len(set(names)) != len(names):
        raise ValueError(_("a method is named twice"))
    if not {*league.tied, league.best, league.runner_up} <= {*names, None}:
        raise ValueError(_("a method that is named best or tied has no row"))
    if league.removal not in BASELINES:
        raise ValueError(
            _("removal {removal!r:.40} is none of {available}").format(
                removal=league.removal, available=", ".join(BASELINES)
            )
        )
    measures = [league.random, *(one for standing in league.standings for one in (standing.measures, standing.gains))]
    for column in COLUMNS:
        for one in measures:
            one[column]  # KeyError: a measure that is not there
    return league
