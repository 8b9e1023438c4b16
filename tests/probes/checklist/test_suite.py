"""The suite's runner: when a case fails, what is left out, how failures add up; laws of models that are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest

from core.evaluation.clustered_intervals import clustered_interval
from core.models import checkpoints
from core.models.predict import verdict
from core.probes.checklist import suite
from core.probes.checklist.suite import Rate, Settings, Suite, run, run_predictor
from core.probes.checklist.templates import CAPABILITIES, Template, load
from core.text.preprocessing import Preprocessing

PAIR = (("pair", (("a", "b"),)),)
MFT = Template("label", "negation", "MFT", "negative", "{word}", None, (("word", ("a", "b", "c")),))
INV = Template("same", "negation", "INV", "same", "{pair[0]}", "{pair[1]}", PAIR)
UP = Template("up", "sarcasm", "DIR", "up", "{pair[0]}", "{pair[1]}", PAIR)
DOWN = Template("down", "sarcasm", "DIR", "down", "{pair[0]}", "{pair[1]}", PAIR)
EIGHTH = 0.125  # a tolerance without rounding


def constant(probability: float) -> suite.Predictor:
    return lambda sentences: np.full(len(sentences), probability)


def by_word(probabilities: dict[str, float]) -> suite.Predictor:
    return lambda sentences: np.array([probabilities[" ".join(tokens)] for tokens in sentences])


def bag(sentences: Sequence[Sequence[str]]) -> np.ndarray:
    """A bag of words: every word has a weight of its own, no order is seen."""
    weights: dict[str, float] = {}
    rng = np.random.default_rng(0)
    for word in sorted({word for tokens in sentences for word in tokens}):
        weights[word] = rng.normal()
    # Summed in one order whatever the sentence's, so that the same words give the very same number.
    return np.array([1 / (1 + np.exp(-sum(sorted(weights[word] for word in tokens)))) for tokens in sentences])


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put these templates in the place of the suite's."""
    return lambda *templates: monkeypatch.setattr(suite, "load", lambda: templates)


# When a case fails


@pytest.mark.parametrize(
    ("p", "q", "failing"),
    [
        (0.75, 0.25, {"verdict", "checklist", "probability"}),
        (0.25, 0.5, {"verdict", "checklist", "probability"}),
        (0.5, 0.4375, {"verdict"}),
        (0.4375, 0.5625, {"verdict"}),  # as far as the tolerance, no farther
        (0.5, 1.0, {"probability"}),
        (0.375, 0.0, {"probability"}),
        (0.875, 1.0, set()),
        (0.25, 0.25, set()),
    ],
)
def test_invariance_by_each_rule(only: Callable[..., None], p: float, q: float, failing: set[str]) -> None:
    only(INV)
    for rule in suite.INVARIANCES:
        settings = Settings(tolerance=EIGHTH, invariance=rule)
        found = run_predictor("fake", by_word({"a": p, "b": q}), settings=settings)
        assert (found.rate.cases, found.rate.failures) == (1, int(rule in failing)), rule


@pytest.mark.parametrize(
    ("p", "q", "up_fails", "down_fails"),
    [
        (0.5, 0.375, False, False),  # the wrong way for up, as far as the tolerance
        (0.5, 0.25, True, False),
        (0.5, 0.625, False, False),
        (0.5, 0.75, False, True),
        (0.9, 0.9, False, False),
        (1.0, 0.0, True, False),
    ],
)
def test_direction_fails_beyond_the_tolerance(
    only: Callable[..., None], p: float, q: float, up_fails: bool, down_fails: bool
) -> None:
    only(UP, DOWN)
    found = run_predictor("fake", by_word({"a": p, "b": q}), settings=Settings(tolerance=EIGHTH))
    assert [one.rate.failures for one in found.templates] == [up_fails, down_fails]
    strict = run_predictor("fake", by_word({"a": p, "b": q}), settings=Settings(tolerance=0))
    assert [one.rate.failures for one in strict.templates] == [q < p, q > p]


def test_a_label_fails_where_the_verdict_is_another_and_the_surest_failure_comes_first(
    only: Callable[..., None],
) -> None:
    only(MFT)
    found = run_predictor("fake", by_word({"a": 0.5, "b": 0.499, "c": 0.9}))
    (one,) = found.templates
    assert [(outcome.case.text, outcome.probability) for outcome in one.failed] == [("c", 0.9), ("a", 0.5)]
    assert one.failed[0].excess == pytest.approx(0.4)
    assert one.rate == Rate(1, 3, 2, 0, 2 / 3, clustered_interval([2], [3]))
    # Failed pairs are sorted by how far they moved.
    words = (("pair", (("a", "b"), ("c", "d"), ("e", "f"))),)
    only(Template("down", "sarcasm", "DIR", "down", "{pair[0]}", "{pair[1]}", words))
    (one,) = run_predictor("fake", by_word({"a": 0.1, "b": 0.4, "c": 0.2, "d": 0.9, "e": 0.9, "f": 0.1})).templates
    assert [outcome.case.texts for outcome in one.failed] == [("c", "d"), ("a", "b")]


