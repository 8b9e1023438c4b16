"""The command line: ``python -m core <verb>``.

Every verb prints for people, those that answer also, with ``--json``, one JSON list. Bad input is one line on standard
error and exit status 2; progress goes to standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from core.commands import (
    asking,
    attributing,
    benchmark,
    checklist,
    composing,
    console,
    editing,
    faithfulness,
    fixed_points,
    interactions,
    patching,
    probing,
    tracing,
    words,
)
from core.commands.lab import exercises
from core.commands.scanning import assess, scan
from core.commands.training import derive, import_torch, train
from core.commands.verbs import adder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        with console.reading():
            return int(options.verb(options))
    except (ValueError, LookupError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has stopped reading
            return 0
        print(f"error: {console.one_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        goes_on = options.verb.__module__ == train.__name__
        print("interrupted" + "; the same command goes on from the last saved state" * goes_on, file=sys.stderr)
        return 130


class _Parser(argparse.ArgumentParser):
    """argparse, with its complaint in one line like any other."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {console.inert(message)}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m core", description="Ask a recurrent text classifier questions.")
    add = adder(parser.add_subparsers(required=True, metavar="VERB"))
    for module in (
        asking,
        assess,
        attributing,
        checklist,
        benchmark,
        editing,
        composing,
        interactions,
        import_torch,
        faithfulness,
        fixed_points,
        exercises,
        train,
        probing,
        derive,
        patching,
        scan,
        tracing,
        words,
    ):
        module.add_verbs(add)
    return parser


if __name__ == "__main__":
    sys.exit(main())
