"""The probes from Python: one call per question, with the results of the pages and the command line.

    from core import figure, load

    model = load("lstm")
    model.predict(["i love it", "not bad at all"])
    result = model.permutations("better late than never")
    figure(result).write_html("orders.html")

A method uses its page's limits unless others are given, runs the search to its end, and returns a frozen dataclass.
Arrays' axes: T tokens of the text, H units, L layers; probabilities and logits are of the model's target (`targeted`;
unless named, of two classes the second, of more the predicted one), fluency in nats. Every method raises ValueError
(EmptyTextError for a text without a word) or LookupError that say what was given and what is expected; those that
follow a model word by word raise `recurrent.NotPrefixwiseError` for a bidirectional one. The probes' own modules take
`model.checkpoint`. Importing this module imports no torch or plotly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.runtime.shown import Shown

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from core.data.formats.layout import Layout
    from core.evaluation.metrics import Evaluation
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
    from core.probes.permutations.flip import Flips
    from core.probes.permutations.order_suite import OrderSuite
    from core.probes.permutations.search import Permutations
    from core.probes.robustness.certify import Certificate
    from core.probes.sarcasm.comment import Comment
    from core.probes.sarcasm.compose import Composition
    from core.probes.scan.one_file import Scan
    from core.probes.units.linear_probes import Probes


_Event = TypeVar("_Event")


def load(name: str = "lstm", folder: str | Path | None = None) -> Model:
    """A trained model by its checkpoint's name, in a folder of checkpoints if given, or by the path of its own folder.

    Raises CheckpointError, a ValueError, for none or a damaged one.
    """
    from core.models import checkpoints

    found = checkpoints.located(name) if folder is None else (name, Path(folder))
    return Model(checkpoints.load(*found))


@dataclass(frozen=True)
class Model:
    """A loaded model, read-only, and its probes."""

    checkpoint: Checkpoint

    def __repr__(self) -> str:
        network = self.checkpoint.model
        units = f"{network.recurrent.num_layers} × {network.hidden_size:,} units"
        ways = ", bidirectional" if network.bidirectional else ""
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
        """The checkpoint's description of itself: data, settings, metrics, limits."""
        return self.checkpoint.card

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its classes."""
        return self.checkpoint.labels

    def targeted(self, target: str, against: str | None = None) -> Model:
        """The same model, its probabilities and logits being those of a class, against all others or one other.

        Raises LookupError for an unknown class.
        """
        from core.data.targets import named

        return Model(self.checkpoint.targeted(named(self.labels, target, against)))

    def figure(self, result: Any) -> go.Figure:
        """`figure` of one of its results, with its class names."""
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
        length, on a labelled file; its `layout.Layout` is detected unless given. `labels` says what its values mean,
        as in ``{"1": "negative", "2": "positive", "3": "neutral"}``; raises ValueError where that is ambiguous."""
        from core.data.corpus import read_corpus
        from core.evaluation.metrics import evaluate

        labelling = self.checkpoint.labelling
        corpus = read_corpus(str(file), text_column, label_column, layout=layout, labelling=labelling, asked=labels)
        return evaluate(self.checkpoint, corpus)

    def permutations(
        self, text: str, pinned: Collection[int] | None = None, to: str | None = None, **bounds: Any
    ) -> Permutations:
        """Other orders of a text's words: those that flip the verdict, the likeliest valid first, and a `certificate`
        of what was searched; `rows` [N, T], `logits`, `classes`, `fluencies` and `valid` [N] of the N orders scored.

        `pinned` are the indices of locked tokens (default: punctuation); only flips `to` a class count, if it is named;
        `bounds` are `budget` (orders), `seconds`,
        `floor` (nats) and `top`.
        """
        from core.fluency import judge, trigram
        from core.probes.permutations.search import ask, scorer, search

        question = ask(self.checkpoint, trigram.load().trigram, text, pinned, judge.load_if_there(), to, **bounds)
        return _last(search(self.name, scorer(self.checkpoint, question), question)).result()

    def flip(self, text: str, pinned: Collection[int] | None = None, to: str | None = None, **bounds: Any) -> Flips:
        """The best orders of a text's words that flip the verdict: those that the judge of word order accepts first,
        then by P(valid) times margin; and a `certificate` of what was searched.

        `pinned` are the indices of locked tokens (default: punctuation); only flips `to` a class count, if it is named;
        `bounds` are `top` and `budget` (orders).
        """
        from core.fluency import judge, trigram
        from core.probes.permutations.flip import flips

        events = flips([self.checkpoint], judge.load(), trigram.load().trigram, text, pinned, to=to, **bounds)
        return _last(events).found[0]

    def edits(self, text: str, goal: str = "flip", protect: Collection[str] = (), **bounds: Any) -> MinimalEdits:
        """The smallest edits of a text that reach a `goal` (``flip``, any other verdict, or a class's name), and
        whether fewer can.

        `protect` are locked words; `bounds` are `max_edits`, `seconds`, `budget` (sentences read), `beam`, `top` and
        `fluency` (nats that it may lose).
        """
        from core.probes.edits import sources
        from core.probes.edits.search import search
        from core.probes.edits.victims import victim

        question = sources.ask(self.checkpoint, sources.load(), text, goal, protect=protect, **bounds)
        return _last(search(self.name, victim(self.checkpoint), question)).result()

    def certify(
        self,
        text: str,
        max_changes: int | None = None,
        max_shift: int | None = None,
        seconds: float | None = None,
        **more: Any,
    ) -> Certificate:
        """Whether any way to replace up to `max_changes` words (3) from a list changes the verdict, or with
        `max_shift` any order that moves no word further: all of them read. `status` is ``certified``, ``flipped`` or
        ``undecided``.

        `more` are `name` of the list (``wordnet``, ``typos`` or a file), or `window` and `pinned` of the orders.
        """
        from core.probes.robustness.questions import moves, substitutions

        if max_changes is not None and max_shift is not None:
            raise ValueError("max_changes and max_shift are two questions; ask one")
        timed = seconds is not None
        question = (
            substitutions(self.checkpoint, text, max_changes, timed=timed, **more)
            if max_shift is None
            else moves(self.checkpoint, text, max_shift, timed=timed, **more)
        )
        return _last(question.answers(seconds))

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
        return _last(search(self.name, predictor(self.checkpoint), candidates, labels=self.labels)).result()

    def comment(self, text: str, reading: str | None = None) -> Comment:
        """Whether the model is fooled by a text of gold label `reading` (a class's name or ``mixed``; default: its
        first class), and the logits [T] without each token."""
        from core.probes.sarcasm.comment import judge

        return judge([self.checkpoint], text, self.labels[0] if reading is None else reading)[0]

    def compare(self, a: str, b: str) -> Comparison:
        """Two texts: the words that they share, both verdicts, and the token from which the verdicts differ."""
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
        """Each token's contribution to the verdict by one of `methods`: `scores` [T], mostly in logits, and the `delta`
        that they leave. `baseline` is the removal method (default: the method's own)."""
        from core.probes.attribution.attribute import attribute

        return attribute(self.checkpoint, text, method, baseline, seed)

    def methods(self) -> tuple[str, ...]:
        """The methods of attribution for this model."""
        from core.probes.attribution.attribute import available

        return available(self.checkpoint)

    def order(self, text: str, seed: int = 0) -> OrderAttribution:
        """How much of the verdict comes from which words there are, and how much from their order: [T] each."""
        from core.probes.attribution.order import order_attribution
        from core.probes.attribution.results import Instance

        return order_attribution(Instance.of(self.checkpoint, text), seed=seed)

    def interactions(self, text: str, seed: int = 0) -> Interactions:
        """Shapley interactions [T, T] of all pairs of tokens."""
        from core.probes.attribution.interactions import interactions
        from core.probes.attribution.results import Instance

        return interactions(Instance.of(self.checkpoint, text), seed=seed)

    def patching(self, a: str, b: str, align: str = "start") -> PatchGrid:
        """A's verdict with one state or gate replaced at one step by B's: `logits` [T] by component, NaN where B has no
        such step; steps are matched from the ``start`` or the ``end``."""
        from core.probes.interventions.patching import patch_texts

        return patch_texts(self.checkpoint, a, b, align)

    def intervention(self, text: str, changes: Sequence[Change]) -> Intervention:
        """Logits [T] `before` and `after` some `changes`: `Hold`, `Scale` or `Patch` of `probes.interventions.hold`."""
        from core.probes.interventions.hold import intervene

        return intervene(self.checkpoint, self.trajectory(text), changes)

    def fixed_points(self, texts: Sequence[str] = (), held: str = "zero", seconds: float = 30.0) -> FixedPoints:
        """The fixed points under a constant input, ``zero`` or the ``mean`` embedding, with eigenvalues and stability;
        the search starts from states of `texts` (default: the examples). More than two classes need a `targeted` model.
        """
        from core.data.examples import examples
        from core.probes.dynamics.fixed_points import search

        starts = _several(texts) or [example.text for example in examples()]
        return _last(search(self.checkpoint, starts, held, seconds)).result()

    def memory(self, word: str, upto: int = 100, **filler: str) -> Memory:
        """A word followed by 0 to `upto` neutral words: what is left of its effect on the logit, [upto + 1]."""
        from core.probes.dynamics.memory_decay import memory

        return memory(self.checkpoint, word, upto=upto, **filler)

    def retention(self, fillers: int = 20, upto: int = 100, seed: int = 0, **words: Sequence[str]) -> Retention:
        """The share of strong words' effect that is left after 0 to `upto` drawn neutral words, with its interval. More
        than two classes need a `targeted` model."""
        from core.probes.dynamics.retention import retention

        return retention(self.checkpoint, fillers=fillers, upto=upto, seed=seed, **words)

    def probes(self, texts: Sequence[str], seed: int = 0) -> Probes:
        """Linear probes of the states at the tokens of some texts, each beside a control task."""
        from core.probes.units.linear_probes import diagnose

        return _last(diagnose(self.checkpoint, _several(texts), seed)).result()

    def suite(self, **settings: Any) -> Suite:
        """Failure rates by capability on hand-written behavioural tests; see `core.probes.checklist.suite.Settings`."""
        from core.probes.checklist.suite import Settings, run

        self._check_sentiment("the templates are sentences whose sentiment is known")
        return run(self.checkpoint, Settings(**settings))

    def order_suite(self, **settings: Any) -> OrderSuite:
        """How often the model is blind to word order where it matters, and brittle where it does not, on composed
        pairs; see `core.probes.permutations.order_suite.Settings`."""
        from core.probes.permutations.order_suite import Settings, run

        self._check_sentiment("the pairs are sentences whose sentiment is known")
        return _last(run(self.checkpoint, Settings(**settings))).result()

    def scan(
        self,
        file: str | Path,
        text_column: str | None = None,
        label_column: str | None = None,
        labels: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Scan:
        """Every row of a file, of any size: how many were scored, and the `top` rows that contradict their gold labels
        (or cues of sarcasm); `out` writes the verdicts. `labels` are as in `evaluate`, `options` as in
        `core.probes.scan.one_file.scan`, and `encoding`."""
        from core.probes.scan.one_file import scan

        if (encoding := options.pop("encoding", None)) is not None:
            from core.data.formats.layout import ANY

            options["layout"] = replace(options.get("layout") or ANY, encoding=encoding)
        return _last(scan(file, [self.checkpoint], text_column, label_column, asked=labels, **options))

    def _check_sentiment(self, why: str) -> None:
        if not self.checkpoint.reads_sentiment:
            raise ValueError(f"{self.name} tells {' from '.join(self.labels)}: {why}")


def figure(result: Any, labels: tuple[str, ...] = ("negative", "positive")) -> go.Figure:
    """The usual plotly figure of a result: `show()`, `write_html(path)`. Verdicts are given as a list.

    `labels` name the classes 0 and 1 where the result does not know them; `Model.figure` gives its model's.
    Raises LookupError for a result without a figure here; `core.figures` has more, with their options.
    """
    from core.data.labels import model_name
    from core.figures import checklist, comparison, order_suite, permutations, prefixes
    from core.figures.attribution import interactions, order, scores
    from core.figures.inside import contributions, fixed_points, gradients, interventions, memory_decay

    figures: dict[str, Callable[[], Any]] = {
        "Verdict": lambda: prefixes.prefix_curves(result),
        "Permutations": lambda: permutations.fluency_scatter(result),
        "Comparison": lambda: comparison.comparison_curves(result),
        "Trace": lambda: contributions.contribution_bars([result]),
        "Gradients": lambda: gradients.gradient_norms([result]),
        "Attribution": lambda: scores.attribution_bars(result, f"{model_name(result.model)}, {result.method}"),
        "OrderAttribution": lambda: order.order_bars(result),
        "Interactions": lambda: interactions.interaction_heatmap(result),
        "PatchGrid": lambda: interventions.patch_heatmap([result], "probability"),
        "Intervention": lambda: interventions.before_and_after([result]),
        "FixedPoints": lambda: fixed_points.eigenvalues_figure(result, 0),
        "Memory": lambda: memory_decay.memory_curves([result]),
        "Retention": lambda: memory_decay.retention_curves([result]),
        "Suite": lambda: checklist.failure_rates([result]),
        "OrderSuite": lambda: order_suite.shares_by_pattern([result], "differ"),
    }
    kind = "Verdict" if isinstance(result, list | tuple) else type(result).__name__
    if kind not in figures:
        raise LookupError(f"no figure for a {kind}; available for: {', '.join(figures)}")
    if kind == "FixedPoints" and not result.points:
        raise LookupError("no fixed point was found, so there are no eigenvalues to draw")
    drawn: go.Figure = figures[kind]()
    return drawn


def _several(texts: Sequence[str]) -> list[str]:
    """Texts as a list. Raises ValueError for a single one, whose letters would be read."""
    if isinstance(texts, str):
        raise ValueError("expected a list of texts; a single text was given")
    return list(texts)


def _last(events: Iterator[_Event]) -> _Event:
    """The last event of a search, which has its result."""
    return deque(events, maxlen=1)[0]


Shown.picture = figure
