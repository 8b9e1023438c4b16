"""The exercise boosting: rounds of SAMME on points in the plane, or over trained models on a labelled file."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.verbs import Add

if TYPE_CHECKING:
    from core.lab.boosting.ensemble import Ensemble
    from core.lab.boosting.points import Cloud
    from core.lab.boosting.samme import Boosting, Minimum

_MOST_BYTES = 1_000_000  # of a file of points


def add_exercise(add: Add) -> None:
    """Add the exercise and its options."""
    added = add(boosting)
    added.add_argument(
        "--cloud", default="rings", help="points to draw: rings (default), blobs, spirals, apart, squares"
    )
    added.add_argument("--classes", type=int, default=3, metavar="K", help="default: 3")
    added.add_argument("--count", type=int, default=150, metavar="N", help="points to draw (default: 150)")
    added.add_argument("--points", metavar="FILE", help="take the points from here, a line each: x, y, class")
    added.add_argument("--rounds", type=int, metavar="T", help="rounds at most (default: 10; with --data 200)")
    added.add_argument("--seed", type=int, default=0, metavar="S", help="of the points, or of the split (default: 0)")
    added.add_argument("--data", metavar="FILE", help="boost the trained models over this labelled file instead")
    added.add_argument("--rows", type=int, metavar="N", help="with --data: so many of its rows, drawn from the seed")
    added.add_argument("--out", metavar="FILE", help="with --data: keep the figures there, as JSON without texts")
    console.model_option(added)
    console.label_options(added)


def boosting(options: argparse.Namespace) -> int:
    """Boosting for K classes (SAMME): each round's weights, error and vote, the vote held against a found minimum."""
    if options.data:
        return _over_models(options)
    for name in ("rows", "out"):
        if getattr(options, name) is not None:
            raise ValueError(f"--{name} goes with --data FILE, which names labelled texts for the trained models")
    return _on_points(options)


def _on_points(options: argparse.Namespace) -> int:
    from core.lab.boosting.points import draw
    from core.lab.boosting.samme import minima
    from core.lab.boosting.stumps import boost_stumps
    from core.lab.boosting.worksheet import stopped

    if options.points:
        cloud = _read(Path(options.points))
    else:
        cloud = draw(options.cloud, options.classes, options.count, options.seed)
    found = boost_stumps(cloud.points, cloud.labels, cloud.classes, 10 if options.rounds is None else options.rounds)
    checks = minima(found)
    if options.json:
        console.json_list(_rows(found, checks))
        if reason := stopped(found):
            console.progress(reason)
    else:
        _show(found, checks, cloud)
    return 0


