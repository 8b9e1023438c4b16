"""What verbs print: JSON, lines that cannot harm a terminal, progress on standard error."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

from core.data.formats.layout import telling
from core.models import predictor
from core.text.emoji import visible

if TYPE_CHECKING:
    from core.evaluation.intervals import Mean
    from core.evaluation.metrics import ClassFigures
    from core.models.predictor import Model

_T = TypeVar("_T")
_R = TypeVar("_R")


def answer(
    options: argparse.Namespace,
    results: Iterable[_T],
    as_json: Callable[[_T], Any],
    show: Callable[[_T], object],
    status: int = 0,
) -> int:
    """Print results, as one JSON list if ``--json`` asks for it. Returns the exit status."""
    if options.json:
        json_list(map(as_json, results))
    else:
        for result in results:
            show(result)
    return status


def json_list(rows: Iterable[Any]) -> None:
    """Print one JSON list."""
    print(json.dumps([plain(row) for row in rows], allow_nan=False))


def record(result: object, attributes: str) -> dict[str, Any]:
    """Attributes of a result by name, in this order; ``key=attribute`` where the JSON key is another."""
    pairs = (attribute.partition("=") for attribute in attributes.split())
    return {key: getattr(result, attribute or key) for key, _equals, attribute in pairs}


def plain(value: Any) -> Any:
    """A value as JSON has it: dataclasses and named tuples as objects, arrays as lists, NaN and infinity as null."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def line(text: str) -> None:
    """Print lines for people: control characters shown as escapes, lone surrogates too."""
    shown = inert(text)
    print(shown.encode(sys.stdout.encoding or "utf-8", "backslashreplace").decode(sys.stdout.encoding or "utf-8"))


def inert(lines: str) -> str:
    """Lines whose other control characters are escapes, and parts of emoji are named."""
    return visible(lines, lambda char: char if char == "\n" else char.encode("unicode_escape").decode())


def one_line(error: BaseException) -> str:
    """An error's message in one line."""
    text = str(error.args[0] if isinstance(error, LookupError) and error.args else error)
    return inert(" ".join(text.split()))


def mean_of(estimate: Mean | None, form: str = "{:.3f} ({:.3f} to {:.3f})", missing: str = "–") -> str:
    """A mean with its interval."""
    return missing if estimate is None else form.format(estimate.mean, *estimate.interval)


def progress(text: str) -> None:
    """Print a line on standard error."""
    _print_notes()
    print(inert(text), file=sys.stderr)


def usable(things: Iterable[_T], attempt: Callable[[_T], _R], kind: type[Exception] = ValueError) -> list[_R]:
    """What `attempt` gives for each thing; refusals are reported, and the first is raised where nothing is left."""
    results, refusals = [], []
    for thing in things:
        try:
            results.append(attempt(thing))
        except kind as error:
            refusals.append(error)
    if refusals and not results:
        raise refusals[0]
    for refusal in refusals:
        progress(f"left out: {one_line(refusal)}")
    return results


def bar(
    events: Iterator[_T], unit: str, name: str, state: Callable[[_T], tuple[float, float | None, str]], **more: Any
) -> Iterator[_T]:
    """The events of a search, passed on, behind a progress bar. `state` is how many are done, of how many, a note.

    The bar appears after the first event, so that an invalid request is refused in one line.
    """
    from tqdm import tqdm

    first = list(islice(events, 1))
    with tqdm(unit=unit, desc=name, disable=not first, **more) as shown:
        for event in chain(first, events):
            done, shown.total, note = state(event)
            if note:
                shown.set_postfix_str(note, refresh=False)
            shown.update(done - shown.n)
            yield event


def last(events: Iterator[_T]) -> _T:
    """The last event of a search."""
    return deque(events, maxlen=1).pop()


@contextmanager
def asking(model: Model) -> Iterator[None]:
    """Show how many answers a slow black box has given; a checkpoint is quick."""
    from tqdm import tqdm

    with tqdm(desc=model.name, unit=" texts", leave=False, delay=0.5) as shown:

        def update(done: int, total: int) -> None:
            shown.total = total
            shown.update(done - shown.n)

        with predictor.telling(update):
            yield


_notes: list[str] = []


@contextmanager
def reading() -> Iterator[None]:
    """Report every file that is read, once each, before the verb's next line on standard error or at its end.

    A verb that refuses prints its one line only.
    """
    known: set[str] = set()

    def note(line: str) -> None:
        if line not in known:
            known.add(line)
            _notes.append(line)

    _notes.clear()
    with telling(note):
        try:
            yield
        except (ValueError, LookupError, OSError):
            _notes.clear()
            raise
    _print_notes()


def _print_notes() -> None:
    while _notes:
        print(inert(" ".join(_notes.pop(0).split())), file=sys.stderr)


def table(rows: Sequence[Sequence[str]], indent: str = "  ") -> None:
    """Print rows of cells in columns, each flush right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        line(indent + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))


def each_class(classes: Sequence[ClassFigures], confusion: Sequence[Sequence[int]]) -> None:
    """Print the precision and recall of each class, with intervals, and rows [K, K] by label and prediction."""

    def share(value: float | None, interval: tuple[float, float] | None) -> str:
        return "–" if value is None or interval is None else f"{value:.4f} ({interval[0]:.4f} to {interval[1]:.4f})"

    rows = [["", "rows", "precision", "recall", "F1", "AUC"]]
    for one in classes:
        numbers = ("–" if number is None else f"{number + 0:.4f}" for number in (one.f1, one.auc))  # −0 as 0
        shares = (share(one.precision, one.precision_interval), share(one.recall, one.recall_interval))
        rows.append([one.label, f"{one.rows:,}", *shares, *numbers])
    table(rows)
    table(
        [
            ["", *(f"read as {one.label}" for one in classes)],
            *([one.label, *(f"{count:,}" for count in row)] for one, row in zip(classes, confusion, strict=True)),
        ]
    )
