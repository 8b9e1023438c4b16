"""The verb that searches small edits: edit."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs, given, models_options
from core.data.targets import default, probability_of

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.edits.changes import Diff
    from core.probes.edits.results import Edited, MinimalEdits
    from core.probes.edits.search import Question


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(edit, "--seconds", "--target", "--against")
    models_options(parser)
    goal = parser.add_mutually_exclusive_group(required=True)
    goal.add_argument("--goal", metavar="G", help="the verdict to reach: flip, or a class's name (positive, negative)")
    goal.add_argument("--to", dest="goal", metavar="CLASS", help="the same as --goal")
    parser.add_argument(
        "--reading",
        metavar="R",
        help="the text's gold label, which guards preserve: a class's name (negative, positive) or mixed (default: the "
        "class that the goal goes against: the predicted one)",
    )
    parser.add_argument("--max-edits", type=int, metavar="K", help="edits made together at most (default: 2)")
    for name, metavar, about in (
        ("--protect", "WORD", "locked words"),
        ("--no-guard", "NAME", "guards to switch off: polarity, antonyms, negations"),
    ):
        parser.add_argument(name, nargs="+", action="extend", default=[], metavar=metavar, help=about)
    parser.add_argument("--fluency", type=float, metavar="NATS", help="fluency that an edit may lose (default: 8)")
    parser.add_argument("--budget", type=int, metavar="N", help="sentences scored at most (default: 100,000)")
    parser.add_argument("--beam", type=int, metavar="B", help="sets of edits that one more is added to (default: 8)")
    parser.add_argument("--top", type=int, metavar="T", help="flips listed (default: 10)")
    parser.add_argument("--first", action="store_true", help="end at the first flip; fewer edits may do")
    parser.add_argument("texts", nargs="*", metavar="TEXT")


def edit(options: argparse.Namespace) -> int:
    """The smallest edits of a text that bring a model's verdict to a goal, and what was searched."""
    from core.probes.edits import sources as edit_sources
    from core.probes.edits.search import search
    from core.probes.edits.victims import victim

    limits = given(options, "max_edits", "seconds", "budget", "beam", "top", "fluency") | {"first": options.first}
    texts = _texts(options)
    models = console.usable(inputs.aimed(options, inputs.named_models(options)), partial(_with_goal, options))
    sources = edit_sources.load_for(models)

    def question(model: Model, text: str) -> Question:
        return edit_sources.ask(
            model,
            sources,
            text,
            options.goal,
            protect=options.protect,
            no_guards=options.no_guard,
            reading=options.reading,
            **limits,
        )

    # All of them first: a text that cannot be searched is refused before an hour of work.
    questions = [(model, question(model, text)) for text in texts for model in models]
    results = []
    for model, asked in questions:
        events = console.bar(
            search(model.name, victim(model), asked),
            " sentences",
            model.name,
            lambda event: (event.queries, event.total, f"{event.flips:,} flips"),
            unit_scale=True,
            leave=False,
        )
        results.append(console.last(events).result())
    return console.answer(options, results, _as_json, _show)


def _with_goal(options: argparse.Namespace, model: Model) -> Model:
    """The model. Raises ValueError where the goal or the gold label is no class of it."""
    from core.probes.edits.search import check_goal

    try:
        check_goal(options.goal, options.reading, model.labels)
    except ValueError as error:
        raise ValueError(f"{model.name}: {error}") from None
    return model


def _texts(options: argparse.Namespace) -> list[str]:
    """The texts; an option that takes several words right before them swallows them, so what is no word is a text."""
    for words in (options.no_guard, options.protect):
        first = next((index for index, word in enumerate(words) if len(word.split()) != 1), len(words))
        if not options.texts and first < len(words):
            options.texts = words[first:]
            del words[first:]
    if not options.texts:
        raise ValueError("no text was given; write -- before a text of one word that follows --protect or --no-guard")
    texts: list[str] = options.texts
    return texts


def _as_json(result: MinimalEdits) -> dict[str, object]:
    best = result.best
    if best:
        edited = _edited_json(best)
    else:  # with nothing to do, the sentence as it stands is the answer
        done = result.found
        edited = {
            "edited": " ".join(result.tokens) if done else None,
            "edited_probability": result.probability if done else None,
            "edited_label": result.label if done else None,
            "edits": [],
            "fluency_change": 0.0 if done else None,
            "minimal": True if done else None,
        }
    return {
        **console.record(result, "model text probability found"),
        **{name: edited[name] for name in ("edited", "edited_probability", "edits", "fluency_change")},
        "guards": {
            name: console.record(report, "on judgement failed cannot_judge=unjudged of=asked")
            for name, report in result.guards.items()
        },
        **console.record(result, "queries candidates"),
        "minimal": edited["minimal"],
        **console.record(result, "certificate goal reading tokens complete flips proposed refused scorer"),
        "diff": best and best.diff,
        "others": [_edited_json(other) for other in result.others],
        "closest": result.closest and _edited_json(result.closest),
        **result.target.as_json(),
        "label": result.label,
        "edited_label": edited["edited_label"],
    }


def _edited_json(edited: Edited) -> dict[str, object]:
    return {
        **console.record(edited, "edited=text edited_probability=probability"),
        "edits": [
            {**console.record(edit, "kind position"), "before": " ".join(edit.before), "after": " ".join(edit.after)}
            for edit in edited.edits
        ],
        **console.record(edited, "fluency_change guards minimal edited_label=label"),
    }


def _show(result: MinimalEdits) -> None:
    console.line(f"{result.model}: {_verdict(result, result)}  {' '.join(result.tokens)}")
    console.line(f"  {result.certificate}")
    console.line(f"  guarded for the gold label {result.reading}")
    if result.best:
        _show_edited(result, result.best)
        if result.others:
            console.line("  other flips:")
        for other in result.others:
            _show_edited(result, other)
    elif result.closest:
        console.line("  closest attempt (no flip):")
        _show_edited(result, result.closest)
    for name, report in result.guards.items() if result.proposed else ():
        off = "" if report.on else " (switched off)"
        console.line(
            f"  guard {name}{off}: {report.failed:,} of {report.asked:,} single edits fail, "
            f"{report.unjudged:,} cannot be judged"
        )


def _verdict(result: MinimalEdits, one: MinimalEdits | Edited) -> str:
    """P(target), named with the predicted class unless that is the second of two."""
    named = "" if result.target == default(result.labels) else f"{one.label}, {probability_of(result.target)} "
    return f"{named}{one.probability:.4f}"


def _show_edited(result: MinimalEdits, edited: Edited) -> None:
    change = "" if edited.fluency_change is None else f"  {edited.fluency_change:+6.2f} nats"
    doubts = "; ".join(f"{name}: {judgement}" for name, judgement in edited.guards.items() if judgement != "passed")
    console.line(
        f"    {_verdict(result, edited)}{change}  {word_diff(edited.diff)}" + (f"   ({doubts})" if doubts else "")
    )


def word_diff(diff: Diff) -> str:
    """A diff in one line: what goes in ``[-…-]``, what comes in ``{+…+}``, as git shows words."""
    return " ".join(
        before if kind == "same" else (f"[-{before}-]" if before else "") + (f"{{+{after}+}}" if after else "")
        for kind, before, after in diff
    )
