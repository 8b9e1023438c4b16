"""Results kept for all sessions, by the arguments they were made from; a model counts by its name and hash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

F = TypeVar("F", bound=Callable[..., Any])


def _identity(model: Any) -> tuple[str, str]:
    return model.name, model.hash


_BY_HASH = dict.fromkeys(("core.models.checkpoints.Checkpoint", "core.models.predictor.BlackBox"), _identity)


def cached(most: int, *, shared: bool = False) -> Callable[[F], F]:
    """Keep the last `most` results of a function.

    With `shared` all callers get one object, for what is large and read-only; otherwise each gets a copy.
    """
    cache = st.cache_resource if shared else st.cache_data
    return cache(max_entries=most, show_spinner=False, hash_funcs=_BY_HASH)
