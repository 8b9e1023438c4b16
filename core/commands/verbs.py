"""How a verb is added to the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, Protocol

Verb = Callable[[argparse.Namespace], int]


class Add(Protocol):
    """Adds a verb by its function: its name, with its docstring as help; returns the parser for its options."""

    def __call__(self, verb: Verb, *, json_output: bool = True) -> argparse.ArgumentParser: ...


def adder(parsers: argparse._SubParsersAction[Any]) -> Add:
    """What adds verbs to these parsers."""

    def add(verb: Verb, *, json_output: bool = True) -> argparse.ArgumentParser:
        name = verb.__name__.replace("_", "-")
        added: argparse.ArgumentParser = parsers.add_parser(name, help=verb.__doc__, description=verb.__doc__)
        added.set_defaults(verb=verb)
        if json_output:
            added.add_argument("--json", action="store_true", help="print one JSON list")
        return added

    return add
