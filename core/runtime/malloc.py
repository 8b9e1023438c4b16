"""Give memory that was freed back to the system.

The C library keeps freed memory for later: 45 MB after a model was read, converted and dropped, which counts towards a
host's limit like the rest. glibc gives it back when asked (malloc_trim(3)); other libraries do so by themselves or not
at all.
"""

from __future__ import annotations

import ctypes
from functools import cache


def give_back() -> None:
    """Give unused memory back to the system, where the C library can; takes some milliseconds. Never raises."""
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
