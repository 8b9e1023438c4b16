"""The verb that looks for small edits: edit."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from core.commands import console
from core.commands.verbs import Add
from core.data.labels import SENTIMENT, Names, as_found

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.edits.changes import Diff
    from core.probes.edits.results import Edited, GuardReport, MinimalEdits
    from core.probes.edits.search import Question


def add_verbs(add: Add) -> None:
    """Add the verb and its options."""
    added = add(edit)
    console.models_options(added)
    added.add_argument(
        "--goal",
        required=True,
        metavar="G",
        help="the verdict asked for: flip, positive, negative, or the name of one of the model's own classes",
    )
    added.add_argument(
        "--reading",
        metavar="R",
        help="how a person reads the text, which guards hold to: negative, positive, the name of one of the model's "
        "own classes, or mixed (default: the opposite of the verdict asked for)",
    )
    added.add_argument("--max-edits", type=int, metavar="K", help="edits made together at most (default: 2)")
    added.add_argument(
        "--protect",
        nargs="+",
        action="extend",
        default=[],
        metavar="WORD",
        help="words that stay as and where they are",
    )
    added.add_argument("--fluency", type=float, metavar="NATS", help="how far fluency may fall (default: 8)")
    added.add_argument(
        "--no-guard",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME",
        help="guards to switch off: polarity, antonyms, negations",
    )
    added.add_argument("--seconds", type=float, metavar="S", help="time at most, for each text and model")
    added.add_argument("--budget", type=int, metavar="N", help="sentences scored at most (default: 100,000)")
    added.add_argument("--beam", type=int, metavar="B", help="sets of edits that one more is added to (default: 8)")
    added.add_argument("--top", type=int, metavar="T", help="flips listed (default: 10)")
    added.add_argument("--first", action="store_true", help="end at the first flip; fewer edits may do")
    added.add_argument("texts", nargs="*", metavar="TEXT")


def edit(options: argparse.Namespace) -> int:
    """The smallest edits of a text that bring a model's verdict to what is asked, and what was searched."""
    from tqdm import tqdm

    from core.probes.edits import sources as edit_sources
    from core.probes.edits.search import search
    from core.probes.edits.victims import victim

    bounds = {name: getattr(options, name) for name in ("reading", "max_edits", "seconds", "budget", "beam", "top")}
    bounds = {name: value for name, value in bounds.items() if value is not None} | {"first": options.first}
    if options.fluency is not None:
        bounds["fluency"] = options.fluency
    texts = _texts(options)
    models = console.named_models(options)
    sources = edit_sources.load_for(models)
    questions: list[tuple[Model, Question]] = [
        (
            checkpoint,
            edit_sources.ask(
                checkpoint,
                sources,
                text,
                _class(options.goal, checkpoint, ("flip",), "--goal"),
                protect=options.protect,
                no_guards=options.no_guard,
                **_read(bounds, checkpoint),
            ),
        )
        for text in texts
        for checkpoint in models
    ]  # all of them first: a text that cannot be searched is told of before an hour of work
    found = []
    for checkpoint, question in questions:
        with tqdm(desc=checkpoint.name, unit=" sentences", unit_scale=True, leave=False) as bar:
            for progress in search(checkpoint.name, victim(checkpoint), question):
                bar.total = progress.total
                bar.set_postfix_str(f"{progress.flips:,} flips", refresh=False)
                bar.update(progress.queries - bar.n)
        found.append(progress.result())
    if options.json:
        console.json_list(_as_json(result) for result in found)
        return 0
    for (checkpoint, _question), result in zip(questions, found, strict=True):
        _show(result, checkpoint.labels)
    return 0


def _class(asked: str, checkpoint: Model, others: tuple[str, ...], option: str) -> str:
    """What a search calls a class that was named. Raises ValueError for a name that the model does not have."""
    return as_found(asked, checkpoint.labels, others, checkpoint.name, option)


def _read(bounds: dict[str, Any], checkpoint: Model) -> dict[str, Any]:
    """The bounds with the reading named as a search names it."""
    if "reading" not in bounds:
        return bounds
    return {**bounds, "reading": _class(bounds["reading"], checkpoint, ("mixed",), "--reading")}


