"""What the views of attributions share: sentences, models, methods, what taking a word out means, and the running.

A method whose time is long on a text is not run at once: its time is told first, and a button starts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, ngettext, together
from pages.server import background_search
from pages.views.attributions import names
from pages.views.trajectories import controls
from pages.views.trajectories.controls import Sentence
from pages.widgets import black_box, frame, query_params
from pages.widgets.second_sentence import second_sentence
from pages.wording.tokens import minus, plain

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.attribution.benchmark_file import Leagues
    from core.probes.attribution.results import Attribution
    from core.probes.attribution.standings import League

AT_ONCE = 2.0  # seconds that a single method may take before it is asked for
_TOGETHER = 8.0  # seconds that all of those may take
_USUAL = ("shapley", "integrated-gradients", "contextual-decomposition", "occlusion-1")


class Cell(NamedTuple):
    """One sentence read by one model."""

    sentence: Sentence
    checkpoint: Model

    @property
    def tokens(self) -> list[str]:
        return self.checkpoint.preprocessing(self.sentence.text)


class Task(NamedTuple):
    """One method on one cell, and about how long it takes, in seconds."""

    cell: Cell
    method: str
    seconds: float

    @property
    def key(self) -> tuple[int, str, str]:
        return (self.cell.sentence.number, self.cell.checkpoint.name, self.method)


Found = dict[tuple[int, str, str], "Attribution"]
"""Attributions by sentence number, model and method."""


def load() -> None:
    """The methods' modules, which bring torch along: seconds the first time, so where a sign of life is shown."""
    import core.probes.attribution.attribute  # noqa: F401


def sentences_asked(text: str, checkpoints: Sequence[Model]) -> list[Sentence]:
    """The sentence and, below its own box, a second one; those that hold a word to read for some model."""
    label = _("A second sentence to lay beside it (optional)")
    second = second_sentence(text, label, "attributions second", suggest=False)
    both = (Sentence(1, text), Sentence(2, second))
    return [sentence for sentence in both if controls.readers(checkpoints, sentence.text)]


def choose_models(checkpoints: Sequence[Model], asked: Sequence[Sentence]) -> list[Model]:
    """Some of the models that read one of the sentences; the LSTM, if it is there, unless others are picked."""
    readers = [
        checkpoint for checkpoint in checkpoints if any(checkpoint.preprocessing(sentence.text) for sentence in asked)
    ]
    outside = [checkpoint.name for checkpoint in readers if black_box.is_one(checkpoint)]
    usual = outside or [checkpoint.name for checkpoint in readers if checkpoint.name == "lstm"]
    return controls.choose_models(readers, "attributions models", usual)


def choose_methods(checkpoints: Sequence[Model]) -> list[str]:
    """Some methods, the most faithful of the league first among the usual ones; the choice travels as ``methods``."""
    from core.probes.attribution.attribute import METHODS, available

    here = [name for name in METHODS if any(name in available(checkpoint) for checkpoint in checkpoints)]
    usual = [name for name in dict.fromkeys([*best_methods(checkpoints), *_USUAL]) if name in here]
    key = "attributions methods"
    if not query_params.restore("methods", usual, controls.some_of(here), key):
        st.caption(_("The link asks for methods that are not here; the usual ones answer."))
    st.session_state[key] = [name for name in st.session_state[key] if name in here]
    chosen = st.multiselect(
        _("Methods"),
        here,
        format_func=names.method,  # this widget reads no Markdown
        key=key,
        persist_state="session",
        placeholder=_("Choose methods"),
    )
    found = chosen or usual
    query_params.carry("methods", None if found == usual else ",".join(found))
    return found


