"""What the views of the inside share: sentences, models, axes, traces, clicks on a figure, downloads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import streamlit as st

from core.data.labels import model_name
from core.data.tables import as_csv
from core.runtime.i18n import gettext as _
from pages.server.caches import cached
from pages.server.fingerprint import fingerprint
from pages.widgets import frame, models, query_params, tables
from pages.widgets.second_sentence import second_sentence
from pages.wording.tokens import plain, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace

T = TypeVar("T")
_PLANES = {"1": (0, 1), "2": (0, 2), "12": (1, 2)}


class Sentence(NamedTuple):
    """A sentence to look into, the first or the second."""

    number: int
    text: str


def texts(
    text: str, checkpoints: Sequence[Checkpoint], key: str = "trajectories second", *, suggest: bool = True
) -> list[Sentence]:
    """The sentence and a second one, typed below it; those with a word that some model reads."""
    second = second_sentence(text, _("Second sentence to compare (optional)"), key, suggest=suggest)
    both = (Sentence(1, text), Sentence(2, second))
    return [sentence for sentence in both if readers(checkpoints, sentence)]


def readers(
    checkpoints: Sequence[Checkpoint], *sentences: Sentence, which: Callable[[Iterable[object]], bool] = any
) -> list[Checkpoint]:
    """The models that find a word in any of some sentences, or in all of them."""
    return [
        checkpoint
        for checkpoint in checkpoints
        if which(checkpoint.preprocessing(sentence.text) for sentence in sentences)
    ]


def choose_sentence(sentences: Sequence[Sentence]) -> Sentence:
    """One of the sentences; ``of`` in the link."""
    if len(sentences) == 1:
        return sentences[0]
    names = {1: _("the first sentence"), 2: _("the second sentence")}
    number = query_params.choice(st.segmented_control, _("Sentence"), names, name="of", key="trajectories of")
    return sentences[number - 1]


def choose_run(sentences: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> tuple[Checkpoint, Trace]:
    """A model that reads one of the sentences, and its trace of that."""
    with st.container(horizontal=True):
        sentence = choose_sentence(sentences)
        checkpoint = models.choose(readers(checkpoints, sentence), "trajectories model")
    return checkpoint, traced(checkpoint, sentence.text)


def choose_models(
    checkpoints: Sequence[Checkpoint], key: str = "trajectories models", usual: Sequence[str] = ()
) -> list[Checkpoint]:
    """Some of the models, the usual ones (all by default) if none is picked; ``models`` in the link."""
    by_name = {checkpoint.name: checkpoint for checkpoint in checkpoints}
    usual = list(usual) or list(by_name)

    def write(picked: Sequence[str]) -> str | None:
        chosen = [name for name in by_name if name in picked]
        return None if chosen in ([], usual) else ",".join(chosen)

    picked = query_params.linked(
        st.pills,
        _("Models"),
        list(by_name),
        name="models",
        key=key,
        default=usual,
        read=query_params.some_of(list(by_name)),
        write=write,
        fit=lambda picked: [name for name in picked if name in by_name] or usual,  # fewer may read another sentence
        unreadable=_("Unknown models in the link; using the default models."),
        format_func=lambda name: plain(model_name(name)),
        selection_mode="multi",
    )
    return [by_name[name] for name in by_name if name in (picked or usual)]


def choose_plane(name: str) -> tuple[int, int]:
    """Two axes of a state space, by their numbers; `name` in the link."""
    names = {
        "1": _("read-out and component 1"),
        "2": _("read-out and component 2"),
        "12": _("components 1 and 2"),
    }
    key = f"trajectories {name}"
    return _PLANES[query_params.choice(st.segmented_control, _("Axes"), names, name=name, key=key)]


def choose_token(box: Any, label: str, trace: Trace, *, name: str, default: int, **more: Any) -> int:
    """A token of a text, counted from 0; `name` in the link, where it is counted from 1."""
    return query_params.choice(
        box.selectbox,
        label,
        {position: numbered(trace.tokens, position) for position in range(len(trace))},
        name=name,
        default=default,
        read=read_position(len(trace)),
        write=write_position,
        **{"key": f"{name} {fingerprint(trace.tokens)}"} | more,
    )


def numbered(tokens: Sequence[str], position: int) -> str:
    """A token with its position, counted from 1."""
    return f"{position + 1}. {visible(tokens[position])}"


def read_position(tokens: int) -> Callable[[str], int | None]:
    """Reads a position counted from 1, as one counted from 0."""
    read = query_params.whole(1, tokens)
    return lambda given: None if (number := read(given)) is None else number - 1


def write_position(position: int) -> str:
    """A position counted from 0, as one counted from 1."""
    return str(position + 1)


def clicked(key: str, is_valid: Callable[[Any, Any], bool]) -> tuple[Any, Any] | None:
    """The first two values of the point just clicked in the figure of this key, None without a new click.

    The browser sends them, so they are checked; and it sends them again at every rerun, so each click counts once.
    """
    try:
        first, second = st.session_state[key]["selection"]["points"][-1]["customdata"][:2]
        pair = (first, second) if is_valid(first, second) else None
    except (KeyError, IndexError, TypeError, ValueError):
        pair = None
    before, st.session_state[f"clicked {key}"] = st.session_state.get(f"clicked {key}"), pair
    return None if pair == before else pair


def computed(items: Iterable[Checkpoint], compute: Callable[[Checkpoint], T], waiting: str, height: int) -> list[T]:
    """`compute` of every model; what it refuses (ValueError) is shown, once for all models that refuse the same."""
    results, faults = [], []
    with frame.working(waiting, height):
        for item in items:
            try:
                results.append(compute(item))
            except ValueError as error:
                faults.append(str(error))
    for fault in dict.fromkeys(faults):
        st.info(plain(fault))
    return results


# Shared and not copied: a trace of 2,000 tokens has 13 MB.
@cached(24, shared=True)
def traced(checkpoint: Checkpoint, text: str) -> Trace:
    """A model's trace of a text, shared by all sessions; its arrays are read-only."""
    from core.models.trace import trace

    return trace(checkpoint, text)


def window(tokens: int, width: int, middle: int, name: str, key: str) -> int:
    """The first token shown, from 0, of a text too long for a chart of `width` tokens; `name` in the link.

    At first the token `middle` is in the middle.
    """
    if tokens <= width:
        return 0
    last = tokens - width + 1
    first = query_params.linked(
        st.slider,
        _("First token shown"),
        1,
        last,
        name=name,
        key=key,
        default=min(max(middle - width // 2, 0), last - 1) + 1,
        read=query_params.whole(1, last),
    )
    st.caption(
        _("Tokens {first:,} to {until:,} of {count:,}. More would be too narrow to read.").format(
            first=first, until=first + width - 1, count=tokens
        )
    )
    return first - 1


def csv_button(name: str, header: Sequence[str], rows: Callable[[], Iterable[Sequence[object]]]) -> None:
    """A button that downloads a chart's numbers as ``unrolled-NAME.csv``, written when it is pressed."""
    about = _("To save the chart as a picture (PNG), use the camera in its toolbar (upper right).")
    tables.download(name, lambda: as_csv(header, rows()), help=about)
