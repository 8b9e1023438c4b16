"""What loading and searching leave behind, given back to the system.

The C library keeps what was freed for the next who asks. After a model's file was read, converted and dropped that is
45 MB of nothing, and a host that ends a process at 1 GB counts it like the rest. glibc gives it back when told to
(malloc_trim(3)); other libraries do so by themselves or not at all.
"""

from __future__ import annotations

import ctypes
from functools import cache


def give_back() -> None:
    """Give memory that nobody uses back to the system, where the C library can; some milliseconds. Never raises."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> ctypes._NamedFuncPointer | None:
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, TypeError, AttributeError):  # TypeError: on Windows there is no library of that name
        return None
    trim.argtypes, trim.restype = (ctypes.c_size_t,), ctypes.c_int
    return trim
