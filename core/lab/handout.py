"""An exercise as a sheet to hand out: a page of HTML in one file, or Markdown with LaTeX; with blanks or solved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from html import escape

from core.lab.attempt import Blank, Part, Problem
from core.lab.mathml import mathml
from core.lab.worksheet import Line, number
from core.runtime import i18n
from core.runtime.i18n import gettext as _
from core.runtime.i18n import titled

_DIGITS = 6  # of a result on a solved sheet
_GAP = r"\underline{\qquad\qquad}"
_STYLE = """
:root {color-scheme: light dark; --ink: light-dark(#1c1b22, #e8e6ef); --faint: light-dark(#6b6875, #a5a1b2);
  --rule: light-dark(#cfccd8, #45424f); --ground: light-dark(#ffffff, #17161b); --box: light-dark(#f6f5f9, #201f26)}
body {font: 16px/1.5 system-ui, "Noto Sans TC", sans-serif; color: var(--ink); background: var(--ground);
  max-width: 46rem; margin: 2rem auto; padding: 0 1.25rem}
math {font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", math, serif; font-size: 1.1em}
math[display=block] {margin: .5rem 0; width: fit-content; overflow-x: auto; overflow-y: hidden; max-width: 100%}
h1 {font-size: 1.5rem; margin: 0} h2 {font-size: 1.1rem; margin: 1.4rem 0 .4rem; break-after: avoid}
p {margin: .4rem 0} .note {color: var(--faint); margin: .6rem 0 0; break-after: avoid}
header {display: flex; flex-wrap: wrap; gap: .4rem 2rem; align-items: baseline; border-bottom: 1px solid var(--rule);
  padding-bottom: .7rem; margin-bottom: .8rem}
header span {white-space: nowrap} header .name {flex: 1 1 16rem; display: flex; gap: .5rem}
.name i {flex: 1; border-bottom: 1px solid var(--ink)}
.given {display: flex; flex-wrap: wrap; gap: 0 2.5rem; background: var(--box); padding: .5rem 1rem;
  border-radius: .4rem}
.blanks {display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .9rem 1.5rem;
  margin: .6rem 0; padding: 0; list-style: none}
.blanks li {display: flex; gap: .45rem; align-items: baseline; break-inside: avoid; min-height: 1.9rem}
.blanks i {flex: 1; border-bottom: 1px solid var(--ink)}
.line, .sheet section {break-inside: avoid} .line {max-width: 100%}
.aligned > mtr > mtd {padding-left: 0; padding-right: 0; math-style: normal}
mtd[columnalign=right] {text-align: right} mtd[columnalign=left] {text-align: left}
[mathvariant^=bold] {font-weight: bold}
@page {size: A4; margin: 16mm 18mm}
@media print {:root {color-scheme: light} body {font-size: 11pt; margin: 0; padding: 0; max-width: none}
  .given {border: 1px solid var(--rule)} math[display=block] {overflow: visible}}
"""
_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head><body class="{kind}">
{body}
</body></html>
"""


@dataclass(frozen=True)
class Handout:
    """A problem as a sheet: `solved` or with blanks to fill in, which are those `asked` for, all where that is empty.

    `seed` is that of the numbers, printed on the sheet; None for a reader's own numbers. `worded` translates the words
    in an equation.
    """

    problem: Problem
    seed: int | None = None
    solved: bool = False
    asked: Collection[str] = ()
    worded: Callable[[str], str] = str

    def html(self) -> str:
        """The sheet as a page that needs no other file: light or dark on a screen, black on white on A4."""
        problem = self.problem
        parts = [
            f"<header><h1>{escape(problem.title)}</h1>{self._head()}</header>",
            f"<p>{escape(problem.question)}</p>",
            f'<div class="given">{self._lines(problem.given)}</div>',
        ]
        if digits := self._digits():
            parts.append(f'<p class="note">{escape(digits)}</p>')
        for place, part in enumerate(problem.parts, 1):
            if not (blanks := self._blanks(part)):
                continue
            title, filled = escape(part.title), "".join(map(self._blank, blanks))
            working = self._lines(problem.working(part)) if self.solved else ""
            parts.append(f'<section><h2>{place}. {title}</h2><ul class="blanks">{filled}</ul>{working}</section>')
        return _PAGE.format(
            language=i18n.current().replace("_", "-"),
            title=escape(self._title()),
            style=_STYLE,
            kind="answers" if self.solved else "sheet",
            body="\n".join(parts),
        )

    def markdown(self) -> str:
        """The sheet as Markdown with LaTeX between dollars."""
        problem = self.problem
        parts = [f"# {_plain(self._title())}"]
        if not self.solved:
            parts.append(titled(_("Name"), r"\_" * 30))
        parts += [_plain(problem.question), *self._texts(problem.given)]
        if digits := self._digits():
            parts.append(_plain(digits))
        for place, part in enumerate(problem.parts, 1):
            if not (blanks := self._blanks(part)):
                continue
            parts.append(f"## {place}. {_plain(part.title)}")
            parts.append("\n".join(f"- ${self._equation(blank, _GAP)}$" for blank in blanks))
            if self.solved:
                parts += self._texts(problem.working(part))
        return "\n\n".join(parts) + "\n"

    def _marks(self) -> list[str]:
        seed = [] if self.seed is None else [_("sheet {seed}").format(seed=self.seed)]
        return [*seed, _("answers")] if self.solved else seed

    def _title(self) -> str:
        return ", ".join([self.problem.title, *self._marks()])

    def _head(self) -> str:
        marks = "".join(f"<span>{escape(mark)}</span>" for mark in self._marks())
        if self.solved:
            return marks
        name = escape(titled(_("Name"), ""))
        return f'{marks}<span class="name">{name}<i></i></span>'

    def _digits(self) -> str:
        count = 0 if self.solved else self.problem.decimals
        return _("Decimals: at least {count}.").format(count=count) if count else ""

    def _blanks(self, part: Part) -> list[Blank]:
        return [blank for blank in part.blanks if self.solved or not self.asked or blank.name in self.asked]

    def _blank(self, blank: Blank) -> str:
        return f"<li>{mathml(self._equation(blank, ''), display=False)}{'' if self.solved else '<i></i>'}</li>"

    def _equation(self, blank: Blank, gap: str) -> str:
        value = number(self.problem.truth[blank.name], _DIGITS) if self.solved else gap
        return Line(f"{self.worded(blank.symbol)} = {value}").latex

    def _lines(self, lines: Iterable[Line]) -> str:
        return "".join(
            f'<div class="line">{f"""<p class="note">{escape(line.note)}</p>""" if line.note else ""}'
            f"{mathml(self.worded(line.latex))}</div>"
            for line in lines
        )

    def _texts(self, lines: Iterable[Line]) -> list[str]:
        return [text for line in lines for text in (_plain(line.note), f"$$\n{self.worded(line.latex)}\n$$") if text]


def _plain(text: str) -> str:
    """Plain text in Markdown: its special characters escaped."""
    return "".join("\\" + char if char in r"\`*_{}[]<>#|$~" else char for char in text)
