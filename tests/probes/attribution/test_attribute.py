"""Every method through one door: what it promises, what it leaves behind, threads, refusals, what it costs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from core.data.labels import SENTIMENT
from core.data.targets import Target, named
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.predict import EmptyTextError, verdict
from core.models.predictor import BlackBox
from core.probes.attribution import interactions, order
from core.probes.attribution.attribute import METHODS, accepted, attribute, available, cost
from core.probes.attribution.measures import agreement
from core.probes.attribution.methods import gradients, perturbations, surrogates
from core.probes.attribution.results import Attribution
from tests.conftest import WORDS
from tests.probes.small_models import permuted, random_checkpoint, two_outputs

CELLS = ["rnn", "gru", "lstm"]
TEXT = "not good but not bad zyxqj"


def model(folder: Path, cell: str) -> Checkpoint:
    return checkpoints.load(cell, folder)


@pytest.fixture
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Smaller samples: what every method promises does not depend on their size."""
    monkeypatch.setattr(surrogates, "samples", lambda n: 2 * n + 128)
    monkeypatch.setattr(perturbations, "_READINGS", 128)
    monkeypatch.setattr(gradients, "DRAWS", 16)


def cases(checkpoint: Checkpoint) -> list[tuple[str, str]]:
    return [(name, baseline) for name in available(checkpoint) for baseline in METHODS[name].baselines or ("",)]


@pytest.mark.usefixtures("few_samples")
@pytest.mark.parametrize("kind", ["1", "-three"])
@pytest.mark.parametrize("cell", CELLS)
def test_every_method_with_every_baseline_that_it_accepts(layered: Path, cell: str, kind: str) -> None:
    checkpoint = model(layered, f"{cell}{kind}")
    expected = verdict(checkpoint, TEXT)
    for method, baseline in cases(checkpoint):
        found = attribute(checkpoint, TEXT, method, baseline, seed=3)
        assert (found.model, found.method, found.baseline, found.text) == (checkpoint.name, method, baseline, TEXT)
        assert found.target == expected.target
        assert found.tokens == expected.tokens and found.known == expected.known
        assert found.logit == pytest.approx(expected.logit, abs=1e-5)
        assert found.scores.shape == (len(found),) and found.scores.dtype == np.float64
        assert np.isfinite(found.scores).all() and found.seconds > 0
        assert (found.delta is not None) == METHODS[method].complete
        if found.errors is not None:
            assert found.errors.shape == (len(found),) and (found.errors >= 0).all()
        if METHODS[method].complete and not found.warning:
            assert found.base_logit is not None and found.delta is not None
            difference = found.logit - found.base_logit
            assert found.scores.sum() == pytest.approx(difference + found.delta, abs=1e-4), method
            assert abs(found.delta) < max(0.01 * abs(difference), 1e-3) + 1e-5, method
        if not METHODS[method].signed:
            assert (found.scores >= 0).all()


@pytest.mark.usefixtures("few_samples")
@pytest.mark.parametrize("cell", CELLS)
def test_one_token_has_the_whole_difference(tiny_checkpoints: Path, cell: str) -> None:
    checkpoint = model(tiny_checkpoints, cell)
    for method, baseline in cases(checkpoint):
        if METHODS[method].complete:
            found = attribute(checkpoint, "good", method, baseline)
            assert found.base_logit is not None
            assert found.scores.sum() == pytest.approx(found.logit - found.base_logit, rel=0.011, abs=1e-3), method


@pytest.mark.usefixtures("few_samples")
@pytest.mark.parametrize("text", ["zyxqj", "zyxqj qqqq zyxqj"])
def test_unknown_words_alone(tiny_checkpoints: Path, text: str) -> None:
    checkpoint = model(tiny_checkpoints, "lstm")
    for method, baseline in cases(checkpoint):
        found = attribute(checkpoint, text, method, baseline)
        assert not any(found.known) and np.isfinite(found.scores).all()
        assert found.errors is None or np.isfinite(found.errors).all()
        assert ("its own baseline" in found.warning) == (baseline == "unk")
        if baseline == "unk":  # the baseline is the text, but for noise
            np.testing.assert_allclose(found.scores, 0, atol=1e-5 if method != "gradient-shap" else 1)


