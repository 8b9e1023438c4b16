"""The probes from Python: one short call a question, the same results as on the pages and the command line.

    from core import figure, load

    model = load("lstm")
    model.predict(["i love it", "not bad at all"])
    found = model.permutations("better late than never")
    figure(found).write_html("orders.html")

A method asks with the bounds that its page has unless others are given, runs the search to its end, and returns the
result's frozen dataclass. `model.checkpoint` is what the probes' own modules take, for whatever has no method here.
Arrays' axes: T tokens of the text, H units, L layers; probabilities are of class 1, logits before the logistic
function, fluency in nats. Every method raises ValueError (EmptyTextError for a text without a word) or LookupError that
says in a line what was given and what can be; those that follow a model word by word raise
`recurrent.NotPrefixwiseError` for a bidirectional one. Importing this module imports no torch, numpy or plotly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from core.data.formats.layout import Layout
    from core.evaluation.metrics import Evaluation
    from core.fluency.trigram import Fluency
    from core.models.checkpoints import Checkpoint
    from core.models.predict import Verdict
    from core.models.trace import Trace
    from core.probes.attribution.interactions import Interactions
    from core.probes.attribution.order import OrderAttribution
    from core.probes.attribution.results import Attribution
    from core.probes.checklist.suite import Suite
    from core.probes.dynamics.fixed_points import FixedPoints
    from core.probes.dynamics.memory_decay import Memory
    from core.probes.dynamics.retention import Retention
    from core.probes.dynamics.trajectories import Gradients
    from core.probes.edits.results import MinimalEdits
    from core.probes.interventions.hold import Change, Intervention
    from core.probes.interventions.patching import PatchGrid
    from core.probes.permutations.comparison import Comparison
    from core.probes.permutations.search import Permutations
    from core.probes.sarcasm.comment import Comment
    from core.probes.sarcasm.compose import Composition
    from core.probes.scan.one_file import Scan
    from core.probes.units.linear_probes import Probes


_Event = TypeVar("_Event")


def load(name: str = "lstm", folder: str | Path | None = None) -> Model:
    """A trained model by its checkpoint's name, from the project's folder of checkpoints unless told.

    Raises `core.models.checkpoints.CheckpointError`, a ValueError, where there is none or it is not sound.
    """
    from core.models import checkpoints

    return Model(checkpoints.load(name, None if folder is None else Path(folder)))


@dataclass(frozen=True)
class Model:
    """A loaded model, read-only, and the questions that can be asked of it."""

    checkpoint: Checkpoint

    def __repr__(self) -> str:
        network = self.checkpoint.model
        units = f"{network.recurrent.num_layers} × {network.hidden_size:,} units"
        ways = ", both ways" if network.bidirectional else ""
        variant = f", {network.variant}" if network.variant else ""
        return (
            f"Model({self.name!r}: {network.cell} of {units}{ways}{variant}, {len(self.checkpoint.vocabulary):,} ids)"
        )

    @property
    def name(self) -> str:
        """The checkpoint's name."""
        return self.checkpoint.name

    @property
    def card(self) -> Mapping[str, Any]:
        """What the checkpoint says of itself: data, settings, figures, limits."""
        return self.checkpoint.card

    @property
    def labels(self) -> tuple[str, str]:
        """The names of its classes 0 and 1; probabilities are of the second."""
        return self.checkpoint.labels

    def figure(self, result: Any) -> go.Figure:
        """`figure` of one of its results, which calls the classes by their names."""
        return figure(result, self.labels)

    def predict(self, texts: Sequence[str]) -> list[Verdict]:
        """A verdict on each text: `probability`, `label`, `tokens`, which of them are known, and `prefix_probabilities`
        [T], the probability after each token (empty for a bidirectional model)."""
        from core.models.predict import verdicts

        return verdicts(self.checkpoint, _several(texts))

    def evaluate(
        self,
        file: str | Path,
        text_column: str | None = None,
        label_column: str | None = None,
        labels: Mapping[str, str] | None = None,
        layout: Layout | None = None,
    ) -> Evaluation:
        """Accuracy with its 95 % interval, F1, AUC, log-loss in nats, calibration error, confusion and accuracy by
        length, on a labelled file, laid out as a `layout.Layout` says, or as is found by looking. `labels` says
        what its values mean, as in ``{"1": "negative", "2": "positive", "3": "neutral"}``; raises ValueError where that
        is not clear."""
        from core.data.corpus import read_corpus
        from core.evaluation.metrics import evaluate

        labelling = self.checkpoint.labelling
        corpus = read_corpus(str(file), text_column, label_column, layout=layout, labelling=labelling, asked=labels)
        return evaluate(self.checkpoint, corpus)

    def permutations(self, text: str, pinned: Collection[int] | None = None, **bounds: Any) -> Permutations:
        """Other orders of a text's words: those that flip the verdict, the most fluent first, and a `certificate` of
        what was searched; `rows` [N, T], `logits` and `fluencies` [N] of the N orders scored.

        `pinned` are places, from 0, that stay (punctuation unless told); `bounds` are `budget` (orders), `seconds`,
        `floor` (nats) and `top`.
        """
        from core.probes.permutations.search import ask, scorer, search

        question = ask(self.checkpoint, _fluency().trigram, text, pinned, **bounds)
        return _last(search(self.name, scorer(self.checkpoint, question), question)).result()

    def edits(self, text: str, goal: str = "flip", protect: Collection[str] = (), **bounds: Any) -> MinimalEdits:
        """The smallest edits of a text that reach a `goal`, and how far the search for fewer is complete.

        A `goal` is ``flip`` or the name of a class.

        `protect` are words that stay; `bounds` are `max_edits`, `seconds`, `budget` (sentences read), `beam`, `top` and
        `fluency` (nats that it may fall).
        """
        from core.data.labels import as_found
        from core.probes.edits import sources
        from core.probes.edits.search import search
        from core.probes.edits.victims import white_box

        goal = as_found(goal, self.labels, ("flip",), self.name, "goal")
        question = sources.ask(self.checkpoint, sources.load(), text, goal, protect=protect, **bounds)
        return _last(search(self.name, white_box(self.checkpoint), question)).result()

    def composition(self, situation: str, **bounds: Any) -> Composition:
        """Sarcastic remarks about an unwelcome situation, the surest positive first, each with its recipe.

        `bounds` are `budget` (candidates), `seconds`, `top` and `seed`.
        """
        from core.models.token_predictor import predictor
        from core.probes.sarcasm.candidates import Candidates, Question
        from core.probes.sarcasm.compose import search
        from core.probes.sarcasm.situations import read

        self._check_sentiment("a sarcastic remark is one that a person reads as negative")
        candidates = Candidates(Question(read(situation), **bounds), self.checkpoint.preprocessing)
        return _last(search(self.name, predictor(self.checkpoint), candidates)).result()

    def comment(self, text: str, reading: str = "negative") -> Comment:
        """A text that a person reads as `reading` (negative, positive or mixed): is the model fooled, and the logits
        [T] without each of its tokens."""
        from core.probes.sarcasm.comment import judge

        return judge([self.checkpoint], text, reading)[0]

    def compare(self, a: str, b: str) -> Comparison:
        """Two texts: the words that they share, both verdicts, and from which token on these part."""
        from core.probes.permutations.comparison import compare

        return compare([self.checkpoint], a, b)

    def trajectory(self, text: str) -> Trace:
        """Every state `h` [T, H] (and `c` of an LSTM), gate [T, H] by name, logit and probability [T] after each token,
        and each token's `contributions` [T] to the last logit; of several layers the top one's."""
        from core.models.trace import trace

        return trace(self.checkpoint, text)

    def gradients(self, text: str, gain: float = 1.0) -> Gradients:
        """Norms [T] of the gradient of the logit at each token's input and states, and of each step's Jacobian; with a
        `gain` every recurrent weight counts that many times."""
        from core.probes.dynamics.trajectories import gradients

        return gradients(self.checkpoint, text, gain)

    def attributions(self, text: str, method: str = "shapley", baseline: str = "", seed: int = 0) -> Attribution:
        """What each token did for the verdict by one method: `scores` [T], mostly in logits, `delta` that is left over.

        The methods are the keys of `attribute.METHODS`; `methods` says which exist for this model.
        `baseline` is how a word is taken out: the method's own way unless told.
        """
        from core.probes.attribution.attribute import attribute

        return attribute(self.checkpoint, text, method, baseline, seed)

    def methods(self) -> tuple[str, ...]:
        """The methods of attribution that exist for this model."""
        from core.probes.attribution.attribute import available

        return available(self.checkpoint)

    def order(self, text: str, seed: int = 0) -> OrderAttribution:
        """How much of the verdict comes from which words there are, and how much from where they stand: [T] each."""
        from core.probes.attribution.order import order_attribution

        return order_attribution(self._reading(text), seed=seed)

    def interactions(self, text: str, seed: int = 0) -> Interactions:
        """Shapley interactions [T, T] of all pairs of tokens: what they do together beyond what each does alone."""
        from core.probes.attribution.interactions import interactions

        return interactions(self._reading(text), seed=seed)

    def patching(self, a: str, b: str, align: str = "start") -> PatchGrid:
        """A's verdict where one state or gate, at one step, is taken from B's run: `logits` [T] by what is patched,
        "not a number" where B has no such step; steps are matched from the ``start`` or the ``end``."""
        from core.probes.interventions.patching import patch_texts

        return patch_texts(self.checkpoint, a, b, align)

    def intervention(self, text: str, changes: Sequence[Change]) -> Intervention:
        """A text read again with gates held or units scaled on the way: logits [T] `before` and `after`.

        `changes` are `Hold`, `Scale` or `Patch` of `core.probes.interventions.hold`.
        """
        from core.probes.interventions.hold import intervene

        return intervene(self.checkpoint, self.trajectory(text), changes)

    def fixed_points(self, texts: Sequence[str] = (), held: str = "zero", seconds: float = 30.0) -> FixedPoints:
        """The states at which the network rests while its input is held at ``zero`` or the ``mean`` embedding, with
        their eigenvalues and stability; starts are states of `texts`, the examples' unless told."""
        from core.data.examples import examples
        from core.probes.dynamics.fixed_points import search

        starts = _several(texts) or [example.text for example in examples()]
        return _last(search(self.checkpoint, starts, held, seconds)).found

    def memory(self, word: str, upto: int = 100, **filler: str) -> Memory:
        """A word followed by 0 to `upto` neutral words: what is left of its effect on the logit, [upto + 1]."""
        from core.probes.dynamics.memory_decay import memory

        return memory(self.checkpoint, word, upto=upto, **filler)

    def retention(self, fillers: int = 20, upto: int = 100, seed: int = 0, **words: Sequence[str]) -> Retention:
        """The share of strong words' effect that is left after 0 to `upto` drawn neutral words, with its interval."""
        from core.probes.dynamics.retention import retention

        return retention(self.checkpoint, fillers=fillers, upto=upto, seed=seed, **words)

    def probes(self, texts: Sequence[str], seed: int = 0) -> Probes:
        """What linear probes read off the states at the tokens of some texts, each beside a control task."""
        from core.probes.units.linear_probes import diagnose

        return _last(diagnose(self.checkpoint, _several(texts), seed)).found

    def suite(self, **settings: Any) -> Suite:
        """Failure rates by capability on hand-written behavioural tests; see `core.probes.checklist.suite.Settings`."""
        from core.probes.checklist.suite import Settings, run

        self._check_sentiment("the templates are sentences whose sentiment is known")
        return run(self.checkpoint, Settings(**settings))

    def scan(
        self,
        file: str | Path,
        text_column: str | None = None,
        label_column: str | None = None,
        labels: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Scan:
        """Every row of a file, of any size: how many were scored, and the `top` rows that the model reads against its
        people (or against their sarcasm cues); `out` writes the verdicts. `labels` are as in `evaluate`, `options` are
        `core.probes.scan.one_file.scan`'s, and `encoding`."""
        from core.probes.scan.one_file import scan

        if (encoding := options.pop("encoding", None)) is not None:
            from core.data.formats.layout import ANY

            options["layout"] = replace(options.get("layout") or ANY, encoding=encoding)
        return _last(scan(file, [self.checkpoint], text_column, label_column, asked=labels, **options))

    def _check_sentiment(self, why: str) -> None:
        if not self.checkpoint.reads_sentiment:
            raise ValueError(f"{self.name} tells {self.labels[0]} from {self.labels[1]}: {why}")

    def _reading(self, text: str) -> Any:
        from core.models.predict import EmptyTextError
        from core.probes.attribution.results import Reading

        tokens = tuple(self.checkpoint.preprocessing(text))
        if not tokens:
            raise EmptyTextError("the text is empty: there is no word to read")
        return Reading(self.checkpoint, text, tokens)


def figure(result: Any, labels: tuple[str, str] = ("negative", "positive")) -> go.Figure:
    """The usual figure of a result, plotly's: `show()`, `write_html(path)`. Verdicts are given as a list of them.

    `labels` name the classes 0 and 1 where the result does not know them; `Model.figure` gives its model's.
    Raises LookupError for a result that has none here; `core.figures` has more, with their options.
    """
    kind = "Verdict" if isinstance(result, (list, tuple)) else type(result).__name__
    if kind not in _FIGURES:
        raise LookupError(f"no figure for a {kind}; available for: {', '.join(_FIGURES)}")
    found: go.Figure = _FIGURES[kind](result, labels)
    return found


def _verdicts(found: Any, _labels: tuple[str, str]) -> Any:
    from core.figures.prefixes import prefix_curves

    return prefix_curves(found)


def _permutations(found: Any, labels: tuple[str, str]) -> Any:
    from core.figures.permutations import fluency_scatter

    return fluency_scatter(found, labels=labels)


def _comparison(found: Any, _labels: tuple[str, str]) -> Any:
    from core.figures.comparison import comparison_curves

    return comparison_curves(found)


def _trace(found: Any, _labels: tuple[str, str]) -> Any:
    from core.figures.inside.contributions import contribution_bars

    return contribution_bars([found])


def _gradients(found: Any, _labels: tuple[str, str]) -> Any:
    from core.figures.inside.gradients import gradient_norms

    return gradient_norms([found])


def _attribution(found: Any, _labels: tuple[str, str]) -> Any:
    from core.data.labels import model_name
    from core.figures.attribution.scores import attribution_bars

    return attribution_bars([found], [found.method], model_name(found.model), shares=False)


def _order(found: Any, _labels: tuple[str, str]) -> Any:
    from core.figures.attribution.order import order_bars

    return order_bars(found)


def _interactions(found: Any, _labels: tuple[str, str]) -> Any:
    from core.figures.attribution.interactions import interaction_heatmap

    return interaction_heatmap(found)


def _patches(found: Any, labels: tuple[str, str]) -> Any:
    from core.figures.inside.interventions import patch_heatmap

    return patch_heatmap(found, "probability", labels=labels)


def _intervention(found: Any, labels: tuple[str, str]) -> Any:
    from core.figures.inside.interventions import before_and_after

    return before_and_after([found], labels)


def _eigenvalues(found: Any, _labels: tuple[str, str]) -> Any:
    from core.figures.inside.fixed_points import eigenvalues_figure

    if not found.points:
        raise LookupError("no fixed point was found, so there is none whose eigenvalues could be drawn")
    return eigenvalues_figure(found, 0)


def _memory(found: Any, labels: tuple[str, str]) -> Any:
    from core.figures.inside.memory_decay import memory_curves

    return memory_curves([found], labels)


def _retention(found: Any, _labels: tuple[str, str]) -> Any:
    from core.figures.inside.memory_decay import retention_curves

    return retention_curves([found])


def _suite(found: Any, _labels: tuple[str, str]) -> Any:
    from core.figures.checklist import failure_rates

    return failure_rates([found])


_FIGURES = {
    "Verdict": _verdicts,
    "Permutations": _permutations,
    "Comparison": _comparison,
    "Trace": _trace,
    "Gradients": _gradients,
    "Attribution": _attribution,
    "OrderAttribution": _order,
    "Interactions": _interactions,
    "PatchGrid": _patches,
    "Intervention": _intervention,
    "FixedPoints": _eigenvalues,
    "Memory": _memory,
    "Retention": _retention,
    "Suite": _suite,
}


def _several(texts: Sequence[str]) -> list[str]:
    """Texts as a list. Raises ValueError for a single one, whose letters would be read."""
    if isinstance(texts, str):
        raise ValueError("expected a list of texts; a single text was given")
    return list(texts)


def _last(events: Iterator[_Event]) -> _Event:
    """The last event of a search, which has its answer."""
    event = next(events)  # every search has at least one
    for later in events:
        event = later
    return event


def _fluency() -> Fluency:
    from core.fluency import trigram

    return trigram.load()