def test_of_three_classes_the_verdict_is_one_of_them_and_directions_are_of_positive(only: Callable[..., None]) -> None:
    labels, settings = ("neutral", "positive", "negative"), Settings(tolerance=EIGHTH)
    given = {"a": [0.5, 0.375, 0.125], "b": [0.25, 0.5, 0.25], "c": [0.125, 0.125, 0.75]}

    def three(sentences: Sequence[Sequence[str]]) -> np.ndarray:
        return np.array([given[" ".join(tokens)] for tokens in sentences])

    only(MFT, INV, UP, DOWN)
    found = run_predictor("three", three, settings=settings, labels=labels)
    label, same, up, down = found.templates
    assert [(one.case.text, one.label, one.excess) for one in label.failed] == [
        ("a", "neutral", 0.1875),
        ("b", "positive", 0.125),
    ]
    (outcome,) = same.failed
    assert (outcome.probability, outcome.changed_probability) == (0.375, 0.5)
    assert (outcome.label, outcome.changed_label, outcome.excess) == ("neutral", "positive", 0.125)
    assert not up.failed and not down.failed, "as far as the tolerance, no farther"
    checklist = run_predictor(
        "three", three, settings=Settings(tolerance=EIGHTH, invariance="checklist"), labels=labels
    )
    assert not checklist.templates[1].failed


# What is left out


def test_pairs_that_are_read_as_one_are_left_out_and_counted(only: Callable[..., None]) -> None:
    words = (("pair", (("so good", "so GOOD"), ("so good", "so nice"))),)
    half = Template("half", "emphasis", "INV", "same", "{pair[0]}", "{pair[1]}", words)
    none = Template("none", "emphasis", "INV", "same", "{pair[0]}", "{pair[1]}", (("pair", (("a", "A"),)),))
    only(half, none, MFT)
    found = run_predictor("fake", constant(0.9))
    assert [(one.rate.cases, one.rate.left_out) for one in found.templates] == [(1, 1), (0, 1), (3, 0)]
    assert found.templates[1].rate == Rate(0, 0, 0, 1, None, None)
    emphasis = next(one for one in found.capabilities if one.name == "emphasis")
    assert (emphasis.rate.templates, emphasis.rate.cases, emphasis.rate.left_out) == (1, 1, 2)
    cased = run_predictor("fake", constant(0.9), Preprocessing().without("lowercase"))
    assert [(one.rate.cases, one.rate.left_out) for one in cased.templates] == [(2, 0), (1, 0), (3, 0)]


def test_a_model_that_reads_every_text_alike_is_tested_by_labels_alone() -> None:
    found = run_predictor("deaf", constant(0.9), lambda _text: ["noise"])
    asked = Counter(case.kind for case in suite.cases())
    assert (found.rate.cases, found.rate.left_out) == (asked["MFT"], asked["INV"] + asked["DIR"])
    names_and_links = next(one for one in found.capabilities if one.name == "names and links")
    assert names_and_links.rate.rate is None and names_and_links.rate.interval is None


# Laws of models that are known


@pytest.mark.parametrize("probability", [0.4999, 0.5])
def test_a_constant_fails_exactly_the_labels_that_differ(probability: float) -> None:
    label = "positive" if probability >= 0.5 else "negative"
    for rule in suite.INVARIANCES:
        settings = Settings(tolerance=0, invariance=rule, cases=10)
        found = run_predictor("constant", constant(probability), settings=settings)
        failed = [outcome.case for one in found.templates for outcome in one.failed]
        wrong = [case for case in suite.cases(settings) if case.kind == "MFT" and case.expected != label]
        assert set(failed) == set(wrong) and len(failed) == len(wrong) == found.rate.failures
        assert all(rate.failures == 0 for one in found.capabilities for kind, rate in one.kinds if kind != "MFT")


def test_a_bag_of_words_cannot_pass_both_orders_of_the_same_words() -> None:
    found = run_predictor("bag", bag, settings=Settings(cases=10_000, capabilities=("word order",)))
    by_name = {one.template.name: one.rate for one in found.templates}
    for one, other in (
        ("not bad, it was good", "not good, it was bad"),
        ("from sad to happy", "from happy to sad"),
        ("more fun than boring", "more boring than fun"),
        ("bad turned into good", "good turned into bad"),
        ("stopped hating, started loving", "stopped loving, started hating"),
        ("pain gone, joy back", "joy gone, pain back"),
        ("praise, no complaints", "complaints, no praise"),
    ):
        assert by_name[one].cases == by_name[other].cases == by_name[one].failures + by_name[other].failures
    for name in ("two halves swapped", "time first or last", "reason first or last"):
        assert by_name[name].cases > 0 and by_name[name].failures == 0


