"""How a verb is added to the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Protocol

Verb = Callable[[argparse.Namespace], int]


class Add(Protocol):
    """Adds a verb by its function: its name, with its docstring as help; returns the parser for its options."""

    def __call__(self, verb: Verb, *, json_output: bool = True) -> argparse.ArgumentParser: ...
