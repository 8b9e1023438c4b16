"""Evaluates formulas that a person typed, by a small grammar; nothing in them is ever executed.

A formula is numbers, allowed names, + - * / **, brackets and the functions below. The tokeniser here refuses every
other character, name or number; `ast` then only finds the structure, of which only arithmetic nodes are accepted. They
are evaluated in numpy's float64, so 10**10**10 is infinite and costs no memory. − ^ × · ÷ ² ³ and ŷ, σ, h₁ are read as
they are meant. Length, nodes and nesting are limited.
"""

from __future__ import annotations

import ast
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from core.runtime.i18n import gettext as _

Array = np.ndarray[Any, np.dtype[np.float64]]

MOST_CHARACTERS, MOST_NODES, MOST_DEEP = 2_000, 400, 60
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
_BINARY: dict[type[ast.operator], Callable[[Array, Array], Array]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
_UNARY: dict[type[ast.unaryop], Callable[[Array], Array]] = {ast.USub: np.negative, ast.UAdd: np.positive}
# As people write it, and as the grammar has it. Each is one character, so that places in the text stay the same.
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "÷": "/"})
_POWERS = {"²": "2", "³": "3"}
_LETTERS = {"ŷ": "yhat", "y_hat": "yhat", "σ": "sigma"}
_SUBSCRIPTS = {ord(digit): str(value) for value, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")} | {ord("ₜ"): "t", ord("ᵢ"): "i"}
_WORD = re.compile(
    r"(?P<space>\s+)|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<power>[²³])"
    r"|(?P<name>(?![²³])[^\W\d](?:(?![²³])[\w₀-₉ₜᵢ])*)|(?P<sign>\*\*|[-+*/^(),])"
)


class _Word(NamedTuple):
    """A word of a formula: as typed, as `ast` is to read it, and its position, from 1."""

    kind: str
    typed: str
    source: str
    position: int


@dataclass(frozen=True)
class Formula:
    """A formula that can be worked out. `text` is what was typed, `names` are those of its letters that have values."""

    text: str
    names: frozenset[str]
    _nodes: tuple[ast.expr, ...]  # operands before their operators

    def __call__(self, values: Mapping[str, Array | float]) -> Array:
        """The formula's value: float64, of the shape that the values of its names have together.

        Overflow is an infinity and what is not defined is NaN, without a warning. LookupError where a name of it has
        no value.
        """
        stack: list[Array] = []
        with np.errstate(all="ignore"):
            for node in self._nodes:
                if isinstance(node, ast.Constant):
                    stack.append(np.float64(node.value))  # type: ignore[arg-type]
                elif isinstance(node, ast.Name):
                    stack.append(np.asarray(_value(node.id, values), dtype=np.float64))
                elif isinstance(node, ast.UnaryOp):
                    stack.append(_UNARY[type(node.op)](stack.pop()))
                elif isinstance(node, ast.Call):
                    stack.append(FUNCTIONS[node.func.id](stack.pop()))  # type: ignore[attr-defined]
                elif isinstance(node, ast.BinOp):
                    right, left = stack.pop(), stack.pop()
                    stack.append(_BINARY[type(node.op)](left, right))
        return np.asarray(stack.pop(), dtype=np.float64)


def parse(text: str, names: Iterable[str]) -> Formula:
    """Parse a formula in these names. Raises ValueError, one line."""
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
    _check_neighbours(words)
    nodes = _flat(_tree(words))
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    return Formula(text, frozenset(used & offered), nodes)


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
        kind, typed = str(match.lastgroup), text[position : match.end()]
        if kind != "space":
            yield _Word(kind, typed, _source(kind, match.group(), offered), position + 1)
        position = match.end()


def _source(kind: str, word: str, offered: frozenset[str]) -> str:
    """A word as `ast` is to read it."""
    if kind == "power":
        return f"**{_POWERS[word]}.0"
    if kind == "sign":
        return "**" if word == "^" else word
    if kind == "number":
        if not math.isfinite(float(word)):
            raise ValueError(
                _("the number {word} is too large for float64; the limit is 1.8e308").format(word=_shown(word))
            )
        return repr(float(word))
    name = _name(word)
    if name not in offered and name not in FUNCTIONS and name not in CONSTANTS:
        raise ValueError(
            _("the formula contains the unknown name {word}; {on_offer}").format(
                word=_shown(word), on_offer=_on_offer(offered)
            )
        )
    return name


def _name(word: str) -> str:
    name = re.sub(r"(?<![_₀-₉])(?=[₀-₉ₜᵢ])", "_", word).translate(_SUBSCRIPTS)
    return _LETTERS.get(name, name)


def _check_neighbours(words: list[_Word]) -> None:
    """No operand follows another; brackets are few and functions have theirs."""
    deep = 0
    for before, word in zip(words, [*words[1:], None], strict=True):
        deep += {"(": 1, ")": -1}.get(before.source, 0)
        if deep > MOST_DEEP:
            raise ValueError(_("the formula's brackets are nested more than {most} deep").format(most=MOST_DEEP))
        called = before.source in FUNCTIONS
        if called and (word is None or word.source != "("):
            raise ValueError(_("the function {name} needs brackets, as in {name}(w_o)").format(name=before.typed))
        ends = before.kind in ("number", "name", "power") or before.source == ")"
        if word is not None and ends and not called and (word.kind in ("number", "name") or word.source == "("):
            raise ValueError(
                _("{first} and {second} stand side by side at character {place}; write a product with *").format(
                    first=_shown(before.typed), second=_shown(word.typed), place=word.position
                )
            )


def _tree(words: list[_Word]) -> ast.expr:
    source, starts = "", []
    for word in words:
        starts.append((len(source), word))
        source += word.source + " "
    try:
        return ast.parse(source, mode="eval").body
    except SyntaxError as error:
        reached = [word for start, word in starts if start < (error.offset or 1)]
        near = reached[-1] if reached else words[0]
        raise ValueError(
            _(
                "the formula cannot be read near {typed} at character {place}; check the brackets, "
                "and put an operator between two terms"
            ).format(typed=_shown(near.typed), place=near.position)
        ) from None
    except (MemoryError, RecursionError, ValueError):
        raise ValueError(_("the formula is nested too deep to be read")) from None


def _flat(tree: ast.expr) -> tuple[ast.expr, ...]:
    """The nodes, operands before their operators; ValueError on one that is not arithmetic, or on too many."""
    nodes: list[ast.expr] = []
    waiting = [(tree, 1)]
    while waiting:
        node, deep = waiting.pop()
        nodes.append(node)
        if len(nodes) > MOST_NODES:
            raise ValueError(_("the formula has more than {most} numbers, names and operators").format(most=MOST_NODES))
        parts = _parts(node)
        # A sum of many terms is a tree as deep as it is long, and no deeper to a reader.
        waiting += [(part, deep + (type(part) is not type(node) or isinstance(part, ast.UnaryOp))) for part in parts]
        if deep > MOST_DEEP:
            raise ValueError(_("the formula is nested more than {most} deep").format(most=MOST_DEEP))
    return tuple(reversed(nodes))


def _parts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Constant) and type(node.value) is float:
        return []
    if isinstance(node, ast.Name) and node.id not in FUNCTIONS:
        return []
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return [node.operand]
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return [node.left, node.right]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        if len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred):
            return [node.args[0]]
        raise ValueError(_("the function {name} takes one term in its brackets").format(name=node.func.id))
    raise ValueError(_("the formula contains something that is not arithmetic; commas are not allowed"))


def _value(name: str, values: Mapping[str, Array | float]) -> Array | float:
    if name in values:
        return values[name]
    if name in CONSTANTS:
        return CONSTANTS[name]
    raise LookupError(f"the formula's name {name} has no value; there are values of {', '.join(sorted(values))}")


def _on_offer(offered: frozenset[str]) -> str:
    names = ", ".join(sorted([*offered, *CONSTANTS]))
    return _("allowed: numbers, {names}, + - * / ** ( ) and {functions}").format(
        names=names, functions=", ".join(FUNCTIONS)
    )


def _shown(text: str) -> str:
    """A piece of what was typed, in quotes and short."""
    short = text if len(text) <= 24 else text[:23] + "…"
    return "'" + "".join(char if char.isprintable() else f"U+{ord(char):04X}" for char in short) + "'"
