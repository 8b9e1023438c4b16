"""Evaluates formulas that a person typed, by a small grammar; nothing in them is ever executed.

A formula is numbers, allowed names, + - * / **, brackets and the functions below; anything else is refused. It is
compiled to operands followed by their operators (Dijkstra 1961, the shunting yard) and evaluated in numpy's float64, so
10**10**10 is infinite and costs no memory. − ^ × · ÷ ² ³ and ŷ, σ, h₁ are read as they are meant. Length is limited.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from core.runtime.i18n import gettext as _

Array = np.ndarray[Any, np.dtype[np.float64]]

MOST_CHARACTERS, MOST_NODES = 2_000, 400
CONSTANTS = {"e": math.e, "pi": math.pi}
FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "sigma": lambda a: 1 / (1 + np.exp(-a)),
    "exp": np.exp,
    "log": np.log,
    "ln": np.log,
    "sqrt": np.sqrt,
    "cosh": np.cosh,
    "sinh": np.sinh,
    "sech": lambda a: 1 / np.cosh(a),
    "abs": np.abs,
}
_BINARY: dict[str, tuple[int, Callable[[Array, Array], Array]]] = {
    "+": (1, np.add),
    "-": (1, np.subtract),
    "*": (2, np.multiply),
    "/": (2, np.divide),
    "**": (4, np.power),
}
_SIGN = 3  # how strongly a sign binds: more than * and less than **
# As people write it, and as the grammar has it; each is one character, so that positions stay the same.
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "÷": "/"})
_POWERS = {"²": "2", "³": "3"}
_LETTERS = {"ŷ": "yhat", "y_hat": "yhat", "σ": "sigma"}
_SUBSCRIPTS = {ord(digit): str(value) for value, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")} | {ord("ₜ"): "t", ord("ᵢ"): "i"}
_WORD = re.compile(
    r"(?P<space>\s+)|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<power>[²³])"
    r"|(?P<name>(?![²³])[^\W\d](?:(?![²³])[\w₀-₉ₜᵢ])*)|(?P<sign>\*\*|[-+*/^()])"
)


class _Word(NamedTuple):
    """A number, a name (of a value or a function) or a sign of a formula, as typed, and its position, from 1."""

    value: float | str
    typed: str
    position: int


_Step = float | str | tuple[Callable[..., Array], int]  # a number, a name, or an operation and how many operands it has


def parse(text: str, names: Iterable[str]) -> Callable[[Mapping[str, Array | float]], Array]:
    """Parse a formula in these names: a function of their values, float64, of the shape that these have together.

    Overflow is an infinity and what is not defined is NaN, without a warning. Raises ValueError, one line.
    """
    offered = frozenset(names)
    if len(text) > MOST_CHARACTERS:
        raise ValueError(
            _("the formula has {count:,} characters; at most {most:,} are allowed").format(
                count=len(text), most=MOST_CHARACTERS
            )
        )
    words = list(_words(unicodedata.normalize("NFC", text), offered))
    if not words:
        raise ValueError(_("the formula is empty; {on_offer}").format(on_offer=_on_offer(offered)))
    program = _program(words)
    if len(program) > MOST_NODES:
        raise ValueError(_("the formula has more than {most} numbers, names and operators").format(most=MOST_NODES))

    def formula(values: Mapping[str, Array | float]) -> Array:
        stack: list[Array] = []
        with np.errstate(all="ignore"):
            for step in program:
                if isinstance(step, tuple):
                    function, operands = step
                    stack[-operands:] = [function(*stack[-operands:])]
                else:
                    stack.append(np.asarray(values[step] if isinstance(step, str) else step, dtype=np.float64))
        return np.asarray(stack.pop(), dtype=np.float64)

    return formula


def _words(text: str, offered: frozenset[str]) -> Iterator[_Word]:
    signs = text.translate(_SIGNS)
    position = 0
    while position < len(text):
        match = _WORD.match(signs, position)
        if match is None:
            raise ValueError(
                _("the formula contains {text} at character {place}; {on_offer}").format(
                    text=_shown(text[position]), place=position + 1, on_offer=_on_offer(offered)
                )
            )
        kind, word, typed = match.lastgroup, match.group(), text[position : match.end()]
        position += 1
        if kind == "power":
            yield _Word("**", typed, position)
            yield _Word(float(_POWERS[word]), typed, position)
        elif kind == "sign":
            yield _Word("**" if word == "^" else word, typed, position)
        elif kind == "number":
            yield _Word(_number(word), typed, position)
        elif kind == "name":
            yield _Word(_known(word, offered), typed, position)
        position = match.end()


def _number(word: str) -> float:
    if not math.isfinite(float(word)):
        raise ValueError(
            _("the number {word} is too large for float64; the limit is 1.8e308").format(word=_shown(word))
        )
    return float(word)


def _known(word: str, offered: frozenset[str]) -> float | str:
    """A name that has a value, a constant's value, or the name of a function."""
    name = _name(word)
    if name in CONSTANTS and name not in offered:
        return CONSTANTS[name]
    if name not in offered and name not in FUNCTIONS:
        raise ValueError(
            _("the formula contains the unknown name {word}; {on_offer}").format(
                word=_shown(word), on_offer=_on_offer(offered)
            )
        )
    return name


