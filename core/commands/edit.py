"""The verb that searches small edits: edit."""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.commands import console, inputs
from core.commands.options import Verbs, given, label_options, log_options, models_options
from core.data import json_log
from core.data.targets import default, probability_of

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.edits.changes import Diff
    from core.probes.edits.neighbours import Neighbours
    from core.probes.edits.recipes import Table
    from core.probes.edits.results import Edited, MinimalEdits
    from core.probes.edits.search import Question

_ASKED = (
    "recipe",
    "first",
    "goal",
    "reading",
    "max_edits",
    "protect",
    "no_guard",
    "fluency",
    "budget",
    "beam",
    "seconds",
    "top",
)
"""The options that an answer depends on."""


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(edit, "--seconds", "--target", "--against")
    models_options(parser)
    goal = parser.add_mutually_exclusive_group()
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
    parser.add_argument("--recipe", choices=("greedy", "beam", "exact"), help="how to search (with --file: beam)")
    log_options(parser)
    label_options(parser)
    parser.add_argument("texts", nargs="*", metavar="TEXT")


def edit(options: argparse.Namespace) -> int:
    """The smallest edits of a text that bring a model's verdict to a goal; of a file, a table of attacks."""
    from core.probes.edits import sources as edit_sources
    from core.probes.edits.recipes import RECIPES
    from core.probes.edits.search import search
    from core.probes.edits.victims import victim

    if bool(options.data) != bool(options.out) or (options.data and options.texts):
        raise ValueError("expected texts, or --file with --out")
    if options.data:
        options.goal, options.recipe = options.goal or "flip", options.recipe or "beam"
    if not options.goal:
        raise ValueError("one of the arguments --goal --to is required")
    limits = {"first": options.first, **RECIPES.get(options.recipe, {})}
    limits |= given(options, "max_edits", "seconds", "budget", "beam", "top", "fluency")
    texts = [] if options.data else _texts(options)
    models = console.usable(inputs.aimed(options, inputs.named_models(options)), partial(_with_goal, options))
    sources = edit_sources.load_for(models)

    tools = {model.name: edit_sources.tools(model, sources) for model in models}

    def question(model: Model, text: str) -> Question:
        return edit_sources.ask(
            model,
            sources,
            text,
            options.goal,
            protect=options.protect,
            no_guards=options.no_guard,
            reading=options.reading,
            with_tools=tools[model.name],
            **limits,
        )

    if options.data:
        return _attacks(options, models, question, sources.neighbours)
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


def _attacks(
    options: argparse.Namespace,
    models: list[Model],
    question: Callable[[Model, str], Question],
    neighbours: Neighbours | None,
) -> int:
    """Attack the texts of a file in lockstep, a line of the log each; those that it has are not attacked again."""
    from core.probes.edits.recipes import table

    before, append = json_log.resume(Path(options.out), ("model", "text", "asked", "status"))
    known = {_key(line): line for line in before}
    results = []
    for model, texts, gold_labels in _labelled(options, models):
        lines = []
        for line in console.bar(
            _lines(options, model, list(zip(texts, gold_labels, strict=True)), question, neighbours, known),
            " texts",
            model.name,
            lambda line: (line["done"], len(texts), ""),  # noqa: B023, used before the next model
        ):
            del line["done"]
            lines.append(line)
            if _key(line) not in known:
                append(line)
        results.append((model.name, options.recipe, table(lines)))
    return console.answer(
        options, results, lambda one: {"model": one[0], "recipe": one[1], **asdict(one[2])}, _show_table
    )


def _key(line: dict[str, Any]) -> str:
    return json.dumps([line["asked"], line["text"], line["gold_label"]])


def _labelled(options: argparse.Namespace, models: list[Model]) -> Iterator[tuple[Model, list[str], list[str | None]]]:
    """The texts of the file that each model is attacked on, and their gold labels, None where it has none."""
    path = Path(options.data)
    if not len(inputs.first_values(options, path, options.label_column or "label")):
        texts, _digest, _all = inputs.drawn_texts(options)
        for model in models:
            yield model, texts, [None] * len(texts)
        return
    for model, corpus in inputs.labelled_for(options, options.data, models):  # type: ignore[arg-type]
        drawn = corpus.sample(min(options.rows, len(corpus)), options.seed)
        yield model, drawn.texts, [model.labels[number] for number in drawn.labels.tolist()]


def _lines(
    options: argparse.Namespace,
    model: Model,
    rows: Sequence[tuple[str, str | None]],
    question: Callable[[Model, str], Question],
    neighbours: Neighbours | None,
    known: dict[str, dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    """The log's line of each text, in the order in which they are done; `done` counts them."""
    from core.data import targets
    from core.models.token_predictor import checked, predictor
    from core.probes.edits import corpus
    from core.probes.edits.recipes import SKIPPED, measures
    from core.probes.edits.victims import victim

    asked = {"model": model.hash, **{name: getattr(options, name) for name in _ASKED}}
    done, waiting = itertools.count(1), []
    for text, gold_label in rows:
        if not model.preprocessing(text):
            console.progress(f"left out: {model.name}: a text without a word")
            continue
        head: dict[str, Any] = {"model": model.name, "text": text, "gold_label": gold_label, "asked": asked}
        if _key(head) in known:
            yield known[_key(head)] | {"done": next(done)}
        else:
            waiting.append(head)
    # A verdict that is wrong needs no attack.
    tokens = [model.preprocessing(head["text"]) for head in waiting]
    probabilities = checked(predictor(model)(tokens), len(tokens), model.labels) if tokens else np.empty((0, 2))
    attacked = []
    for head, words, number in zip(waiting, tokens, targets.predicted_of(probabilities).tolist(), strict=True):
        if head["gold_label"] in (None, model.labels[number]):
            attacked.append(head)
        else:
            more = {"label": model.labels[number], "tokens": words, "queries": 1, "status": SKIPPED}
            yield head | more | {"done": next(done)}
    questions = []
    for head in list(attacked):
        try:
            questions.append(question(model, head["text"]))
        except ValueError as error:
            console.progress(f"left out: {model.name}: {console.one_line(error)}")
            attacked.remove(head)
    for row, result in corpus.search(model.name, victim(model), questions):
        line = {**attacked[row], **_as_json(result), **measures(result, neighbours)}
        yield line | {"seconds": result.seconds, "done": next(done)}


def _show_table(one: tuple[str, str, Table]) -> None:
    model, recipe, table = one
    console.line(f"{model}, {recipe}:")
    rate = "no text was attacked"
    if table.success_rate is not None and table.success_interval:
        low, high = table.success_interval
        rate = f"{table.success_rate:.1%} ({low:.1%} to {high:.1%})"
    for name, value in (
        ("texts", f"{table.texts:,}"),
        ("successful attacks", f"{table.succeeded:,}"),
        ("failed attacks", f"{table.failed:,}"),
        ("skipped (already wrong)", f"{table.skipped:,}"),
        ("accuracy before the attack", _share(table.accuracy)),
        ("accuracy under attack", _share(table.accuracy_under_attack)),
        ("attack success rate", rate),
        ("mean words a text", _number(table.words)),
        ("mean words changed", _share(table.words_changed)),
        ("mean queries", _number(table.queries)),
        ("mean similarity (word vectors)", "—" if table.similarity is None else f"{table.similarity:.3f}"),
    ):
        console.line(f"  {name:<32}{value}")


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:,.1f}"


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