@pytest.mark.usefixtures("few_samples")
def test_nothing_is_left_on_the_model(tiny_checkpoints: Path) -> None:
    for cell in CELLS:
        checkpoint = model(tiny_checkpoints, cell)
        before = {name: tensor.clone() for name, tensor in checkpoint.model.state_dict().items()}
        for method in available(checkpoint):
            attribute(checkpoint, TEXT, method)
        for module in checkpoint.model.modules():
            assert not module.training
            assert not module._forward_hooks and not module._forward_pre_hooks
            assert not module._backward_hooks and not module._backward_pre_hooks
        for name, parameter in checkpoint.model.named_parameters():
            assert parameter.grad is None and not parameter.requires_grad, name
        for name, tensor in checkpoint.model.state_dict().items():
            assert torch.equal(tensor, before[name])


@pytest.mark.usefixtures("few_samples")
def test_numbers_do_not_hang_on_the_processs_generators(tiny_checkpoints: Path) -> None:
    checkpoint = model(tiny_checkpoints, "rnn")
    for method in available(checkpoint):
        found = []
        for state in (0, 1):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(state)
                np.random.seed(state)
                found.append(attribute(checkpoint, TEXT, method, seed=2).scores)
        np.testing.assert_array_equal(*found, err_msg=method)


@pytest.mark.usefixtures("few_samples")
def test_threads_on_one_model_give_the_numbers_of_one(tiny_checkpoints: Path) -> None:
    checkpoint = model(tiny_checkpoints, "lstm")
    texts = [TEXT, "never good"]
    asked = [(text, method) for text in texts for method in available(checkpoint)]

    def run(case: tuple[str, str]) -> Attribution:
        return attribute(checkpoint, *case, seed=1)

    alone = [run(case) for case in asked]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(run, asked[::-1]))[::-1]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(other.scores, one.scores, atol=1e-6)
        assert (one.errors is None) == (other.errors is None)
        if one.errors is not None:
            np.testing.assert_allclose(other.errors, one.errors, atol=1e-6)


@pytest.mark.usefixtures("few_samples")
def test_five_hundred_tokens(tiny_checkpoints: Path) -> None:
    checkpoint = model(tiny_checkpoints, "gru")
    text = "not good but so bad " * 100
    for method in available(checkpoint):
        if cost(method, 500) <= 600:
            found = attribute(checkpoint, text, method)
            assert len(found.scores) == 500 and np.isfinite(found.scores).all()


def random_model(cell: str, labels: tuple[str, ...] = SENTIMENT) -> Checkpoint:
    return random_checkpoint(cell, WORDS, labels=labels, dtype=torch.float32)


@pytest.mark.usefixtures("few_samples")
@pytest.mark.parametrize("cell", CELLS)
def test_two_outputs_say_what_one_says_and_the_other_class_the_opposite(cell: str) -> None:
    one = random_model(cell)
    models = [one, two_outputs(one), *(given.targeted(Target(SENTIMENT, 0)) for given in (one, two_outputs(one)))]
    for method in available(one):
        first, *others, last = (attribute(given, TEXT, method, seed=3) for given in models)
        sign = -1 if METHODS[method].signed else 1
        for other, factor in zip((*others, last), (1, sign, sign), strict=True):
            np.testing.assert_allclose(other.scores, factor * first.scores, atol=1e-5, err_msg=method)
        assert (first.target.name, last.target.name) == ("positive", "negative")
        assert last.logit == pytest.approx(-first.logit, abs=1e-5)


@pytest.mark.usefixtures("few_samples")
@pytest.mark.parametrize("cell", CELLS)
def test_permuted_classes_leave_the_scores_of_a_class(cell: str) -> None:
    order, labels = (2, 0, 1), ("late", "lost", "fine")
    one = random_model(cell, labels)
    other = permuted(one, order)
    targets = [None, *(Target(labels, number) for number in range(3)), Target(labels, 0, 2)]
    for method in available(one):
        for target in targets:
            aim = target and named(other.labels, target.name, target.as_json().get("against"))
            pair = [given.targeted(at) if at else given for given, at in ((one, target), (other, aim))]
            found, again = (attribute(given, TEXT, method, seed=3) for given in pair)
            assert found.target.as_json() == again.target.as_json()
            np.testing.assert_allclose(again.scores, found.scores, atol=2e-5, err_msg=method)


