"""Interventions obey their laws and are those of the cells' equations written out plainly; a grid is a plain loop's."""

from __future__ import annotations

import math
import re
from copy import deepcopy
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.targets import Target, usual
from core.models.checkpoints import Checkpoint
from core.models.predict import EmptyTextError, verdict
from core.models.recurrent import CELLS, GATES
from core.models.trace import Trace, trace
from core.probes.interventions import patching
from core.probes.interventions.hold import (
    ALIGNMENTS,
    Change,
    Hold,
    Patch,
    Scale,
    bounds,
    gates,
    intervene,
    partners,
    patchable,
)
from core.probes.interventions.patching import MOST_STEPS, PatchGrid, patch_grid, patch_texts
from core.text.preprocessing import Vocabulary
from tests.probes.small_models import permuted, random_checkpoint, two_outputs

VOCABULARY = Vocabulary(["better", "late", "than", "never", "not", "so", "bad", "good"])
EMBEDDING, HIDDEN = 5, 6
A, B = "better late than never not so bad", "better never than late zork so good"
checkpoint = partial(random_checkpoint, words=VOCABULARY.words, embedding=EMBEDDING, hidden=HIDDEN, scale=0.7)
SHAPES = [(cell, layers) for cell in CELLS for layers in (1, 2)]
LSTM_STATES = ("hidden", "cell", "both")


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def plain_run(asked: Checkpoint, a: Trace, changes: list[Change], b: Trace | None, shift: int = 0) -> list[float]:
    """Logits after each token from torch's documented equations of the top layer, written out, a step at a time."""
    layer = asked.model.recurrent.num_layers - 1
    weights = {name: value.numpy() for name, value in asked.model.recurrent.named_parameters()}
    w, u, bias, bias_u = (weights[f"{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    read, bias_read = (part.numpy() for part in (asked.model.linear.weight, asked.model.linear.bias))
    h, c, logits = np.zeros(HIDDEN), np.zeros(HIDDEN), []
    for step, x in enumerate(a.x):
        held = {}
        for change in changes:
            if isinstance(change, Hold) and change.first <= step <= change.last:
                held[change.gate] = np.full(HIDDEN, change.value)
            if isinstance(change, Patch) and change.step == step and change.what not in LSTM_STATES:
                gate = "cell" if change.what == "candidate" else change.what
                held[gate] = b.gates[gate][step + shift]
        wx, uh = w @ x + bias, u @ h + bias_u
        if asked.model.cell == "rnn":
            h = np.tanh(wx + uh)
        elif asked.model.cell == "gru":
            (xr, xz, xn), (hr, hz, hn) = np.split(wx, 3), np.split(uh, 3)
            r = held.get("reset", logistic(xr + hr))
            z = held.get("update", logistic(xz + hz))
            n = held.get("new", np.tanh(xn + r * hn))
            h = (1 - z) * n + z * h
        else:
            i, f, g, o = np.split(wx + uh, 4)
            i, f = held.get("input", logistic(i)), held.get("forget", logistic(f))
            g, o = held.get("cell", np.tanh(g)), held.get("output", logistic(o))
            c = f * c + i * g
            h = o * np.tanh(c)
        for change in changes:
            if isinstance(change, Patch) and change.step == step:
                h = b.h[step + shift] if change.what in ("hidden", "both") else h
                c = b.c[step + shift] if change.what in ("cell", "both") else c
            if isinstance(change, Scale) and change.first <= step <= change.last:
                factors = np.ones(HIDDEN)
                factors[list(change.units)] = change.factor
                h, c = (h * factors, c) if change.state == "hidden" else (h, c * factors)
        logits.append(plain_log_odds(read @ h + bias_read, a.target))
    return logits


def plain_log_odds(scores: np.ndarray, target: Target) -> float:
    if len(scores) == 1:
        return float(scores[0])
    return float(scores[target.number] - math.log(sum(math.exp(scores[other]) for other in target.rest)))


# The grid


@pytest.mark.parametrize("align", ALIGNMENTS)
@pytest.mark.parametrize(("cell", "layers"), SHAPES)
@pytest.mark.parametrize(("texts"), [(A, B), (A, "so good"), ("so good", A), ("bad", "good")])
def test_the_grid_is_a_plain_loops(cell: str, layers: int, align: str, texts: tuple[str, str]) -> None:
    asked = checkpoint(cell, layers=layers)
    a, b = (trace(asked, text) for text in texts)
    grid = patch_grid(asked, a, b, align)
    assert list(grid.logits) == list(patchable(cell))
    shift = len(b) - len(a) if align == "end" else 0
    compared = 0
    for step in range(len(a)):
        for what, logits in grid.logits.items():
            if not 0 <= step + shift < len(b):
                assert math.isnan(logits[step]) and grid.partners[step] is None
                continue
            expected = plain_run(asked, a, [Patch(what, step)], b, shift)
            assert logits[step] == pytest.approx(expected[-1], abs=1e-9)
            single = intervene(asked, a, [Patch(what, step)], b, align)
            np.testing.assert_allclose(single.after, expected, atol=1e-9)
            compared += 1
    assert compared == min(len(a), len(b)) * len(patchable(cell))
    assert grid.logit == (a.logit[-1], b.logit[-1])


THREE = ("negative", "neutral", "positive")


@pytest.mark.parametrize("target", [None, Target(THREE, 1), Target(THREE, 2, 0)])
@pytest.mark.parametrize("cell", CELLS)
def test_three_classes(cell: str, target: Target | None) -> None:
    every = checkpoint(cell, labels=THREE)
    asked = every if target is None else every.targeted(target)
    grid = patch_texts(asked, A, B)
    assert grid.target == (target or usual(THREE, verdict(every, A).predicted))
    aimed = every.targeted(grid.target)
    a, b = trace(aimed, A), trace(aimed, B)
    seen = set()
    for step in range(len(a)):
        for what, logits in grid.logits.items():
            change = Patch(what, step)
            assert logits[step] == pytest.approx(plain_run(aimed, a, [change], b)[-1], abs=1e-9)
            run = intervene(asked, a, [change], b)
            assert run.after[-1] == pytest.approx(logits[step], abs=1e-9) and run.target == grid.target
            others = [intervene(every.targeted(Target(THREE, one)), a, [change], b) for one in range(3)]
            assert {one.predicted for one in others} == {run.predicted}  # the argmax, whatever the target
            one_by_one = [plain_run(every, replace(a, target=Target(THREE, one)), [change], b)[-1] for one in range(3)]
            assert run.predicted == (verdict(every, A).predicted, int(np.argmax(one_by_one)))
            assert run.flips == (run.labels[0] != run.labels[1])
            seen.add(run.predicted)
    if target is None:
        with pytest.raises(ValueError, match="two targets"):
            patch_grid(every, a, trace(every.targeted(Target(THREE, 2, 0)), B))
    order = (2, 0, 1)
    moved = permuted(every, order)
    against = None if grid.target.against is None else order.index(grid.target.against)
    there = Target(moved.labels, order.index(grid.target.number), against)
    for what, logits in patch_texts(moved.targeted(there), A, B).logits.items():
        np.testing.assert_allclose(logits, grid.logits[what], atol=1e-9)


@pytest.mark.parametrize("cell", CELLS)
def test_two_outputs_are_one(cell: str) -> None:
    one = checkpoint(cell)
    grid, other = (patch_texts(asked, A, B) for asked in (one, two_outputs(one)))
    for what, logits in grid.logits.items():
        np.testing.assert_allclose(other.logits[what], logits, atol=1e-9)


@pytest.mark.parametrize(("cell", "layers"), SHAPES)
def test_a_run_patched_with_itself_changes_nothing(cell: str, layers: int) -> None:
    asked = checkpoint(cell, layers=layers)
    a = trace(asked, A)
    grid = patch_grid(asked, a, a)
    for logits in grid.logits.values():
        np.testing.assert_allclose(logits, a.logit[-1], atol=1e-10)
    assert grid.shares is None and grid.carried_from is None and grid.means == {}
    assert not re.search(r"\d", grid.statement)


@settings(max_examples=20)
@given(
    st.sampled_from(SHAPES),
    st.lists(st.sampled_from([*VOCABULARY.words, "zork"]), min_size=1, max_size=9),
    st.lists(st.sampled_from([*VOCABULARY.words, "zork"]), min_size=1, max_size=9),
)
def test_both_states_at_the_last_step_give_the_others_verdict(
    shape: tuple[str, int], one: list[str], other: list[str]
) -> None:
    asked = checkpoint(shape[0], layers=shape[1])
    grid = patch_texts(asked, " ".join(one), " ".join(other), "end")
    assert grid.logits[grid.whole][-1] == pytest.approx(grid.logit[1], abs=1e-12)
    assert grid.logits["hidden"][-1] == pytest.approx(grid.logit[1], abs=1e-12)
    if shape[0] == "lstm":  # the last cell state is read by nobody
        assert grid.logits["cell"][-1] == pytest.approx(grid.logit[0], abs=1e-12)
    if len(one) == len(other):
        for what, logits in patch_texts(asked, " ".join(one), " ".join(other), "start").logits.items():
            np.testing.assert_array_equal(logits, grid.logits[what])


@pytest.mark.parametrize("cell", CELLS)
def test_float32_and_that_the_model_stays(cell: str) -> None:
    asked = checkpoint(cell, dtype=torch.float32)
    exact = patch_texts(replace(asked, model=deepcopy(asked.model).double()), A, B)
    for what, logits in patch_texts(asked, A, B).logits.items():
        np.testing.assert_allclose(logits, exact.logits[what], atol=1e-4)
    before = [parameter.clone() for parameter in asked.model.parameters()]
    patch_texts(asked, A, B)
    assert all(torch.equal(*pair) for pair in zip(before, asked.model.parameters(), strict=True))


@pytest.mark.parametrize("cell", CELLS)
def test_after_the_last_word_that_differs_the_whole_state_carries_everything(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patching, "LITTLE", 0.0)  # these networks' logits hardly differ
    grid = patch_texts(checkpoint(cell), "better late so bad", "better never so bad")
    assert grid.shares is not None
    np.testing.assert_allclose(grid.shares[grid.whole], [0, 1, 1, 1], atol=1e-9)
    assert grid.same_from == 2 and grid.carried_from == 1
    assert grid.between.tolist() == [1, 2]
    assert "from token 2 on, as expected: both read the same words" in grid.statement


def made_up(cell: str, logits: dict[str, list[float]], partners: tuple[int | None, ...] | None = None) -> PatchGrid:
    """A grid from 0 towards 2, so that shares are half the logits, of texts whose last words differ."""
    steps = len(logits["hidden"])
    tokens = tuple(f"a{place}" for place in range(steps)), tuple(f"b{place}" for place in range(steps))
    arrays = {what: np.array(values) for what, values in logits.items()}
    return PatchGrid(cell, cell, ("a", "b"), tokens, "start", partners or tuple(range(steps)), (0.0, 2.0), arrays)


def test_what_a_grid_says_by_hand() -> None:
    grid = made_up(
        "lstm",
        {
            "hidden": [0, 0.2, 0.4, 2],
            "cell": [0, 1.2, 1.0, 0],
            "both": [0, 1.4, 1.9, 2],
            "input": [0, 0.1, 0.2, 0.3],
            "forget": [0, 0.6, 0.1, 0],
            "candidate": [0, -1, -2, -3],
            "output": [0, 0, 0, 0],
        },
    )
    assert grid.carried_from == 2 and grid.between.tolist() == [1, 2]
    assert grid.means["hidden"] == pytest.approx(0.15) and grid.means["cell"] == pytest.approx(0.55)
    whole, alone, gate = grid.statement.split("; ")
    assert re.findall(r"[+\d.]+%?", whole) == ["+2.00", "70%", "2", "90", "110", "3"]
    assert re.findall(r"\d+%?", alone) == ["2", "15%", "55%"] and re.search(r"\bc carries", alone)
    assert re.findall(r"“\w+”|\d+%?", gate) == ["“forget”", "2", "30%"]
    assert grid.probability == (0.5, pytest.approx(1 / (1 + math.exp(-2))))


@pytest.mark.parametrize(
    ("hidden", "cell", "said"),
    [
        ([1.0, 2], [0.2, 0], r"\bh carries"),
        ([1.0, 2], [1.06, 0], "equally"),
        ([-1.0, 2], [-0.2, 0], "neither"),
        ([0.02, 2], [0.0, 0], "neither"),
    ],
)
def test_which_state_carries_more(hidden: list[float], cell: list[float], said: str) -> None:
    assert re.search(said, made_up("lstm", {"hidden": hidden, "cell": cell, "both": [0, 2]}).statement)


def test_a_state_that_moves_from_one_part_to_the_other_is_told_of_step_by_step() -> None:
    few = made_up("lstm", {"hidden": [-1.5, 1.3, 2], "cell": [2.1, -0.3, 0], "both": [1, 2, 2]}).statement
    assert "at token 1 h alone carries -75% and c alone 105%; at token 2 h alone carries 65% and c alone -15%" in few
    assert not re.search(r"\b[hc] carries", few)
    cell = [2.0, 2, 2, 0, 1, 0]
    many = made_up("lstm", {"hidden": [0.0, 0, 0, 2, 1, 2], "cell": cell, "both": [2.0] * 6}).statement
    assert "before the last token c alone carries more at 3 of 5 steps and h alone at 1" in many


def test_of_a_difference_of_little_no_shares_are_told() -> None:
    grid = replace(made_up("rnn", {"hidden": [2, 5]}), logit=(0.0, -0.05))
    assert "-0.050" in grid.statement and "%" not in grid.statement
    assert grid.shares is not None and grid.little


def test_overshooting_and_falling_back_is_not_carrying() -> None:
    assert made_up("rnn", {"hidden": [2, 5, 2, 2]}).carried_from == 2
    assert made_up("rnn", {"hidden": [2, 2, 2, 5]}).carried_from is None
    assert made_up("rnn", {"hidden": [0, 0, 0, 2]}).carried_from == 3
    assert ", as expected: it is the last token" in made_up("rnn", {"hidden": [0, 0, 0, 2]}).statement
    assert re.search(r"\b90 to 110 .*token 2 .* 250\.0%", made_up("rnn", {"hidden": [2, 5]}).statement)
    unmatched = made_up("rnn", {"hidden": [2, 3, math.nan, math.nan]}, (0, 1, None, None))
    assert unmatched.carried_from is None
    assert "the whole state (h) carries 150% at token 2, the last that has a partner." in unmatched.statement


def test_partners_from_either_side() -> None:
    assert partners(4, 2, "start") == (0, 1, None, None)
    assert partners(4, 2, "end") == (None, None, 0, 1)
    assert partners(2, 4, "end") == (2, 3)
    assert partners(2, 4, "start") == (0, 1)
    with pytest.raises(ValueError, match="start, end; given: 'middle'"):
        partners(2, 4, "middle")


# One change


@pytest.mark.parametrize(("cell", "layers"), SHAPES)
def test_no_change_changes_nothing_and_neither_does_a_scale_of_1(cell: str, layers: int) -> None:
    asked = checkpoint(cell, layers=layers)
    a = trace(asked, A)
    np.testing.assert_array_equal(intervene(asked, a, []).after, a.logit)
    units = tuple(range(HIDDEN))
    same = intervene(asked, a, [Scale(units, 1, 0, len(a) - 1)])
    np.testing.assert_array_equal(same.after, a.logit)
    assert not same.flips
    if cell == "lstm":
        np.testing.assert_array_equal(intervene(asked, a, [Scale(units, 1, 0, len(a) - 1, "cell")]).after, a.logit)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(("cell", "layers"), [shape for shape in SHAPES if shape[0] != "rnn"])
def test_gates_held_as_they_are_change_nothing(cell: str, layers: int, dtype: torch.dtype) -> None:
    asked = checkpoint(cell, layers=layers, dtype=dtype)
    a = trace(asked, A)
    own = [Patch(what, step) for what, gate in patchable(cell).items() if gate for step in range(len(a))]
    np.testing.assert_allclose(
        intervene(asked, a, own, a).after, a.logit, atol=1e-5 if dtype == torch.float32 else 1e-10
    )


@pytest.mark.parametrize("value", [0, 0.25, 1])
@pytest.mark.parametrize(("cell", "layers"), [shape for shape in SHAPES if shape[0] != "rnn"])
def test_gates_held_are_those_of_the_equations(cell: str, layers: int, value: float) -> None:
    asked = checkpoint(cell, layers=layers)
    a = trace(asked, A)
    for gate in gates(cell):
        for first, last in ((0, len(a) - 1), (2, 4), (3, 3)):
            held: list[Change] = [Hold(gate, value, first, last)]
            found = intervene(asked, a, held)
            np.testing.assert_allclose(found.after, plain_run(asked, a, held, None), atol=1e-9)
            np.testing.assert_array_equal(found.after[:first], a.logit[:first])


def test_what_gates_held_mean() -> None:
    lstm, gru = checkpoint("lstm"), checkpoint("gru")
    a = trace(lstm, A)
    last = len(a) - 1
    # Nothing remembered: the last token is read as if it were the first but for what h brings, so with h out too.
    alone = intervene(lstm, a, [Hold("forget", 0, 0, last), Scale(tuple(range(HIDDEN)), 0, 0, last - 1)])
    assert alone.after[-1] == pytest.approx(trace(lstm, "bad").logit[-1], abs=1e-10)
    assert (alone.after[:last] == a.empty_logit).all()
    # All units out at the end: the empty text's logit there.
    out = intervene(lstm, a, [Scale(tuple(range(HIDDEN)), 0, last, last)])
    assert out.after[-1] == pytest.approx(a.empty_logit, abs=1e-12)
    np.testing.assert_array_equal(out.after[:-1], a.logit[:-1])
    # Nothing let out: the empty text's logit all along.
    np.testing.assert_array_equal(intervene(lstm, a, [Hold("output", 0, 0, last)]).after, a.empty_logit)
    # An update gate that stands open keeps the state.
    b = trace(gru, A)
    kept = intervene(gru, b, [Hold("update", 1, 3, last)])
    np.testing.assert_array_equal(kept.after[2:], b.logit[2])
    assert kept.tokens == b.tokens


@pytest.mark.parametrize("cell", CELLS)
def test_units_scaled_and_several_changes_at_once(cell: str) -> None:
    asked = checkpoint(cell)
    a, b = trace(asked, A), trace(asked, B)
    changes: list[Change] = [Scale((1, 4), 0, 1, 3), Patch("hidden", 2), Scale((0,), -1.5, 4, 5)]
    if cell == "lstm":
        changes += [Scale((2, 3), 0.5, 2, 4, "cell"), Hold("input", 0.3, 4, 5), Patch("cell", 1), Patch("forget", 3)]
    if cell == "gru":
        changes += [Hold("new", -0.5, 1, 1), Patch("reset", 5)]
    found = intervene(asked, a, changes, b)
    np.testing.assert_allclose(found.after, plain_run(asked, a, changes, b), atol=1e-9)
    assert np.abs(found.after - a.logit).max() > 0.01
    np.testing.assert_allclose(found.probability_after, logistic(found.after), atol=1e-12)
    assert found.flips == bool((found.after[-1] >= 0) != (a.logit[-1] >= 0))


# What cannot be


def test_the_rnn_has_neither_gates_nor_a_cell() -> None:
    asked = checkpoint("rnn")
    a, b = trace(asked, A), trace(asked, B)
    assert gates("rnn") == () and list(patchable("rnn")) == ["hidden"] == list(patch_grid(asked, a, b).logits)
    for what in ("cell", "both", "forget", "pre_activation"):
        with pytest.raises(LookupError, match=f"the RNN has no '{what}' to patch; it has: hidden, and no gates"):
            intervene(asked, a, [Patch(what, 0)], b)
    with pytest.raises(LookupError, match=r"the RNN .*'forget'"):
        intervene(asked, a, [Hold("forget", 1, 0, 0)])
    with pytest.raises(LookupError, match="the RNN has no state 'cell'; it has: hidden"):
        intervene(asked, a, [Scale((0,), 1, 0, 0, "cell")])
    with pytest.raises(LookupError, match="the LSTM has no gate 'reset'; it has: input, forget, cell, output"):
        bounds("lstm", "reset")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Patch("hidden", 7), "step 8 .* 1 to 7$"),
        (Patch("hidden", -1), "step 0 .* 1 to 7$"),
        (Hold("update", 1, 5, 7), "steps 6 to 8 .* 1 to 7$"),
        (Hold("update", 1, 4, 2), "steps 5 to 3 .* 1 to 7$"),
        (Hold("update", 1.5, 0, 0), "'update' .*between 0 and 1; given: 1.5"),
        (Hold("update", math.nan, 0, 0), "held between 0 and 1; given: nan"),
        (Hold("new", -1.5, 0, 0), "'new' .*between -1 and 1"),
        (Scale((0, 6), 0, 0, 0), "units are 0 to 5; given: 6"),
        (Scale((), 0, 0, 0), "units are 0 to 5; none was given"),
        (Scale((0,), math.inf, 0, 0), "factor .*given: inf"),
    ],
)
def test_a_change_that_cannot_be_is_one_clear_line(change: Change, message: str) -> None:
    asked = checkpoint("gru")
    with pytest.raises(ValueError, match=message):
        intervene(asked, trace(asked, A), [change], trace(asked, B))


