"""Of which labelled file are the figures? The report's, kept as counts; this project's own sentences; or an upload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from core.data.labels import model_name, shown
from core.evaluation import binned_metrics_file
from core.evaluation.assessment import MOST_MODELS, own
from core.models import checkpoints
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext, together
from pages.server.caches import cached
from pages.widgets import black_box, models, query_params
from pages.wording import estimates
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.evaluation.assessment import Assessment
    from core.evaluation.binned_metrics import Tallies, Tally
    from core.models.checkpoints import Checkpoint

UPLOADED = "models uploaded"  # the session's last assessment of an upload, with its name
CHOSEN = "models on"  # the key of the choice of the file


class Shown(NamedTuple):
    """Tallies to draw; the assessment with its example rows where the texts are at hand; lines about the file; the row
    of controls that the view's own join."""

    tallies: Tallies
    assessment: Assessment | None
    about: list[str]
    row: DeltaGenerator


def keep(name: str, assessment: Assessment) -> None:
    """Keep the assessment of an upload for this session; the other views show it from then on."""
    before: tuple[str, Assessment] | None = st.session_state.get(UPLOADED)
    if before is None or before[1] is not assessment:
        st.session_state[UPLOADED] = (name, assessment)
        st.session_state[CHOSEN] = "upload"


def choose(cards: Mapping[str, Any]) -> Shown | None:
    """The file that is asked for; None, and a line, where there is nothing to show.

    In the link: ``on``.
    """
    row = st.container(horizontal=True, vertical_alignment="bottom")
    uploaded: tuple[str, Assessment] | None = st.session_state.get(UPLOADED)
    names = {"report": _("the report’s file"), "own": _("this project’s sentences")}
    if uploaded:
        names["upload"] = _("your file: {name}").format(name=plain(uploaded[0]))
    chosen = query_params.choice(
        row.segmented_control,
        _("Evaluation data"),
        names,
        name="on",
        key=CHOSEN,
        write=lambda chosen: None if chosen == "upload" else chosen,  # an upload stays with its session
    )
    if chosen == "upload" and uploaded:
        return _uploaded(*uploaded, row)
    return _own(row) if chosen == "own" else _report(cards, row)


def tell_of(shown: Shown) -> None:
    """The lines about the file, below what it says."""
    for line in shown.about:
        st.caption(plain(line))


def ranking(tallies: Tallies, rows: str) -> str:
    """Which model is right most often, in a sentence; tied are those whose paired difference may be zero."""
    best, *others = sorted(tallies.tallies, key=lambda tally: -tally.accuracy)
    tied = [model_name(one.model) for one in others if tallies.pair(best.model, one.model).interval[0] <= 0]
    return estimates.in_order({model_name(one.model): one.accuracy for one in tallies.tallies}, tied, rows)


def _report(cards: Mapping[str, Any], row: DeltaGenerator) -> Shown | None:
    try:
        kept = binned_metrics_file.load()
    except ValueError as error:
        st.error(plain(str(error)))
        return None
    if kept is None:
        st.info(
            _("No evaluation is stored yet. Run: python -m core assess --data FILE --out checkpoints/evaluation.json"),
            icon=":material/straighten:",
        )
        return None
    current = kept.tallies.current({name: checkpoints.identity(card) for name, card in cards.items()})
    gone = [tally.model for tally in kept.tallies.tallies if tally not in current.tallies]
    if gone:
        names = plain(listed(gone))
        st.warning(
            _("Left out, because their figures were measured on other models: {names}.").format(names=names),
            icon=":material/history:",
        )
    about = [
        _(
            "{file}: {rows:,} rows that no model was trained or selected on. Only counts are "
            "stored, so no examples can be shown. For examples, choose this project’s sentences."
        ).format(file=kept.source.file, rows=kept.source.rows)
    ]
    if missing := [model_name(name) for name in cards if name not in {tally.model for tally in current.tallies}]:
        line = _("No evaluation is stored for {names}. To evaluate on a labelled file of yours, use “Your file”.")
        about.append(line.format(names=listed(missing)))
    if not current.tallies:
        st.info(plain(about[-1]))
        return None
    return Shown(current, None, about, row)


def _own(row: DeltaGenerator) -> Shown | None:
    if not (loaded := loaded_checkpoints()):
        return None
    if not (apt := [checkpoint for checkpoint in loaded if checkpoint.reads_sentiment]):
        st.info(_("These sentences are labelled negative or positive, and no model here predicts these classes."))
        return None
    with row:
        apt = alike(apt, _("Classes of the models"), "models own classes")[:MOST_MODELS]
    assessment = _assessed(apt)
    about = [
        _(
            "{rows:,} sentences that one person wrote and labelled for this page; none is from a "
            "corpus. Half are positive, half negative, with negations, questions and emoticons. They "
            "are here for inspection: too few and too simple to measure how good a model is."
        ).format(rows=assessment.counted)
    ]
    if others := len(loaded) - len(apt):
        line = ngettext(
            "{count} model is left out: its labels differ, or there are too many models.",
            "{count} models are left out: their labels differ, or there are too many models.",
            others,
        )
        about.append(line.format(count=others))
    return Shown(assessment.tallies, assessment, about + _absent(assessment.tallies.tallies[0]), row)


def _uploaded(name: str, assessment: Assessment, row: DeltaGenerator) -> Shown:
    line = _("{rows:,} rows of {name} with a label and at least one word.").format(rows=assessment.counted, name=name)
    if not assessment.done:
        stopped = _("The evaluation stopped at {share:.0%} of the file.").format(share=assessment.share)
        line = together([line, stopped])
    return Shown(assessment.tallies, assessment, [line, *_absent(assessment.tallies.tallies[0])], row)


def loaded_checkpoints() -> list[Checkpoint]:
    """The models that can be evaluated here; a line on a black box, which cannot."""
    loaded = models.loaded()
    for model in filter(black_box.is_one, loaded):
        st.caption(_("{model} is a black box, which this page does not evaluate.").format(model=plain(model.name)))
    return [model for model in loaded if not black_box.is_one(model)]


def alike(loaded: list[Checkpoint], title: str, key: str) -> list[Checkpoint]:
    """The models with the classes that a person chooses, where they have different ones."""
    choices = list(dict.fromkeys(checkpoint.labels for checkpoint in loaded))
    labels = choices[0]
    if len(choices) > 1:
        labels = st.selectbox(
            title,
            choices,
            format_func=lambda names: " / ".join(map(shown, names)),
            key=key,
            persist_state="session",
            width=240,
        )
    return [checkpoint for checkpoint in loaded if checkpoint.labels == labels]


def _absent(tally: Tally) -> list[str]:
    """A line on the classes that have no row, if there are any."""
    absent = [shown(one.label) for one in tally.by_class if not one.rows]
    return [_("No row is labelled {names}.").format(names=listed(absent))] if absent else []


_assessed = cached(8)(own)


def choose_model(tallies: Tallies) -> str:
    """One of the models that were counted."""
    names = [tally.model for tally in tallies.tallies]
    return models.choose_name(names, "models model", "lstm" if "lstm" in names else names[0])
