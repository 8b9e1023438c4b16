"""What the views of attributions share: sentences, models, methods, removal methods, and running them.

A slow method is not run at once: the page gives its time, and a button starts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import streamlit as st

from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed
from pages.server import background_search
from pages.server.caches import cached
from pages.views.attributions import names
from pages.widgets import black_box, frame, models, query_params, sentences, target
from pages.widgets.sentences import Sentence
from pages.widgets.target import Aim
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.models.predictor import Model
    from core.probes.attribution.benchmark_file import Benchmarks
    from core.probes.attribution.results import Attribution
    from core.probes.attribution.standings import Benchmark

T, R = TypeVar("T"), TypeVar("R")
AT_ONCE = 2.0  # seconds; a method that takes longer is started by a button
_TOGETHER = 8.0  # seconds that the methods run at once may take together
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
    """Import the methods and torch, which takes seconds the first time."""
    import core.probes.attribution.attribute  # noqa: F401


def choose_models(checkpoints: Sequence[Model], asked: Sequence[Sentence]) -> list[Model]:
    """Some of the models that read one of the sentences: the LSTM, if it is there, unless others are picked."""
    readers = sentences.readers(checkpoints, *asked)
    outside = [checkpoint.name for checkpoint in readers if black_box.is_one(checkpoint)]
    usual = outside or [checkpoint.name for checkpoint in readers if checkpoint.name == "lstm"]
    return models.choose_some(readers, "attributions models", usual)


def row() -> DeltaGenerator:
    """The one row of controls above an answer."""
    return st.container(horizontal=True, vertical_alignment="bottom")


def settings() -> DeltaGenerator:
    """The settings at the end of that row."""
    return st.popover(_("Settings"), icon=":material/tune:")


def choose_cells(asked: Sequence[Sentence], checkpoints: Sequence[Model]) -> tuple[list[Cell], str]:
    """One of the sentences read by some of the models, each with its target, and the baseline."""
    with row():
        sentence = sentences.choose(asked)
        chosen = choose_models(checkpoints, [sentence])
        aim = target.choose(chosen, "attributions")
        with settings():
            baseline = choose_baseline()
    return cells([sentence], chosen, aim), baseline


def cells(asked: Sequence[Sentence], chosen: Sequence[Model], aim: Aim) -> list[Cell]:
    """Each sentence with each model that reads it, at the target that was chosen."""
    aimed = [aim.model(model) for model in chosen]
    return [Cell(sentence, model) for sentence in asked for model in aimed if model.preprocessing(sentence.text)]


def choose_methods(checkpoints: Sequence[Model]) -> list[str]:
    """Some methods, by default the most faithful of the benchmark and the usual ones; ``methods`` in the link."""
    from core.probes.attribution.attribute import METHODS, available

    here = [name for name in METHODS if any(name in available(checkpoint) for checkpoint in checkpoints)]
    usual = [name for name in dict.fromkeys([*best_methods(checkpoints), *_USUAL]) if name in here]
    chosen = query_params.linked(
        st.multiselect,
        _("Methods"),
        here,
        name="methods",
        key="attributions methods",
        default=usual,
        read=query_params.some_of(here),
        write=lambda chosen: ",".join(chosen) or None,
        fit=lambda chosen: [name for name in chosen if name in here],
        format_func=names.method,  # this widget reads no Markdown
        placeholder=_("Choose methods"),
    )
    return chosen or usual


def choose_method(methods: Sequence[str]) -> str:
    """The method whose scores are shown first, or "" for the most faithful; ``method`` in the link."""
    return query_params.choice(
        st.selectbox,
        _("Method"),
        {"": _("most faithful")} | {name: names.method(name) for name in methods},
        name="method",
        key="attributions method",
        width=230,
        help=_(
            "The most faithful: the best of the method benchmark for this model, or without a benchmark the best on "
            "this sentence. Settings has more methods."
        ),
    )


def choose_baseline() -> str:
    """The removal method, or "" for each attribution method's own; ``baseline`` in the link."""
    return query_params.choice(
        st.selectbox,
        _("Removal method"),
        names.baselines(),
        name="baseline",
        key="attributions baseline",
        help=_(
            "Deleted: the text gets shorter. The other options put a vector in the word’s place: "
            "<pad> (zeros), <unk>, or the mean of all words. None is neutral: a model responds to "
            "each of them. Faithfulness uses the same removal method, or deletion if each method "
            "uses its own."
        ),
    )


