"""The exercise lstm: a recurrent cell of one unit by hand."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.lab.small_files import text_of
from core.commands.options import Verbs

if TYPE_CHECKING:
    from core.lab.cells.arithmetic import Exercise, Worked


def add_exercise(verbs: Verbs) -> None:
    """Add the exercise and its options."""
    parser = verbs.add(lstm)
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--preset", help="memory (default), lstm, gru or rnn")
    start.add_argument("--file", metavar="FILE", help="an exercise as JSON; --write prints one to start from")
    start.add_argument("--line", metavar="LINE", help="an exercise as in a page's link after hand=")
    parser.add_argument(
        "--inputs", metavar="X", help="other inputs: steps separated by ; and numbers by , as in 0,1;2,3"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--write", action="store_true", help="print the exercise itself, as --file reads it")
    form.add_argument("--markdown", action="store_true", help="print the whole working as Markdown")
    form.add_argument("--latex", action="store_true", help="print the whole working as LaTeX")


def lstm(options: argparse.Namespace) -> int:
    """A cell of one unit by hand (LSTM, GRU or RNN): every sum and gate of every step."""
    from core.lab.cells.arithmetic import work
    from core.lab.cells.exercise_text import as_json
    from core.lab.cells.worksheets import sheet

    if options.json and (options.write or options.markdown or options.latex):
        raise ValueError("give one of --json, --write, --markdown and --latex")
    exercise = _exercise(options)
    if options.write:
        print(json.dumps(as_json(exercise), indent=1))
        return 0
    worked = work(exercise)
    if options.json:
        console.json_list(worked.rows())
    elif options.markdown or options.latex:
        console.line(sheet(worked).markdown() if options.markdown else sheet(worked).latex())
    else:
        _show(worked)
    return 0


def _exercise(options: argparse.Namespace) -> Exercise:
    from core.lab.cells.exercise_text import exercise_inputs, from_json, from_line
    from core.lab.cells.lstm_exercise import PRESETS, USUAL

    if options.file:
        path = Path(options.file)
        try:
            exercise = from_json(json.loads(text_of(path, "an exercise")))
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"{path.name} is not JSON ({error})") from None
    elif options.line:
        exercise = from_line(options.line)
    else:
        name = options.preset or USUAL
        if name not in PRESETS:
            raise LookupError(f"unknown preset {name!r}; available: {', '.join(PRESETS)}")
        exercise = PRESETS[name]
    if options.inputs is not None:
        rows = [row.split(",") for row in options.inputs.split(";")]
        exercise = replace(exercise, inputs=exercise_inputs(rows))
    return exercise


def _show(worked: Worked) -> None:
    from core.lab.cells.check import DIGITS, check

    rows = [
        {**row, "x": ",".join(f"{value:g}" for value in step.x)}
        for row, step in zip(worked.rows(), worked.steps, strict=True)
    ]
    cells = [list(rows[0]), *([_number(value) for value in row.values()] for row in rows)]
    console.line(f"{worked.exercise.cell.upper()} of one unit, {len(rows):,} steps:")
    console.table(cells)
    if all(abs(value) < 1e6 for step in worked.steps for value in (step.y, step.c or 0)):
        states = "".join(f"{name} = {', '.join(whole)}; " for name, whole in _rounded(worked).items())
        console.line(f"rounded: {states.removesuffix('; ')}")
    if any(step.held for step in worked.steps):
        console.line("some numbers exceed the largest float, 1.8e308, and are clipped to it")
    result = check(worked)
    console.line(
        f"checked against decimals of {DIGITS} digits: largest error of {result.numbers:,} numbers "
        f"{result.error:.1e} ({result.where})"
    )


def _rounded(worked: Worked) -> dict[str, list[str]]:
    """The states as whole numbers where they are near to some, by name."""
    from core.lab.cells.exercise_text import rounded

    outputs = [rounded(step.y, 0) for step in worked.steps]
    cells = [rounded(step.c, 0) for step in worked.steps if step.c is not None]
    return ({"c": cells} if cells else {}) | {"y": outputs}


def _number(value: object) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
