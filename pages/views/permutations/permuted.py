"""What the views of a sentence's orders share: which models read it, which words stay, pairs where none flips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shown
from core.data.targets import probability_of
from core.probes.permutations import search as probe
from core.runtime.i18n import clauses, listed, titled
from core.runtime.i18n import gettext as _
from pages.server.caches import cached
from pages.server.fingerprint import fingerprint
from pages.widgets import answers, classes, frame, models, query_params, tables, text_strip
from pages.wording.terms import term
from pages.wording.tokens import plain, visible

if TYPE_CHECKING:
    from core.data.targets import Target
    from core.models.checkpoints import Checkpoint
    from core.models.predict import Verdict
    from core.models.predictor import Model
    from core.probes.permutations.composer import Pair

_COMPOSED = 3  # pairs


def readers_of(text: str, checkpoints: list[Checkpoint]) -> list[Checkpoint]:
    """The models that find a word in the text; says so where none does."""
    readers, verdicts = answers.answers(checkpoints, text)
    if readers:
        text_strip.warn_of_unknown(*(verdict.known for verdict in verdicts))
    else:
        frame.invite(text)
    answers.as_words(readers, text)
    return readers


def left_out(others: list[Checkpoint]) -> None:
    """Names the models that take no part because they read other words; nothing where there are none."""
    if others:
        names = plain(listed(model_name(checkpoint.name) for checkpoint in others))
        st.caption(_("Left out, because they split this sentence into other words: {models}.").format(models=names))


def flips_to(several: Sequence[Model], key: str) -> str | None:
    """The class that flips must lead to, None for any; asked for where a model has more than two classes."""
    names = classes.named_by(model for model in several if targets.default(model.labels) is None)
    if not names:
        return None
    chosen: str = query_params.choice(
        st.selectbox,
        _("Flips to"),
        {"": _("any other class")} | {name: shown(name) for name in names},
        name="to",
        key=f"{key} to",
        width=240,
    )
    return chosen or None


def verdicts_on(
    reader: Model, original: Sequence[str], order: Sequence[str], aim: Target | None = None
) -> tuple[Verdict, Verdict]:
    """A model's verdicts on two orders, both of one target: of `aim`, else as is usual for the original."""
    before = models.verdict_on_tokens(reader, tuple(original))
    before = before.aimed(aim or before.target)
    return before, models.verdict_on_tokens(reader, tuple(order)).aimed(before.target)


def changes(flips: Sequence[tuple[Verdict, Verdict]]) -> str:
    """``RNN, LSTM (positive → negative)``."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one, other in flips:
        groups.setdefault((shown(one.label), shown(other.label)), []).append(model_name(one.model))
    line = _("{models} ({before} → {after})")
    return listed(
        line.format(models=listed(names), before=before, after=after) for (before, after), names in groups.items()
    )


def flip_badge(line: str, after: Verdict) -> None:
    """A badge for a flip; of two classes, in the colour of the new verdict."""
    usual, color = targets.default(after.labels), "gray"
    if any(after.known):
        color = "violet" if usual is None else "blue" if after.predicted == usual.number else "orange"
    st.badge(plain(line), icon=":material/swap_horiz:", color=color)  # type: ignore[arg-type]


def change_badge(before: Verdict, after: Verdict) -> None:
    """A model's verdicts on two orders."""
    name, chance = model_name(before.model), f"{before.probability:.3f} → {after.probability:.3f}"
    chance = f"{probability_of(before.target)} {chance}"
    if before.label == after.label:
        st.badge(plain(titled(name, clauses([shown(before.label), chance]))), icon=":material/equal:", color="gray")
    else:
        flip_badge(titled(name, clauses([f"{shown(before.label)} → {shown(after.label)}", chance])), after)


def composed_pairs(tokens: tuple[str, ...]) -> None:
    """Composed pairs with some of these words, offered where no order flips."""
    st.caption(_("Composed pairs with some of these words; both orders are valid English:"))
    header, pairs = [_("first order"), _("second order"), _("pattern")], _composed(tokens)
    rows = [(pair.a, pair.b, term(pair.pattern)) for pair in pairs]
    tables.table(header, rows, "composed pairs", texts=[pair.b for pair in pairs], firsts=[pair.a for pair in pairs])


@cached(64)
def _composed(tokens: tuple[str, ...]) -> tuple[Pair, ...]:
    from core.probes.permutations import composer

    return composer.nearest(tokens, _COMPOSED)


def pins(tokens: tuple[str, ...]) -> list[int]:
    """The positions that stay, chosen for this sentence; punctuation and links at first."""
    usual, key = list(probe.marks(tokens)), f"permutations pins {fingerprint(tokens)}"
    pinned = query_params.linked(
        st.multiselect,
        _("Locked words"),
        range(len(tokens)),
        name="pins",
        key=key,
        default=usual,
        read=query_params.positions(len(tokens), all_of_them=False),
        write=lambda pinned: None if sorted(pinned) == usual else query_params.written(sorted(pinned)),
        format_func=lambda index: f"{index + 1} {visible(tokens[index])}",
        placeholder=_("none: every word can move"),
        help=_("Punctuation and links stay locked unless you remove them here."),
    )
    return sorted(pinned)
