"""The exercise sheets: each exercise with the numbers of a seed, with blanks, and with its answers."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from core.commands import console
from core.commands.options import Verbs
from core.runtime import i18n

_ALL = "all"
_MOST_SEEDS = 1_000
_SEEDS = re.compile(r"(\d{1,6})(?::(\d{1,6}))?", re.ASCII)
_ANSWERS, _INDEX = "answers", Path("answers/index.html")

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sheets and answers</title><style>:root {{color-scheme: light dark}}
body {{font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 30rem; padding: 0 1rem}}
td {{padding-right: 2rem}}</style></head><body><h1>Sheets and answers</h1><table>
{rows}
</table></body></html>
"""


def add_exercise(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(worksheet)
    parser.add_argument(
        "--exercise", default=_ALL, metavar="NAME", help="lstm, bptt, boosting, mixture or all (default)"
    )
    parser.add_argument("--seed", default="1", metavar="A:B", help="a seed, or seeds from A to B (default: 1)")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="a folder, which is made if need be")
    parser.add_argument("--markdown", action="store_true", help="also write Markdown with LaTeX")
    parser.add_argument("--results", action="store_true", help="ask only for the last number of each step")
    parser.add_argument("--lang", choices=("en", "zh-TW"), default="en", help="language of the sheets (default: en)")
    parser.add_argument("--replace", action="store_true", help="write over sheets that are there")


def worksheet(options: argparse.Namespace) -> int:
    """Sheets to hand out: exercises with numbers by seed, with blanks, and their answers in a folder of their own."""
    from core.lab.variants import MODULES

    seeds = _seeds(options.seed)
    folder = Path(options.out)
    names = list(MODULES) if options.exercise == _ALL else [options.exercise]
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file; expected the name of a folder")
    if not folder.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {folder.parent} to make {folder.name} in")
    digits = len(str(seeds[-1]))
    planned = [(name, seed, _files(f"{name}-{seed:0{digits}}", options.markdown)) for name in names for seed in seeds]
    there = {file for _name, _seed, files in planned for file in files if (folder / file).exists()}
    if there and not options.replace:
        raise FileExistsError(f"{folder / min(there)} is there already; --replace writes over it")
    first = _pages(options, *planned[0][:2])  # before anything is written, so that a refusal leaves nothing behind
    (folder / _ANSWERS).mkdir(parents=True, exist_ok=True)
    rows = []
    for place, (name, seed, files) in enumerate(planned):
        for file, page in zip(files, _pages(options, name, seed) if place else first, strict=True):
            (folder / file).write_text(page, encoding="utf-8")
            rows.append({"file": str(folder / file), "replaced": file in there})
    rows.append({"file": str(folder / _INDEX), "replaced": (folder / _INDEX).exists()})
    (folder / _INDEX).write_text(_index(folder), encoding="utf-8")
    return console.answer(options, rows, dict, _tell)


def _tell(row: dict[str, object]) -> None:
    console.line(f"{'replaced' if row['replaced'] else 'wrote'} {row['file']}")


def _seeds(text: str) -> Sequence[int]:
    match = _SEEDS.fullmatch(text)
    if match is None:
        raise ValueError(f"--seed is {text[:30]!r}; expected a seed such as 7, or seeds such as 1:30")
    first, last = int(match[1]), int(match[2] or match[1])
    if last < first:
        raise ValueError(f"--seed {text} ends before it begins")
    if last - first >= _MOST_SEEDS:
        raise ValueError(f"--seed {text} is {last - first + 1:,} seeds; at most {_MOST_SEEDS:,} at a time")
    return range(first, last + 1)


def _files(stem: str, markdown: bool) -> list[Path]:
    """Where a sheet and its answers go, in the folder."""
    endings = ("html", "md") if markdown else ("html",)
    return [place / f"{stem}.{ending}" for place in (Path(), Path(_ANSWERS)) for ending in endings]


def _pages(options: argparse.Namespace, name: str, seed: int) -> list[str]:
    """What goes into the files, in the order of `_files`."""
    from core.lab.handout import Handout
    from core.lab.variants import variant

    before = i18n.current()
    i18n.use(options.lang.replace("-", "_"))
    try:
        problem = variant(name, seed)
        asked = [part.blanks[-1].name for part in problem.parts] if options.results else []
        handouts = Handout(problem, seed, asked=asked), Handout(problem, seed, solved=True)
        written = [[handout.html(), *([handout.markdown()] if options.markdown else [])] for handout in handouts]
    finally:
        i18n.use(before)
    return [*written[0], *written[1]]


def _index(folder: Path) -> str:
    """A page for the teacher with a link to every sheet in the folder and its answers."""
    names = sorted(path.name for path in folder.glob("*-*.html") if (folder / _ANSWERS / path.name).exists())
    rows = "\n".join(
        f'<tr><td><a href="../{escape(name)}">{escape(name)}</a></td><td><a href="{escape(name)}">answers</a></td></tr>'
        for name in names
    )
    return _PAGE.format(rows=rows)
