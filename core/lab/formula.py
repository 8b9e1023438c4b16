"""Evaluates formulas that a person typed, by a small grammar; nothing in them is ever executed.

A formula is numbers, allowed names, + - * / **, brackets and the functions below; anything else is refused. It is
compiled to operands followed by their operators (Dijkstra 1961, the shunting yard) and evaluated in numpy's float64, so
10**10**10 is infinite and costs no memory. − ^ × · ÷ ² ³ and ŷ, σ, h₁, h2 are read as they are meant, a derivative such
as ∂L/∂h_2 is a name, factors side by side are a product, and LaTeX is read by `lab.pasted`. Length is limited.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from core.lab.pasted import plain
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
    "relu": lambda a: np.maximum(a, 0.0),
    "step": lambda a: np.heaviside(a, 0.0),
    "tanh'": lambda a: 1 - np.tanh(a) ** 2,
    "sigma'": lambda a: 1 / (2 + np.exp(-a) + np.exp(a)),
    "relu'": lambda a: np.heaviside(a, 0.0),
}
_OF_LATEX = ("tanh", "exp", "ln", "cosh", "sinh")
_BINARY: dict[str, tuple[int, Callable[[Array, Array], Array]]] = {
    "+": (1, np.add),
    "-": (1, np.subtract),
    "*": (2, np.multiply),
    "/": (2, np.divide),
    "**": (4, np.power),
}
_SIGN = 3  # how strongly a sign binds: more than * and less than **
_BARE = 3  # how strongly a function without brackets binds
# As people write it, and as the grammar has it; each is one character, so that positions stay the same.
_SIGNS = str.maketrans("−–×·⋅∙⊙∘÷′", "--******/'")
_POWERS = {"²": "2", "³": "3"}
_LETTERS = {"ŷ": "yhat", "y_hat": "yhat", "σ": "sigma", "sig": "sigma", "δ": "delta", "h_T": "h"}
_SUBSCRIPTS = {ord(digit): str(value) for value, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")}
_SUBSCRIPTS |= {ord("ₜ"): "t", ord("ᵢ"): "i", ord("ₕ"): "h", ord("ₒ"): "o"}
_SUB = "₀-₉ₜᵢₕₒ"
_WORD = re.compile(
    r"(?P<space>\s+)|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<power>[²³])"
    rf"|(?P<name>(?:∂\s*)?(?![²³])[^\W\d](?:(?![²³])[\w{_SUB}])*'?)|(?P<sign>\*\*|[-+*/^()])"
)
_RATIO = re.compile(rf"\s*/\s*(?P<under>[∂d]\s*[\w{_SUB}]+)")


class _Word(NamedTuple):
    """A number, a name (of a value or a function) or a sign of a formula, as typed, and its position, from 1."""

    value: float | str
    typed: str
    position: int


class _Operation(NamedTuple):
    """A function or an operator: what it computes, its name, and how many operands it has."""

    function: Callable[..., Array]
    name: str
    operands: int


_Step = float | str | _Operation  # a number, a name, or an operation


@dataclass(frozen=True)
class Formula:
    """A parsed formula, to be called with the values of its names: float64, of the shape that they have together.

    Overflow is an infinity and what is not defined is NaN, without a warning.
    """

    program: tuple[_Step, ...]

    def __call__(self, values: Mapping[str, Array | float]) -> Array:
        """Its value."""
        stack: list[Array] = []
        with np.errstate(all="ignore"):
            for step in self.program:
                if isinstance(step, _Operation):
                    stack[-step.operands :] = [step.function(*stack[-step.operands :])]
                else:
                    stack.append(np.asarray(values[step] if isinstance(step, str) else step, dtype=np.float64))
        return np.asarray(stack.pop(), dtype=np.float64)

    def latex(self, letter: Callable[[str], str] = str) -> str:
        """The formula as it was understood, in LaTeX; `letter` writes a name."""
        stack: list[tuple[str, int]] = []  # text, strength
        for step in self.program:
            if isinstance(step, _Operation):
                stack[-step.operands :] = [_written(step, stack[-step.operands :])]
            elif isinstance(step, str):
                stack.append((letter(step), 9))
            else:
                known = {math.e: "e", math.pi: r"\pi"}
                stack.append((known.get(step) or f"{step:.12g}", 9))
        return stack.pop()[0]


def _written(step: _Operation, operands: list[tuple[str, int]]) -> tuple[str, int]:
    """An operation in LaTeX, and how strongly it binds."""

    def held(place: int, strength: int) -> str:
        text, binds = operands[place]
        return text if binds >= strength else rf"\left({text}\right)"

    if step.name in FUNCTIONS:
        name = {"sigma": r"\sigma", "sigmoid": r"\sigma", "sigma'": r"\sigma'", "log": r"\ln"}.get(step.name)
        name = name or (rf"\{step.name}" if step.name in _OF_LATEX else rf"\operatorname{{{step.name}}}")
        return rf"{name}\left({operands[0][0]}\right)", 4
    if step.operands == 1:
        return step.name + held(0, 2), 2
    if step.name == "/":
        return rf"\frac{{{operands[0][0]}}}{{{operands[1][0]}}}", 3
    if step.name == "**":
        return rf"{held(0, 5)}^{{{operands[1][0]}}}", 4
    if step.name == "*":
        right = held(1, 3)
        return held(0, 2) + (r" \cdot " if right[:1].isdigit() else r"\, ") + right, 2
    right = held(1, 2 if step.name == "-" else 1)
    return f"{operands[0][0]} {step.name} " + (rf"\left({right}\right)" if right[0] in "+-" else right), 1


def parse(text: str, names: Iterable[str]) -> Formula:
    """Parse a formula in these names. Raises ValueError, one line."""
    offered = frozenset(names)
    if len(text) > MOST_CHARACTERS:
        raise ValueError(
            _("the formula has {count:,} characters; at most {most:,} are allowed").format(
                count=len(text), most=MOST_CHARACTERS
            )
        )
    words = list(_words(plain(unicodedata.normalize("NFC", text)), offered))
    if not words:
        raise ValueError(_("the formula is empty; {on_offer}").format(on_offer=_on_offer(offered)))
    program = _program(words)
    if len(program) > MOST_NODES:
        raise ValueError(_("the formula has more than {most} numbers, names and operators").format(most=MOST_NODES))
    return Formula(tuple(program))


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
            ratio = _RATIO.match(signs, match.end())
            derivative = _spelt(f"{_over(word)}/{_over(ratio['under'])}" if ratio else "", offered)
            if ratio and derivative in offered:
                position, end = match.start() + 1, ratio.end()
                yield _Word(derivative, text[match.start() : end], position)
                position = end
                continue
            yield _Word(_known(word, offered), typed, position)
        position = match.end()


def _number(word: str) -> float:
    if not math.isfinite(float(word)):
        raise ValueError(
            _("the number {word} is too large for float64; the limit is 1.8e308").format(word=_shown(word))
        )
    return float(word)


def _over(word: str) -> str:
    """A half of a derivative, as ``dh_2``."""
    return "d" + _name(word.lstrip("∂ ") if word.startswith("∂") else word[1:].lstrip())


def _known(word: str, offered: frozenset[str]) -> float | str:
    """A name that has a value, a constant's value, or the name of a function."""
    name = _name(word)
    if name not in FUNCTIONS:
        name = _spelt(name, offered)
    if name in CONSTANTS and name not in offered:
        return CONSTANTS[name]
    if name not in offered and name not in FUNCTIONS:
        raise ValueError(
            _("the formula contains the unknown name {word}; {on_offer}").format(
                word=_shown(word), on_offer=_on_offer(offered)
            )
        )
    return name


