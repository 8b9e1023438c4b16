"""Tokens and texts shown as they are: the one place where HTML is written, with every piece of user text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from core.runtime.i18n import gettext as _
from core.runtime.i18n import titled
from core.text.emoji import visible

if TYPE_CHECKING:
    from core.text.preprocessing import StepResult

_MOST_TOKENS = 300
_MOST_CHARACTERS = 3_000
_STYLE = """<style>
button[data-selected="true"] p, [data-testid="stSliderThumbValue"] * {color: light-dark(#5b57a6, #b5b1f2)}
[data-testid="stPopoverBody"] :is(button[data-selected="true"], [data-testid="stSliderThumbValue"]),
[data-testid="stPopoverBody"] :is(button[data-selected="true"] p, [data-testid="stSliderThumbValue"] *) {
  color: inherit !important}
button[kind="tertiary"]:is(:hover, :active, [aria-expanded="true"]) {color: light-dark(#5b57a6, #b5b1f2) !important}
[data-testid="stWidgetLabelRequired"], [data-stale="true"][class*="-start "] {display: none}
[data-testid="stMainBlockContainer"] {padding-top: 3rem}
[data-testid="stCaptionContainer"] code {color: inherit}
[data-testid="stMarkdownBadge"], .stMarkdownBadge, [data-testid="stFileUploaderDropzoneInstructions"] * {
  white-space: normal !important}
[data-testid="stButtonGroup"] > [role] {flex-wrap: wrap}
h1 {padding-block: 0.25rem !important}
.u-tokens {display: flex; flex-wrap: wrap; gap: .3rem; margin: .2rem 0 .4rem}
.u-diff {font-size: 1.1rem; align-items: baseline; gap: .35rem}
.u-plain {overflow-wrap: anywhere; unicode-bidi: isolate; max-width: 100%}
.u-edit {display: inline-flex; gap: .3rem; align-items: baseline; max-width: 100%; overflow-wrap: anywhere}
.u-edit del {text-decoration: line-through 2px #888; opacity: .75; unicode-bidi: isolate}
.u-edit ins {text-decoration: none; font-weight: 700; border: 2px solid light-dark(#5b57a6, #b5b1f2);
  border-radius: .4rem; padding: 0 .35rem; unicode-bidi: isolate}
.u-answer {font-size: 1.15rem; margin: 0; overflow-wrap: anywhere; unicode-bidi: plaintext}
.u-bar {position: relative; display: flex; height: .55rem; border-radius: .3rem; overflow: hidden}
.u-bar i {position: absolute; left: calc(50% - 1px); height: 100%; border-left: 2px solid white}
.u-steps {border-collapse: collapse; width: 100%; font-size: .92rem; table-layout: fixed}
.u-steps th {text-align: left; font-weight: 600; width: 9.5rem; vertical-align: top; padding: .35rem .6rem .35rem 0;
  overflow-wrap: anywhere}
.u-steps td {padding: .35rem 0; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext}
.u-steps tr {border-top: 1px solid rgba(128,128,128,.25)}
.u-same {opacity: .6}
@media (max-width: 640px) {.u-steps th {width: 6.5rem} .katex-display {font-size: .85em}}
@media (max-width: 768px) {[data-testid="stMainBlockContainer"] {padding-top: 4.25rem}}
</style>"""


def lead(line: str) -> None:
    """What a view answers, in a sentence that may hold words of the text."""
    st.html(f'<p class="u-answer">{escape(line)}</p>')


def paragraph(title: str, text: str) -> None:
    """A paragraph that begins with its title in bold, both Markdown."""
    st.markdown(_("**{title}.** {text}").format(title=title, text=text))


def share_bar(shares: Sequence[tuple[str, float, str]], tick: bool) -> None:
    """The probabilities of classes (name, share, colour) as one bar; with `tick`, a mark where one half is."""
    parts = [
        f'<span style="width: {100 * share:.2f}%; background: {colour}" title="{escape(f"{name} {share:.3f}")}"></span>'
        for name, share, colour in shares
    ]
    said = escape(", ".join(f"{name} {share:.3f}" for name, share, _colour in shares), quote=True)
    half = "<i></i>" if tick else ""
    st.html(f'<div class="u-bar" role="img" aria-label="{said}">{"".join(parts)}{half}</div>')


def style() -> None:
    """The style sheet of all pages and of the HTML in this module.

    The theme's one primary colour is dark enough for the white words that Streamlit (1.67) writes on it; as the colour
    of words on a dark ground it is too dark for a contrast of 4.5 to 1. `light-dark` asks for the colour scheme, which
    Streamlit sets, but not in popovers: there such words have the colour of text. Beside what always has a value
    Streamlit writes “(required)”, in English on every page and to no purpose: it is left out. So is the button of a
    search that runs, which Streamlit keeps, faded, below the search.
    """
    st.html(_STYLE)


def signed(number: float) -> str:
    """A number with its sign and two decimals; what rounds to zero has no sign."""
    return minus(f"{number:+.2f}") if round(number, 2) else "0.00"


def minus(number: str) -> str:
    """A number as it is printed, with a minus sign for its hyphen."""
    return number.replace("-", "−")


def change(number: float, written: str) -> dict[str, str]:
    """`st.metric`'s arguments for a change: it takes only a hyphen for a fall, so the arrow is chosen here."""
    arrow = "up" if number > 0 else "down" if number < 0 else "off"
    return {"delta": minus(written), "delta_color": "off", "delta_arrow": arrow}


class Number(float):
    """A number that every format of a message writes with a minus sign."""

    def __format__(self, spec: str) -> str:
        return minus(super().__format__(spec))


def _strip(chips: Sequence[str], count: int, more: str, kind: str = "") -> None:
    """Chips in a row; the line `more` where they are fewer than `count`."""
    st.html(f'<div class="u-tokens{kind}">{"".join(chips)}</div>')
    if count > _MOST_TOKENS:
        st.caption(more.format(count=count - _MOST_TOKENS))


def diff_strip(pieces: Sequence[tuple[str, str, str]]) -> None:
    """A sentence as pieces (kind, before, after): what went is struck through, what came is bold and framed.

    Pieces of the kind ``same`` stand as they are. Colour only repeats what the strokes say.
    """
    chips = []
    for kind, before, after in pieces[:_MOST_TOKENS]:
        if kind == "same":
            chips.append(f'<span class="u-plain">{escape(visible(before))}</span>')
            continue
        title = escape(titled(_(kind), f"{visible(before) or '∅'} → {visible(after) or '∅'}"), quote=True)
        gone = f"<del>{escape(visible(before))}</del>" if before else ""
        come = f"<ins>{escape(visible(after))}</ins>" if after else ""
        chips.append(f'<span class="u-edit" title="{title}">{gone}{come}</span>')
    _strip(chips, len(pieces), _("and {count:,} more tokens, not shown"), " u-diff")


def moved_strip(tokens: Sequence[str], moved: Sequence[bool]) -> None:
    """A sentence whose moved words are bold and framed."""
    chips = [
        f'<span class="u-edit"><ins>{escape(visible(token))}</ins></span>'
        if has_moved
        else f'<span class="u-plain">{escape(visible(token))}</span>'
        for token, has_moved in zip(tokens[:_MOST_TOKENS], moved, strict=False)
    ]
    _strip(chips, len(tokens), _("and {count:,} more tokens, not shown"), " u-diff")


def step_table(text: str, steps: Sequence[StepResult], names: dict[str, str]) -> None:
    """The text as typed and after each preprocessing step; a step that changed nothing says so."""
    as_typed, no_change = escape(_("as typed")), escape(_("no change"))
    rows = [f"<tr><th>{as_typed}</th><td>{_shortened(text)}</td></tr>"]
    for step in steps:
        after = _shortened(step.text) if step.changed else f'<span class="u-same">{no_change}</span>'
        rows.append(f"<tr><th>{escape(names.get(step.name, step.name))}</th><td>{after}</td></tr>")
    st.html(f'<table class="u-steps">{"".join(rows)}</table>')


def certificate(line: str, complete: bool, good: bool | None = None) -> None:
    """What a search covered and what follows; green if `good`, which is `complete` unless given, else blue."""
    show = st.success if (complete if good is None else good) else st.info
    show(plain(line), icon=":material/verified:" if complete else ":material/info:")


def plain(text: str) -> str:
    """Text for a place that reads Markdown, with Markdown's characters made harmless."""
    return "".join("\\" + char if char in r"\`*_{}[]()<>#+-.!|$:~" else char for char in text)


def _shortened(text: str) -> str:
    if len(text) <= _MOST_CHARACTERS:
        return escape(text)
    more = _("… ({count:,} more characters)").format(count=len(text) - _MOST_CHARACTERS)
    return escape(text[:_MOST_CHARACTERS]) + f'<span class="u-same">{escape(more)}</span>'