def accepted(method: str, baseline: str) -> str:
    """The baseline that a method uses when this one is chosen: its own default if it does not accept this one."""
    from core.probes.attribution import attribute as attributions

    return baseline if baseline in attributions.METHODS[method].baselines else attributions.accepted(method)


def removal(checkpoint: Model, baseline: str) -> str:
    """The removal method of all measures: the chosen one, or deletion; a black box allows deletion only."""
    return "delete" if black_box.is_one(checkpoint) else baseline or "delete"


def tell_of_baselines(methods: Sequence[str], baseline: str) -> None:
    """Name the methods that do not accept the chosen baseline, and what they use instead."""
    if not baseline:
        return
    shown = names.baselines()
    other = [name for name in methods if accepted(name, baseline) != baseline]
    if other:
        lines = listed(
            f"{names.method(name)} ({shown[accepted(name, baseline)] if accepted(name, baseline) else '–'})"
            for name in other
        )
        st.caption(_("These methods use another removal method, or none: {methods}").format(methods=plain(lines)))


def run(cells: Sequence[Cell], methods: Sequence[str], baseline: str, name: str) -> Found:
    """Every method on every cell: the quick ones at once, the slow ones when a button is pressed."""
    from core.probes.attribution.attribute import available
    from core.probes.attribution.methods.shapley import MOST_SAMPLED

    attributions: Found = {}
    longest = max((len(cell.tokens) for cell in cells), default=0)
    if longest > MOST_SAMPLED and "shapley" in methods:
        line = _("Shapley values are sampled for texts of up to {most:,} tokens; given {count:,}")
        st.caption(line.format(most=MOST_SAMPLED, count=longest))
    with frame.working(_("Running the methods…"), 640):
        tasks = [
            Task(cell, method, _seconds(cell, method))  # the first time, this measures how fast the machine reads
            for cell in cells
            for method in methods
            if method in available(cell.checkpoint) and not (method == "shapley" and len(cell.tokens) > MOST_SAMPLED)
        ]
        slow = _slow(tasks)
        for task in tasks:
            if task not in slow:
                attributions[task.key] = _run(task, baseline)
    if slow:
        _offer(slow, baseline, name, attributions)
    return attributions


def _slow(tasks: Sequence[Task]) -> list[Task]:
    """Those that wait for a button: each slow one, and the slowest of many that are slow together."""
    quick: set[tuple[int, str, str]] = set()
    left = _TOGETHER
    for task in sorted(tasks, key=lambda task: task.seconds):
        left -= task.seconds
        if task.seconds <= AT_ONCE and left >= 0:
            quick.add(task.key)
    return [task for task in tasks if task.key not in quick]


def _offer(slow: Sequence[Task], baseline: str, name: str, attributions: Found) -> None:
    seconds = sum(task.seconds for task in slow)
    named = listed(dict.fromkeys(names.method(task.method) for task in slow))
    st.info(
        _("These methods are slow here, about {seconds:,.0f} s in total: {methods}").format(
            seconds=seconds, methods=plain(named)
        ),
        icon=":material/timer:",
    )
    one_by_one(
        name,
        (baseline, *((task.cell.sentence.text, task.method) for task in slow)),
        slow,
        lambda task, _check_cancelled: _run(task, baseline),
        lambda results: attributions.update(zip((task.key for task in slow), results, strict=False)),
        _("{done} of {total} methods finished"),
        _("Run the slow methods"),
        [task.cell.checkpoint for task in slow],
    )


def one_by_one(
    name: str,
    key: background_search.Key,
    parts: Sequence[T],
    compute: Callable[[T, Callable[[], None]], R],
    show: Callable[[list[R]], None],
    line: str,
    label: str,
    asked: Sequence[Model],
) -> None:
    """A search started by a button that computes one result for each part; `show` gets those of the first parts.

    `name` tells searches apart, `key` what is asked of one. `line` reports ``{done}`` of ``{total}``. All sessions find
    the results again, unless one of the models `asked` is a black box.
    """
    key = (*((model.name, model.hash) for model in asked), *key)

    def start(check_cancelled: Callable[[], None]) -> Iterator[list[R]]:
        results: list[R] = []
        for part in parts:
            check_cancelled()
            results.append(compute(part, check_cancelled))
            yield list(results)

    background_search.view(
        f"attributions {name}",
        key,
        lambda: start,
        lambda results: background_search.Shown(
            len(results) / len(parts), line.format(done=len(results), total=len(parts))
        ),
        lambda results, _key: show(results),
        label,
        shared=not any(map(black_box.is_one, asked)),
    )


