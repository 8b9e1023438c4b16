"""The verb that tests how models behave: suite."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.verbs import Add

if TYPE_CHECKING:
    from core.probes.checklist.suite import Outcome, Rate, Suite, TemplateResult

_WHY = "the templates are sentences whose sentiment is known"


def add_verbs(add: Add) -> None:
    """Add these verbs and their options."""
    added = add(suite)
    console.models_options(added)
    added.add_argument("--capability", nargs="+", metavar="NAME", help="test these only (default: all)")
    added.add_argument("--examples", type=int, default=1, metavar="K", help="failures shown of a template (default: 1)")
    added.add_argument("--cases", type=int, metavar="N", help="cases of a template at most (default: 24)")
    added.add_argument("--seed", type=int, metavar="S", help="of the draw of cases (default: 0)")
    added.add_argument("--tolerance", type=float, metavar="P", help="change of P(positive) let pass (default: 0.1)")
    added.add_argument(
        "--invariance",
        metavar="RULE",
        help="an invariance fails where the verdict changes (verdict, default), where it does and P(positive) moves by "
        "more than the tolerance (checklist), or where P(positive) does (probability)",
    )


def suite(options: argparse.Namespace) -> int:
    """Failure rates by capability and template on hand-written behavioural tests, with intervals and failures."""
    from core.probes.checklist.suite import Settings, run

    if options.examples < 0:
        raise ValueError(f"the number of examples is 0 or more; given: {options.examples}")
    chosen = {name: getattr(options, name) for name in ("cases", "seed", "tolerance", "invariance")}
    if options.capability is not None:
        chosen["capabilities"] = tuple(options.capability)
    settings = Settings(**{name: value for name, value in chosen.items() if value is not None})
    found = []
    for model in console.sentiment_only(console.named_models(options), _WHY):
        with console.asking(model):
            found.append(run(model, settings))
    if options.json:
        console.json_list(_suite_json(result, options.examples) for result in found)
        return 0
    for result in found:
        _show(result, options.examples)
    _show_rates(found)
    return 0


def _suite_json(result: Suite, examples: int) -> dict[str, object]:
    return {
        "model": result.model,
        **_rate_json(result.rate),
        "capabilities": [
            {
                "name": found.name,
                "templates": found.rate.templates,
                **_rate_json(found.rate),
                "left_out": found.rate.left_out,
                "kinds": [
                    {"kind": kind, "templates": rate.templates, **_rate_json(rate)} for kind, rate in found.kinds
                ],
            }
            for found in result.capabilities
        ],
        "templates": [_template_json(found, examples) for found in result.templates],
        # Beyond what is usual: cases left out as the model reads both texts as one, and what makes the suite again.
        "left_out": result.rate.left_out,
        "settings": asdict(result.settings),
    }


def _template_json(found: TemplateResult, examples: int) -> dict[str, object]:
    template = found.template
    return {
        "name": template.name,
        "capability": template.capability,
        "kind": template.kind,
        **_rate_json(found.rate),
        "examples": [
            {
                "text": outcome.case.text,
                "changed": outcome.case.changed,
                "expected": outcome.case.expected,
                "probability": outcome.probability,
                "changed_probability": outcome.changed_probability,
            }
            for outcome in found.failed[:examples]
        ],
        "left_out": found.rate.left_out,
        "expected": template.expected,
        "text": template.text,
        "changed": template.changed,
    }


def _rate_json(rate: Rate) -> dict[str, object]:
    return {
        "cases": rate.cases,
        "failures": rate.failures,
        "rate": rate.rate,
        "interval": rate.interval,
    }


def _show(result: Suite, examples: int) -> None:
    settings, rate = result.settings, result.rate
    console.line(f"{result.model}: {rate.failures:,} of {rate.cases:,} cases fail: {_share(rate)}")
    console.line(f"  {rate.templates} templates, at most {settings.cases} cases each, seed {settings.seed}")
    console.line(
        "  failing: MFT, the verdict is not the label; "
        f"INV, by the rule {settings.invariance!r}; DIR, P(positive) goes the wrong way by over {settings.tolerance:g}"
    )
    console.line("  intervals are clustered by template; a template's own speaks of a random draw of its fillers")
    console.line(f"  {rate.left_out:,} more cases left out: pairs of texts that the model reads as one")
    for found in result.capabilities:
        console.line(f"\n  {found.name}: {_counts(found.rate)}, {found.rate.templates} templates")
        for one in result.templates:
            if one.template.capability == found.name:
                console.line(f"    {one.template.kind}  {one.template.name}: {_counts(one.rate)}")
                for outcome in one.failed[:examples]:
                    console.line(f"           {_example(outcome)}")
    console.line("")


def _show_rates(found: Sequence[Suite]) -> None:
    """The table of capabilities by models: failure rates in percent, with their intervals."""
    console.line(f"{'failing cases (%)':<18}" + "".join(f"{result.model:>26}" for result in found))
    columns = [[*((one.name, one.rate) for one in result.capabilities), ("all", result.rate)] for result in found]
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


def _example(outcome: Outcome) -> str:
    case = outcome.case
    if case.changed is None:
        return f"{outcome.probability:.4f}, expected {case.expected}: {case.text}"
    return (
        f"{outcome.probability:.4f} → {outcome.changed_probability:.4f}, expected {case.expected}: "
        f"{case.text}  |  {case.changed}"
    )