def test_runs_that_cannot_be_patched() -> None:
    asked = checkpoint("gru")
    a, short = trace(asked, A), trace(asked, "so good")
    with pytest.raises(ValueError, match="a patch needs a second sentence"):
        intervene(asked, a, [Patch("hidden", 0)])
    with pytest.raises(ValueError, match="step 3 has no partner: the other sentence has 2 tokens, this one 7"):
        intervene(asked, a, [Patch("hidden", 2)], short)
    with pytest.raises(ValueError, match="step 5 has no partner"):
        intervene(asked, a, [Patch("hidden", 4)], short, "end")
    with pytest.raises(ValueError, match="a run of other cannot be changed or patched in gru"):
        patch_grid(asked, a, replace(short, model="other"))
    with pytest.raises(ValueError, match="a run of lstm cannot"):
        patch_grid(asked, a, trace(checkpoint("lstm"), A))
    with pytest.raises(EmptyTextError, match="text 2 of 2 is empty"):
        patch_texts(asked, A, " ")
    with pytest.raises(ValueError, match=f"at most {MOST_STEPS} steps; the sentence has {MOST_STEPS + 1} tokens"):
        patch_texts(asked, "so " * (MOST_STEPS + 1), "good")
    assert len(patch_texts(asked, "so " * MOST_STEPS, "good").logits["hidden"]) == MOST_STEPS


def test_one_token() -> None:
    asked = checkpoint("lstm")
    grid = patch_texts(asked, "good", "bad")
    assert {len(logits) for logits in grid.logits.values()} == {1}
    assert grid.probabilities["both"][0] == pytest.approx(verdict(asked, "bad").probability)
    assert grid.carried_from == 0 and not len(grid.between)
    assert set(GATES["lstm"]) == {gate for gate in patchable("lstm").values() if gate}
