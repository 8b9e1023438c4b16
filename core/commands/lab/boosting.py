"""The exercise boosting: rounds of SAMME on points in the plane, or over trained models on a labelled file."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.lab.small_files import text_of
from core.commands.options import Verbs, check_folder, label_options

if TYPE_CHECKING:
    from core.lab.boosting.ensemble import Ensemble
    from core.lab.boosting.points import Cloud
    from core.lab.boosting.samme import Boosting, Minimum


def add_exercise(verbs: Verbs) -> None:
    """Add the exercise and its options."""
    parser = verbs.add(boosting, "--model", "--seed")
    parser.add_argument(
        "--cloud", default="rings", help="points to draw: rings (default), blobs, spirals, apart, squares"
    )
    parser.add_argument("--classes", type=int, default=3, metavar="K", help="default: 3")
    parser.add_argument("--count", type=int, default=150, metavar="N", help="points to draw (default: 150)")
    parser.add_argument("--points", metavar="FILE", help="read the points from here, one per line: x, y, class")
    parser.add_argument(
        "--stumps",
        choices=["error", "gini"],
        default="error",
        help="a stump has the least weighted error (default), or is scikit-learn's, of least Gini impurity",
    )
    parser.add_argument(
        "--form",
        choices=["risk", "samme", "m1"],
        default="risk",
        help="the vote: where the exponential risk is least (default), SAMME's, or AdaBoost.M1's",
    )
    parser.add_argument("--rounds", type=int, metavar="T", help="rounds at most (default: 10; with --data 200)")
    parser.add_argument("--data", metavar="FILE", help="boost the trained models on this labelled file instead")
    parser.add_argument("--rows", type=int, metavar="N", help="with --data: draw N of its rows by the seed")
    parser.add_argument("--out", metavar="FILE", help="with --data: save the results there, as JSON without texts")
    label_options(parser)


def boosting(options: argparse.Namespace) -> int:
    """Boosting for K classes (SAMME): each round's weights, error and vote, compared with a numerical minimum."""
    if options.data:
        return _over_models(options)
    for name in ("rows", "out"):
        if getattr(options, name) is not None:
            raise ValueError(f"--{name} goes with --data FILE, which names labelled texts for the trained models")
    from core.lab.boosting.points import draw, read_points
    from core.lab.boosting.samme import minima
    from core.lab.boosting.stumps import boost_stumps
    from core.lab.boosting.worksheet import stopped

    if options.points:
        cloud = read_points(text_of(Path(options.points), "one point per line: x, y, class"))
    else:
        cloud = draw(options.cloud, options.classes, options.count, options.seed)
    rounds = 10 if options.rounds is None else options.rounds
    result = boost_stumps(cloud, rounds, options.stumps, options.form)
    checks = minima(result)
    if options.json:
        console.json_list(_rows(result, checks))
        if reason := stopped(result):
            console.progress(reason)
    else:
        _show(result, checks, cloud)
    return 0


def _rows(boosting: Boosting, checks: dict[int, Minimum]) -> list[dict[str, object]]:
    """An object a round; a perfect learner's infinite α is null."""
    rows: list[dict[str, object]] = []
    for round_ in boosting.rounds:
        check = checks.get(round_.number)
        rows.append(
            {
                "t": round_.number,
                "stump": round_.learnt,
                "error": round_.error,
                "alpha": None if math.isinf(round_.alpha) else boosting.scale * round_.alpha,
                "alpha_found": check and boosting.scale * check.numerical,
                "difference": check and check.difference,
                "risk_factor": round_.normaliser,
                **console.record(round_, "risk training_error outvoted weights"),
            }
        )
    return rows


