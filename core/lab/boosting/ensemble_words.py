"""What an ensemble of trained models amounts to, in sentences; the models' names stand in them as they are."""

from __future__ import annotations

from core.data.labels import model_name
from core.lab.boosting.ensemble import BEST, MAJORITY, MANY, ONE, Against, Amount, Ensemble
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together


def sentences(ensemble: Ensemble) -> list[str]:
    """What was measured, whether it beats the best single model, what the vote comes down to, and what greed cost."""
    lines = [_measured(ensemble), _against_best(ensemble), _amount(ensemble), _least(ensemble)]
    if ensemble.trained_on:
        lines.append(
            _("Careful: {names} learnt from this file, so these accuracies say little about new texts.").format(
                names=", ".join(ensemble.trained_on)
            )
        )
    return lines


def other(ensemble: Ensemble, one: Against) -> str:
    """The name of what the ensemble is compared with."""
    if one.other == BEST:
        return _("best single model ({name})").format(name=model_name(ensemble.best))
    return _("majority vote") if one.other == MAJORITY else _("mean probability")


def finding(one: Against) -> str:
    """A difference in a word or two."""
    return {
        "better": _("better"),
        "worse": _("worse"),
        "same": _("the same predictions"),
        "none": _("no difference shown"),
    }[one.finding]


def _measured(ensemble: Ensemble) -> str:
    drawn = "" if ensemble.drawn_from is None else _(" (sampled from {rows:,})").format(rows=ensemble.drawn_from)
    return _(
        "{data}: {rows:,} rows{drawn}, fitted on {fit:,} and tested on the other {test:,}, split by seed {seed}."
    ).format(
        data=ensemble.data,
        rows=ensemble.rows,
        drawn=drawn,
        fit=ensemble.fit_rows,
        test=ensemble.test_rows,
        seed=ensemble.seed,
    )


def _against_best(ensemble: Ensemble) -> str:
    one = next(one for one in ensemble.against if one.other == BEST)
    if one.finding == "same":
        return _(
            "The ensemble does not beat {best}, the best single model on the fit half: it predicts "
            "the same on every row, with {accuracy:.2%} accuracy."
        ).format(best=model_name(ensemble.best), accuracy=ensemble.accuracy)
    low, high = (100 * end for end in one.interval)
    figures = _(
        "{ensemble:.2%} against {other:.2%}; difference {difference:+.2f} points, 95 % interval {low:+.2f} to "
        "{high:+.2f}"
    ).format(
        ensemble=ensemble.accuracy,
        other=one.other_accuracy,
        difference=100 * one.difference,
        low=low,
        high=high,
    )
    verdict = {
        "better": _("The ensemble beats {best}, the best single model on the fit half"),
        "worse": _("The ensemble is worse than {best}, the best single model on the fit half"),
        "none": _("No evidence that the ensemble beats {best}, the best single model on the fit half"),
    }[one.finding]
    return _("{finding}: {reason}.").format(finding=verdict.format(best=model_name(ensemble.best)), reason=figures)


def _amount(ensemble: Ensemble) -> str:
    rule = _rule(ensemble.amounts_to)
    if len(ensemble.voters) == 3:
        other = _(
            "With three voters only two outcomes are possible: either one voter outweighs the other "
            "two together and decides alone, or any two that agree decide."
        )
        rule = together([rule, other])
    return rule


def _rule(amount: Amount) -> str:
    if amount.to == ONE:
        return _("The weighted vote equals one voter: {name} decides alone.").format(
            name=model_name(amount.voter or "")
        )
    if amount.to == MAJORITY and amount.ties:
        return _("The weighted vote is the plain majority vote: the weights only decide ties.")
    if amount.to == MAJORITY:
        return _("The weighted vote is the plain majority vote: the weights change nothing.")
    if amount.to == MANY:
        return _("There are too many ways of voting to say whether the weighted vote equals a simpler one.")
    return _("The weighted vote equals neither a single voter nor the plain majority vote.")


def _least(ensemble: Ensemble) -> str:
    text = _(
        "Boosting never revises an earlier round. It ended at a risk of {risk:.4f}; the minimum over "
        "non-negative weights is {least:.4f}"
    ).format(risk=ensemble.risk, least=ensemble.least_risk)
    amount = ensemble.least_amounts_to
    if amount.to == ONE:
        return text + _(", where {name} decides alone.").format(name=model_name(amount.voter or ""))
    if amount.to == MAJORITY and amount.ties:
        return text + _(", where the vote equals the plain majority vote but for ties.")
    if amount.to == MAJORITY:
        return text + _(", where the vote equals the plain majority vote.")
    return text + "."
