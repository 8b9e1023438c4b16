"""How verbs are added to the command line, and the options that several of them share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.data.formats.layout import ANY, ESCAPED, NAMED, OFF, ON, delimiter_of
from core.models import predictor

Verb = Callable[[argparse.Namespace], int]
Parser = argparse.ArgumentParser


class Verbs:
    """Adds verbs to a parser."""

    def __init__(self, parser: Parser, metavar: str):
        self._parsers = parser.add_subparsers(required=True, metavar=metavar)

    def add(self, verb: Verb, *shared: str, json_output: bool = True) -> Parser:
        """Add a function as a verb: its name, its docstring as help, shared options by name. Returns its parser."""
        parser = self._parser(verb.__name__.replace("_", "-"), verb.__doc__)
        parser.set_defaults(verb=verb)
        if json_output:
            parser.add_argument("--json", action="store_true", help="print one JSON list")
        for name in shared:
            parser.add_argument(name, **SHARED[name])
        return parser

    def group(self, name: str, about: str, metavar: str) -> Verbs:
        """Add a verb that has verbs of its own."""
        return Verbs(self._parser(name, about), metavar)

    def _parser(self, name: str, about: str | None) -> Parser:
        parser: Parser = self._parsers.add_parser(name, help=about, description=about)
        return parser


def at_least(least: int) -> Callable[[str], int]:
    """The type of an option that is a whole number from `least` on."""

    def parse(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"expected {least} or more; given: {text}")
        return int(text)

    parse.__name__ = "whole number"
    return parse


SHARED: dict[str, dict[str, Any]] = {
    "--model": {"default": "all", "help": "a checkpoint's name, its folder, or all (default)"},
    "--predictor": {
        "metavar": "PACKAGE.MODULE:CALLABLE",
        "help": "your own model: a callable from a list of texts to their probabilities, of class 1 or of every class",
    },
    "--data": {"required": True, "metavar": "FILE", "help": "labelled file, in a form of docs/files.md"},
    "--seed": {"type": at_least(0), "default": 0, "metavar": "S", "help": "seed of everything random (default: 0)"},
    "--seconds": {"type": float, "metavar": "S", "help": "time limit for each text and model"},
    "--threads": {"type": at_least(1), "metavar": "N", "help": "processor threads (default: torch's choice)"},
    "--rejoin": {
        "action": "store_true",
        "help": "join contractions that a tokeniser split (was n't, don ' t, isn`t) before a model reads them",
    },
    "--target": {"metavar": "CLASS", "help": "the class to explain (default: the second of two, else the prediction)"},
    "--against": {"metavar": "CLASS", "help": "with --target: compare it with this class (default: with all others)"},
    "--to": {"metavar": "CLASS", "help": "the class that a changed text is to be read as (default: any other)"},
    "--labels": {
        "metavar": "VALUE=NAME,VALUE=NAME",
        "help": "what the values of the label column mean, as in 1=negative,2=positive,3=-; - leaves rows out, and so "
        "does neutral where it is no class. Names are the model's classes; in training they are yours, 2 to 20, the "
        "first class first, as in no=ham,yes=spam (default: the class names, and the numbers from 0 in their order; in "
        "training the words of the column; numbers with several meanings are refused)",
    },
    "texts": {"nargs": "+", "metavar": "TEXT"},
}


def models_options(parser: Parser) -> None:
    """``--model`` and ``--predictor``, for verbs that need only a model's probabilities."""
    parser.add_argument("--model", help="a checkpoint's name, its folder, or all (default, but none with --predictor)")
    parser.add_argument(predictor.OPTION, **SHARED["--predictor"])


def text_options(parser: Parser) -> None:
    """How to read a file of sentences; its layout becomes `options.layout`, None where nothing is given."""
    parser.add_argument("--text-column", metavar="C", help="column of the texts (default: text)")
    group = parser.add_argument_group("layout of a file of text (default: detected, and reported)")
    group.add_argument("--encoding", action=_LayoutAction, metavar="E", help="encoding, as utf-8, cp1252, utf-16")
    group.add_argument(
        "--delimiter", action=_LayoutAction, metavar="D", help=f"{', '.join(NAMED)} (one text per line), or characters"
    )
    group.add_argument(
        "--quoting",
        action=_LayoutAction,
        choices=(ON, OFF, ESCAPED),
        help='whether "…" encloses a cell: on (a quote inside is doubled), off, escaped (a quote inside is \\")',
    )
    for name, about in (
        ("header", "the first row names the columns"),
        ("no-header", "the first row is data; columns are numbered from 1"),
        ("mend", "repair UTF-8 that was decoded as cp1252 (donâ€™t)"),
        ("join", "join cells after the last named column to it"),
    ):
        group.add_argument(f"--{name}", action=_LayoutAction, nargs=0, help=about)


class _LayoutAction(argparse.Action):
    """Puts an option into `options.layout`."""

    def __init__(self, option_strings: Sequence[str], dest: str, **more: Any):
        self._field = dest
        super().__init__(option_strings, "layout", **more)

    def __call__(self, parser: Parser, namespace: argparse.Namespace, value: Any, *_given: Any) -> None:
        if self.nargs is not None:
            value = not self._field.startswith("no_")
        elif self._field == "delimiter":
            try:
                value = delimiter_of(value)
            except ValueError as error:
                raise argparse.ArgumentError(self, str(error)) from None
        change: Any = {self._field.removeprefix("no_"): value}
        namespace.layout = replace(namespace.layout or ANY, **change)


def log_options(parser: Parser) -> None:
    """For verbs that can take the texts of a file and then write a log."""
    parser.add_argument("--file", dest="data", metavar="FILE", help="the texts of a file, in a form of docs/files.md")
    parser.add_argument("--out", metavar="LOG", help="with --file: a line of JSON for each text; an old log goes on")
    parser.add_argument("--rows", type=at_least(1), default=sys.maxsize, metavar="N", help="texts drawn (default: all)")
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="S", help="of the draw (default: 0)")


def label_options(parser: Parser, about: str = "column of the labels (default: label)") -> None:
    """How to read a file of labelled sentences."""
    text_options(parser)
    parser.add_argument("--label-column", metavar="L", help=about)
    parser.add_argument("--labels", **SHARED["--labels"])


def given(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """The options of these names that were given."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def check_folder(out: str | Path | None) -> None:
    """Whether a file can be written there, told before any work. Raises OSError."""
    path = Path(out or "-")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} to")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected the name of a file")
