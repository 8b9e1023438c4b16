"""The smallest edits of a sentence that change a verdict: what to ask, the search, the flips as word diffs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import Names, model_name, shown
from core.probes.edits import search as edits
from core.probes.edits import sources as edit_sources
from core.probes.edits.constraints import FLOOR
from core.probes.robustness.questions import MAX_CHANGES
from core.probes.robustness.word_lists import WORDNET
from core.runtime.i18n import clauses, ngettext
from core.runtime.i18n import gettext as _
from core.runtime.malloc import give_back
from core.storage.database import Prediction
from pages.server import background_search
from pages.server.caches import cached
from pages.server.fingerprint import fingerprint
from pages.views.sarcasm import reading
from pages.views.sarcasm.kept import FindCandidate, keep_find_form
from pages.widgets import answers, black_box, certificate, classes, frame, models, query_params, tables, text_strip
from pages.widgets.number_inputs import ask_decimal, ask_whole
from pages.wording.terms import parts, term
from pages.wording.tokens import diff_strip, lead, minus, plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.fluency.trigram import Trigram
    from core.models.predict import Verdict
    from core.models.predictor import Model
    from core.probes.edits.results import Edited, EditProgress, MinimalEdits
    from core.probes.edits.sources import WordSources

MOST_EDITS, MOST_THRESHOLD, MOST_BUDGET, MOST_SECONDS = 4, 60.0, 1_000_000, 600
_SECONDS, _CHANGES = 30, 2
_MOST = "edits most"
_ROWS, _HEIGHT = 5, 215
_GUARDS = ("polarity", "antonyms", "negations")


def view(text: str, checkpoints: list[Model]) -> None:
    """Everything to set before a search for edits, the search, and what it found."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        checkpoint = models.choose(checkpoints, "edits model")
        read = reading.ask(checkpoint.labels)
        disagree = read in checkpoint.labels
        goal = _goal(checkpoint.labels, disagree)
        with st.popover(_("Settings"), icon=":material/tune:"), query_params.one_note():
            tokens = list(dict.fromkeys(checkpoint.preprocessing(text)))
            protected = st.multiselect(
                _("Protected words"),
                tokens,
                key=f"edits protected {fingerprint(tuple(tokens))}",
                persist_state="session",
                placeholder=_("none: any word may be edited"),
            )
            off, bounds = _off(), _bounds()
    if not tokens:
        frame.invite(text)
        return
    answers.as_words([checkpoint], text)
    verdict = models.verdict(checkpoint, text)
    answer, proof, rest = st.container(), st.container(), st.container()
    with proof:
        most = min(MAX_CHANGES, len(checkpoint.preprocessing(text)))
        certificate.view(checkpoint, text, WORDNET, min(_CHANGES, most), most)
    if goal == edits.FLIP and disagree and verdict.label != read:
        with answer:
            _say_it_disagrees(verdict, str(read))
        return
    sources = _sources(checkpoint)
    if sources is None:
        return
    try:
        question = edit_sources.ask(
            checkpoint,
            sources,
            text,
            goal,
            protect=protected,
            no_guards=off,
            reading=read,
            **bounds,
        )
    except ValueError as error:
        st.warning(plain(str(error)), icon=":material/edit_off:")
        return
    key = (checkpoint.name, checkpoint.hash, text, goal, question.reading, tuple(protected), *bounds.values(), *off)

    def start() -> background_search.Start:
        from core.probes.edits.victims import victim

        return partial(edits.search, checkpoint.name, victim(checkpoint), question)

    with answer:
        text_strip.warn_of_unknown(verdict.known)
        st.caption(
            _("{model} says {label} now: {chance} = {probability:.3f}.").format(
                model=plain(model_name(checkpoint.name)),
                label=plain(shown(verdict.label)),
                chance=classes.probability_name_plain(verdict.target),
                probability=verdict.probability,
            )
        )
        background_search.view(
            "edits",
            key,
            start,
            _say,
            partial(_show, rest=rest),
            _("Search for edits"),
            shared=not black_box.is_one(checkpoint),
        )


def _say_it_disagrees(verdict: Verdict, read: str) -> None:
    """The goal is reached before any edit: what to do instead."""
    lead(
        _("{model} already disagrees with you: it says {label}, you say {reading}.").format(
            model=model_name(verdict.model), label=shown(verdict.label), reading=reading.name(read)
        )
    )
    st.write(_("There is nothing to edit. Keep the comment, or search for an edit that makes the model agree."))

    def agree() -> None:
        st.session_state["edits goal"] = read

    with st.container(horizontal=True, vertical_alignment="center"):
        _link("comment", _("Keep this comment"), ":material/bookmark_add:")
        st.button(_("Goal: {label}").format(label=plain(reading.name(read))), on_click=agree, icon=":material/undo:")


def _link(view: str, label: str, icon: str) -> None:
    """A link to another view of this page that keeps the rest of the link."""
    st.page_link("pages/2_Sarcasm.py", label=label, icon=icon, query_params=st.query_params.to_dict() | {"view": view})


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


def _goal(labels: Names, disagree: bool) -> str:
    """A class, or any verdict but the model's own, which is the person's where the model is to disagree with them."""
    other = _("make the model disagree with me") if disagree else _("another verdict")
    goals = {edits.FLIP: other} | {name: shown(name) for name in reversed(labels)}
    return classes.choose(_("Goal"), goals, name="goal", key="edits goal")