def _name(word: str) -> str:
    name = re.sub(r"(?<![_₀-₉])(?=[₀-₉ₜᵢ])", "_", word).translate(_SUBSCRIPTS)
    return _LETTERS.get(name, name)


def _program(words: list[_Word]) -> list[_Step]:
    """Operands followed by their operators. Raises ValueError at the word with which it stops being a formula."""
    program: list[_Step] = []
    waiting: list[tuple[int, _Word, _Step]] = []  # strength (0 of a bracket or function), word, operation
    ended = False  # whether the word before ended a term
    for before, word in zip([None, *words], words, strict=False):
        value = word.value
        starts = value not in (*_BINARY, ")")
        if before is not None and before.value in FUNCTIONS and value != "(":
            raise _without_brackets(before)
        if ended and starts and before is not None:
            raise ValueError(
                _("{first} and {second} stand side by side at character {place}; write a product with *").format(
                    first=_shown(before.typed), second=_shown(word.typed), place=word.position
                )
            )
        if not ended and not starts and value not in ("+", "-"):
            raise _unreadable(word)
        if value in FUNCTIONS:
            waiting.append((0, word, (FUNCTIONS[str(value)], 1)))
        elif value == "(":
            waiting.append((0, word, ""))
        elif starts:
            program.append(value)
        elif value == ")":
            while waiting and waiting[-1][0]:
                program.append(waiting.pop()[2])
            if not waiting:
                raise _unreadable(word)
            waiting.pop()
            if waiting and waiting[-1][1].value in FUNCTIONS:
                program.append(waiting.pop()[2])
        elif ended:
            strength, operation = _BINARY[str(value)]
            while waiting and waiting[-1][0] >= strength + (value == "**"):
                program.append(waiting.pop()[2])
            waiting.append((strength, word, (operation, 2)))
        else:
            waiting.append((_SIGN, word, (np.negative if value == "-" else np.positive, 1)))
        ended = value == ")" or (starts and value != "(" and value not in FUNCTIONS)
    if not ended:
        raise _without_brackets(words[-1]) if words[-1].value in FUNCTIONS else _unreadable(words[-1])
    for strength, word, step in reversed(waiting):
        if not strength:
            raise _unreadable(word)
        program.append(step)
    return program


def _without_brackets(word: _Word) -> ValueError:
    return ValueError(_("the function {name} needs brackets, as in {name}(w_o)").format(name=word.typed))


def _unreadable(word: _Word) -> ValueError:
    return ValueError(
        _(
            "the formula cannot be read near {typed} at character {place}; check the brackets, "
            "and put an operator between two terms"
        ).format(typed=_shown(word.typed), place=word.position)
    )


def _on_offer(offered: frozenset[str]) -> str:
    names = ", ".join(sorted([*offered, *CONSTANTS]))
    return _("allowed: numbers, {names}, + - * / ** ( ) and {functions}").format(
        names=names, functions=", ".join(FUNCTIONS)
    )


def _shown(text: str) -> str:
    """A piece of what was typed, in quotes and short."""
    short = text if len(text) <= 24 else text[:23] + "…"
    return "'" + "".join(char if char.isprintable() else f"U+{ord(char):04X}" for char in short) + "'"
