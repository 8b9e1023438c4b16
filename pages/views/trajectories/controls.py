"""What the views of the inside share: a run, axes, tokens, clicks on a figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from core.data.labels import model_name
from core.models.predict import aimed as model_aimed
from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.widgets import frame, models, query_params, sentences, text_strip
from pages.widgets.number_inputs import slide_whole
from pages.wording.tokens import plain, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace
    from core.probes.dynamics.differences import Difference
    from pages.widgets.sentences import Sentence

T = TypeVar("T")
TRIANGLE = "triangle"
_PLANES = {"1": (0, 1), "2": (0, 2), "12": (1, 2), TRIANGLE: (0, 1)}


def first_model(checkpoints: Sequence[Checkpoint], texts: Sequence[Sentence]) -> str:
    """The model to open on: the one whose verdicts on two sentences differ where others' do not; usually the LSTM.

    A choice that a person made stays; one that was only the usual one gives way to another sentence's.
    """
    names = [checkpoint.name for checkpoint in checkpoints]
    usual = "lstm" if "lstm" in names else names[0]
    if len(texts) == 2:
        said = [[models.verdict(one, sentence.text).label for sentence in texts] for one in checkpoints]
        changed = [name for name, labels in zip(names, said, strict=True) if len(set(labels)) > 1]
        usual = changed[0] if changed and usual not in changed else usual
    key = "trajectories model"
    if st.session_state.get(key) == st.session_state.get(f"{key} usual"):
        st.session_state[key] = usual
    st.session_state[f"{key} usual"] = usual
    return usual


def chosen_step(
    tokens: Sequence[str],
    known: Sequence[bool],
    looks: Sequence[text_strip.Look],
    key: str,
    chosen: int | None,
    chart: str = "",
) -> int | None:
    """Draws a strip in which the token `chosen`, from 0, is marked; the token just clicked, None without a click."""
    before = chosen if chosen is not None and chosen < len(tokens) else None
    now = text_strip.choose(tokens, known, looks, key=key, chosen=before, chart=chart)
    return None if now == before else now


def verdict_looks(traces: Sequence[Trace]) -> list[text_strip.Look]:
    """A mark a model below each word of one text."""
    return text_strip.verdict_marks(
        (trace.model, trace.target.labels, trace.distributions, trace.known) for trace in traces
    )


def split(found: Difference) -> str:
    """Where a model's states of two sentences split, in a sentence that is not escaped."""
    model, step = model_name(found.model), found.splits_at
    if step is None:
        return _("{model}: the states are the same to the end of the shorter sentence.").format(model=model)
    one, other = (visible(tokens[step - 1]) for tokens in found.tokens)
    return _("{model}: the states split at word {step:,} (“{one}” or “{other}”).").format(
        model=model, step=step, one=one, other=other
    )


def choose_run(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> tuple[Checkpoint, Trace]:
    """A model that reads one of the sentences, and its trace of that."""
    with st.container(horizontal=True):
        sentence = sentences.choose(texts)
        checkpoint = models.choose(sentences.readers(checkpoints, sentence), "trajectories model")
    return checkpoint, models.traced(checkpoint, sentence.text)


def aimed(checkpoints: Iterable[Checkpoint], text: str) -> list[Checkpoint]:
    """The models with their targets, or each with its prediction for a text if it finds a word there."""
    read = ((checkpoint, checkpoint.preprocessing(text)) for checkpoint in checkpoints)
    return [model_aimed(checkpoint, tokens) if tokens else checkpoint for checkpoint, tokens in read]


def choose_axes(name: str, *, triangle: bool = False) -> tuple[tuple[int, int], bool]:
    """Two axes of a state space, by their numbers, and whether three classes are drawn in a triangle instead.

    The latter is offered if `triangle`; `name` in the link.
    """
    names = {TRIANGLE: _("three classes")} if triangle else {}
    names |= {
        "1": _("read-out and component 1"),
        "2": _("read-out and component 2"),
        "12": _("components 1 and 2"),
    }
    key = f"trajectories {name}" + f" {TRIANGLE}" * triangle
    chosen = query_params.choice(st.segmented_control, _("Axes"), names, name=name, key=key)
    return _PLANES[chosen], chosen == TRIANGLE


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


def clicked(key: str, is_valid: Callable[..., bool], count: int = 2) -> tuple[Any, ...] | None:
    """The first `count` values of the point just clicked in the figure of this key, None without a new click.

    The browser sends them, so they are checked; and it sends them again at every rerun, so each click counts once.
    """
    try:
        sent = tuple(st.session_state[key]["selection"]["points"][-1]["customdata"][:count])
        pair = sent if len(sent) == count and is_valid(*sent) else None
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


def window(tokens: int, width: int, middle: int, name: str, key: str) -> int:
    """The first token shown, from 0, of a text too long for a chart of `width` tokens; `name` in the link.

    At first the token `middle` is in the middle.
    """
    if tokens <= width:
        return 0
    last = tokens - width + 1
    usual = min(max(middle - width // 2, 0), last - 1) + 1
    first = slide_whole(_("First token shown"), name, 1, last, usual, key=key)
    st.caption(
        _("Tokens {first:,} to {until:,} of {count:,}. More would be too narrow to read.").format(
            first=first, until=first + width - 1, count=tokens
        )
    )
    return first - 1