def _show(boosting: Boosting, checks: dict[int, Minimum], cloud: Cloud) -> None:
    from core.lab.boosting.worksheet import stopped

    console.line(
        f"{len(boosting.labels):,} points of {boosting.classes} classes ({', '.join(cloud.names)}), stumps; "
        f"rounds: {len(boosting.rounds):,}"
    )
    vote = {
        "risk": "α = (K-1)/K log((K-1)(1-ε)/ε)",
        "samme": "α = log((1-ε)/ε) + log(K-1)",
        "m1": "α = log((1-ε)/ε)",
    }[boosting.form]
    console.line(f"R = mean exp(1/(K-1) sum over k≠y of g^k - g^y);  {vote}")
    console.line(
        "    t  stump                     D smallest   largest       ε         α   α found         Z    risk R"
        "  in error"
    )
    for round_ in boosting.rounds:
        check, stump = checks.get(round_.number), round_.learnt
        rule = f"x{stump.axis + 1} ≤ {stump.threshold:.3g}: {cloud.names[stump.below]}, else {cloud.names[stump.above]}"
        console.line(
            f"{round_.number:5}  {rule:<24}  {round_.weights.min():10.6f}{round_.weights.max():10.6f}"
            f"{round_.error:8.4f}{boosting.scale * round_.alpha:10.6f}"
            f"{boosting.scale * check.numerical if check else math.nan:10.6f}"
            f"{round_.normaliser:10.6f}{round_.risk:10.6f}{round_.training_error:10.4f}"
        )
    if reason := stopped(boosting):
        console.line(reason)
    if checks:
        largest = max(check.difference for check in checks.values())
        console.line(
            f"α against the minimum found from the risk's values alone: largest error {largest:.1e}, "
            f"rounds: {len(checks):,}"
        )


def _over_models(options: argparse.Namespace) -> int:
    from core.data.label_inference import common
    from core.lab.boosting import ensemble_file
    from core.lab.boosting.ensemble import ROUNDS, measure

    check_folder(options.out)
    models = inputs.labelled_by(inputs.named_checkpoints(options.model), options, Path(options.data))
    alike = {model.name: model.labelling for model in models if model.labels == models[0].labels}
    corpus = inputs.labelled(options, options.data, common(alike))
    if options.rows is not None:
        corpus = corpus.sample(options.rows, options.seed)
    rounds = ROUNDS if options.rounds is None else options.rounds
    for progress in measure(corpus, models, seed=options.seed, rounds=rounds):
        if progress.ensemble is None:
            console.progress(f"{models[progress.done].name} reads {len(corpus):,} rows")
    result = progress.ensemble
    assert result is not None
    if options.out:
        ensemble_file.save(result, Path(options.out))
        console.progress(f"the results are saved in {options.out}")
    if options.json:
        console.json_list([ensemble_file.as_json(result)])
    else:
        _show_ensemble(result)
    return 0


def _show_ensemble(result: Ensemble) -> None:
    from core.lab.boosting.ensemble_words import finding, other, sentences

    for sentence in sentences(result):
        console.line(sentence)
    console.line("  model       weight Σα  rounds  at least risk  accuracy, fit half  test half  95 % interval")
    for voter in result.voters:
        low, high = voter.test_interval
        console.line(
            f"  {voter.name:<10} {voter.weight:10.4f}{voter.rounds:8,}{voter.least_weight:15.4f}"
            f"{voter.fit_accuracy:20.4f}{voter.test_accuracy:11.4f}  {low:.4f} to {high:.4f}"
        )
    low, high = result.accuracy_interval
    console.line(f"  the ensemble on the test half: {result.accuracy:.4f}, 95 % interval {low:.4f} to {high:.4f}")
    for one in result.against:
        low, high = one.interval
        console.line(
            f"  minus {other(result, one)} ({one.other_accuracy:.4f}): {one.difference:+.4f}, {low:+.4f} to "
            f"{high:+.4f}; only the ensemble right {one.only_ensemble:,}, only the other {one.only_other:,}: "
            f"{finding(one)}"
        )
    for round_ in result.rounds[:20]:
        console.line(
            f"  round {round_.number}: {round_.voter}, ε {round_.error:.4f}, α {round_.alpha:.4f}, "
            f"risk {round_.risk:.4f}"
        )
