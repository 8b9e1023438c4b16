"""The smallest edits of a sentence that change a verdict: what to ask, the search, the flips as word diffs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import Names
from core.data.tables import as_csv
from core.models.predict import EmptyTextError
from core.probes.edits import search as edits
from core.probes.edits import sources as edit_sources
from core.probes.edits.constraints import FLOOR
from core.runtime.i18n import clauses, ngettext
from core.runtime.i18n import gettext as _
from core.runtime.malloc import give_back
from pages.server import background_search
from pages.server.fingerprint import fingerprint
from pages.views.sarcasm.comment import ask_reading
from pages.views.sarcasm.kept import FindCandidate, keep_find_form
from pages.widgets import answers, black_box, classes, frame, models, query_params
from pages.wording.terms import parts, term
from pages.wording.tokens import diff_strip, plain

if TYPE_CHECKING:
    from core.fluency.trigram import Trigram
    from core.models.predictor import Model
    from core.probes.edits.results import Edited, EditProgress, MinimalEdits
    from core.probes.edits.sources import WordSources

MOST_EDITS, MOST_FLOOR, MOST_BUDGET, MOST_SECONDS = 4, 60.0, 1_000_000, 600
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
        _("Words that stay"),
        tokens,
        key=f"edits protected {fingerprint(tuple(tokens))}",
        persist_state="session",
        placeholder=_("none: every word may be edited"),
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

    background_search.view("edits", key, start, _say, _show, _("Search for edits"))


@st.cache_resource(max_entries=2, show_spinner=False)
def _loaded(fluency_hash: str, outside: bool, _checkpoint: Model, _trigram: Trigram | None) -> WordSources:
    found = edit_sources.load_for([_checkpoint], _trigram)
    give_back()
    return found


def _sources(checkpoint: Model) -> WordSources | None:
    fault = ""
    try:
        with frame.waiting(_("Loading the word lists…"), 320):
            fluency, fault = models.fluency()
            own, trigram = ("", None) if fluency is None else (fluency.hash, fluency.trigram)
            return _loaded(own, black_box.is_one(checkpoint), checkpoint, trigram)
    except (ValueError, LookupError, OSError) as error:
        st.warning(
            _("The search for edits cannot be used: {fault}").format(fault=plain(str(error or fault))),
            icon=":material/warning:",
        )
        return None


def _goal(labels: Names) -> str:
    names = classes.both(labels)
    goals = {"flip": _("the other one"), "positive": plain(names["positive"]), "negative": plain(names["negative"])}
    query_params.restore("goal", "flip", query_params.one_of(list(goals)), "edits goal")
    goal = st.segmented_control(
        _("The verdict to reach"),
        list(goals),
        format_func=goals.__getitem__,
        key="edits goal",
        required=True,
        persist_state="session",
    )
    query_params.carry("goal", None if goal == "flip" else goal)
    return str(goal)


def _bounds() -> dict[str, float | int]:
    sound = [
        query_params.restore("edits", edits.MAX_EDITS, query_params.whole(1, MOST_EDITS), "edits most"),
        query_params.restore("floor", FLOOR, query_params.decimal(0, MOST_FLOOR), "edits floor"),
        query_params.restore("budget", edits.BUDGET, query_params.whole(1, MOST_BUDGET), "edits budget"),
        query_params.restore("seconds", _SECONDS, query_params.whole(1, MOST_SECONDS), "edits seconds"),
    ]
    if not all(sound):
        st.caption(_("The link asks for bounds that cannot be, so the usual ones stand."))
    with st.expander(_("Bounds of the search"), icon=":material/tune:"):
        one, two, three, four = st.columns(4, vertical_alignment="bottom")
        number = partial(st.number_input, persist_state="session", required=True)
        with one:
            most = number(_("Edits at most"), 1, MOST_EDITS, key="edits most")
        with two:
            floor = number(
                _("Fluency may fall (nats)"),
                0.0,
                MOST_FLOOR,
                step=1.0,
                key="edits floor",
                help=_("By the trigram; where the length changes, see the README for how lengths are made equal."),
            )
        with three:
            budget = number(_("Budget (sentences)"), 1, MOST_BUDGET, step=10_000, key="edits budget")
        with four:
            seconds = number(_("Time (seconds)"), 1, MOST_SECONDS, step=10, key="edits seconds")
    query_params.carry("edits", None if most == edits.MAX_EDITS else str(most))
    query_params.carry("floor", None if floor == FLOOR else f"{floor:g}")
    query_params.carry("budget", None if budget == edits.BUDGET else str(budget))
    query_params.carry("seconds", None if seconds == _SECONDS else str(seconds))
    return {"max_edits": int(most), "fluency": float(floor), "budget": int(budget), "seconds": float(seconds)}


def _off() -> tuple[str, ...]:
    """The guards that are switched off."""
    names = {
        "polarity": _("polarity: no word that speaks against your reading"),
        "antonyms": _("antonyms: no opposite of the word replaced"),
        "negations": _("negations: none comes, goes or moves"),
    }

    def read(told: str) -> list[str] | None:
        parts = [] if told == "none" else told.split(".")
        return parts if set(parts) <= set(_GUARDS) and len(set(parts)) == len(parts) else None

    query_params.restore("guards", list(_GUARDS), read, "edits guards")
    on = st.pills(
        _("Meaning guards"),
        _GUARDS,
        selection_mode="multi",
        format_func=names.__getitem__,
        key="edits guards",
        persist_state="session",
        help=_("An edit that a guard refuses is not tried. A result says which guards it passed."),
    )
    written = ".".join(name for name in _GUARDS if name in on) or "none"
    query_params.carry("guards", None if set(on) == set(_GUARDS) else written)
    return tuple(name for name in _GUARDS if name not in on)


def _say(event: EditProgress) -> background_search.Shown:
    flips = ngettext("{flips:,} flip", "{flips:,} flips", event.flips).format(flips=event.flips)
    line = _("{queries:,} of up to {total:,} sentences scored, {flips} so far").format(
        queries=event.queries, total=event.total, flips=flips
    )
    return background_search.Shown(event.queries / max(event.total, 1), line, queries=event.queries)


def _show(found: MinimalEdits, key: str) -> None:
    (st.success if found.found or found.complete else st.info)(
        plain(found.certificate), icon=":material/verified:" if found.complete else ":material/info:"
    )
    _figures_of(found)
    _guard_table(found)
    best = found.best or found.closest
    if best is None:
        return
    st.header(_("The smallest edit found") if found.best else _("What came nearest, without a flip"))
    _edited(found, best)
    flips = [one for one in (found.best, *found.others) if one is not None]
    if len(flips) > 1:
        st.header(_("Flips"))
        st.caption(
            _("{shown:,} of {count:,}: those with the fewest edits first, and the most fluent of these.").format(
                shown=len(flips), count=found.flips
            )
        )
        _table(flips, classes.probability_name(classes.of(found.model)))
    if found.best is not None:
        st.header(_("Keep this find"))
        place = 0
        if len(flips) > 1:
            place = st.selectbox(
                _("Which flip"), range(len(flips)), format_func=lambda one: flips[one].text, key=f"edits chosen {key}"
            )
        chosen = flips[place]
        if place:
            _edited(found, chosen)
        keep_find_form(
            FindCandidate(
                text=chosen.text,
                original=found.text,
                probabilities={found.model: chosen.probability},
                reading=found.reading,
                source="edit",
                how=in_words(chosen),
            ),
            f"keep edit {key}",
        )


def in_words(found: Edited) -> str:
    """The edits in one line of plain words, in English, as it is kept."""
    return "; ".join(
        f"{edit.kind}: {' '.join(edit.before) or '∅'} → {' '.join(edit.after) or '∅'}" for edit in found.edits
    )


def _figures_of(found: MinimalEdits) -> None:
    chance = classes.probability_name_plain(classes.of(found.model))
    with st.container(horizontal=True):
        st.metric(_("{chance} as typed").format(chance=chance), f"{found.probability:.3f}", border=True)
        if found.best is not None:
            st.metric(_("{chance} edited").format(chance=chance), f"{found.best.probability:.3f}", border=True)
            change = found.best.fluency_change
            st.metric(
                _("fluency change (nats)"),
                "–" if change is None else f"{change:+.1f}",
                border=True,
                help=term(found.scorer or "") or None,
            )
    st.caption(
        _(
            "{queries:,} sentences were scored in {seconds:.2f} seconds, a gradient counted as one. Of {proposed:,} "
            "single edits proposed {candidates:,} were allowed."
        ).format(queries=found.queries, seconds=found.seconds, proposed=found.proposed, candidates=found.candidates)
    )


def _guard_table(found: MinimalEdits) -> None:
    if not found.guards:
        return
    judgements = {"passed": _("passed"), "failed": _("failed"), "cannot judge": _("cannot judge"), None: "–"}
    with st.expander(_("What the guards and constraints refused"), icon=":material/shield:"):
        st.dataframe(
            [
                {
                    _("guard"): term(name),
                    _("switched"): _("on") if report.on else _("off"),
                    _("the chosen edit"): judgements[report.judgement],
                    _("single edits that fail"): report.failed,
                    _("that it cannot judge"): report.unjudged,
                    _("of"): report.asked,
                }
                for name, report in found.guards.items()
            ],
            hide_index=True,
        )
        for name, count in found.refused.items():
            st.text(_("{count:,} refused: {name}").format(count=count, name=term(name)))


def _edited(found: MinimalEdits, one: Edited) -> None:
    diff_strip(one.diff)
    labels = classes.of(found.model)
    st.markdown(
        _("**{label}**, {chance} {before:.3f} → {after:.3f}").format(
            label=classes.said(one.probability, labels),
            chance=classes.probability_name_plain(labels),
            before=found.probability,
            after=one.probability,
        )
    )
    doubts = [
        _("{guard}: {judgement}").format(guard=term(g), judgement=term(j))
        for g, j in one.guards.items()
        if j != "passed"
    ]
    if doubts:
        st.caption(plain(_("Guards: {doubts}").format(doubts=clauses(doubts))))


def _table(flips: list[Edited], chance: str) -> None:
    header = [chance, _("edited"), _("edits"), _("fluency change (nats)"), _("guards in doubt"), _("minimal")]
    minimal = {True: _("yes"), False: _("no"), None: _("not checked")}
    rows: list[tuple[object, ...]] = [
        (
            round(one.probability, 4),
            one.text,
            parts(in_words(one)),
            None if one.fluency_change is None else round(one.fluency_change, 2),
            clauses(
                f"{term(name)}: {term(judgement)}" for name, judgement in one.guards.items() if judgement != "passed"
            ),
            minimal[one.minimal],
        )
        for one in flips
    ]
    st.dataframe([dict(zip(header, row, strict=True)) for row in rows], hide_index=True)
    st.download_button(
        _("Download as CSV"),
        as_csv(header, rows),
        "unrolled-edits.csv",
        "text/csv",
        key="download edits",
        on_click="ignore",
        icon=":material/download:",
    )
