"""On which kinds of sentences does a model fail? Behavioural tests of CheckList's three kinds.

Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList". With p = P(positive) of a text,
q that of its change, and a tolerance τ, a case fails where

    MFT  the verdict on the text is not the expected label
    DIR  up: q < p − τ;  down: q > p + τ
    INV  verdict      the verdicts differ (what is used unless told otherwise)
         checklist    the verdicts differ and |q − p| > τ (CheckList's own rule)
         probability  |q − p| > τ, whatever the verdicts

A pair that a model reads as one sequence (links are one token to it, unknown words another) cannot fail: such cases
are left out and counted. Rates have 95 % intervals clustered by template (`core.evaluation.clustered_intervals`); they
are about these templates and ones like them, not tweets in general. Each template has few cases, so none dominates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from core.data import targets
from core.data.labels import SENTIMENT, Names
from core.evaluation.clustered_intervals import clustered_interval
from core.models.predictor import BlackBox
from core.models.token_predictor import Predictor, checked, predictor, reader
from core.probes.checklist.templates import CAPABILITIES, EXPECTED, Case, Template, load
from core.runtime.i18n import gettext as _
from core.runtime.shown import Shown
from core.text.preprocessing import UNK, Preprocessing

if TYPE_CHECKING:
    from core.models.predictor import Model

TOLERANCE = 0.1  # CheckList's
CASES = 24  # of a template, at most

Reader = Callable[[str], Sequence[str]]
"""The tokens that a model tells apart in a text."""

INVARIANCES: dict[str, Callable[[bool, bool], bool]] = {
    "verdict": lambda turned, _moved: turned,
    "checklist": lambda turned, moved: turned and moved,
    "probability": lambda _turned, moved: moved,
}
"""When an invariance fails: of whether the verdict turned, and whether P(positive) moved by more than the tolerance."""


@dataclass(frozen=True)
class Settings:
    """What decides a suite's cases and which of them fail.

    `cases` is the most of one template, `capabilities` which ones are tested, `tolerance` in P(positive), `invariance`
    one of `INVARIANCES`. Raises ValueError or LookupError for an invalid one.
    """

    seed: int = 0
    cases: int = CASES
    tolerance: float = TOLERANCE
    invariance: str = "verdict"
    capabilities: tuple[str, ...] = CAPABILITIES

    def __post_init__(self) -> None:
        if self.seed < 0 or self.cases < 1:
            raise ValueError(
                _(
                    "a suite needs a seed of 0 or more and at least one case per template; given: {seed}, {cases}"
                ).format(seed=self.seed, cases=self.cases)
            )
        if not 0 <= self.tolerance < 1:
            raise ValueError(
                _("the tolerance is a difference of probabilities, from 0 to below 1; given: {tolerance}").format(
                    tolerance=self.tolerance
                )
            )
        if self.invariance not in INVARIANCES:
            raise LookupError(f"no invariance {self.invariance!r}; available: {', '.join(INVARIANCES)}")
        if unknown := [name for name in self.capabilities if name not in CAPABILITIES]:
            raise LookupError(f"no capability {unknown[0]!r}; available: {', '.join(CAPABILITIES)}")
        if not self.capabilities:
            raise ValueError(
                _("no capability to test was given; available: {available}").format(available=", ".join(CAPABILITIES))
            )


@dataclass(frozen=True)
class Outcome:
    """A case, P(positive) of its text and of its change, and the verdicts on them.

    `excess` is by how much it fails, if it does: for MFT half of what the verdict is more probable than the label (of
    two classes the distance of P(positive) from 0.5), else the distance of the two P(positive).
    """

    case: Case
    excess: float
    probability: float
    label: str
    changed_probability: float | None = None
    changed_label: str | None = None


@dataclass(frozen=True)
class Rate:
    """How many of some templates' cases fail, as a share with its 95 % interval, both None without a case.

    `left_out` counts cases whose two texts the model reads as one; they are not among the `cases`, and a template that
    has only such is not among the `templates`.
    """

    templates: int
    cases: int
    failures: int
    left_out: int
    rate: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class TemplateResult:
    """One template's cases under one model; `failed` are those that failed, by falling excess."""

    template: Template
    rate: Rate
    failed: tuple[Outcome, ...]


@dataclass(frozen=True)
class CapabilityResult:
    """One capability under one model: over all its templates, and over those of each kind."""

    name: str
    rate: Rate
    kinds: tuple[tuple[str, Rate], ...]


@dataclass(frozen=True)
class Suite(Shown):
    """One model's result on the suite; `labels` are its classes."""

    listed: ClassVar[tuple[str, ...]] = ("capabilities",)
    pictured: ClassVar[bool] = True

    model: str
    settings: Settings
    rate: Rate
    capabilities: tuple[CapabilityResult, ...]
    templates: tuple[TemplateResult, ...]
    labels: Names