def by_cell(
    kind: str,
    cells: Sequence[Cell],
    baseline: str,
    show: Callable[[list[Any]], None],
    waiting: str,
    label: str,
) -> None:
    """The ``order`` or the ``pairs`` of every cell: at once where that is quick, otherwise started by a button."""
    _compute, cost = _probe(kind)
    seconds = sum(seconds_for(cell, cost(len(cell.tokens), cell.checkpoint)) for cell in cells)
    if seconds <= AT_ONCE:
        with frame.working(waiting, 480):
            results = [
                _quick(kind, cell.checkpoint, cell.sentence.text, removal(cell.checkpoint, baseline)) for cell in cells
            ]
        show(results)
        return

    def compute(cell: Cell, check_cancelled: Callable[[], None]) -> Any:
        from core.probes.attribution.results import Instance

        instance = Instance.of(cell.checkpoint, cell.sentence.text)
        return _compute(instance, removal(cell.checkpoint, baseline), check_cancelled=check_cancelled)

    one_by_one(
        kind,
        (baseline, *(cell.sentence.text for cell in cells)),
        cells,
        compute,
        show,
        _("{done} of {total} models finished"),
        label.format(seconds=seconds),
        [cell.checkpoint for cell in cells],
    )


def _probe(kind: str) -> tuple[Callable[..., Any], Callable[..., int]]:
    from core.probes.attribution import interactions, order

    return {
        "order": (order.order_attribution, order.cost),
        "pairs": (interactions.interactions, interactions.cost),
    }[kind]


@cached(128)
def _quick(kind: str, checkpoint: Model, text: str, removed_by: str) -> Any:
    from core.probes.attribution.results import Instance

    return _probe(kind)[0](Instance.of(checkpoint, text), removed_by)


def _run(task: Task, baseline: str) -> Attribution:
    checkpoint, method = task.cell.checkpoint, task.method
    removed_by = "delete" if black_box.is_one(checkpoint) else accepted(method, baseline)
    return attribution(checkpoint, task.cell.sentence.text, method, removed_by)


@cached(512)
def attribution(checkpoint: Model, text: str, method: str, baseline: str) -> Attribution:
    """One method's answer, seed 0."""
    from core.probes.attribution.attribute import attribute

    return attribute(checkpoint, text, method, baseline)


def seconds_for(cell: Cell, readings: float) -> float:
    """About how long the cell's model takes to read its sentence so many times."""
    checkpoint = cell.checkpoint
    return readings * len(cell.tokens) * _seconds_a_token(checkpoint.name, checkpoint.hash, checkpoint)


def _seconds(cell: Cell, method: str) -> float:
    """About how long a method takes."""
    from core.probes.attribution.attribute import cost

    return seconds_for(cell, cost(method, len(cell.tokens), cell.checkpoint))


@st.cache_resource(max_entries=64, ttl=60, show_spinner=False)
def _seconds_a_token(name: str, model_hash: str, _checkpoint: Model) -> float:
    """How long this machine takes to read a token, many texts together; again each minute, as its load changes."""
    from core.probes.attribution.attribute import seconds_a_token

    return seconds_a_token(_checkpoint)


def best_methods(checkpoints: Sequence[Model]) -> list[str]:
    """The most faithful method of each model by the stored benchmark of this very model, if there is one."""
    benchmarks = stored_benchmarks(checkpoints)
    return list(dict.fromkeys(benchmark.best for benchmark in benchmarks.values() if benchmark.best is not None))


def stored_benchmarks(checkpoints: Sequence[Model]) -> dict[str, Benchmark]:
    """The stored benchmark of every model whose name and hash are those measured."""
    stored, _fault = read_stored()
    hashes = {checkpoint.name: checkpoint.hash for checkpoint in checkpoints}
    benchmarks = () if stored is None else stored.benchmarks
    return {benchmark.model: benchmark for benchmark in benchmarks if hashes.get(benchmark.model) == benchmark.hash}


def read_stored() -> tuple[Benchmarks | None, str]:
    """The stored benchmark, if there is one, and what is wrong with its file, if anything."""
    from core.probes.attribution import benchmark_file

    try:
        return benchmark_file.load(), ""
    except ValueError as fault:
        return None, str(fault)