@pytest.mark.usefixtures("few_samples")
def test_one_class_against_two_is_a_black_box_that_merges_them() -> None:
    three = random_model("gru", ("late", "lost", "fine"))
    aimed = three.targeted(Target(three.labels, 1))

    def lost(texts: list[str]) -> list[float]:
        empty = three.model.every.empty_logits().softmax(-1)
        return [verdict(three, text).distribution[1] if text else empty[1].item() for text in texts]

    merged = BlackBox(lost, "made:up")
    for method in ("shapley", "occlusion-2", "kernel-shap"):
        found, expected = (attribute(given, TEXT, method, "delete", 3) for given in (merged, aimed))
        np.testing.assert_allclose(found.scores, expected.scores, atol=2e-5)


def test_costs_rise_with_length() -> None:
    for method in METHODS:
        assert cost(method, 500) >= cost(method, 100) >= cost(method, 20) >= 1
    assert cost("occlusion-1", 500) == 530
    assert cost("kernel-shap", 20) == 1_044
    assert cost("integrated-gradients", 20) * 60 < cost("integrated-gradients", 500), "they take all their steps"
    for asked in (order.cost, interactions.cost):
        assert asked(1) >= 1 and asked(60) * 60 > asked(12) * 12 > asked(6) * 6


def test_defaults_and_refusals(tiny_checkpoints: Path) -> None:
    checkpoint = model(tiny_checkpoints, "rnn")
    assert accepted("integrated-gradients") == "pad" and accepted("kernel-shap") == "delete"
    assert accepted("saliency") == ""
    for text in ("", " \n\t"):
        with pytest.raises(EmptyTextError, match="the text is empty"):
            attribute(checkpoint, text, "lime")
    with pytest.raises(ValueError, match="unknown method 'limes'; available: shapley, contextual-decomposition"):
        attribute(checkpoint, TEXT, "limes")
    with pytest.raises(ValueError, match="unknown baseline 'none'; available: delete, pad, unk, mean, zero"):
        attribute(checkpoint, TEXT, "lime", "none")
    with pytest.raises(ValueError, match="does not accept the baseline 'delete': it accepts pad, unk, mean, zero"):
        attribute(checkpoint, TEXT, "gradient-shap", "delete")
    with pytest.raises(ValueError, match="saliency does not accept the baseline 'pad': it takes no word out"):
        attribute(checkpoint, TEXT, "saliency", "pad")
    with pytest.raises(ValueError, match="unknown method"):
        cost("limes", 3)


def test_a_method_for_another_cell_is_refused(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "lime", METHODS["lime"]._replace(cells=("lstm",)))
    rnn = model(tiny_checkpoints, "rnn")
    assert "lime" not in available(rnn) and "lime" in available(model(tiny_checkpoints, "lstm"))
    with pytest.raises(ValueError, match=r"^lime .*\brnn\b.*: shapley, "):
        attribute(rnn, TEXT, "lime")


def test_agreement_is_kendalls_tau_b() -> None:
    a, b = np.array([3.0, 1.0, 2.0, 0.0]), np.array([2.0, 1.0, 2.0, 0.5])
    # Six pairs, five in the same order, one tied in b alone: 5 / √(6 · 5).
    found = agreement([a, b, -a], [True, True, True])
    np.testing.assert_allclose(found, [[1, 5 / 30**0.5, -1], [5 / 30**0.5, 1, -5 / 30**0.5], [-1, -5 / 30**0.5, 1]])
    np.testing.assert_allclose(agreement([a, -a], [True, False]), [[1, 1], [1, 1]])  # magnitudes beside a length
    assert np.isnan(agreement([a, np.ones(4)], [True, True])).tolist() == [[False, True], [True, True]]
    assert np.isnan(agreement([np.ones(1)], [True])).all()