def _bounds() -> dict[str, float | int]:
    one, two = st.columns(2, vertical_alignment="bottom")
    with one:
        most = ask_whole(_("Maximum edits"), "edits", 1, MOST_EDITS, edits.MAX_EDITS, key=_MOST)
        budget = ask_whole(
            _("Budget (sentences)"), "budget", 1, MOST_BUDGET, edits.BUDGET, key="edits budget", step=10_000
        )
    with two:
        threshold = ask_decimal(
            _("Maximum fluency drop (nats)"),
            "floor",
            MOST_THRESHOLD,
            FLOOR,
            key="edits floor",
            step=1.0,
            required=True,
            help=_("Measured by the trigram. The README explains how texts of different lengths are compared."),
        )
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


def _show(result: MinimalEdits, key: str, rest: DeltaGenerator) -> None:
    if result.found and result.best is None:
        lead(result.certificate)
        return
    lead(_in_a_sentence(result))
    best = result.best or result.closest
    if best is not None:
        _edited(result, best)
    if result.best is None and best is not None:
        st.caption(_("Closest attempt (no flip)"))
    with rest:
        _details(result, best, key)


def _details(result: MinimalEdits, best: Edited | None, key: str) -> None:
    if best is not None and result.best is not None:
        flips = [result.best, *result.others]
        if len(flips) > 1:
            chosen = _table(result, flips)
            best = flips[chosen[0]] if chosen else result.best
            if chosen:
                _edited(result, best)
        keep_find_form(
            FindCandidate(
                text=best.text,
                original=result.text,
                predictions={result.model: Prediction(best.probability, best.label, result.target)},
                source="edit",
                how=in_words(best),
            ),
            f"keep edit {key}",
        )
    else:
        _offer_more()
    st.caption(plain(result.certificate))
    _guard_table(result)


def _in_a_sentence(result: MinimalEdits) -> str:
    """The smallest edit's effect, or that there was none."""
    model = model_name(result.model)
    if result.best is None:
        line = _("No edit that was tried makes {model} change its verdict, {label}.")
        if result.goal in result.labels:
            line = _("No edit that was tried makes {model} say {goal}; it says {label}.")
        return line.format(model=model, label=shown(result.label), goal=shown(result.goal))
    count = len(result.best.edits)
    return ngettext(
        "{count} edit makes {model} say {label}: {chance} {before:.3f} → {after:.3f}.",
        "{count} edits make {model} say {label}: {chance} {before:.3f} → {after:.3f}.",
        count,
    ).format(
        count=count,
        model=model,
        label=shown(result.best.label),
        chance=classes.probability_name(result.target),
        before=result.probability,
        after=result.best.probability,
    )


def _offer_more() -> None:
    """What to try where no edit was enough."""
    most = st.session_state[_MOST]

    def more() -> None:
        st.session_state[_MOST] = most + 1

    with st.container(horizontal=True, vertical_alignment="center"):
        if most < MOST_EDITS:
            st.button(_("Allow {count} edits").format(count=most + 1), on_click=more, icon=":material/add:")
        _link("compose", _("Compose a sarcastic remark"), ":material/theater_comedy:")
    st.caption(_("Or choose another model, or switch off a meaning guard in the settings."))


def in_words(edited: Edited) -> str:
    """The edits in one line of plain words, in English, as it is kept."""
    return "; ".join(
        f"{edit.kind}: {' '.join(edit.before) or '∅'} → {' '.join(edit.after) or '∅'}" for edit in edited.edits
    )


def _guard_table(result: MinimalEdits) -> None:
    with st.expander(_("Edits rejected by guards and constraints"), icon=":material/shield:"):
        st.caption(
            _(
                "Scored {queries:,} sentences in {seconds:.2f} seconds; a gradient counts as one. Of "
                "{proposed:,} single edits proposed, {candidates:,} were allowed."
            ).format(
                queries=result.queries,
                seconds=result.seconds,
                proposed=result.proposed,
                candidates=result.candidates,
            )
        )
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
    line = _("{label}, {chance} {before:.3f} → {after:.3f}").format(
        label=shown(one.label),
        chance=classes.probability_name(result.target),
        before=result.probability,
        after=one.probability,
    )
    if one.fluency_change is not None:
        line += " · " + _("fluency {change} nats ({scorer})").format(
            change=minus(f"{one.fluency_change:+.1f}"), scorer=term(result.scorer or "")
        )
    if doubts := _doubts(one):
        line += " · " + _("Guards not passed: {doubts}").format(doubts=doubts)
    st.caption(plain(line))


def _doubts(one: Edited) -> str:
    return clauses(
        _("{guard}: {judgement}").format(guard=term(guard), judgement=term(judgement))
        for guard, judgement in one.guards.items()
        if judgement != "passed"
    )


def _table(result: MinimalEdits, flips: list[Edited]) -> list[int]:
    """The flips, fewest edits first; the one that was chosen, if any."""
    several = targets.default(result.labels) is None  # else every flip has the same verdict
    header = [
        classes.probability_name(result.target),
        *([_("verdict")] if several else []),
        *(_("edited"), _("edits"), _("fluency change (nats)"), _("guards not passed"), _("minimal")),
    ]
    minimal = {True: _("yes"), False: _("no"), None: _("not checked")}
    rows: list[tuple[object, ...]] = [
        (
            round(one.probability, 3),
            *([shown(one.label)] if several else []),
            one.text,
            parts(in_words(one)),
            None if one.fluency_change is None else round(one.fluency_change, 2),
            _doubts(one),
            minimal[one.minimal],
        )
        for one in flips
    ]
    st.markdown(
        "**"
        + _("{shown:,} of {count:,} flips, fewest edits first, then most fluent.").format(
            shown=len(flips), count=result.flips
        )
        + "**"
    )
    height = _HEIGHT if len(flips) > _ROWS else "content"
    return tables.table(header, rows, "edits", texts=[one.text for one in flips], height=height)
