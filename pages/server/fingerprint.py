"""Names for widgets and results that change with what they are about."""

from __future__ import annotations

from hashlib import sha256


def fingerprint(of: object) -> str:
    """A short name for anything whose ``repr`` says all about it."""
    return sha256(repr(of).encode("utf-8", "surrogatepass")).hexdigest()[:12]