def _texts(options: argparse.Namespace) -> list[str]:
    """The texts; where an option that takes several words stands right before them, these are what is no word."""
    for words in (options.no_guard, options.protect):
        first = next((place for place, word in enumerate(words) if len(word.split()) != 1), len(words))
        if not options.texts and first < len(words):
            options.texts = words[first:]
            del words[first:]
    if not options.texts:
        raise ValueError("no text was given; a text of one word stands behind -- where --protect or --no-guard is last")
    texts: list[str] = options.texts
    return texts


def _as_json(result: MinimalEdits) -> dict[str, object]:
    best = result.best
    met = result.found and best is None  # nothing to do: the sentence as it stands is the answer
    return {
        "model": result.model,
        "text": result.text,
        "probability": result.probability,
        "found": result.found,
        "edited": best.text if best else " ".join(result.tokens) if met else None,
        "edited_probability": best.probability if best else result.probability if met else None,
        "edits": _edits_json(best) if best else [],
        "fluency_change": best.fluency_change if best else 0.0 if met else None,
        "guards": {name: _guard_json(report) for name, report in result.guards.items()},
        "queries": result.queries,
        "candidates": result.candidates,
        "minimal": best.minimal if best else True if met else None,
        "certificate": result.certificate,
        # Beyond what is usual: what was asked, how the edits were thinned out, and the next best.
        "goal": result.goal,
        "reading": result.reading,
        "tokens": result.tokens,
        "complete": result.complete,
        "flips": result.flips,
        "proposed": result.proposed,
        "refused": result.refused,
        "scorer": result.scorer,
        "diff": best.diff if best else None,
        "others": [_edited_json(other) for other in result.others],
        "closest": _edited_json(result.closest) if result.closest else None,
    }


def _edits_json(found: Edited) -> list[dict[str, object]]:
    return [
        {"kind": edit.kind, "position": edit.position, "before": " ".join(edit.before), "after": " ".join(edit.after)}
        for edit in found.edits
    ]


def _edited_json(found: Edited) -> dict[str, object]:
    return {
        "edited": found.text,
        "edited_probability": found.probability,
        "edits": _edits_json(found),
        "fluency_change": found.fluency_change,
        "guards": found.guards,
        "minimal": found.minimal,
    }


def _guard_json(report: GuardReport) -> dict[str, object]:
    return {
        "on": report.on,
        "judgement": report.judgement,
        "failed": report.failed,
        "cannot_judge": report.unjudged,
        "of": report.asked,
    }


def _show(result: MinimalEdits, names: Names) -> None:
    tokens = " ".join(result.tokens)
    console.line(f"{result.model}: {result.probability:.4f}  {tokens}")
    console.line(f"  {result.certificate}")
    named = dict(zip(SENTIMENT, names, strict=True))
    console.line(f"  guarded for a person who reads the text as {named.get(result.reading, result.reading)}")
    if result.best:
        _show_edited(result.best)
        if result.others:
            console.line("  other flips:")
        for other in result.others:
            _show_edited(other)
    elif result.closest:
        console.line("  nearest, no flip:")
        _show_edited(result.closest)
    for name, report in result.guards.items() if result.proposed else ():
        off = "" if report.on else " (switched off)"
        console.line(
            f"  guard {name}{off}: {report.failed:,} of {report.asked:,} single edits fail, "
            f"{report.unjudged:,} cannot be judged"
        )


def _show_edited(found: Edited) -> None:
    change = "" if found.fluency_change is None else f"  {found.fluency_change:+6.2f} nats"
    doubts = [f"{name}: {judgement}" for name, judgement in found.guards.items() if judgement != "passed"]
    console.line(
        f"    {found.probability:.4f}{change}  {word_diff(found.diff)}"
        + (f"   ({'; '.join(doubts)})" if doubts else "")
    )


def word_diff(diff: Diff) -> str:
    """A diff in one line: what goes in ``[-…-]``, what comes in ``{+…+}``, as git shows words."""
    pieces = []
    for kind, before, after in diff:
        if kind == "same":
            pieces.append(before)
        else:
            pieces.append((f"[-{before}-]" if before else "") + (f"{{+{after}+}}" if after else ""))
    return " ".join(pieces)