def cases(settings: Settings = Settings()) -> tuple[Case, ...]:
    """The cases of these settings, template by template."""
    return tuple(case for _template, made in _made(settings) for case in made)


def run(checkpoint: Model, settings: Settings = Settings()) -> Suite:
    """A model's result on the suite. Words that a checkpoint does not know are one word to it.

    A black box gets the texts as written. Which of them it reads as one is unknown, so none is left out.
    """
    labels = checkpoint.labels
    if isinstance(checkpoint, BlackBox):
        return run_predictor(checkpoint.name, predictor(checkpoint), reader(checkpoint), settings, labels)
    vocabulary = checkpoint.vocabulary

    def read(text: str) -> list[str]:
        return [token if token in vocabulary else UNK for token in checkpoint.preprocessing(text)]

    return run_predictor(checkpoint.name, predictor(checkpoint), read, settings, labels)


def run_predictor(
    model: str,
    predict: Predictor,
    read: Reader = Preprocessing(),
    settings: Settings = Settings(),
    labels: Names = SENTIMENT,
) -> Suite:
    """Any model's result on the suite; it is asked once, for the distinct token lists of all cases.

    `labels` are its classes, negative and positive among them. Raises ValueError where it does not answer with
    probabilities for each.
    """
    made = _made(settings)
    tokens = {text: tuple(read(text)) for _template, of_it in made for case in of_it for text in case.texts}
    sentences = list(dict.fromkeys(tokens.values()))
    probabilities = checked(predict(sentences), len(sentences), labels)
    positive = targets.chance(probabilities, targets.named(labels, "positive")).tolist()
    predicted = [labels[number] for number in targets.predicted_of(probabilities)]
    verdicts = zip(positive, predicted, targets.distribution(probabilities).tolist(), strict=True)
    answers = dict(zip(sentences, verdicts, strict=True))
    results = []
    for template, of_it in made:
        distinguished = [case for case in of_it if len({tokens[text] for text in case.texts}) == len(case.texts)]
        outcomes = [_outcome(case, [answers[tokens[text]] for text in case.texts], labels) for case in distinguished]
        failed = sorted((outcome for outcome in outcomes if _fails(outcome, settings)), key=lambda one: -one.excess)
        rate = _rate([(len(distinguished), len(failed), len(of_it) - len(distinguished))])
        results.append(TemplateResult(template, rate, tuple(failed)))
    return Suite(model, settings, _pooled(results), _by_capability(results), tuple(results), labels)


def _made(settings: Settings) -> list[tuple[Template, tuple[Case, ...]]]:
    return [
        (template, template.cases(settings.cases, settings.seed))
        for template in load()
        if template.capability in settings.capabilities
    ]


def _outcome(case: Case, answers: Sequence[tuple[float, str, list[float]]], labels: Names) -> Outcome:
    p, label, distribution = answers[0]
    if case.changed is None:
        return Outcome(case, (max(distribution) - distribution[labels.index(case.expected)]) / 2, p, label)
    q, changed_label, _distribution = answers[1]
    return Outcome(case, abs(p - q), p, label, q, changed_label)


def _fails(outcome: Outcome, settings: Settings) -> bool:
    p, q, expected = outcome.probability, outcome.changed_probability, outcome.case.expected
    if q is None:
        return outcome.label != expected
    if expected == "same":
        turned, moved = outcome.label != outcome.changed_label, abs(q - p) > settings.tolerance
        return INVARIANCES[settings.invariance](turned, moved)
    return q < p - settings.tolerance if expected == "up" else q > p + settings.tolerance


def _by_capability(results: Sequence[TemplateResult]) -> tuple[CapabilityResult, ...]:
    capabilities = []
    for name in CAPABILITIES:
        of_it = [result for result in results if result.template.capability == name]
        by_kind = {kind: [result for result in of_it if result.template.kind == kind] for kind in EXPECTED}
        if of_it:
            kinds = tuple((kind, _pooled(some)) for kind, some in by_kind.items() if some)
            capabilities.append(CapabilityResult(name, _pooled(of_it), kinds))
    return tuple(capabilities)


def _pooled(results: Iterable[TemplateResult]) -> Rate:
    return _rate([(result.rate.cases, result.rate.failures, result.rate.left_out) for result in results])


def _rate(counts: Sequence[tuple[int, int, int]]) -> Rate:
    """From cases, failures and cases left out of each template."""
    cases, failures, left_out = (sum(column) for column in zip(*counts, strict=True))
    templates = sum(count > 0 for count, _failures, _left_out in counts)
    if not cases:
        return Rate(templates, cases, failures, left_out, None, None)
    interval = clustered_interval([failed for _cases, failed, _out in counts], [count for count, _f, _o in counts])
    return Rate(templates, cases, failures, left_out, failures / cases, interval)
