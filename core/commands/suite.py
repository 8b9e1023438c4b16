"""The verbs that run test suites: suite, order-suite."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs, at_least, given, models_options
from core.data import targets
from core.data.targets import probability_of

if TYPE_CHECKING:
    from core.evaluation.intervals import Share
    from core.models.predictor import Model
    from core.probes.checklist.suite import Outcome, Rate, Suite, TemplateResult
    from core.probes.permutations.order_suite import OrderSuite, Result


def add_verbs(verbs: Verbs) -> None:
    """Add these verbs and their options."""
    parser = verbs.add(suite)
    models_options(parser)
    parser.add_argument("--capability", nargs="+", metavar="NAME", help="test these only (default: all)")
    parser.add_argument(
        "--examples", type=at_least(0), default=1, metavar="K", help="failures shown of a template (default: 1)"
    )
    parser.add_argument("--cases", type=int, metavar="N", help="cases of a template at most (default: 24)")
    parser.add_argument("--seed", type=int, metavar="S", help="seed of the draw of cases (default: 0)")
    parser.add_argument("--tolerance", type=float, metavar="P", help="change of P(positive) let pass (default: 0.1)")
    parser.add_argument(
        "--invariance",
        metavar="RULE",
        help="an invariance fails where the verdict changes (verdict, default), where it does and P(positive) moves by "
        "more than the tolerance (checklist), or where P(positive) does (probability)",
    )

    parser = verbs.add(order_suite, "--seed")
    models_options(parser)
    parser.add_argument("--baseline", action="store_true", help="ask a bag of words too, which cannot read order")
    parser.add_argument("--pairs", type=int, metavar="N", help="pairs of a pattern at most (default: 200)")
    parser.add_argument("--pattern", nargs="+", metavar="NAME", help="use these patterns only (default: all)")
    parser.add_argument(
        "--examples", type=at_least(0), default=1, metavar="K", help="failing pairs shown of a pattern (default: 1)"
    )


def suite(options: argparse.Namespace) -> int:
    """Failure rates by capability and template on hand-written behavioural tests, with intervals and failures."""
    from core.probes.checklist.suite import Settings, run

    chosen = given(options, "cases", "seed", "tolerance", "invariance")
    if options.capability is not None:
        chosen["capabilities"] = tuple(options.capability)
    settings = Settings(**chosen)
    results = []
    why = "the templates are sentences whose sentiment is known"
    for model in inputs.sentiment_only(inputs.named_models(options), why):
        with console.asking(model):
            results.append(run(model, settings))
    examples = options.examples
    status = console.answer(options, results, lambda one: _as_json(one, examples), lambda one: _show(one, examples))
    if not options.json:
        _show_rates(results)
    return status


def _as_json(result: Suite, examples: int) -> dict[str, object]:
    return {
        "model": result.model,
        **_rate_json(result.rate),
        "capabilities": [
            {
                "name": one.name,
                "templates": one.rate.templates,
                **_rate_json(one.rate),
                "left_out": one.rate.left_out,
                "kinds": [{"kind": kind, "templates": rate.templates, **_rate_json(rate)} for kind, rate in one.kinds],
            }
            for one in result.capabilities
        ],
        "templates": [_template_json(one, examples) for one in result.templates],
        "left_out": result.rate.left_out,
        "settings": result.settings,
    }


def _template_json(result: TemplateResult, examples: int) -> dict[str, object]:
    return {
        **console.record(result.template, "name capability kind"),
        **_rate_json(result.rate),
        "examples": [
            console.record(outcome.case, "text changed expected")
            | console.record(outcome, "probability changed_probability label changed_label")
            for outcome in result.failed[:examples]
        ],
        "left_out": result.rate.left_out,
        **console.record(result.template, "expected text changed"),
    }


def _rate_json(rate: Rate) -> dict[str, object]:
    return console.record(rate, "cases failures rate interval")


def _show(result: Suite, examples: int) -> None:
    settings, rate = result.settings, result.rate
    console.line(f"{result.model}: {rate.failures:,} of {rate.cases:,} cases fail: {_share(rate)}")
    console.line(f"  {rate.templates} templates, at most {settings.cases} cases each, seed {settings.seed}")
    console.line(
        "  failing: MFT, the verdict is not the label; "
        f"INV, by the rule {settings.invariance!r}; DIR, P(positive) goes the wrong way by over {settings.tolerance:g}"
    )
    console.line("  intervals are clustered by template; a template's own is of a random draw of its fillers")
    console.line(f"  {rate.left_out:,} more cases left out: pairs of texts that the model reads as one")
    for capability in result.capabilities:
        console.line(f"\n  {capability.name}: {_counts(capability.rate)}, {capability.rate.templates} templates")
        for one in result.templates:
            if one.template.capability == capability.name:
                console.line(f"    {one.template.kind}  {one.template.name}: {_counts(one.rate)}")
                for outcome in one.failed[:examples]:
                    console.line(f"           {_example(outcome, targets.default(result.labels) is None)}")
    console.line("")


def _show_rates(results: Sequence[Suite]) -> None:
    """The table of capabilities by models: failure rates in percent, with their intervals."""
    console.line(f"{'failing cases (%)':<18}" + "".join(f"{result.model:>26}" for result in results))
    columns = [[*((one.name, one.rate) for one in result.capabilities), ("all", result.rate)] for result in results]
    for row in zip(*columns, strict=True):
        shares = [_share(rate, "{:.1f} ({:.1f} to {:.1f})") for _name, rate in row]
        console.line(f"{row[0][0]:<18}" + "".join(f"{share:>26}" for share in shares))


def _counts(rate: Rate) -> str:
    if not rate.cases:
        return f"no case; {rate.left_out} read as one text"
    left_out = f", {rate.left_out} more read as one text" if rate.left_out else ""
    return f"{_share(rate)}, {rate.failures} of {rate.cases}{left_out}"


def _share(rate: Rate, form: str = "{:.1f} % (95 % interval {:.1f} to {:.1f})") -> str:
    if rate.rate is None or rate.interval is None:
        return "–"
    return form.format(*(100 * share for share in (rate.rate, *rate.interval)))


def _example(outcome: Outcome, several: bool) -> str:
    """A failing case; of `several` classes, more than two, with the verdicts, which P(positive) does not tell."""
    case = outcome.case
    label, changed_label = (
        f"{name}, {probability_of()} " if several else "" for name in (outcome.label, outcome.changed_label)
    )
    if case.changed is None:
        return f"{label}{outcome.probability:.4f}, expected {case.expected}: {case.text}"
    return (
        f"{label}{outcome.probability:.4f} → {changed_label}{outcome.changed_probability:.4f}, expected "
        f"{case.expected}: {case.text}  |  {case.changed}"
    )


def order_suite(options: argparse.Namespace) -> int:
    """How often a model is blind to word order where it matters, and turns its verdict where it does not."""
    from core.probes.permutations.order_suite import Settings, bag_of_words, run

    settings = Settings(**given(options, "pairs", "seed"), patterns=tuple(options.pattern or ()))
    why = "the pairs are sentences whose sentiment is known"
    models: list[Model] = inputs.sentiment_only(inputs.named_models(options), why)
    results = []
    for model in (*models, *([bag_of_words()] if options.baseline else ())):
        events = run(model, settings)
        bar = console.bar(events, " pairs", model.name, lambda event: (event.done, event.total, ""), leave=False)
        results.append(console.last(bar).result())
    examples = options.examples
    if options.json:
        rows = [(suite.model, result) for suite in results for result in (*suite.patterns, *suite.relations)]
        return console.answer(options, rows, lambda row: _pair_json(*row, examples), lambda _row: None)
    many = {model.name for model in models if targets.default(model.labels) is None}
    for one in results:
        _show_order_suite(one, examples, verdicts=one.model in many)
    return 0


def _pair_json(model: str, result: Result, examples: int) -> dict[str, object]:
    failed = result.failed[:examples] if result.pattern else ()
    return {
        "model": model,
        **console.record(result, "pattern must pairs left_out clustered_by clusters turned blind brittle right"),
        "examples": [
            console.record(outcome.pair, "a b") | console.record(outcome, "probability_a probability_b label_a label_b")
            for outcome in failed
        ],
    }


_ASKED = {"differ": "meanings opposite", "stay": "meaning the same", "open": "meanings open"}


def _show_order_suite(suite: OrderSuite, examples: int, *, verdicts: bool) -> None:
    settings = suite.settings
    console.line(f"{suite.model}: at most {settings.pairs} pairs per pattern, seed {settings.seed}")
    for relation in suite.relations:
        left_out = f", {relation.left_out:,} more read as one sentence" if relation.left_out else ""
        console.line(f"\n  {_ASKED[relation.must]}: {relation.pairs:,} pairs{left_out}")
        if relation.clusters > 1:
            console.line(f"    {f'all {relation.clusters} patterns':<28}{_of_pairs(relation)}")
        for result in suite.patterns:
            if result.must == relation.must:
                console.line(f"    {result.pattern:<28}{_of_pairs(result)}")
                for outcome in result.failed[:examples]:
                    a = f"{outcome.label_a}, {probability_of()}", f"{outcome.probability_a:.4f}", outcome.pair.a
                    b = f"{outcome.label_b}, {probability_of()}", f"{outcome.probability_b:.4f}", outcome.pair.b
                    both = (" ".join(parts if verdicts else parts[1:]) for parts in (a, b))
                    console.line("        " + "  |  ".join(both))
    console.line("")


def _of_pairs(result: Result) -> str:
    shares = {"blind": result.blind, "brittle": result.brittle, "right on both": result.right}
    if result.must == "open":
        shares = {"turned": result.turned}
    return ", ".join(f"{name} {_in_percent(share)}" for name, share in shares.items() if share is not None)


def _in_percent(share: Share) -> str:
    if share.share is None or share.interval is None:
        return "–"
    return "{:.1f} % ({:.1f} to {:.1f})".format(*(100 * value for value in (share.share, *share.interval)))
