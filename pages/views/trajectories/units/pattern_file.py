"""The sentences that patterns are searched in: the project's own, or a file that a person uploads, read by a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from pages.server import background_search
from pages.server.caches import cached
from pages.server.fingerprint import fingerprint
from pages.widgets import label_meaning, uploaded_file
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.scan.lines import Lines
    from core.probes.units.patterns import Index, IndexProgress


def show(checkpoint: Checkpoint, state: str, show_moments: Callable[[Index], None]) -> None:
    """Which sentences, and, once the model has read them, the moments in them."""
    st.header(_("Where else are these units on?"))
    checkpoint = checkpoint.every  # its states are the same for every target
    names = {"own": _("this project’s sentences"), "upload": _("your own file")}
    chosen = st.segmented_control(
        _("Sentences to search"),
        list(names),
        format_func=names.__getitem__,
        key="pat sentences",
        default="own",
        required=True,
        persist_state="session",
    )
    if chosen != "upload":
        with st.spinner(_("Reading the sentences…"), show_time=False):
            index = own(checkpoint, state)
        show_moments(index)
        return
    lines = _uploaded(checkpoint)
    if lines is None:
        return
    key, read = lines

    def start() -> background_search.Start:
        from core.probes.units.patterns import index

        return lambda check_cancelled: index(checkpoint, read, state, check_cancelled)

    background_search.view(
        "pat",
        (key, checkpoint.hash, state),
        start,
        _say,
        lambda index, _key: show_moments(index),
        _("Read and search the file with {model}").format(model=plain(model_name(checkpoint.name))),
    )


@cached(8, shared=True)
def own(checkpoint: Checkpoint, state: str) -> Index:
    """The project's own sentences, read by a model."""
    from core.probes.scan.lines import own_lines
    from core.probes.units.patterns import index

    *_before, last = index(checkpoint, own_lines(), state)
    assert last.index is not None
    return last.index


def _say(event: IndexProgress) -> background_search.Shown:
    line = _("Read {done:,} of {total:,} tokens").format(done=event.done, total=event.total)
    return background_search.Shown(event.done / max(1, event.total), line)


def _uploaded(checkpoint: Checkpoint) -> tuple[str, Lines] | None:
    """The texts of the upload, and a name for them, if there is one that can be read."""
    given = uploaded_file.upload(_("File of sentences (label column optional)"), "pat file", "pat")
    read = given and uploaded_file.control(given, "pat")
    if given is None or read is None:
        return None
    boxes = st.columns(2, vertical_alignment="bottom")
    text, label = uploaded_file.ask_columns(read, boxes, "pat", _("Gold labels (optional)"))
    try:
        meaning: dict[str, str] | None = {}
        if label is not None:
            meaning = label_meaning.ask(given, label, read.layout, [checkpoint], "pat labels")
        if meaning is None:
            return None
        key = fingerprint((given.digest, given.name, text, label, read.layout, checkpoint.labels, meaning))
        if st.session_state.get("pat lines", ("",))[0] != key:
            from core.probes.scan.lines import read_lines

            lines = read_lines(
                given.path,
                text,
                label,
                layout=read.layout,
                name=given.name,
                labelling=checkpoint.labelling,
                asked=meaning,
            )
            st.session_state["pat lines"] = key, lines
    except (ValueError, LookupError, OSError) as error:
        st.error(plain(uploaded_file.message_of(error, given)))
        return None
    key_and_lines: tuple[str, Lines] = st.session_state["pat lines"]
    return key_and_lines