def _spelt(name: str, offered: frozenset[str]) -> str:
    """The name as it is offered, where it is typed without its _ or in capitals: h2, W_o."""
    if name in offered:
        return name
    bare = name.replace("_", "").lower()
    return next((other for other in sorted(offered) if other.replace("_", "").lower() == bare), name)


def _name(word: str) -> str:
    name, prime = word.removesuffix("'"), "'" * word.endswith("'")
    name = re.sub(rf"(?<![_{_SUB}])(?=[{_SUB}])", "_", name).translate(_SUBSCRIPTS)
    name = _LETTERS.get(name, name)
    return ("sigma" if prime and name == "sigmoid" else name) + prime


def _program(words: list[_Word]) -> list[_Step]:
    """Operands followed by their operators. Raises ValueError at the word with which it stops being a formula."""
    program: list[_Step] = []
    # Strength (0 of a bracket or of a function with brackets), word, and the operations that follow the operands.
    waiting: list[tuple[int, _Word, list[_Step]]] = []

    def settle(strength: int) -> None:
        while waiting and waiting[-1][0] >= strength:
            program.extend(waiting.pop()[2])

    ended = bare = False  # whether the word before ended a term; whether a function without brackets has its term
    place = 0
    while place < len(words):
        word = words[place]
        value, place = word.value, place + 1
        starts = value not in (*_BINARY, ")")
        if ended and starts:
            if word.typed[0] in "0123456789.":
                raise ValueError(
                    _("{first} and {second} stand side by side at character {place}; write a product with *").format(
                        first=_shown(words[place - 2].typed), second=_shown(word.typed), place=word.position
                    )
                )
            if bare:
                raise _without_brackets(next(step[1] for step in reversed(waiting) if step[1].value in FUNCTIONS))
            settle(_BINARY["*"][0])
            waiting.append((_BINARY["*"][0], word, [_operation("*")]))
        if not ended and not starts and value not in ("+", "-"):
            raise _unreadable(word)
        if value in FUNCTIONS:
            name = str(value)
            then: list[_Step] = [_Operation(FUNCTIONS[name], name, 1)]
            if [other.value for other in words[place : place + 1]] == ["**"]:  # tanh²(a) is tanh(a)²
                power = words[place + 1].value if place + 1 < len(words) else None
                opens = place + 2 < len(words) and words[place + 2].value == "("
                if power not in (2.0, 3.0) or not opens:
                    raise _without_brackets(word)
                then += [float(power), _operation("**")]
                place += 2
            if place == len(words):
                raise _without_brackets(word)
            brackets = words[place].value == "("
            if not brackets and words[place].value in (*_BINARY, ")", *FUNCTIONS) and words[place].value != "-":
                raise _without_brackets(word)
            waiting.append((0 if brackets else _BARE, word, then))
        elif value == "(":
            waiting.append((0, word, []))
        elif starts:
            program.append(value)
        elif value == ")":
            while waiting and waiting[-1][0]:
                program.extend(waiting.pop()[2])
            if not waiting:
                raise _unreadable(word)
            waiting.pop()
            if waiting and not waiting[-1][0] and waiting[-1][1].value in FUNCTIONS:
                program.extend(waiting.pop()[2])
        elif ended:
            strength = _BINARY[str(value)][0]
            settle(strength + (value == "**"))
            waiting.append((strength, word, [_operation(str(value))]))
        else:
            negative = _Operation(np.negative if value == "-" else np.positive, str(value), 1)
            waiting.append((_SIGN, word, [negative]))
        ended = value == ")" or (starts and value != "(" and value not in FUNCTIONS)
        bare = ended and any(step[1].value in FUNCTIONS and step[0] for step in waiting[-2:])
    if not ended:
        raise _unreadable(words[-1])
    for strength, word, steps in reversed(waiting):
        if not strength:
            raise _unreadable(word)
        program.extend(steps)
    return program


def _operation(sign: str) -> _Operation:
    return _Operation(_BINARY[sign][1], sign, 2)


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
    names = ", ".join(sorted([*(name for name in offered if "/" not in name), *CONSTANTS]))
    return _("allowed: numbers, {names}, + - * / ** ( ) and {functions}").format(
        names=names, functions=", ".join(name for name in FUNCTIONS if "'" not in name)
    )


def _shown(text: str) -> str:
    """A piece of what was typed, in quotes and short."""
    short = text if len(text) <= 24 else text[:23] + "…"
    return "'" + "".join(char if char.isprintable() else f"U+{ord(char):04X}" for char in short) + "'"
