"""Derivations checked: the right ones pass, and each kind of slip is told for what it is."""

from __future__ import annotations

import warnings

import pytest

from core.lab.bptt.derivation import MOST_STEPS, Monomial, check, letters, targets
from core.lab.bptt.gradients import Exercise, backpropagation


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_the_closed_forms_pass_and_without_their_last_term_lack_just_that(steps: int):
    for gradient in backpropagation(Exercise().over(steps)).gradients:
        written = [" * ".join(factor.symbol for factor in term.factors) for term in gradient.terms]
        assert check(" + ".join(written), gradient.name, steps=steps).agrees
        missing = check(" + ".join(["0", *written[:-1]]), gradient.name, steps=steps)
        assert missing.kind == "term"
        assert check(" + ".join(["0", *written[:-1], str(missing.off_by)]), gradient.name, steps=steps).agrees


def test_right_derivations_of_two_steps():
    for formula, target in (
        ("(ŷ − y) * w_o", "dL/dh_2"),
        ("-y/yhat + (1 - y)/(1 - yhat)", "dL/dyhat"),
        ("sigma(u) - y", "dL/du"),
        ("h * e^(-u) / (1 + e^(-u))²", "dyhat/dw_o"),
        ("yhat * (1 - yhat) * w_o", "dyhat/dh_2"),
        ("(1 - h_2²) * (h_1 + w_h * (1 - h_1²) * h_0)", "dh_2/dw_h"),
        ("sech(a_2)^2 * (x_2 + w_h * x_1 / cosh(a_1)^2)", "dh_2/dw_i"),
        ("w_h * (1 - tanh(w_i*x_2 + w_h*h_1)^2)", "dh_2/dh_1"),
    ):
        found = check(formula, target)
        assert found.agrees
        assert found.error < 1e-12
        assert "32" in found.statement()


def test_as_students_write_it():
    for formula, target in (
        ("(yhat-y) w_o", "dL/dh_2"),
        ("dL/dh_2 (1-h2²)", "dL/da_2"),
        ("δ h2", "dL/dw_o"),
        (r"\left(\hat{y}-y\right) w_{o} \left(1-h_{2}^{2}\right) w_h", "dL/dh_1"),
        (r"\frac{\partial L}{\partial a_2} h_1 + \frac{\partial L}{\partial a_1} h_0", "dL/dw_h"),
        ("dL/dyhat · dŷ/du", "dL/du"),
        ("tanh'(a_2)", "dh_2/da_2"),
    ):
        found = check(formula, target)
        assert found.agrees
        assert found.latex
    for target in ("dL/du", "dL/dw_o"):
        with pytest.raises(ValueError):
            check("delta" if target == "dL/du" else target, target)  # the question is no answer


def test_other_activations():
    assert check("dL/dh_2 h_2 (1 - h_2)", "dL/da_2", activation="sigmoid").agrees
    assert check("dL/dh_2 (1 - h_2^2)", "dL/da_2", activation="sigmoid").kind != "agrees"
    assert check("dL/dh_2 step(a_2)", "dL/da_2", activation="relu").agrees
    forgotten = check("dL/dh_2", "dL/da_2", activation="relu")
    assert forgotten.only_where_active
    assert "step" in forgotten.statement()
    assert check("2 dL/dh_2 step(a_2)", "dL/da_2", activation="relu").kind == "constant"


def test_slips():
    for formula, target, kind, off_by in (
        ("-(yhat - y) * h_2", "dL/dw_o", "sign", "-1"),
        ("2 * (yhat - y) * h_2", "dL/dw_o", "constant", "2"),
        ("(yhat - y)", "dL/dw_o", "factor", "1 / h_2"),
        ("(yhat - y) * h_2 * w_o**2", "dL/dw_o", "factor", "w_o**2"),
        ("-w_o * h^2 / (1 + e^(-w_o*h))^2", "dyhat/dw_o", "factor", "-w_o * h_2 * e**u"),
        ("-w_o * h^2 / (1 + e^(-w_o*h))^2", "dyhat/dh_2", "factor", "-h_2**2 * e**u"),
        ("w_o * (yhat - y) * x_2", "dL/dw_i", "no simple ratio", "None"),
        ("h + 1", "dL/dw_i", "no simple ratio", "None"),
        ("0", "dL/dw_i", "no simple ratio", "None"),
        ("10**10**10", "dL/dw_i", "not finite", "None"),
        ("log(h)", "dL/dw_o", "not finite", "None"),
        ("yhat", "dyhat/du", "factor", "1 / (1 - yhat)"),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = check(formula, target)
        assert (found.kind, str(found.off_by), found.agrees) == (kind, off_by, False)
        assert found.statement()


def test_a_factor_that_is_missing_is_named():
    right, wrong = (check(f"{sign}(yhat - y)", "dL/dw_o").statement().split(". ") for sign in ("", "-"))
    assert "h_2" in right[-1] and len(wrong) == len(right) + 1


def test_a_derivation_from_h_0_of_0_is_told_to_be_right_there():
    found = check("(1 - h_2²) * h_1", "dh_2/dw_h")
    assert found.kind == "term"
    assert found.only_without_first_state
    assert "h_0 = 0" in found.statement()
    assert not check("(1 - h_2²) * x_2", "dh_2/dw_i").only_without_first_state


def test_points_are_those_of_the_seed():
    one, same, other = (check("h", "dL/dw_o", seed=seed) for seed in (3, 3, 4))
    assert one == same
    assert one.points != other.points
    for point in one.points:
        assert point.formula == point.values["h_2"]
        assert point.ratio == pytest.approx(point.formula / point.truth)


@pytest.mark.parametrize("steps", [1, 2, MOST_STEPS])
def test_every_target_can_be_checked(steps: int):
    for target in targets(steps):
        assert check("1", target, steps=steps).kind != "not finite"
    assert set(check("1", "dL/dw_o", steps=steps).points[0].values) == set(letters(steps))


def test_refusals():
    for arguments, told in (
        ({"formula": "h", "target": "dL/dq"}, "no target 'dL/dq'; over 2 steps there are dL/dw_o"),
        ({"formula": "h", "target": "dL/dw_o", "steps": 10_000}, "10,000 steps"),
        ({"formula": "__import__('os')", "target": "dL/dw_o"}, "'__import__'"),
        ({"formula": "", "target": "dL/dw_o"}, "empty"),
    ):
        with pytest.raises(ValueError, match=told):
            check(**arguments)


def test_products_are_written_as_formulas():
    assert str(Monomial(1.0, (("h_1", 1), ("w_o", -1), ("yhat", -2)))) == "h_1 / (w_o * yhat**2)"
    assert str(Monomial(-0.5, (("(1 - h_1**2)", 2),))) == "-0.5 * (1 - h_1**2)**2"
    assert str(Monomial(1.0, (("e**u", 2),))) == "(e**u)**2"
