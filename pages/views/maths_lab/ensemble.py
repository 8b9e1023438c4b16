"""Boosting over the trained models: the figure kept beside the checkpoints, and the same on a file of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.data.formats.layout import Layout
from core.data.labels import model_name
from core.models import checkpoints as stored
from core.runtime.i18n import gettext as _
from pages.server import background_search
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls
from pages.widgets import black_box, label_meaning, models, uploaded_file
from pages.wording import estimates
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.lab.boosting.ensemble import Ensemble, Progress
    from core.models.checkpoints import Checkpoint

MOST_ROWS, _ROWS = 20_000, 2_000


def view() -> None:
    """What boosting makes of the models on the stored file, and on an upload."""
    st.header(_("Boosting the trained models"))
    st.write(
        _(
            "Here the learners are fixed: the models themselves, whose verdicts on labelled texts are the votes. The "
            "weights are fitted on one half of the rows, and judged on the other."
        )
    )
    _kept()
    st.markdown(_("**On a labelled file of your own**"))
    title = _("Texts with labels 0 and 1, or the names of the models’ classes")
    given = uploaded_file.upload(title, "boost file", "boost")
    if given is None:
        st.caption(_("Up to 20 MB. Larger files: `python -m core lab boosting --data FILE`."))
    else:
        _own(given)


def _kept() -> None:
    from core.lab.boosting import ensemble_file

    try:
        found = ensemble_file.load()
    except ValueError as error:
        st.error(plain(str(error)))
        return
    if found is None:
        st.info(
            _("Nothing is measured here yet. To do so: python -m core lab boosting --data FILE --out {file}").format(
                file=plain(f"checkpoints/{ensemble_file.FILE}")
            ),
            icon=":material/straighten:",
        )
        return
    here = {name: stored.identity(card) for name, card in models.cards()[0].items()}
    if outdated := ensemble_file.outdated(found, here):
        st.warning(
            _("These figures are of other models than those here: {names}.").format(names=plain(", ".join(outdated))),
            icon=":material/history:",
        )
    _show(found, "kept")
    st.caption(
        _("SHA-256 of the file begins with {digest}. None of its texts is kept here.").format(digest=found.sha256[:12])
    )


class _Asked(NamedTuple):
    text: str
    label: str
    layout: Layout
    rows: int
    seed: int
    meaning: tuple[tuple[str, str], ...]


def _own(given: uploaded_file.Upload) -> None:
    read = uploaded_file.control(given, "boost")
    if read is None:
        return
    columns, boxes = read.columns, st.columns(4, vertical_alignment="bottom")
    own = fingerprint(columns)
    text = boxes[0].selectbox(_("Texts"), columns, index=read.text, key=f"boost text {own}")
    label = boxes[1].selectbox(_("Labels"), columns, index=read.label, key=f"boost label {own}")
    rows = boxes[2].number_input(_("Rows to draw"), 20, MOST_ROWS, _ROWS, key="boost rows")
    seed = boxes[3].number_input(_("Seed"), 0, 9_999, 0, key="boost split")
    checkpoints = [model for model in models.load_all()[0] if not black_box.is_one(model)]
    meaning: dict[str, str] | None = {}
    if checkpoints:
        alike = [model for model in checkpoints if model.labels == checkpoints[0].labels]
        meaning = label_meaning.ask(given, label, read.layout, alike, "boost labels")
    if meaning is None:
        return
    asked = _Asked(text, label, read.layout, int(rows), int(seed), tuple(meaning.items()))
    hashes = tuple(sorted(checkpoint.hash for checkpoint in checkpoints))

    def start() -> background_search.Start:
        return lambda check_cancelled: _measured(given, asked, checkpoints, check_cancelled)

    background_search.view("ensemble", (given.digest, *asked, *hashes), start, _say, _show, _("Boost the models on it"))


def _measured(
    given: uploaded_file.Upload, asked: _Asked, checkpoints: list[Checkpoint], check_cancelled: Callable[[], None]
) -> Iterator[Progress]:
    from core.data.corpus import read_corpus
    from core.lab.boosting.ensemble import measure

    labelling = checkpoints[0].labelling if checkpoints else None
    try:
        corpus = read_corpus(
            given.path,
            asked.text,
            asked.label,
            layout=asked.layout,
            labelling=labelling,
            asked=dict(asked.meaning),
        )
    except (ValueError, LookupError) as error:
        raise ValueError(uploaded_file.told(error, given)) from error
    check_cancelled()
    corpus = replace(corpus, name=given.name).sample(asked.rows, asked.seed)
    yield from measure(corpus, checkpoints, seed=asked.seed, check_cancelled=check_cancelled)


def _say(event: Progress) -> background_search.Shown:
    line = _("{done} of {models} models have read the rows").format(done=event.done, models=event.models)
    return background_search.Shown(event.done / event.models, line)


def _show(found: Ensemble, key: str) -> None:
    from core.lab.boosting.ensemble_words import finding, other, sentences

    measured, *said = sentences(found)
    st.caption(plain(measured))
    for sentence in said:
        st.markdown(plain(sentence))
    header = [
        _("model"),
        _("weight Σα"),
        _("rounds"),
        _("weight at least risk"),
        _("right, fit half"),
        _("right, test half"),
    ]
    voters: list[tuple[object, ...]] = [
        (
            model_name(voter.name),
            round(voter.weight, 4),
            voter.rounds,
            round(voter.least_weight, 4),
            voter.fit_accuracy,
            estimates.share(voter.test_accuracy, voter.test_interval),
        )
        for voter in found.voters
    ]
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(estimates.as_shown(header, voters), hide_index=True, column_config={header[4]: percent})
    controls.csv_button(f"ensemble-voters-{key}", *_numbers(header, voters))
    header = [_("compared with"), _("right, test half"), _("ensemble minus it (points)"), _("finding")]
    header += [_("only the ensemble right"), _("only the other right")]
    others: list[tuple[object, ...]] = [
        (
            other(found, one),
            one.other_accuracy,
            estimates.signed(100 * one.difference, (100 * one.interval[0], 100 * one.interval[1]), 2),
            finding(one),
            one.only_ensemble,
            one.only_other,
        )
        for one in found.against
    ]
    st.dataframe(estimates.as_shown(header, others), hide_index=True, column_config={header[1]: percent})
    controls.csv_button(f"ensemble-{key}", *_numbers(header, others))
    st.caption(
        _(
            "95 % intervals; differences are between verdicts on the same rows. They cover the draw of the rows, not "
            "the chance in training the models."
        )
    )
    with st.expander(_("The rounds"), icon=":material/table_rows:"):
        st.dataframe(
            [
                {
                    _("round"): made.number,
                    _("voter"): model_name(made.voter),
                    _("ε"): round(made.error, 4),
                    _("α"): round(made.alpha, 4),
                    _("risk"): round(made.risk, 4),
                }
                for made in found.rounds
            ],
            hide_index=True,
        )


def _numbers(header: list[str], rows: list[tuple[object, ...]]) -> tuple[list[str], Callable[[], list[list[object]]]]:
    names, numbers = estimates.as_numbers(header, rows)
    return names, lambda: numbers
