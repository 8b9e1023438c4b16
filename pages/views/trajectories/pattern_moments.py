"""The moments at which a pattern's units are on again, in context, and what sets them apart from their file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import Names, shown
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together
from pages.views.trajectories import controls
from pages.widgets import classes, tables
from pages.wording import estimates
from pages.wording.terms import term
from pages.wording.tokens import minus, plain, visible

if TYPE_CHECKING:
    from core.probes.units.pattern_contrast import Contrast
    from core.probes.units.patterns import Index, Matches, Pattern


def show(index: Index, pattern: Pattern) -> None:
    """Search an index for a pattern and show what was found."""
    from core.probes.units.pattern_contrast import contrast
    from core.probes.units.patterns import search

    matches = search(index, pattern)
    st.caption(plain(_covered(index)))
    if matches.itself:
        st.caption(_("The sentence itself is in the file; it is left out."))
    if not matches.moments:
        st.info(
            _(
                "At none of the {windows:,} spans of {length:,} tokens are half of the {units:,} units on. Choose a "
                "shorter span or another threshold."
            ).format(windows=matches.windows, length=len(pattern), units=len(pattern.units))
        )
        return
    st.write(
        _(
            "Of {windows:,} spans of {length:,} tokens {qualifying:,} have half of the {units:,} units on or more; "
            "the best {shown:,} that do not overlap, by the number of those units, then by Jaccard’s index."
        ).format(
            windows=matches.windows,
            length=len(pattern),
            qualifying=matches.qualifying,
            units=len(pattern.units),
            shown=len(matches.moments),
        )
    )
    tables.table(*_table(index, matches))
    header = [
        *("row", "first_token", "last_token", "before", "span", "after", "shared", "of", "on", "jaccard", "stays_on"),
        *("probability", "label"),
    ]
    controls.csv_button("patterns", header, lambda: _rows(index, matches))
    _contrast(contrast(index, matches), classes.of(index.model), index.names)


def _covered(index: Index) -> str:
    line = _("{file}: {sentences:,} sentences, {tokens:,} tokens.").format(
        file=visible(term(index.file)), sentences=len(index.sentences), tokens=index.tokens
    )
    left_out = [
        (index.empty, _("{count:,} rows without a word")),
        (index.repeated, _("{count:,} that repeat an earlier one")),
        (index.cut, _("{count:,} that did not fit")),
    ]
    rows = ", ".join(name.format(count=count) for count, name in left_out if count)
    return together([line, _("Left out: {rows}.").format(rows=rows)]) if rows else line


def _label(index: Index, sentence: int) -> str:
    number = -1 if index.labels is None else int(index.labels[sentence])
    return index.names[number] if number >= 0 else ""


def _table(index: Index, matches: Matches) -> tuple[list[str], list[list[object]]]:
    """A header, and a row for each moment."""
    from core.probes.units.pattern_contrast import context

    labels = [] if index.labels is None else [_("label")]
    header = [_("before"), _("these tokens"), _("after"), _("units on"), _("Jaccard"), _("they stay on for")]
    header += [classes.probability_name(classes.of(index.model)), *labels, _("row")]
    return header, [
        [
            *map(visible, context(index, moment)),
            _("{shared} of {all}").format(shared=moment.shared, all=len(matches.pattern.units)),
            round(moment.jaccard, 2),
            moment.length,
            round(float(index.probability[moment.sentence]), 3),
            *(visible(shown(_label(index, moment.sentence))) for _one in labels),
            index.rows[moment.sentence],
        ]
        for moment in matches.moments
    ]


def _rows(index: Index, matches: Matches) -> list[tuple[object, ...]]:
    from core.probes.units.pattern_contrast import context

    return [
        (
            *(index.rows[moment.sentence], moment.first + 1, moment.last + 1),
            *context(index, moment),
            *(moment.shared, len(matches.pattern.units), moment.on, moment.jaccard, moment.length),
            float(index.probability[moment.sentence]),
            _label(index, moment.sentence),
        )
        for moment in matches.moments
    ]


def _contrast(contrasted: Contrast, labels: Names, read_as: Names) -> None:
    """What follows the moments, and the labels and verdicts of their sentences against all others."""
    title = _("What sets them apart from the file")
    st.markdown(f"**{title}**")
    if contrasted.next_words:
        header = [_("next word"), _("after these moments"), _("after all spans as long"), _("times as often")]
        tables.table(
            [*header, _("p, corrected")],
            [
                (
                    visible(word.word) or _("(end of the sentence)"),
                    f"{word.after:,} / {word.moments:,}",
                    f"{word.everywhere:,} / {word.windows:,}",
                    round(word.times, 1),
                    minus(f"{word.p:.2g}"),
                )
                for word in contrasted.next_words
            ],
        )
        st.caption(
            ngettext(
                "Fisher’s exact test, one-sided, of the {count:,} word that follows twice or more; spans of one "
                "sentence are no separate evidence, which it does not know.",
                "Fisher’s exact test, one-sided, times the {count:,} words that follow twice or more; spans of one "
                "sentence are no separate evidence, which it does not know.",
                contrasted.tested,
            ).format(count=contrasted.tested)
        )
    else:
        st.caption(_("No word follows two of these moments."))
    header = [_("of sentences"), _("with a moment"), _("all others"), _("difference")]
    rows: list[list[object]] = []
    if contrasted.positive is not None:
        gap = contrasted.positive_difference
        rows.append(
            [
                _("share labelled {label}").format(label=visible(shown(read_as[1]))),
                *(estimates.share(one.share, one.interval) for one in contrasted.positive),
                estimates.NONE if gap is None else estimates.signed(gap.mean, gap.interval, 3),
            ]
        )
    gap = contrasted.probability_difference
    rows.append(
        [
            _("mean {chance}").format(chance=classes.probability_name(labels)),
            *("–" if one is None else f"{one:.3f}" for one in contrasted.probability),
            estimates.NONE if gap is None else estimates.signed(gap.mean, gap.interval, 3),
        ]
    )
    tables.table(header, rows)
    st.caption(
        _(
            "{some:,} sentences with a moment, {others:,} others; 95 % intervals. {chance} is the model’s own, read "
            "from the same states as the pattern, so it is no evidence from outside."
        ).format(
            some=contrasted.sentences[0], others=contrasted.sentences[1], chance=classes.probability_name_plain(labels)
        )
    )
