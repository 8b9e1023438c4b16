"""The smallest edits of a sentence that change a verdict: what to ask, the search, the flips as word diffs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import Names, shown
from core.models.predict import EmptyTextError
from core.probes.edits import search as edits
from core.probes.edits import sources as edit_sources
from core.probes.edits.constraints import FLOOR
from core.runtime.i18n import clauses, ngettext
from core.runtime.i18n import gettext as _
from core.runtime.malloc import give_back
from core.storage.database import Prediction
from pages.server import background_search
from pages.server.caches import cached
from pages.server.fingerprint import fingerprint
from pages.views.sarcasm.comment import ask_reading
from pages.views.sarcasm.kept import FindCandidate, keep_find_form
from pages.widgets import answers, black_box, classes, frame, models, query_params, tables
from pages.widgets.number_inputs import ask_threshold, ask_whole
from pages.wording.terms import parts, term
from pages.wording.tokens import certificate, diff_strip, minus, plain

if TYPE_CHECKING:
    from core.fluency.trigram import Trigram
    from core.models.predictor import Model
    from core.probes.edits.results import Edited, EditProgress, MinimalEdits
    from core.probes.edits.sources import WordSources

MOST_EDITS, MOST_THRESHOLD, MOST_BUDGET, MOST_SECONDS = 4, 60.0, 1_000_000, 600
_SECONDS = 30
_GUARDS = ("polarity", "antonyms", "negations")


def view(text: str, checkpoints: list[Model]) -> None:
    """Everything to set before a search for edits, the search, and what it found."""
    with st.container(horizontal=True):
        checkpoint = models.choose(checkpoints, "edits model")
        reading = ask_reading(checkpoint.labels)
        goal = _goal(checkpoint.labels)
    sources = _sources(checkpoint)
    answers.as_words([checkpoint], text)
    if sources is None:
        return
    tokens = list(dict.fromkeys(checkpoint.preprocessing(text)))
    protected = st.multiselect(
        _("Protected words"),
        tokens,
        key=f"edits protected {fingerprint(tuple(tokens))}",
        persist_state="session",
        placeholder=_("none: any word may be edited"),
    )
    bounds, off = _bounds(), _off()
    try:
        question = edit_sources.ask(
            checkpoint,
            sources,
            text,
            goal,
            protect=protected,
            no_guards=off,
            reading=reading,
            **bounds,
        )
    except EmptyTextError:
        frame.invite(text)
        return
    except ValueError as error:
        st.warning(plain(str(error)), icon=":material/edit_off:")
        return
    key = (checkpoint.name, checkpoint.hash, text, goal, question.reading, tuple(protected), *bounds.values(), *off)

    def start() -> background_search.Start:
        from core.probes.edits.victims import victim

        return partial(edits.search, checkpoint.name, victim(checkpoint), question)

    background_search.view("edits", key, start, _say, _show, _("Search for edits"), lasting=True)


@cached(2, shared=True)
def _loaded(fluency_hash: str, outside: bool, _checkpoint: Model, _trigram: Trigram | None) -> WordSources:
    sources = edit_sources.load_for([_checkpoint], _trigram)
    give_back()
    return sources


def _sources(checkpoint: Model) -> WordSources | None:
    fault = ""
    try:
        with frame.waiting(_("Loading the word lists…"), 320):
            fluency, fault = models.fluency()
            own, trigram = ("", None) if fluency is None else (fluency.hash, fluency.trigram)
            return _loaded(own, black_box.is_one(checkpoint), checkpoint, trigram)
    except (ValueError, LookupError, OSError) as error:
        st.warning(
            _("The edit search cannot be used: {fault}").format(fault=plain(str(error or fault))),
            icon=":material/warning:",
        )
        return None


def _goal(labels: Names) -> str:
    goals = {edits.FLIP: _("the opposite verdict")} | {name: plain(shown(name)) for name in reversed(labels)}
    return query_params.choice(st.segmented_control, _("Target verdict"), goals, name="goal", key="edits goal")


def _bounds() -> dict[str, float | int]:
    with (
        query_params.one_note(_("The link has invalid search limits. Using the defaults.")),
        st.expander(_("Search limits"), icon=":material/tune:"),
    ):
        one, two, three, four = st.columns(4, vertical_alignment="bottom")
        with one:
            most = ask_whole(_("Maximum edits"), "edits", 1, MOST_EDITS, edits.MAX_EDITS, key="edits most")
        threshold = ask_threshold(
            two,
            _("Maximum fluency drop (nats)"),
            MOST_THRESHOLD,
            FLOOR,
            key="edits floor",
            help=_("Measured by the trigram. The README explains how texts of different lengths are compared."),
        )
        with three:
            budget = ask_whole(
                _("Budget (sentences)"), "budget", 1, MOST_BUDGET, edits.BUDGET, key="edits budget", step=10_000
            )
        with four:
            seconds = ask_whole(_("Time (seconds)"), "seconds", 1, MOST_SECONDS, _SECONDS, key="edits seconds", step=10)
    return {"max_edits": most, "fluency": threshold, "budget": budget, "seconds": float(seconds)}


def _off() -> tuple[str, ...]:
    """The guards that are switched off."""
    names = {
        "polarity": _("polarity: no word that contradicts your gold label"),
        "antonyms": _("antonyms: no opposite of the replaced word"),
        "negations": _("negations: none added, removed or moved"),
    }

    def read(given: str) -> list[str] | None:
        parts = [] if given == "none" else given.split(".")
        return parts if set(parts) <= set(_GUARDS) and len(set(parts)) == len(parts) else None

    on = query_params.linked(
        st.pills,
        _("Meaning guards"),
        _GUARDS,
        name="guards",
        key="edits guards",
        default=list(_GUARDS),
        read=read,
        write=lambda on: (
            None if set(on) == set(_GUARDS) else ".".join(name for name in _GUARDS if name in on) or "none"
        ),
        selection_mode="multi",
        format_func=names.__getitem__,
        help=_("Edits that a guard rejects are not tried. Each result says which guards it passed."),
    )
    return tuple(name for name in _GUARDS if name not in on)


def _say(event: EditProgress) -> background_search.Shown:
    flips = ngettext("{flips:,} flip", "{flips:,} flips", event.flips).format(flips=event.flips)
    line = _("{queries:,} of up to {total:,} sentences scored; {flips} so far").format(
        queries=event.queries, total=event.total, flips=flips
    )
    return background_search.Shown(event.queries / max(event.total, 1), line, queries=event.queries)


def _show(result: MinimalEdits, key: str) -> None:
    certificate(result.certificate, result.complete, result.found or result.complete)
    _figures_of(result)
    _guard_table(result)
    best = result.best or result.closest
    if best is None:
        return
    st.header(_("Smallest edit found") if result.best else _("Closest attempt (no flip)"))
    _edited(result, best)
    flips = [result.best, *result.others] if result.best else []
    if len(flips) > 1:
        st.header(_("Flips"))
        st.caption(
            _("{shown:,} of {count:,} flips, fewest edits first, then most fluent.").format(
                shown=len(flips), count=result.flips
            )
        )
        _table(flips, classes.probability_name(result.labels))
    if result.best is not None:
        st.header(_("Keep this find"))
        row = 0
        if len(flips) > 1:
            row = st.selectbox(
                _("Flip to keep"), range(len(flips)), format_func=lambda one: flips[one].text, key=f"edits chosen {key}"
            )
        chosen = flips[row]
        if row:
            _edited(result, chosen)
        keep_find_form(
            FindCandidate(
                text=chosen.text,
                original=result.text,
                predictions={result.model: Prediction.second(chosen.probability, result.labels)},
                reading=result.reading,
                source="edit",
                how=in_words(chosen),
            ),
            f"keep edit {key}",
        )


def in_words(edited: Edited) -> str:
    """The edits in one line of plain words, in English, as it is kept."""
    return "; ".join(
        f"{edit.kind}: {' '.join(edit.before) or '∅'} → {' '.join(edit.after) or '∅'}" for edit in edited.edits
    )


def _figures_of(result: MinimalEdits) -> None:
    chance = classes.probability_name_plain(result.labels)
    with st.container(horizontal=True):
        st.metric(_("{chance} as typed").format(chance=chance), f"{result.probability:.3f}", border=True)
        if result.best is not None:
            st.metric(_("{chance} edited").format(chance=chance), f"{result.best.probability:.3f}", border=True)
            change = result.best.fluency_change
            st.metric(
                _("fluency change (nats)"),
                "–" if change is None else minus(f"{change:+.1f}"),
                border=True,
                help=term(result.scorer or "") or None,
            )
    st.caption(
        _(
            "Scored {queries:,} sentences in {seconds:.2f} seconds; a gradient counts as one. Of "
            "{proposed:,} single edits proposed, {candidates:,} were allowed."
        ).format(queries=result.queries, seconds=result.seconds, proposed=result.proposed, candidates=result.candidates)
    )


def _guard_table(result: MinimalEdits) -> None:
    if not result.guards:
        return
    with st.expander(_("Edits rejected by guards and constraints"), icon=":material/shield:"):
        tables.table(
            [
                _("guard"),
                _("status"),
                _("chosen edit"),
                _("failed edits"),
                _("undecided edits"),
                _("edits checked"),
            ],
            [
                (
                    term(name),
                    _("on") if report.on else _("off"),
                    term(report.judgement or "–"),
                    report.failed,
                    report.unjudged,
                    report.asked,
                )
                for name, report in result.guards.items()
            ],
        )
        for name, count in result.refused.items():
            st.text(_("{count:,} rejected: {name}").format(count=count, name=term(name)))


def _edited(result: MinimalEdits, one: Edited) -> None:
    diff_strip(one.diff)
    labels = result.labels
    st.markdown(
        _("**{label}**, {chance} {before:.3f} → {after:.3f}").format(
            label=classes.said(one.probability, labels),
            chance=classes.probability_name_plain(labels),
            before=result.probability,
            after=one.probability,
        )
    )
    if doubts := _doubts(one):
        st.caption(plain(_("Guards not passed: {doubts}").format(doubts=doubts)))


def _doubts(one: Edited) -> str:
    return clauses(
        _("{guard}: {judgement}").format(guard=term(guard), judgement=term(judgement))
        for guard, judgement in one.guards.items()
        if judgement != "passed"
    )


def _table(flips: list[Edited], chance: str) -> None:
    header = [chance, _("edited"), _("edits"), _("fluency change (nats)"), _("guards not passed"), _("minimal")]
    minimal = {True: _("yes"), False: _("no"), None: _("not checked")}
    rows: list[tuple[object, ...]] = [
        (
            round(one.probability, 4),
            one.text,
            parts(in_words(one)),
            None if one.fluency_change is None else round(one.fluency_change, 2),
            _doubts(one),
            minimal[one.minimal],
        )
        for one in flips
    ]
    tables.table(header, rows, "edits")
