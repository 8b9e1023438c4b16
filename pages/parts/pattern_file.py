"""The sentences that patterns are searched in: the project's own, or a file that a person uploads, read by a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from core import records
from core.labelling import Column
from core.language import gettext as _
from core.tables import is_sentiment140
from pages.parts import files, label_meaning, limits, search
from pages.parts.fingerprint import fingerprint
from pages.parts.tokens import plain

if TYPE_CHECKING:
    from core.checkpoints import Checkpoint
    from core.probes.files.lines import Lines
    from core.probes.patterns import Index, Indexing


class _Upload(NamedTuple):
    name: str
    content: bytes

    @property
    def suffix(self) -> str:
        return Path(self.name).suffix.lower()

    @property
    def digest(self) -> str:
        return sha256(self.content).hexdigest()


def show(checkpoint: Checkpoint, state: str, found: Callable[[Index], None]) -> None:
    """Which sentences, and, as soon as the model has read them, what was `found` in them."""
    st.header(_("Where else are they on?"))
    names = {"own": _("sentences of this project"), "upload": _("a file of yours")}
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
            index = _own(checkpoint.name, checkpoint.hash, state, checkpoint)
        found(index)
        return
    lines = _uploaded(checkpoint)
    if lines is None:
        return
    key, read = lines

    def start() -> search.Start:
        from core.probes.patterns import index

        return lambda breathe: index(checkpoint, read, state, breathe)

    search.view(
        "pat",
        (key, checkpoint.hash, state),
        start,
        _say,
        lambda index, _key: found(index),
        _("Read the file with {model} and search it").format(model=plain(checkpoint.name.upper())),
    )


# A resource, not data: an index is read-only.
@st.cache_resource(max_entries=8, show_spinner=False)
def _own(name: str, model_hash: str, state: str, _checkpoint: Checkpoint) -> Index:
    from core.probes.files.lines import own_lines
    from core.probes.patterns import index

    *_before, last = index(_checkpoint, own_lines(), state)
    assert last.index is not None
    return last.index


def _say(event: Indexing) -> search.Shown:
    line = _("{done:,} of {total:,} tokens read").format(done=event.done, total=event.total)
    return search.Shown(event.done / max(1, event.total), line)


def _uploaded(checkpoint: Checkpoint) -> tuple[str, Lines] | None:
    """The texts of the upload, and a name for them, if there is one that can be read."""

    def forget() -> None:
        st.session_state.pop("pat kept", None)
        st.session_state.pop("pat lines", None)

    given = st.file_uploader(
        _("A file of sentences, with a column of labels if it has one"),
        type=limits.upload_types(),
        key="pat file",
        on_change=forget,
        max_upload_size=limits.largest_upload(),
    )
    given = limits.small_enough(given)
    if given is not None:
        st.session_state["pat kept"] = _Upload(given.name, given.getvalue())
    upload: _Upload | None = st.session_state.get("pat kept")
    if upload is None:
        return None
    if given is None:
        st.caption(_("The file from before is still here: {name}").format(name=plain(upload.name)))
    boxes = st.columns(3, vertical_alignment="bottom")
    encoding = None if upload.suffix == ".parquet" else files.encoding_box(boxes[2], "pat encoding")
    try:
        with _on_disk(upload) as path:
            text, label = _columns(boxes, records.columns(path, encoding))
            meaning: dict[str, str] | None = {}
            if label is not None:
                column = Column(upload.name, label, is_sentiment140(path))
                meaning = label_meaning.ask(path, upload.digest, column, encoding, [checkpoint], "pat labels")
            if meaning is None:
                return None
            names = checkpoint.labels
            key = fingerprint((upload.digest, upload.name, text, label, encoding, names, meaning))
            if st.session_state.get("pat lines", ("",))[0] != key:
                from core.probes.files.lines import read_lines

                read = read_lines(
                    path,
                    text,
                    label,
                    encoding=encoding,
                    name=upload.name,
                    labelling=checkpoint.labelling,
                    asked=meaning,
                )
                st.session_state["pat lines"] = key, read
    except (ValueError, LookupError, OSError) as error:
        st.error(plain(files.told(error)))
        return None
    found: tuple[str, Lines] = st.session_state["pat lines"]
    return found


@contextmanager
def _on_disk(upload: _Upload) -> Iterator[Path]:
    """The upload as a file, for as long as it is read."""
    with TemporaryDirectory(prefix="unrolled-") as folder:
        path = Path(folder) / f"upload{upload.suffix}"
        path.write_bytes(upload.content)
        yield path


def _columns(boxes: Sequence[Any], columns: tuple[str, ...]) -> tuple[str, str | None]:
    """Which column has the texts, and which the labels."""
    own = fingerprint(columns)
    text = boxes[0].selectbox(
        _("Texts"),
        columns,
        index=columns.index("text") if "text" in columns else 0,
        key=f"pat text {own}",
        persist_state="session",
    )
    label = boxes[1].selectbox(
        _("Human labels, if any"),
        columns,
        index=None,
        key=f"pat label {own}",
        placeholder=_("none"),
        persist_state="session",
    )
    return text, label
