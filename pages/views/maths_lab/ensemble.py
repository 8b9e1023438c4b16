"""Boosting over the trained models: the figure kept beside the checkpoints, and the same on a file of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import streamlit as st

from core.data.formats.layout import Layout
from core.data.labels import Names, model_name
from core.lab.boosting import ensemble_file
from core.lab.boosting.ensemble import Ensemble, EnsembleProgress, measure
from core.lab.boosting.ensemble_words import finding, other, sentences
from core.models.checkpoints import Checkpoint
from core.runtime import i18n
from core.runtime.i18n import gettext as _
from pages.server import background_search
from pages.widgets import black_box, label_meaning, models, tables, uploaded_file
from pages.wording import estimates
from pages.wording.tokens import plain

MOST_ROWS, _ROWS = 20_000, 2_000


def view() -> None:
    """What boosting makes of the models on the stored file, and on an upload."""
    st.header(_("Boosting the trained models"))
    st.write(
        _(
            "Here the learners are fixed: the trained models, whose verdicts on labelled texts are "
            "the votes. The weights are fitted on one half of the rows and evaluated on the other."
        )
    )
    _kept()
    st.markdown(_("**Your own labelled file**"))
    title = _("Texts with the models’ class names as labels, or with 0, 1, … for the first, second, … class")
    given = uploaded_file.upload(title, "boost file", "boost")
    if given is None:
        st.caption(_("Up to 20 MB. Larger files: `python -m core lab boosting --data FILE`."))
    else:
        _own(given)


def _kept() -> None:
    try:
        ensemble = ensemble_file.load()
    except ValueError as error:
        st.error(plain(str(error)))
        return
    if ensemble is None:
        st.info(
            _("Nothing measured yet. Run: python -m core lab boosting --data FILE --out {file}").format(
                file=plain(f"checkpoints/{ensemble_file.FILE}")
            ),
            icon=":material/straighten:",
        )
        return
    if outdated := ensemble_file.outdated(ensemble, models.hashes()):
        st.warning(
            _("These figures were measured on other models than the ones here: {names}.").format(
                names=plain(i18n.listed(map(model_name, outdated)))
            ),
            icon=":material/history:",
        )
    _show(ensemble, "kept")
    st.caption(
        _("The file’s SHA-256 begins with {digest}. None of its texts is stored here.").format(
            digest=ensemble.sha256[:12]
        )
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
    boxes = st.columns(4, vertical_alignment="bottom")
    text, label = uploaded_file.ask_columns(read, boxes, "boost")
    if label is None:
        return
    rows = boxes[2].number_input(_("Rows to sample"), 20, MOST_ROWS, _ROWS, key="boost rows")
    seed = boxes[3].number_input(_("Seed"), 0, 9_999, 0, key="boost split")
    checkpoints = _alike([model for model in models.load_all()[0] if not black_box.is_one(model)])
    meaning: dict[str, str] | None = {}
    if checkpoints:
        meaning = label_meaning.ask(given, label, read.layout, checkpoints, "boost labels")
    if meaning is None:
        return
    asked = _Asked(text, label, read.layout, int(rows), int(seed), tuple(meaning.items()))
    hashes = tuple(sorted(checkpoint.hash for checkpoint in checkpoints))

    def start() -> background_search.Start:
        return lambda check_cancelled: _measured(given, asked, checkpoints, check_cancelled)

    background_search.view("ensemble", (given.digest, *asked, *hashes), start, _say, _show, _("Boost the models"))


def _alike(checkpoints: list[Checkpoint]) -> list[Checkpoint]:
    """The models of the same classes, which are asked for where there are several of several kinds."""
    kinds: dict[Names, list[Checkpoint]] = {}
    for checkpoint in checkpoints:
        kinds.setdefault(checkpoint.labels, []).append(checkpoint)
    several = [kind for kind in kinds.values() if len(kind) > 1] or list(kinds.values())
    if len(several) < 2:
        return several[0] if several else []
    number = st.selectbox(
        _("Models"),
        range(len(several)),
        format_func=lambda number: i18n.listed(model_name(one.name) for one in several[number]),
        key="boost models",
    )
    return several[number]


def _measured(
    given: uploaded_file.Upload, asked: _Asked, checkpoints: list[Checkpoint], check_cancelled: Callable[[], None]
) -> Iterator[EnsembleProgress]:
    from core.data.corpus import read_corpus

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
        raise ValueError(uploaded_file.message_of(error, given)) from error
    check_cancelled()
    corpus = replace(corpus, name=given.name).sample(asked.rows, asked.seed)
    yield from measure(corpus, checkpoints, seed=asked.seed, check_cancelled=check_cancelled)


def _say(event: EnsembleProgress) -> background_search.Shown:
    line = _("{done} of {models} models have read the rows").format(done=event.done, models=event.models)
    return background_search.Shown(event.done / event.models, line)


def _show(ensemble: Ensemble, key: str) -> None:
    measured, *statements = sentences(ensemble)
    st.caption(plain(measured))
    for sentence in statements:
        st.markdown(plain(sentence))
    header = [_("model"), _("weight Σα"), _("rounds"), _("weight at minimum risk"), _("accuracy, fit half")]
    header.append(_("accuracy, test half"))
    voters: list[tuple[object, ...]] = [
        (
            model_name(voter.name),
            round(voter.weight, 4),
            voter.rounds,
            round(voter.least_weight, 4),
            voter.fit_accuracy,
            estimates.share(voter.test_accuracy, voter.test_interval),
        )
        for voter in ensemble.voters
    ]
    percent = st.column_config.NumberColumn(format="percent")
    tables.table(header, voters, f"ensemble-voters-{key}", column_config={header[4]: percent})
    header = [_("compared with"), _("accuracy, test half"), _("ensemble minus other (points)"), _("finding")]
    header += [_("only the ensemble is right"), _("only the other is right")]
    others: list[tuple[object, ...]] = [
        (
            other(ensemble, one),
            one.other_accuracy,
            estimates.signed(100 * one.difference, (100 * one.interval[0], 100 * one.interval[1]), 2),
            finding(one),
            one.only_ensemble,
            one.only_other,
        )
        for one in ensemble.against
    ]
    tables.table(header, others, f"ensemble-{key}", column_config={header[1]: percent})
    st.caption(
        _(
            "95 % intervals. Differences compare verdicts on the same rows. The intervals cover the "
            "sampling of rows, not the randomness of training."
        )
    )
    with st.expander(_("All rounds"), icon=":material/table_rows:"):
        tables.table(
            [_("round"), _("voter"), _("ε"), _("α"), _("risk")],
            [
                (
                    round_.number,
                    model_name(round_.voter),
                    round(round_.error, 4),
                    round(round_.alpha, 4),
                    round(round_.risk, 4),
                )
                for round_ in ensemble.rounds
            ],
        )