def choose_baseline() -> str:
    """What taking a word out means, or "" for each method's own; travels in the link as ``baseline``."""
    shown = names.baselines()
    key = "attributions baseline"
    if not query_params.restore("baseline", "", query_params.one_of(list(shown)), key):
        st.caption(_("The link asks for a baseline that is not offered; each method takes its own."))
    baseline = st.selectbox(
        _("A word is taken out by"),
        list(shown),
        format_func=shown.__getitem__,
        key=key,
        persist_state="session",
        help=_(
            "Deleted: the text is shorter. The others put a vector in the word’s place: that of <pad> (zeros), that "
            "of <unk>, or the mean of all words. No way is neutral: a model has an opinion on each of them. "
            "Faithfulness is measured by the same, and by deletion where each method takes its own."
        ),
    )
    query_params.carry("baseline", baseline or None)
    return baseline or ""


def accepted(method: str, baseline: str) -> str:
    """The baseline that a method uses when this one is asked for: its own default where it does not accept it."""
    from core.probes.attribution import attribute as attributions

    return baseline if baseline in attributions.METHODS[method].baselines else attributions.accepted(method)


def removal(checkpoint: Model, baseline: str) -> str:
    """How words are taken out where every measure does it alike: as asked for, by deletion of a callable's texts."""
    return "delete" if black_box.is_one(checkpoint) else baseline or "delete"


def tell_of_baselines(methods: Sequence[str], baseline: str) -> None:
    """Says which methods do not accept the baseline that was asked for, and what they take instead."""
    if not baseline:
        return
    shown = names.baselines()
    other = [name for name in methods if accepted(name, baseline) != baseline]
    if other:
        lines = listed(
            f"{names.method(name)} ({shown[accepted(name, baseline)] if accepted(name, baseline) else '–'})"
            for name in other
        )
        st.caption(_("Other ways of their own, or none: {methods}").format(methods=plain(lines)))


def run(cells: Sequence[Cell], methods: Sequence[str], baseline: str, name: str) -> Found:
    """Every method on every cell: the quick ones at once, the slow ones when asked for, with a Stop between two.

    `name` tells the views' searches apart.
    """
    from core.probes.attribution.attribute import available
    from core.probes.attribution.methods.shapley import MOST_SAMPLED

    found: Found = {}
    longest = max((len(cell.tokens) for cell in cells), default=0)
    if longest > MOST_SAMPLED and "shapley" in methods:
        told = _("Shapley values are sampled for texts of up to {most:,} tokens; given {count:,}")
        st.caption(told.format(most=MOST_SAMPLED, count=longest))
    with frame.working(_("Asking the methods…"), 640):
        tasks = [
            Task(cell, method, _seconds(cell, method))  # the first time, this measures how fast the machine reads
            for cell in cells
            for method in methods
            if method in available(cell.checkpoint) and not (method == "shapley" and len(cell.tokens) > MOST_SAMPLED)
        ]
        slow = _slow(tasks)
        for task in tasks:
            if task not in slow:
                found[task.key] = _run(task, baseline)
    if slow:
        _offer(slow, baseline, name, found)
    return found


def _slow(tasks: Sequence[Task]) -> list[Task]:
    """Those that wait for a click: each that takes long, and the longest of many that do so together."""
    quick: set[tuple[int, str, str]] = set()
    left = _TOGETHER
    for task in sorted(tasks, key=lambda task: task.seconds):
        left -= task.seconds
        if task.seconds <= AT_ONCE and left >= 0:
            quick.add(task.key)
    return [task for task in tasks if task.key not in quick]


def _offer(slow: Sequence[Task], baseline: str, name: str, found: Found) -> None:
    seconds = sum(task.seconds for task in slow)
    named = listed(dict.fromkeys(names.method(task.method) for task in slow))
    st.info(
        _("These methods take long here, about {seconds:,.0f} s in all: {methods}").format(
            seconds=seconds, methods=plain(named)
        ),
        icon=":material/timer:",
    )
    key = (baseline, *((task.cell.checkpoint.hash, task.cell.sentence.text, task.method) for task in slow))

    def start(check_cancelled: Callable[[], None]) -> Iterator[_Ran]:
        done: Found = {}
        for number, task in enumerate(slow, 1):
            check_cancelled()
            done[task.key] = _run(task, baseline)
            yield _Ran(number, dict(done))

    background_search.view(
        f"attributions {name}",
        key,
        lambda: start,
        lambda event: background_search.Shown(
            event.number / len(slow),
            _("{done} of {total} methods have answered").format(done=event.number, total=len(slow)),
        ),
        lambda result, _key: found.update(result),
        _("Run the slow methods"),
        _("Run them again"),
    )


