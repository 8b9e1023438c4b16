"""A labelled file of the person's own: uploaded, its columns chosen, read by the models with progress and Stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.data import targets
from core.data.formats.layout import PACKED, Layout
from core.data.labels import model_name
from core.evaluation.assessment import MOST_MODELS, assess
from core.models import checkpoints
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext
from pages.server import background_search
from pages.views.models import source
from pages.widgets import black_box, label_meaning, tables, uploaded_file
from pages.wording import estimates
from pages.wording.tokens import lead, plain

if TYPE_CHECKING:
    from core.evaluation.assessment import Assessment
    from core.models.checkpoints import Checkpoint

_AT_ONCE = 200_000  # bytes, about 2,500 tweets: in about a second


class _Asked(NamedTuple):
    text: str
    label: str
    meaning: tuple[tuple[str, str], ...]
    layout: Layout


def view() -> None:
    """Upload, choose, read, and the figures in short; the other views then show them in full."""
    if not (loaded := source.loaded_checkpoints()):
        return
    chosen = source.alike(loaded, _("Classes in the file"), "models classes")
    if len(chosen) > MOST_MODELS:
        st.caption(_("Only the first {count} models are evaluated.").format(count=MOST_MODELS))
        chosen = chosen[:MOST_MODELS]
    upload = uploaded_file.upload(_("Labelled file"), "models upload", "models")
    if upload is None:
        st.caption(
            _(
                "A column of texts and a column of labels, up to 20 MB, kept only in this session. For a larger "
                "file: `python -m core assess --data FILE`."
            )
        )
        return
    asked = _asked(upload, chosen)
    if asked is None:
        return
    hashes = [(checkpoint.name, checkpoint.hash) for checkpoint in chosen]
    small = upload.path.suffix not in (*PACKED, ".parquet") and upload.path.stat().st_size <= _AT_ONCE
    seen = [model_name(one.name) for one in chosen if checkpoints.trained_on(one.card, upload.digest)]
    background_search.view(
        "models file",
        (upload.name, upload.digest, asked, *hashes),
        lambda: partial(_run, upload, chosen, asked),
        _say,
        lambda assessment, _key: _show(upload.name, assessment, seen),
        _("Evaluate"),
        at_once=small and not any(map(black_box.is_one, chosen)),
    )


def _asked(upload: uploaded_file.Upload, chosen: Sequence[Checkpoint]) -> _Asked | None:
    """Which column is what, and what its labels mean; None while that is open."""
    read = uploaded_file.control(upload, "models")
    if read is None:
        return None
    boxes = st.columns(2, vertical_alignment="bottom")
    if len(read.columns) < 2:
        st.error(_("The file has only one column. It needs a column of texts and a column of labels."))
        return None
    text, label = uploaded_file.ask_columns(read, boxes, "models")
    if text == label or label is None:
        st.error(_("Texts and labels are the same column. Choose two different columns."))
        return None
    meaning = label_meaning.ask(upload, label, read.layout, chosen, "models labels")
    return None if meaning is None else _Asked(text, label, tuple(meaning.items()), read.layout)


def _run(
    upload: uploaded_file.Upload, chosen: Sequence[Checkpoint], asked: _Asked, check_cancelled: Callable[[], None]
) -> Iterator[Assessment]:
    with uploaded_file.faults_named(upload):
        yield from assess(
            upload.path,
            chosen,
            asked.text,
            asked.label,
            labels=chosen[0].labels,
            asked=dict(asked.meaning),
            layout=asked.layout,
            name=upload.name,
            check_cancelled=check_cancelled,
        )


def _say(so_far: Assessment) -> background_search.Shown:
    line = _("{rows:,} rows read, {counted:,} counted").format(rows=so_far.rows, counted=so_far.counted)
    return background_search.Shown(so_far.share, line)


def _show(name: str, result: Assessment, seen: Sequence[str]) -> None:
    if result.counted:
        source.keep(name, result)
        rows = ngettext("{count:,} row of {name}", "{count:,} rows of {name}", result.counted)
        lead(source.ranking(result.tallies, rows.format(count=result.counted, name=name)))
    if not result.done:
        line = _("Stopped at {share:.0%} of the file. The results cover only the rows up to there.")
        st.warning(line.format(share=result.share))
    st.caption(
        _(
            "{rows:,} rows: {counted:,} counted, {unlabelled:,} without a class, "
            "{empty:,} without a word, {malformed:,} malformed."
        ).format(
            rows=result.rows,
            counted=result.counted,
            unlabelled=result.unlabelled,
            empty=result.empty,
            malformed=result.malformed,
        )
    )
    label = ngettext("{count:,} malformed row", "{count:,} malformed rows", result.malformed)
    uploaded_file.problems(result.problems, result.malformed, label, _("Showing the first {shown:,}."))
    if not result.counted:
        return
    if seen:
        line = _("Trained on this very file: {names}. Their figures here say nothing about other texts.")
        st.warning(plain(line.format(names=listed(seen))), icon=":material/warning:")
    second = targets.default(tuple(result.labels))
    measures = [_("macro-F1"), _("average recall")] if second is None else ["F1", "AUC"]
    header = [_("model"), _("accuracy"), *measures, _("calibration error (ECE)"), _("Brier score")]
    rows: list[tuple[object, ...]] = []
    for tally in result.tallies.tallies:
        figures = (f"{tally.macro_f1:.3f}", f"{tally.average_recall:.3f}")
        if second is not None:
            f1 = tally.at(0.5).f1
            figures = ("–" if f1 is None else f"{f1:.3f}", estimates.area(tally))
        rows.append(
            (
                model_name(tally.model),
                estimates.share(tally.accuracy, tally.accuracy_interval),
                *figures,
                f"{tally.calibration_error:.3f}",
                f"{tally.brier:.3f}",
            )
        )
    tables.table(header, rows)
    views = {
        "slices": _("Slices"),
        "calibration": _("Calibration"),
        "confusion": _("Confusion"),
        "threshold": _("Threshold"),
        "compare": _("Compare two models"),
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_("Show this file in:"), width="content")
        for view, title in views.items():
            st.button(title, key=f"models to {view}", on_click=_turn_to, args=(view,))


def _turn_to(view: str) -> None:
    st.session_state["models view"] = view
    st.session_state[source.CHOSEN] = "upload"
