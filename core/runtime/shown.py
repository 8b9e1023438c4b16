"""Results that show themselves in a notebook, and as a table of pandas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 20  # that a notebook shows
_LONGEST = 200  # characters of the line above a table
_PARTS = ("target", "labels", "family")  # that say nothing in a row


class Shown:
    """A dataclass with a row for each item of its fields named in `listed`; else for each entry of the field `along`,
    its tokens unless another is named, with every number that an entry has; else one row of its numbers and texts.

    `picture` makes the figure of a result whose answer is one; `core.api` sets it. `pictured` says a class is such.
    """

    listed: ClassVar[tuple[str, ...]] = ()
    along: ClassVar[str] = "tokens"
    pictured: ClassVar[bool] = False
    picture: ClassVar[Callable[[Any], Any] | None] = None

    def to_frame(self) -> pd.DataFrame:
        """A table of pandas: a row an order, edit, remark, token or the like."""
        import pandas as pd

        return pd.DataFrame([*self._rows()])

    def _rows(self) -> Iterator[dict[str, Any]]:
        entries = getattr(self, self.along, None)
        if self.listed:
            for name in self.listed:
                items = getattr(self, name)
                for item in [items] if is_dataclass(items) else items or ():
                    yield ({"found": name} if len(self.listed) > 1 else {}) | flat(item)
        elif entries is not None and len(entries):
            columns = {name: values for name, values in _values(self) if _one_each(values, len(entries))}
            for place in range(len(entries)):
                yield {"token" if name == "tokens" else name: of[place] for name, of in columns.items()}
        else:
            yield flat(self)

    def _repr_html_(self) -> str:
        frame = self.to_frame()
        said = (getattr(self, name, None) for name in ("model", "text", "status"))
        about = " · ".join(str(one) for one in said if one)[:_LONGEST]
        count = f" ({MOST_ROWS} of {len(frame):,} rows)" if len(frame) > MOST_ROWS else ""
        head = f"<p><b>{type(self).__name__}</b> {escape(about)}{count}</p>"
        if not len(frame.columns):
            return head + "<p>none</p>"
        table: str = frame.head(MOST_ROWS).to_html(index=False, escape=True, float_format="{:.4g}".format)
        return head + table

    def _repr_mimebundle_(self, **more: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": repr(self)[:_LONGEST], "text/html": self._repr_html_()}
        if self.pictured and Shown.picture is not None:
            try:
                return bundle | (Shown.picture(self)._repr_mimebundle_(**more) or {})
            except LookupError:  # nothing to draw
                pass
        return bundle


def flat(item: Any, before: str = "") -> dict[str, Any]:
    """The numbers and texts of a dataclass, those of a dataclass within as ``outer.inner``; words as a text."""
    found: dict[str, Any] = {}
    for name, value in _values(item):
        if name in _PARTS:
            continue
        if value is None or isinstance(value, str | bool | int | float):
            found[before + name] = value
        elif is_dataclass(value) and not before:
            found |= flat(value, f"{name}.")
        elif isinstance(value, tuple) and value and all(isinstance(one, str) for one in value):
            found[before + name] = " ".join(value)
    return found


def _values(item: Any) -> list[tuple[str, Any]]:
    if hasattr(item, "_asdict"):
        return [*item._asdict().items()]
    return [(field.name, getattr(item, field.name)) for field in fields(item)]


def _one_each(values: Any, count: int) -> bool:
    """Whether it is a number, a text or a yes or no for each entry."""
    if isinstance(values, str | Mapping) or not hasattr(values, "__len__") or len(values) != count:
        return False
    return isinstance(values[0], str) or not (is_dataclass(values[0]) or getattr(values[0], "__len__", None))
