"""The command line: ``python -m core <verb>``.

Verbs print for people or, with ``--json``, one JSON list. Progress goes to standard error; invalid input is one line
there and exit status 2.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from core.commands import (
    bench,
    certify,
    compose,
    console,
    edit,
    fixed_points,
    neighbours,
    patch,
    patterns,
    permute,
    predict,
    probe_states,
    suite,
    trace,
)
from core.commands.attribution import attribute, faithfulness, interactions
from core.commands.lab import exercises
from core.commands.options import Verbs
from core.commands.scanning import assess, sarcasm_report, scan
from core.commands.training import derive, import_torch, study, train, train_fluency, train_judge, train_people


def main(arguments: Sequence[str] | None = None, *, prog: str = "python -m core", epilog: str | None = None) -> int:
    """Run one verb; returns the exit status."""
    options = _parser(prog, epilog).parse_args(arguments)
    try:
        with console.reading():
            return int(options.verb(options))
    except (ValueError, LookupError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader closed the pipe
            return 0
        print(f"error: {console.one_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        resumes = options.verb in (train.train, study.study, train_fluency.train_fluency)
        print("interrupted" + "; the same command resumes from the last saved state" * resumes, file=sys.stderr)
        return 130


class _Parser(argparse.ArgumentParser):
    """argparse, whose errors are one line like any other."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {console.inert(message)}; see {self.prog} --help\n")


def _parser(prog: str, epilog: str | None) -> argparse.ArgumentParser:
    parser = _Parser(prog=prog, description="Ask a recurrent text classifier questions.", epilog=epilog)
    verbs = Verbs(parser, "VERB")
    for module in (
        *(predict, permute, assess, attribute, suite, bench, edit, compose, interactions, import_torch, faithfulness),
        *(
            fixed_points,
            exercises,
            train,
            study,
            train_fluency,
            train_judge,
            train_people,
            patterns,
            probe_states,
            derive,
            patch,
            scan,
        ),
        *(sarcasm_report, trace, neighbours, certify),
    ):
        module.add_verbs(verbs)
    return parser


if __name__ == "__main__":
    sys.exit(main())
