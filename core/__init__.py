"""Unrolled: what a recurrent text classifier really does.

    from core import load
    model = load("lstm")
    model.predict(["not bad at all"])

`core.api` has the rest: a method for each question, and `figure` for its answer. It is imported when it is first used,
and torch when a model is first loaded.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if sys.version_info < (3, 11):  # noqa: UP036 - told in a line here, rather than by the first import that fails
    sys.exit(f"Unrolled needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}.")

if TYPE_CHECKING:
    from core.api import Model, figure, load

__all__ = ["Model", "figure", "load"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from core import api

        return getattr(api, name)
    raise AttributeError(f"module 'core' has no attribute {name!r}")
