"""What verbs read and write: named checkpoints, files of sentences, a JSON list, lines that cannot harm a terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core import black_box, checkpoints

if TYPE_CHECKING:
    from core.black_box import Model
    from core.checkpoints import Checkpoint
    from core.corpus import Corpus


def model_option(parser: argparse.ArgumentParser) -> None:
    """``--model``."""
    parser.add_argument("--model", default="all", help="a checkpoint's name, or all (default)")


def models_options(parser: argparse.ArgumentParser) -> None:
    """``--model`` and ``--predictor``: for verbs that need no more than a model's answers."""
    parser.add_argument(
        "--model", help="a checkpoint's name, or all (default, but with --predictor none unless asked for)"
    )
    parser.add_argument(
        black_box.OPTION,
        metavar="PACKAGE.MODULE:CALLABLE",
        help="a model of your own: any callable from a list of texts to their probabilities of class 1",
    )


def text_options(parser: argparse.ArgumentParser) -> None:
    """How to read a file of sentences."""
    parser.add_argument("--text-column", metavar="C", help="column of the texts (default: text)")
    parser.add_argument("--encoding", help="of a CSV, TSV or JSONL file (default: UTF-8; Sentiment140's: latin-1)")


def label_options(parser: argparse.ArgumentParser) -> None:
    """How to read a file of labelled sentences."""
    text_options(parser)
    parser.add_argument("--label-column", metavar="L", help="column of the labels (default: label)")


def named_checkpoints(model: str) -> list[Checkpoint]:
    """The checkpoint of a name, or all of them; one that cannot be loaded is told of, and the others are used."""
    if model != "all":
        return [checkpoints.load(model)]
    loaded = []
    for name in checkpoints.names():
        try:
            loaded.append(checkpoints.load(name))
        except checkpoints.CheckpointError as error:
            print(f"left out: {one_line(error)}", file=sys.stderr)
    if not loaded:
        raise LookupError(f"no checkpoint in {checkpoints.root()} can be used")
    return loaded


def named_models(options: argparse.Namespace) -> list[Model]:
    """The callable that was named, then the checkpoints; all of these where nothing was named."""
    if options.predictor is None:
        return [*named_checkpoints("all" if options.model is None else options.model)]
    asked: list[Model] = [black_box.load(options.predictor, checkpoints.names())]
    return asked if options.model is None else [*asked, *named_checkpoints(options.model)]


@contextmanager
def asking(model: Model) -> Iterator[None]:
    """Show how far a black box is with its answers, where it takes its time; a checkpoint is quick."""
    from tqdm import tqdm

    with tqdm(desc=model.name, unit=" texts", leave=False, delay=0.5) as bar:

        def told(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        with black_box.telling(told):
            yield


def labelled(options: argparse.Namespace, path: str) -> Corpus:
    """The labelled rows of a file, read as the options say."""
    from core.corpus import read_corpus

    return read_corpus(path, options.text_column, options.label_column, encoding=options.encoding)


def json_list(rows: Iterable[Any]) -> None:
    """Print dictionaries or dataclasses as one JSON list."""
    print(json.dumps([row if isinstance(row, dict) else asdict(row) for row in rows], allow_nan=False))


def line(text: str) -> None:
    """Print lines for people: control characters shown as escapes, lone surrogates too."""
    shown = inert(text)
    print(shown.encode(sys.stdout.encoding or "utf-8", "backslashreplace").decode(sys.stdout.encoding or "utf-8"))


def inert(lines: str) -> str:
    """Lines whose other control characters are escapes."""
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode() for char in lines
    )


def progress(text: str) -> None:
    """Tell how far one is, on standard error."""
    print(inert(text), file=sys.stderr)


def one_line(error: BaseException) -> str:
    """What an error says, in one line."""
    text = str(error.args[0] if isinstance(error, LookupError) and error.args else error)
    return inert(" ".join(text.split()))