class _Ran(NamedTuple):
    """So many slow methods have answered."""

    number: int
    found: Found

    @property
    def result(self) -> Callable[[], Found]:
        return lambda: self.found


def _run(task: Task, baseline: str) -> Attribution:
    checkpoint, method = task.cell.checkpoint, task.method
    used = "delete" if black_box.is_one(checkpoint) else accepted(method, baseline)
    return attribution(checkpoint.name, checkpoint.hash, task.cell.sentence.text, method, used, checkpoint)


@st.cache_data(max_entries=512, show_spinner=False)
def attribution(name: str, model_hash: str, text: str, method: str, baseline: str, _checkpoint: Model) -> Attribution:
    """One method's answer, seed 0."""
    from core.probes.attribution.attribute import attribute

    return attribute(_checkpoint, text, method, baseline)


def seconds_for(cell: Cell, readings: float) -> float:
    """About how long it takes the cell's model to read its sentence so many times."""
    checkpoint = cell.checkpoint
    return readings * len(cell.tokens) * _seconds_a_token(checkpoint.name, checkpoint.hash, checkpoint)


def _seconds(cell: Cell, method: str) -> float:
    """About how long a method takes."""
    from core.probes.attribution.attribute import cost

    return seconds_for(cell, cost(method, len(cell.tokens), cell.checkpoint))


@st.cache_resource(max_entries=64, ttl=60, show_spinner=False)
def _seconds_a_token(name: str, model_hash: str, _checkpoint: Model) -> float:
    """How long this machine takes to read a token, many texts together; anew each minute, as it may be busy for one."""
    from core.probes.attribution.attribute import seconds_a_token

    return seconds_a_token(_checkpoint)


def best_methods(checkpoints: Sequence[Model]) -> list[str]:
    """The most faithful method of each model by the stored league, where there is one for this very model."""
    leagues = stored_leagues(checkpoints)
    return list(dict.fromkeys(found.best for found in leagues.values() if found.best is not None))


def stored_leagues(checkpoints: Sequence[Model]) -> dict[str, League]:
    """The stored league of every model that it was measured on: same name, same hash."""
    stored, _fault = read_stored()
    hashes = {checkpoint.name: checkpoint.hash for checkpoint in checkpoints}
    leagues = () if stored is None else stored.leagues
    return {found.model: found for found in leagues if hashes.get(found.model) == found.hash}


def read_stored() -> tuple[Leagues | None, str]:
    """The stored leagues, if there are any, and a line that says what is wrong with their file, if anything."""
    from core.probes.attribution import benchmark_file

    try:
        return benchmark_file.load(), ""
    except ValueError as fault:
        return None, str(fault)


def tell_of_best(cells: Sequence[Cell]) -> None:
    """What the league says of the models asked, in a sentence each."""
    leagues = stored_leagues([cell.checkpoint for cell in cells])
    for name, found in leagues.items():
        if found.best is None:
            continue
        standing = found.standings[0]
        overall = standing.measures["overall"]
        chance = found.random["overall"]
        if overall is None or chance is None:
            continue
        line = _(
            "Most faithful to the {model} over {rows:,} validation sentences, by deleting words: **{method}**, "
            "comprehensiveness − sufficiency {value} ({low} to {high}); random rankings {chance}."
        )
        if found.tied:
            tied = ngettext(
                "{count} other is not to be told from it.",
                "{count} others are not to be told from it.",
                len(found.tied),
            )
            line = together((line, tied))
        st.markdown(
            line.format(
                model=plain(model_name(name)),
                rows=overall.rows,
                method=plain(names.method(found.best)),
                value=minus(f"{overall.mean:.3f}"),
                low=minus(f"{overall.interval[0]:.3f}"),
                high=minus(f"{overall.interval[1]:.3f}"),
                chance=minus(f"{chance.mean:.3f}"),
                count=len(found.tied),
            )
        )
