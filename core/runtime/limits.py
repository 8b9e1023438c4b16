"""How much one session of a public server may use: budgets set by the environment.

``UNROLLED_PUBLIC=1`` makes a server public; without it there are no limits. Each budget has its own variable, named in
`VARIABLES`. A session is one window of a browser until it is closed or reloaded; another window has another budget. How
many searches run at a time, and how many connections one address may have, is up to the queue of searches and to the
proxy before the server.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from core.runtime.i18n import gettext as _

PUBLIC = "UNROLLED_PUBLIC"
_OFF, _ON = ("", "0", "no", "false", "off"), ("1", "yes", "true", "on")


@dataclass(frozen=True)
class Limits:
    """What a session of a public server may use in all.

    `seconds` of searching, `queries` texts scored by searches, an upload of `megabytes` (of 2^20 bytes), `kept` pairs
    and as many finds, a text of `characters`.
    """

    seconds: int = 300
    queries: int = 300_000
    megabytes: int = 2
    kept: int = 200
    characters: int = 5_000

    @property
    def upload_bytes(self) -> int:
        """The largest upload."""
        return self.megabytes * 2**20


VARIABLES = {
    "seconds": "UNROLLED_PUBLIC_SECONDS",
    "queries": "UNROLLED_PUBLIC_QUERIES",
    "megabytes": "UNROLLED_PUBLIC_UPLOAD_MB",
    "kept": "UNROLLED_PUBLIC_KEPT",
    "characters": "UNROLLED_PUBLIC_CHARACTERS",
}
_MOST = {"seconds": 86_400, "queries": 1_000_000_000, "megabytes": 200, "kept": 100_000, "characters": 1_000_000}


def of(environment: Mapping[str, str] | None = None) -> Limits | None:
    """The limits that the environment asks for; None where the server is not public.

    Raises ValueError for an invalid value: a server that was meant to be public must not run without limits because of
    a slip.
    """
    environment = os.environ if environment is None else environment
    public = environment.get(PUBLIC, "").strip().lower()
    if public in _OFF:
        return None
    if public not in _ON:
        raise ValueError(_("{variable} must be 1 or 0; given: {given!r}").format(variable=PUBLIC, given=public[:40]))
    return Limits(**{name: _number(environment, name) for name in VARIABLES})


def _number(environment: Mapping[str, str], name: str) -> int:
    usual = int(getattr(Limits(), name))
    value = environment.get(VARIABLES[name], "").strip()
    if not value:
        return usual
    if not (value.isascii() and value.isdigit() and len(value) <= 10 and 1 <= int(value) <= _MOST[name]):
        raise ValueError(
            _("{variable} must be a whole number from 1 to {most:,} (default {usual:,}); given: {given!r}").format(
                variable=VARIABLES[name], most=_MOST[name], usual=usual, given=value[:40]
            )
        )
    return int(value)


class Budget:
    """What a session has left of its time and queries; it never grows, and never falls below 0."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self._seconds, self._queries = 0.0, 0

    @property
    def seconds(self) -> float:
        """Seconds of searching that are left."""
        return max(0.0, self.limits.seconds - self._seconds)

    @property
    def queries(self) -> int:
        """Texts that may still be scored by searches."""
        return max(0, self.limits.queries - self._queries)

    @property
    def over(self) -> bool:
        """Whether no search may go on."""
        return self.seconds <= 0 or self.queries <= 0

    def spend(self, seconds: float, queries: int) -> None:
        """Subtract what was used. Raises ValueError for less than 0."""
        if not (seconds >= 0 and queries >= 0):
            raise ValueError(f"time and queries that were used are at least 0; given: {seconds} s, {queries}")
        self._seconds += seconds
        self._queries += queries