def _read(path: Path) -> Cloud:
    from core.lab.boosting.points import read_points

    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{path.name} is larger than {_MOST_BYTES:,} bytes; expected a line a point: x, y, class")
    try:
        return read_points(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not UTF-8 text; expected a line a point: x, y, class") from None


def _rows(found: Boosting, checks: tuple[Minimum, ...]) -> list[dict[str, object]]:
    """An object a round; a perfect learner's α is infinite, for which JSON has no number: null."""
    from core.lab.boosting.stumps import stump_of

    by_round = {check.number: check for check in checks}
    rows: list[dict[str, object]] = []
    for made in found.rounds:
        check, stump = by_round.get(made.number), stump_of(made.learnt)
        rows.append(
            {
                "t": made.number,
                "stump": {
                    "axis": stump.axis,
                    "threshold": stump.threshold,
                    "below": stump.below,
                    "above": stump.above,
                },
                "error": made.error,
                "alpha": None if math.isinf(made.alpha) else made.alpha,
                "alpha_found": check and check.found,
                "difference": check and check.difference,
                "alpha_of_the_report": check and check.wrong,
                "risk_factor": made.normaliser,
                "risk_factor_of_the_report": check and _finite(check.wrong_factor),
                "risk": made.risk,
                "training_error": made.training_error,
                "outvoted": made.outvoted,
                "weights": made.weights.tolist(),
            }
        )
    return rows


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _show(found: Boosting, checks: tuple[Minimum, ...], cloud: Cloud) -> None:
    from core.lab.boosting.stumps import stump_of
    from core.lab.boosting.worksheet import stopped

    console.line(
        f"{len(found.labels):,} points of {found.classes} classes ({', '.join(cloud.names)}), stumps; "
        f"rounds: {len(found.rounds):,}"
    )
    console.line(
        "R = mean exp(1/(K-1) sum over k≠y of g^k - g^y);  Z = (1-ε) e^-α + ε e^(α/(K-1));  "
        "α = (K-1)/K log((K-1)(1-ε)/ε)"
    )
    console.line(
        "    t  stump                     D smallest   largest       ε         α   α found         Z    risk R"
        "  in error"
    )
    by_round = {check.number: check for check in checks}
    for made in found.rounds:
        check, stump = by_round.get(made.number), stump_of(made.learnt)
        rule = f"x{stump.axis + 1} ≤ {stump.threshold:.3g}: {cloud.names[stump.below]}, else {cloud.names[stump.above]}"
        console.line(
            f"{made.number:5}  {rule:<24}  {made.weights.min():10.6f}{made.weights.max():10.6f}{made.error:8.4f}"
            f"{made.alpha:10.6f}{check.found if check else math.inf:10.6f}{made.normaliser:10.6f}{made.risk:10.6f}"
            f"{made.training_error:10.4f}"
        )
    if reason := stopped(found):
        console.line(reason)
    if checks:
        largest = max(check.difference for check in checks)
        least = min(check.wrong_factor for check in checks)
        console.line(
            f"α against the minimum found from the risk's values alone: largest error {largest:.1e}, "
            f"rounds: {len(checks):,}"
        )
        console.line(
            f"the report's last line, (K-1) log((K-1)(1-ε)/ε), is {found.classes} α: it would multiply the risk by "
            f"{least:.4f} or more in every round, so it never falls"
        )


def _over_models(options: argparse.Namespace) -> int:
    from core.data.label_inference import common
    from core.lab.boosting import ensemble_file
    from core.lab.boosting.ensemble import ROUNDS, measure

    out = Path(options.out) if options.out else None
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise FileNotFoundError(f"cannot write {out}: expected the name of a file in a folder that exists")
    models = console.named_checkpoints(options.model)
    alike = {model.name: model.labelling for model in models if model.labels == models[0].labels}
    corpus = console.labelled(options, options.data, common(alike))
    if options.rows is not None:
        corpus = corpus.sample(options.rows, options.seed)
    rounds = ROUNDS if options.rounds is None else options.rounds
    found: Ensemble | None = None
    for progress in measure(corpus, models, seed=options.seed, rounds=rounds):
        found = progress.found
        if found is None:
            console.progress(f"{models[progress.done].name} reads {len(corpus):,} rows")
    assert found is not None
    if out is not None:
        ensemble_file.save(found, out)
        console.progress(f"the figures are kept in {out}")
    if options.json:
        console.json_list([ensemble_file.as_json(found)])
    else:
        _show_ensemble(found)
    return 0


def _show_ensemble(found: Ensemble) -> None:
    from core.lab.boosting.ensemble_words import finding, other, sentences

    for sentence in sentences(found):
        console.line(sentence)
    console.line("  model       weight Σα  rounds  at least risk  accuracy, fit half  test half  95 % interval")
    for voter in found.voters:
        low, high = voter.test_interval
        console.line(
            f"  {voter.name:<10} {voter.weight:10.4f}{voter.rounds:8,}{voter.least_weight:15.4f}"
            f"{voter.fit_accuracy:20.4f}{voter.test_accuracy:11.4f}  {low:.4f} to {high:.4f}"
        )
    low, high = found.accuracy_interval
    console.line(f"  the ensemble on the test half: {found.accuracy:.4f}, 95 % interval {low:.4f} to {high:.4f}")
    for one in found.against:
        low, high = one.interval
        console.line(
            f"  minus {other(found, one)} ({one.other_accuracy:.4f}): {one.difference:+.4f}, {low:+.4f} to "
            f"{high:+.4f}; only the ensemble right {one.only_ensemble:,}, only the other {one.only_other:,}: "
            f"{finding(one)}"
        )
    for made in found.rounds[:20]:
        console.line(
            f"  round {made.number}: {made.voter}, ε {made.error:.4f}, α {made.alpha:.4f}, risk {made.risk:.4f}"
        )
