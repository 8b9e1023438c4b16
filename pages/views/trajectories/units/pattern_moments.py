"""The moments at which a pattern's units are on again, in context, and what sets them apart from their file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import shown
from core.data.targets import Target
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from pages.widgets import classes, tables, target
from pages.wording import estimates
from pages.wording.terms import term
from pages.wording.tokens import minus, plain, visible

if TYPE_CHECKING:
    from core.probes.units.pattern_contrast import Contrast
    from core.probes.units.patterns import Index, Matches, Moment, Pattern


def show(index: Index, pattern: Pattern) -> Moment | None:
    """Search an index for a pattern and show what was found; the best moment, if there is one."""
    from core.probes.units.pattern_contrast import contrast
    from core.probes.units.patterns import search

    matches = search(index, pattern)
    st.caption(plain(_covered(index)))
    if matches.itself:
        st.caption(_("The file contains this sentence; it is left out."))
    if not matches.moments:
        st.info(
            _(
                "None of the {windows:,} spans of {length:,} tokens has half of the {units:,} units "
                "on. Choose a shorter span or another threshold."
            ).format(windows=matches.windows, length=len(pattern), units=len(pattern.units))
        )
        return None
    tables.table(*_table(index, matches), texts=[" ".join(index.sentences[one.sentence]) for one in matches.moments])
    st.caption(
        _(
            "{qualifying:,} of {windows:,} spans of {length:,} tokens have at least half of the "
            "{units:,} units on. The best {shown:,} that do not overlap are listed. They are ranked "
            "by how many of these units are on, then by the Jaccard index."
        ).format(
            windows=matches.windows,
            length=len(pattern),
            qualifying=matches.qualifying,
            units=len(pattern.units),
            shown=len(matches.moments),
        )
    )
    header = [
        *("row", "first_token", "last_token", "before", "span", "after", "shared", "of", "on", "jaccard", "stays_on"),
        *("probability", "label", "target"),
    ]
    tables.download_chart("patterns", header, lambda: _rows(index, matches))
    with st.expander(_("How these moments differ from the file"), icon=":material/difference:"):
        _contrast(contrast(index, matches), pattern.target)
    return matches.moments[0]


def _covered(index: Index) -> str:
    line = _("{file}: {sentences:,} sentences, {tokens:,} tokens.").format(
        file=visible(term(index.file)), sentences=len(index.sentences), tokens=index.tokens
    )
    left_out = [
        (index.empty, _("{count:,} rows without words")),
        (index.repeated, _("{count:,} duplicates")),
        (index.cut, _("{count:,} over the size limit")),
    ]
    rows = ", ".join(name.format(count=count) for count, name in left_out if count)
    return together([line, _("Left out: {rows}.").format(rows=rows)]) if rows else line


def _table(index: Index, matches: Matches) -> tuple[list[str], list[list[object]]]:
    """A header, and a row for each moment."""
    from core.probes.units.pattern_contrast import context

    labels = [] if index.labels is None else [_("label")]
    header = [_("before"), _("span"), _("after"), _("units on"), _("Jaccard"), _("consecutive tokens on")]
    aim = matches.pattern.target
    header += [classes.probability_name(aim), *labels, _("row")]
    chance = index.chance(aim)
    return header, [
        [
            *map(visible, context(index, moment)),
            _("{shared} of {all}").format(shared=moment.shared, all=len(matches.pattern.units)),
            round(moment.jaccard, 2),
            moment.length,
            round(float(chance[moment.sentence]), 3),
            *(visible(shown(index.label(moment.sentence) or "")) for _one in labels),
            index.rows[moment.sentence],
        ]
        for moment in matches.moments
    ]


def _rows(index: Index, matches: Matches) -> list[tuple[object, ...]]:
    from core.probes.units.pattern_contrast import context

    chance = index.chance(matches.pattern.target)
    return [
        (
            *(index.rows[moment.sentence], moment.first + 1, moment.last + 1),
            *context(index, moment),
            *(moment.shared, len(matches.pattern.units), moment.on, moment.jaccard, moment.length),
            float(chance[moment.sentence]),
            index.label(moment.sentence) or "",
            target.column(matches.pattern.target),
        )
        for moment in matches.moments
    ]


def _contrast(contrasted: Contrast, aim: Target) -> None:
    """What follows the moments, and the labels and verdicts of their sentences against all others."""
    if contrasted.next_words:
        header = [_("next word"), _("after these moments"), _("after all spans of this length"), _("frequency ratio")]
        tables.table(
            [*header, _("corrected p")],
            [
                (
                    visible(word.word) or _("(end of sentence)"),
                    f"{word.after:,} / {word.moments:,}",
                    f"{word.everywhere:,} / {word.windows:,}",
                    round(word.times, 1),
                    minus(f"{word.p:.2g}"),
                )
                for word in contrasted.next_words
            ],
        )
        st.caption(
            _("p: Fisher’s one-sided exact test, times the {count:,} words that follow twice or more.").format(
                count=contrasted.tested
            )
        )
    else:
        st.caption(_("No next word occurs after two of these moments."))
    header = [_("sentences"), _("with a moment"), _("all others"), _("difference")]
    rows: list[list[object]] = []
    if contrasted.positive is not None:
        gap = contrasted.positive_difference
        rows.append(
            [
                _("share labelled {label}").format(label=visible(shown(contrasted.label))),
                *(estimates.share(one.share, one.interval) for one in contrasted.positive),
                estimates.NONE if gap is None else estimates.signed(gap.mean, gap.interval, 3),
            ]
        )
    gap = contrasted.probability_difference
    rows.append(
        [
            _("mean {chance}").format(chance=classes.probability_name(aim)),
            *("–" if one is None else f"{one:.3f}" for one in contrasted.probability),
            estimates.NONE if gap is None else estimates.signed(gap.mean, gap.interval, 3),
        ]
    )
    tables.table(header, rows)
    st.caption(
        _("{some:,} sentences with a moment, {others:,} others; 95 % intervals.").format(
            some=contrasted.sentences[0], others=contrasted.sentences[1]
        )
    )