# How it adds up


def test_rates_add_up_and_intervals_are_of_the_templates() -> None:
    found = run_predictor("bag", bag)
    assert [one.name for one in found.capabilities] == list(CAPABILITIES)
    assert [one.template for one in found.templates] == list(load())
    whole = [one.rate for one in found.templates]
    for rate, parts in (
        (found.rate, whole),
        (found.rate, [one.rate for one in found.capabilities]),
        *((one.rate, [rate for _kind, rate in one.kinds]) for one in found.capabilities),
        *(
            (one.rate, [some.rate for some in found.templates if some.template.capability == one.name])
            for one in found.capabilities
        ),
    ):
        for count in ("cases", "failures", "left_out"):
            assert getattr(rate, count) == sum(getattr(part, count) for part in parts)
        assert rate.rate == rate.failures / rate.cases
    assert found.rate.interval == clustered_interval([one.failures for one in whole], [one.cases for one in whole])
    assert found.rate.templates == sum(one.cases > 0 for one in whole)
    for one in found.templates:
        assert one.rate.failures == len(one.failed) and one.rate.cases + one.rate.left_out == len(
            one.template.cases(suite.CASES, 0)
        )


def test_the_same_settings_give_the_same_and_others_do_not() -> None:
    assert run_predictor("bag", bag) == run_predictor("bag", bag)
    assert hash(run_predictor("bag", bag, settings=Settings(capabilities=("temporal",))))
    assert suite.cases(Settings(seed=1)) != suite.cases() == suite.cases(Settings())
    fewer = run_predictor("bag", bag, settings=Settings(cases=5))
    assert all(one.rate.cases + one.rate.left_out <= 5 for one in fewer.templates)
    loose = run_predictor("bag", bag, settings=Settings(tolerance=0.5))
    strict = run_predictor("bag", bag, settings=Settings(tolerance=0.0))
    assert loose.rate.failures < strict.rate.failures
    some = run_predictor("bag", bag, settings=Settings(capabilities=("spelling", "negation")))
    assert [one.name for one in some.capabilities] == ["negation", "spelling"], "in the suite's order"


def test_a_model_is_asked_once_and_nothing_twice() -> None:
    asked: list[list[tuple[str, ...]]] = []

    def predict(sentences: Sequence[Sequence[str]]) -> np.ndarray:
        asked.append([tuple(tokens) for tokens in sentences])
        return np.full(len(sentences), 0.5)

    run_predictor("counting", predict)
    (once,) = asked
    assert len(set(once)) == len(once)
    assert set(once) == {tuple(Preprocessing()(text)) for case in suite.cases() for text in case.texts}


# Checkpoints


def test_a_checkpoint_is_judged_by_its_own_verdicts(tiny_checkpoints: Path) -> None:
    model = checkpoints.load("lstm", tiny_checkpoints)
    found = run(model)
    assert isinstance(found, Suite) and found.model == "lstm" and 0 < found.rate.failures < found.rate.cases
    for outcome in [one.failed[0] for one in found.templates if one.failed][:40]:
        assert outcome.probability == pytest.approx(verdict(model, outcome.case.text).probability, abs=1e-5)
        if outcome.case.changed is not None:
            changed = verdict(model, outcome.case.changed).probability
            assert outcome.changed_probability == pytest.approx(changed, abs=1e-5)
    # Unknown words are one word to it.
    by_name = {one.template.name: one.rate for one in found.templates}
    assert "emma" not in model.vocabulary and "olivia" not in model.vocabulary
    assert by_name["another first name"].cases == 0 and by_name["another first name"].left_out > 0
    assert by_name["link at the end"].cases > 0, "the link it knows"
    with pytest.raises(FrozenInstanceError):
        found.model = "other"  # type: ignore[misc]


# Bad input


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"seed": -1}, ValueError, "given: -1, 24"),
        ({"cases": 0}, ValueError, "given: 0, 0"),
        ({"tolerance": 1.0}, ValueError, "0 to below 1; given: 1.0"),
        ({"tolerance": -0.1}, ValueError, "given: -0.1"),
        ({"tolerance": float("nan")}, ValueError, "given: nan"),
        ({"invariance": "strict"}, LookupError, "no invariance 'strict'; available: verdict, checklist, probability"),
        ({"capabilities": ("irony",)}, LookupError, "no capability 'irony'; available: vocabulary, negation"),
        ({"capabilities": ()}, ValueError, "available: vocabulary, negation"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Settings(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("predict", "message"),
    [
        (lambda _sentences: np.array([0.5]), r"shape \(1,\) from"),
        (lambda sentences: np.full((len(sentences), 2), 0.5), r"shape \([0-9]+, 2\)"),
        (constant(float("nan")), "one probability from 0 to 1"),
    ],
)
def test_answers_that_are_no_probabilities_are_refused(predict: suite.Predictor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run_predictor("odd", predict)
