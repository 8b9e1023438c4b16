"""What the views of the inside share: the second sentence, which of the two, which models, traces, downloads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.data.labels import model_name
from core.data.tables import as_csv
from core.runtime.i18n import gettext as _
from pages.widgets import query_params
from pages.widgets.second_sentence import second_sentence
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace


class Sentence(NamedTuple):
    """A sentence to look into, the first or the second."""

    number: int
    text: str


def texts(text: str, checkpoints: Sequence[Checkpoint]) -> list[Sentence]:
    """The sentence and, below its own box, a second one; those that hold a word to read for some model."""
    second = second_sentence(text, _("A second sentence to lay beside it (optional)"), "trajectories second")
    both = (Sentence(1, text), Sentence(2, second))
    return [sentence for sentence in both if readers(checkpoints, sentence.text)]


def readers(checkpoints: Sequence[Checkpoint], text: str) -> list[Checkpoint]:
    """The models that find a word in a text."""
    return [checkpoint for checkpoint in checkpoints if checkpoint.preprocessing(text)]


def choose_sentence(sentences: Sequence[Sentence]) -> Sentence:
    """One of the sentences; the choice travels in the link as ``of``."""
    if len(sentences) == 1:
        return sentences[0]
    key, names = "trajectories of", {1: _("the first sentence"), 2: _("the second sentence")}
    query_params.restore("of", 1, query_params.whole(1, 2), key)
    number = st.segmented_control(
        _("Look into"),
        list(names),
        format_func=names.__getitem__,
        key=key,
        required=True,
        persist_state="session",
    )
    query_params.carry("of", None if number == 1 else str(number))
    return sentences[(number or 1) - 1]


def choose_models(
    checkpoints: Sequence[Checkpoint], key: str = "trajectories models", usual: Sequence[str] = ()
) -> list[Checkpoint]:
    """Some of the models; the usual ones, all unless told, at first and where none is picked.

    The choice travels in the link as ``models``.
    """
    by_name = {checkpoint.name: checkpoint for checkpoint in checkpoints}
    usual = list(usual) or list(by_name)
    if not query_params.restore("models", usual, some_of(list(by_name)), key):
        st.caption(_("The link asks for models that are not here; others answer."))
    # Another sentence may be read by fewer models.
    st.session_state[key] = [name for name in st.session_state[key] if name in by_name] or usual
    chosen = st.pills(
        _("Models"),
        list(by_name),
        format_func=lambda name: plain(model_name(name)),
        selection_mode="multi",
        key=key,
        persist_state="session",
    )
    found = [name for name in by_name if name in chosen] or usual
    query_params.carry("models", None if found == usual else ",".join(found))
    return [by_name[name] for name in found]


def some_of(names: list[str]) -> Callable[[str], list[str] | None]:
    """Reads some of these names, joined by commas."""

    def read(told: str) -> list[str] | None:
        asked = told.split(",")[: len(names) + 1]
        return [name for name in names if name in asked] if set(asked) <= set(names) else None

    return read


def traced(checkpoint: Checkpoint, text: str) -> Trace:
    """A model's reading of a text, shared by all sessions; its arrays are read-only."""
    return _traced(checkpoint.name, checkpoint.hash, text, checkpoint)


# A resource and not data: a trace of 2,000 tokens has 13 MB, which a copy at every click would have to carry along.
@st.cache_resource(max_entries=24, show_spinner=False)
def _traced(name: str, model_hash: str, text: str, _checkpoint: Checkpoint) -> Trace:
    from core.models.trace import trace

    return trace(_checkpoint, text)


def window(tokens: int, width: int, middle: int, name: str, key: str) -> int:
    """The first token shown, from 0, of a text that is too long for a chart of `width` tokens; says which part is.

    At first token `middle` is in the middle. The choice travels in the link as `name`.
    """
    if tokens <= width:
        return 0
    last = tokens - width + 1
    usual = min(max(middle - width // 2, 0), last - 1) + 1
    query_params.restore(name, usual, query_params.whole(1, last), key)
    first = st.slider(_("First token shown"), 1, last, key=key, persist_state="session")
    query_params.carry(name, None if first == usual else str(first))
    st.caption(
        _("Tokens {first:,} to {until:,} of {count:,}: more would be too narrow to be told apart.").format(
            first=first, until=first + width - 1, count=tokens
        )
    )
    return first - 1


def csv_button(name: str, header: Sequence[str], rows: Callable[[], Iterable[Sequence[object]]]) -> None:
    """A button that takes a chart's numbers along as ``unrolled-NAME.csv``; written when it is pressed."""
    st.download_button(
        _("Download as CSV"),
        lambda: as_csv(header, rows()),
        f"unrolled-{name}.csv",
        "text/csv",
        key=f"download {name}",
        on_click="ignore",
        icon=":material/download:",
        help=_("The chart itself: its toolbar, at its upper right corner, has a camera that saves a picture (PNG)."),
    )
