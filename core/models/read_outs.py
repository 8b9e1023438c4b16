"""What does the head of a model read? A pool of the states, of a text that may be padded.

A pool, over the states h_1 … h_T of the top layer:

    final      each direction's state after the last token that it reads: h_T, and of the way back h_1
    last       both directions' states at the last token, h_T
    reversed   `final` with the way back first, as in cat(h[-1], h[-2])
    max, mean  over all steps, each unit by itself
    cell       the LSTM's cell states where `final` takes the hidden ones
    dot        attention without parameters: Σ_t a_t h_t, a = softmax_t(h_t · q), q the states of `final`

and a side: none, every token is read (``unpadded``); ``padded:N``, padding behind the text up to N tokens; ``left:N``,
in front of it; ``cut:N``, no padding. A longer text is cut to its first N tokens, with ``left`` to its last N;
``:first`` and ``:last`` override that, as in ``padded:100:last``. Padding is then read and pooled like any word.

Axes: B batch, T steps, F what the head reads (H, or 2H of a bidirectional model).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from torch import Tensor

_T = TypeVar("_T")

POOLS = ("final", "last", "reversed", "max", "mean", "cell", "dot")
SIDES = ("padded", "left", "cut")
UNPADDED = "unpadded"
LONGEST = 10_000  # tokens that a text may be padded to


@dataclass(frozen=True)
class ReadOut:
    """One of `POOLS`, and one of `SIDES` with a length, or "" and 0; `last`: a longer text keeps its last tokens."""

    pool: str = POOLS[0]
    side: str = ""
    length: int = 0
    last: bool = False

    @classmethod
    def parse(cls, text: str) -> ReadOut:
        """``max``, ``padded:128``, ``mean left:100``. Raises ValueError that says what is allowed."""
        pool = side = ""
        length, last = 0, False
        for part in text.split():
            name, number, kept = [*part.split(":"), "", ""][:3]
            whole = number.isdecimal() and 1 <= int(number[:9]) <= LONGEST and kept in ("", "first", "last")
            if name in SIDES and not side and whole and part.count(":") <= 2:
                side, length, last = name, int(number), (kept or ("last" if name == "left" else "first")) == "last"
            elif part == UNPADDED and not side:
                side = UNPADDED
            elif part in POOLS and not pool:
                pool = part
            else:
                raise ValueError(
                    _(
                        "unknown read-out {text!r}; expected one of {pools}, and padded:N, left:N or cut:N with N from "
                        "1 to {longest:,}, as in “max padded:128”"
                    ).format(text=text[:60], pools=", ".join(POOLS), longest=LONGEST)
                )
        return cls(pool or POOLS[0], side.replace(UNPADDED, ""), length, last)

    def __str__(self) -> str:
        other = self.last != (self.side == "left")
        kept = (":last" if self.last else ":first") if self.side and other else ""
        padding = f"{self.side}:{self.length}{kept}" if self.side else ""
        return padding if padding and self.pool == POOLS[0] else f"{self.pool} {padding}".strip()

    @property
    def pads(self) -> bool:
        """Whether padding is read."""
        return self.side in ("padded", "left")

    @property
    def gathers(self) -> bool:
        """Whether the states of all steps are read."""
        return self.pool in ("max", "mean", "dot")

    def check(self, cell: str, bidirectional: bool) -> None:
        """Raises ValueError if such a model has no such pool."""
        if self.pool not in pools(cell, bidirectional):
            raise ValueError(
                _("a {way} {cell} has no read-out {pool!r}; available: {pools}").format(
                    way=_("bidirectional") if bidirectional else _("unidirectional"),
                    cell=cell.upper(),
                    pool=self.pool,
                    pools=", ".join(pools(cell, bidirectional)),
                )
            )

    def read(self, tokens: int) -> slice:
        """Which of so many tokens are read."""
        kept = min(tokens, self.length) if self.side else tokens
        return slice(tokens - kept, tokens) if self.last else slice(kept)

    def padded(self, tokens: Sequence[_T], pad: _T) -> list[_T]:
        """The tokens as they are read: cut, and with padding where it is read."""
        kept = list(tokens[self.read(len(tokens))])
        padding = [pad] * (self.length - len(kept)) if self.pads else []
        return padding + kept if self.side == "left" else kept + padding

    def embedded(self, x: Tensor, lengths: Tensor | None, pad: Tensor) -> tuple[Tensor, Tensor | None]:
        """Embedded texts x [B, T, E] of `lengths` [B] as they are read, and their lengths; `pad` [E] is padding."""
        import torch

        if not self.side:
            return x, lengths
        count, steps, _size = x.shape
        if lengths is None:
            lengths = torch.full((count,), steps, device=x.device)
        kept = lengths.clamp(max=self.length)
        index = torch.arange(self.length if self.pads else min(steps, self.length), device=x.device)[None]
        if self.side == "left":
            index = index - (self.length - kept[:, None])
        inside = (index >= 0) & (index < kept[:, None])
        index = (index + (lengths - kept)[:, None] * self.last).clamp(0, max(steps - 1, 0))
        chosen = x.gather(1, index[..., None].expand(-1, -1, x.shape[2]))
        return torch.where(inside[..., None], chosen, pad), None if self.pads else kept


def pools(cell: str, bidirectional: bool) -> tuple[str, ...]:
    """The pools that differ for such a model: a unidirectional one's final state is its last."""
    only_both = () if bidirectional else ("last", "reversed")
    return tuple(pool for pool in POOLS if pool not in only_both and (pool != "cell" or cell == "lstm"))


def gather(pool: str, h: Tensor, final: Tensor, cell: Tensor | None, inside: Tensor | None = None) -> Tensor:
    """What the head reads, [B, F], of states h [B, T, F] of the steps `inside` [B, T] (None: all).

    `final` [B, F] are the last states, `cell` the last cell states.
    """
    if pool == "cell":
        assert cell is not None
        return cell
    if pool == "max":
        return (h if inside is None else h.masked_fill(~inside[..., None], -float("inf"))).amax(dim=1)
    if pool == "mean":
        if inside is None:
            return h.mean(dim=1)
        return (h * inside[..., None]).sum(dim=1) / inside.sum(dim=1, keepdim=True)
    if pool == "dot":
        scores = (h @ final[..., None])[..., 0]
        if inside is not None:
            scores = scores.masked_fill(~inside, -float("inf"))
        return (scores.softmax(dim=1)[:, None] @ h)[:, 0]
    return final


def running(pool: str, h: Tensor, c: Tensor | None) -> Tensor:
    """What the head would read after each step, [T, H], of one direction's states h [T, H] and cell states c."""
    import torch

    if pool == "cell":
        assert c is not None
        return c
    if pool == "max":
        return h.cummax(dim=0).values
    if pool == "mean":
        return h.cumsum(dim=0) / torch.arange(1, len(h) + 1, device=h.device)[:, None]
    if pool == "dot":
        return torch.cat([gather(pool, h[None, : step + 1], h[None, step], None) for step in range(len(h))])
    return h
