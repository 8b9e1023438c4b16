"""A checkpoint wrapped as a callable: what each probe finds from outside is what it finds from inside."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.predictor import BlackBox
from core.models.token_predictor import predictor, reader
from core.probes.attribution import attribute, benchmark
from core.probes.attribution.faithfulness import yardstick
from core.probes.attribution.interactions import interactions
from core.probes.attribution.methods.tree import value_function
from core.probes.attribution.order import order_attribution
from core.probes.attribution.results import Instance
from core.probes.attribution.sensitivity import moved
from core.probes.checklist import suite
from core.probes.edits import search, sources
from core.probes.edits import transformations as change
from core.probes.edits.guards import Polarity
from core.probes.edits.sources import WordSources
from core.probes.edits.victims import victim
from core.probes.permutations import search as permutations
from core.probes.permutations.comparison import compare
from core.probes.sarcasm import comment, compose
from core.probes.sarcasm.candidates import Candidates, Question
from core.probes.sarcasm.situations import bank
from core.probes.scan import one_file
from tests.commands.test_permute import SCORER

TEXT = "i love this movie , not so bad !"
LONG = "i love this movie , not so bad ! better late than never"
BLACK_BOX_METHODS = [name for name, method in attribute.METHODS.items() if method.texts]
NEAR = 1e-4  # logits: from inside they are float32


@pytest.fixture
def seen(tiny_checkpoints: Path) -> Checkpoint:
    return checkpoints.load("lstm", tiny_checkpoints)


@pytest.fixture
def asked(seen: Checkpoint) -> BlackBox:
    """The same model, of which only the answers can be had."""

    def probabilities(texts: list[str]) -> np.ndarray:
        return predictor(seen)([seen.preprocessing(text) for text in texts])

    return BlackBox(probabilities, f"shipped:{seen.name}")


def readings(seen: Checkpoint, asked: BlackBox, text: str = TEXT) -> tuple[Instance, Instance]:
    return (
        Instance.of(seen, text),
        Instance.of(asked, text),
    )


@pytest.mark.parametrize(
    ("text", "budget"), [("better late than never", 100), ("so good , so bad , not so", 100), (TEXT, 300)]
)
def test_permutations(seen: Checkpoint, asked: BlackBox, text: str, budget: int) -> None:
    """All orders, repeated words, and the most fluent first."""
    found = []
    for model in (seen, asked):
        question = permutations.ask(model, SCORER, text, budget=budget)
        (*_, last) = permutations.search("one name", permutations.scorer(model, question), question)
        found.append(last.result())
    inside, outside = found
    for name in ("orders", "scored", "certificate", "flip_count", "strategy", "complete", "named", "tokens"):
        assert getattr(inside, name) == getattr(outside, name)
    by_row = [dict(zip(map(tuple, one.rows.tolist()), one.logits.tolist(), strict=True)) for one in found]
    assert by_row[0].keys() == by_row[1].keys()
    assert by_row[1] == pytest.approx(by_row[0], abs=NEAR)
    assert [order.text for order in inside.flips] == [order.text for order in outside.flips]
    assert outside.sensitivity == pytest.approx(inside.sensitivity, abs=NEAR)
    np.testing.assert_allclose(outside.position_effects, inside.position_effects, atol=1e-3)


def test_a_search_of_a_slow_one_tells_and_stops_between_batches(asked: BlackBox) -> None:
    question = permutations.ask(asked, SCORER, "better late than never , so sad")
    score = permutations.scorer(asked, question)
    asked._asking.batch = 8
    events = list(permutations.search("slow", score, question))
    steps = np.diff([0, *(event.scored for event in events)])
    assert len(events) > 5
    assert steps[0] == 1
    assert steps.max() <= 2_048
    assert sum(steps) == question.words.count == 720
    assert events[-1].result().complete
    assert not events[2].result().complete


def test_edits(seen: Checkpoint, asked: BlackBox) -> None:
    """Every set of two: what is proposed does not depend on what a model knows, so both try the same."""
    found = []
    for model in (seen, asked):
        question = sources.ask(model, WordSources(), TEXT, "flip", beam=None)
        question = replace(question, transformations=(change.delete, change.swap, change.punctuation))
        (*_, last) = search.search("one name", victim(model), question)
        found.append(last.result())
    inside, outside = found
    assert inside.probability == pytest.approx(outside.probability, abs=NEAR)
    for name in ("found", "candidates", "proposed", "refused", "reading", "flips", "certificate"):
        assert getattr(inside, name) == getattr(outside, name)
    if inside.best is None:
        assert outside.best is None
    else:
        assert outside.best is not None
        assert inside.best.text == outside.best.text
        assert inside.best.logit == pytest.approx(outside.best.logit, abs=NEAR)
        assert (inside.best.minimal, inside.best.guards) == (outside.best.minimal, outside.best.guards)


def test_edits_are_guarded_by_polarity_that_is_lent(asked: BlackBox, seen: Checkpoint) -> None:
    values = np.zeros(len(seen.vocabulary))
    values[seen.vocabulary.id("bad")] = -3
    lent = WordSources(polarity=Polarity(values, seen.vocabulary))
    (guard, *_) = sources.guards(asked, lent)
    edit = next(one for one in change.delete(asked.preprocessing(TEXT)) if one.before == ("bad",))
    assert guard.judge([edit], "negative") == "failed"
    assert sources.guards(asked, WordSources())[0].judge([edit], "negative") == "cannot judge"
    other = BlackBox(SimpleNamespace(labels=("ham", "spam")), "made.up:spam")  # type: ignore[arg-type]
    assert sources.guards(other, lent)[0].judge([edit], "negative") == "cannot judge"


def test_composition(seen: Checkpoint, asked: BlackBox) -> None:
    question = Question(bank()[0], budget=200)
    found = []
    for model in (seen, asked):
        (*_, last) = compose.search("one name", predictor(model), Candidates(question, reader(model)))
        found.append(last.result())
    inside, outside = found
    assert outside.alone == pytest.approx(inside.alone, abs=1e-5)
    assert outside.scored == inside.scored == 200
    assert abs(outside.fooled - inside.fooled) <= 8  # texts that the model reads as one are several from outside
    by_text = {one.text: one.probability for one in inside.top}
    for one in outside.top:
        if one.text in by_text:
            assert one.probability == pytest.approx(by_text[one.text], abs=1e-5)


def test_suite(seen: Checkpoint, asked: BlackBox) -> None:
    """A pair that the model reads as one cannot fail: from inside it is left out, from outside it is a case."""
    settings = suite.Settings(cases=6)
    inside, outside = suite.run(seen, settings), suite.run(asked, settings)
    for one, other in zip(inside.templates, outside.templates, strict=True):
        assert other.rate.failures == one.rate.failures
        assert other.rate.cases == one.rate.cases + one.rate.left_out
        assert [case.case for case in other.failed] == [case.case for case in one.failed] or len(one.failed) > 1
    assert outside.rate.left_out == 0 < inside.rate.left_out


@pytest.mark.parametrize("label_column", [None, "label"])
def test_scan(seen: Checkpoint, asked: BlackBox, tmp_path: Path, label_column: str | None) -> None:
    path = tmp_path / "in.jsonl"
    texts = [TEXT, LONG, "", "so sad ...", "Oh great , late again !", "love it"]
    path.write_text("".join(json.dumps({"text": t, "label": n % 2}) + "\n" for n, t in enumerate(texts)), "utf-8")
    other = BlackBox(asked._asking.function, "shipped:other")
    events = one_file.scan(path, [seen, other], label_column=label_column, out=tmp_path / "out.jsonl")
    (*_, last) = events
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [row["text"] for row in rows] == texts
    assert rows[2]["other_probability"] is None
    for row in rows:
        assert row["other_probability"] == pytest.approx(row[f"{seen.name}_probability"], abs=1e-5)
        assert row["other_verdict"] == row[f"{seen.name}_verdict"]
    one, two = last.top[seen.name], last.top["other"]
    assert [find.row for find in one] == [find.row for find in two]
    (*_, alone) = one_file.scan(path, [other], label_column=label_column)
    assert (alone.scored, alone.empty) == (last.scored, last.empty) == (5, 1)


def test_subsets_and_orders(seen: Checkpoint, asked: BlackBox) -> None:
    one, other = (value_function(reading, "delete") for reading in readings(seen, asked))
    random = np.random.default_rng(0)
    present = random.random((200, len(one))) < 0.5
    np.testing.assert_allclose(other.values(present), one.values(present), atol=NEAR)
    assert other.full == pytest.approx(one.full, abs=NEAR)
    rows = np.array([random.permutation(len(one) + 1)[: len(one)] for _ in range(50)])
    np.testing.assert_allclose(other.arrangements(rows), one.arrangements(rows), atol=NEAR)


@pytest.mark.parametrize("method", BLACK_BOX_METHODS)
def test_attributions(seen: Checkpoint, asked: BlackBox, method: str) -> None:
    text = TEXT if method == "shapley" else LONG
    one = attribute.attribute(seen, text, method, "delete")
    other = attribute.attribute(asked, text, method)
    assert other.baseline == "delete"
    np.testing.assert_allclose(other.scores, one.scores, atol=NEAR)
    assert other.base_logit == pytest.approx(one.base_logit, abs=NEAR)
    assert (other.delta is None) == (one.delta is None)


def test_sampled_shapley_is_the_same_sample(seen: Checkpoint, asked: BlackBox) -> None:
    one = attribute.attribute(seen, LONG, "shapley", "delete")
    other = attribute.attribute(asked, LONG, "shapley")
    np.testing.assert_allclose(other.scores, one.scores, atol=NEAR)
    np.testing.assert_allclose(other.errors, one.errors, atol=NEAR)  # type: ignore[arg-type]


def test_faithfulness_and_its_random_baseline(seen: Checkpoint, asked: BlackBox) -> None:
    inside, outside = readings(seen, asked)
    scores = np.array(comment.leave_one_out(seen, inside.tokens).logits) * -1
    np.testing.assert_allclose(comment.leave_one_out(asked, outside.tokens).logits, -scores, atol=NEAR)
    one, other = yardstick(inside).measure(scores).as_json(), yardstick(outside).measure(scores).as_json()
    assert one.keys() == other.keys()
    for name in ("comprehensiveness", "sufficiency", "loo_tau", "infidelity"):
        assert other[name] == pytest.approx(one[name], abs=NEAR)
        assert other["random"][name]["mean"] == pytest.approx(one["random"][name]["mean"], abs=NEAR)


def test_a_benchmark(seen: Checkpoint, asked: BlackBox) -> None:
    found = []
    for model in (seen, asked):
        methods = {
            name: lambda reading, name=name: attribute.METHODS[name].function(reading, "delete", seed=0)
            for name in ("occlusion-1", "shapley")
        }
        texts = [TEXT, "better late than never", "so sad", "late"]
        (*_, last) = benchmark.benchmark(model, texts, methods, sensitivity_rows=0, randoms=20)
        found.append(last.result())
    inside, outside = found
    assert (inside.measured, inside.left_out) == (outside.measured, outside.left_out)
    for one, other in zip(inside.standings, outside.standings, strict=True):
        assert one.method == other.method
        assert other.measures["overall"].mean == pytest.approx(one.measures["overall"].mean, abs=NEAR)  # type: ignore[union-attr]
    (*_, last) = benchmark.benchmark(asked, ["so sad"], {"occlusion-1": lambda reading: np.ones(2)})
    assert last.result().sensitivity_rows == 0  # whatever was asked for


def test_words_and_places_and_pairs(seen: Checkpoint, asked: BlackBox) -> None:
    for text in ("better late than never", TEXT):
        inside, outside = readings(seen, asked, text)
        one, other = order_attribution(inside, permutations=8), order_attribution(outside, permutations=8)
        np.testing.assert_allclose(other.words, one.words, atol=NEAR)
        np.testing.assert_allclose(other.positions, one.positions, atol=NEAR)
    inside, outside = readings(seen, asked)
    np.testing.assert_allclose(interactions(outside).matrix, interactions(inside).matrix, atol=NEAR)


def test_two_sentences(seen: Checkpoint, asked: BlackBox) -> None:
    one, other = compare([seen, asked], "better late than never", "never late than better").contrasts
    assert one.words == other.words
    assert one.opposite == other.opposite
    assert other.parts_at is None


def test_what_needs_the_inside_says_so(asked: BlackBox) -> None:
    with pytest.raises(ValueError, match=r"^saliency .*; available: shapley, occlusion"):
        attribute.attribute(asked, TEXT, "saliency")
    with pytest.raises(ValueError, match="available: delete"):
        attribute.attribute(asked, TEXT, "shapley", "unk")
    with pytest.raises(ValueError, match="this needs a model's states and weights"):
        moved(Instance(asked, TEXT, ("so", "sad")))
    with pytest.raises(ValueError, match="words can only be deleted"):
        next(benchmark.benchmark(asked, [TEXT], {"occlusion-1": lambda reading: np.ones(1)}, removal="zero"))


def test_what_is_asked_is_told_beforehand() -> None:
    """The number of texts that a method asks about is what its time is reckoned from."""
    counted: list[str] = []

    def counting(texts: list[str]) -> list[float]:
        counted.extend(texts)
        return [0.5] * len(texts)

    for method, text in [*((name, LONG) for name in BLACK_BOX_METHODS), ("shapley", TEXT), ("lime", "so sad")]:
        counted.clear()
        model = BlackBox(counting, "made.up:counting")
        attribute.attribute(model, text, method)
        foreseen = attribute.cost(method, len(model.preprocessing(text)), model)
        assert foreseen / 3 <= len(counted) <= foreseen + 2, method
