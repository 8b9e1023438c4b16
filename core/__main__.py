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
from core.commands.verbs import Verb


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
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def add(verb: Verb, *, json_output: bool = True) -> argparse.ArgumentParser:
        name = verb.__name__.replace("_", "-")
        added: argparse.ArgumentParser = verbs.add_parser(name, help=verb.__doc__, description=verb.__doc__)
        added.set_defaults(verb=verb)
        if json_output:
            added.add_argument("--json", action="store_true", help="print one JSON list")
        return added

    asking.add_verbs(add)
    assess.add_verbs(add)
    attributing.add_verbs(add)
    checklist.add_verbs(add)
    benchmark.add_verbs(add)
    editing.add_verbs(add)
    composing.add_verbs(add)
    interactions.add_verbs(add)
    import_torch.add_verbs(add)
    faithfulness.add_verbs(add)
    fixed_points.add_verbs(add)
    exercises.add_verbs(add)
    train.add_verbs(add)
    probing.add_verbs(add)
    derive.add_verbs(add)
    patching.add_verbs(add)
    scan.add_verbs(add)
    tracing.add_verbs(add)
    words.add_verbs(add)
    return parser


if __name__ == "__main__":
    sys.exit(main())
