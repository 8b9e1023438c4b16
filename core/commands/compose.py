"""Verbs on sarcastic remarks: compose; blind-sheet and blind-score, which check their gold labels."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands import console, inputs
from core.commands.options import Verbs, given, models_options
from core.data.labels import SENTIMENT

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.sarcasm.compose import Candidate, Composition, RecipeShare
    from core.probes.sarcasm.situations import Situation

_BANK_BUDGET = 1_000  # candidates of each of the bank's situations, unless told otherwise
_WHY = "a sarcastic remark is one that a person reads as negative"


def add_verbs(verbs: Verbs) -> None:
    """Add these verbs and their options."""
    parser = verbs.add(compose, "--seconds")
    models_options(parser)
    parser.add_argument("--bank", action="store_true", help="the hand-written situations (default without a SITUATION)")
    parser.add_argument("--top", type=int, metavar="K", help="remarks listed, the surest of each recipe (default: 10)")
    parser.add_argument(
        "--budget",
        type=int,
        metavar="N",
        help=f"candidates at most, for each situation (default: all; for the bank {_BANK_BUDGET:,})",
    )
    parser.add_argument("--seed", type=int, help="which candidates, where not all are scored (default: 0)")
    parser.add_argument(
        "situations", nargs="*", metavar="SITUATION", help="something unwelcome: 'my flight is delayed again'"
    )

    parser = verbs.add(blind_sheet, "--model", "--seed")
    parser.add_argument("--candidates", type=int, default=100, metavar="N", help="sarcastic texts (default: 100)")
    parser.add_argument(
        "--budget", type=int, metavar="N", help=f"candidates of each situation (default: {_BANK_BUDGET:,})"
    )
    parser.add_argument("sheet", metavar="SHEET", help="the file to read: numbered texts, nothing else")
    parser.add_argument("key", metavar="KEY", help="the CSV file that says what each text is; not for the reader")

    parser = verbs.add(blind_score)
    parser.add_argument("key", metavar="KEY", help="what blind-sheet wrote")
    parser.add_argument("readings", metavar="GOLD_LABELS", help="lines: a number, then negative, positive or mixed")
    parser.add_argument("--out", metavar="FILE", help="write the sheet with its readings as CSV")


def compose(options: argparse.Namespace) -> int:
    """Sarcastic remarks about an unwelcome situation that a model is surest are positive, each with its recipe."""
    from core.probes.sarcasm.situations import bank, read

    if options.situations and options.bank:
        raise ValueError("give situations or --bank, not both")
    limits = given(options, "budget", "seconds", "top", "seed")
    if not options.situations:
        limits.setdefault("budget", _BANK_BUDGET)
    models = inputs.sentiment_only(inputs.named_models(options), _WHY)
    results = _search([read(text) for text in options.situations] or bank(), models, **limits)
    if options.situations or options.json:
        return console.answer(options, results, _as_json, _show)
    for model in models:
        _show_bank(model.name, [result for result in results if result.model == model.name], options.top)
    return 0


def _search(situations: Sequence[Situation], models: Sequence[Model], **limits: Any) -> list[Composition]:
    """Every model on every situation, with a progress bar."""
    from core.models.token_predictor import predictor, reader
    from core.probes.sarcasm.candidates import Candidates, Question
    from core.probes.sarcasm.compose import search

    questions = [Question(situation, **limits) for situation in situations]
    results = []
    for number, question in enumerate(questions, 1):
        built: dict[object, Candidates] = {}  # models that tokenise alike share the candidates
        for model in models:
            tokenise = reader(model)
            if tokenise not in built:
                built[tokenise] = Candidates(question, tokenise)
            events = console.bar(
                search(model.name, predictor(model), built[tokenise], labels=model.labels),
                " candidates",
                f"{model.name}, situation {number:,} of {len(questions):,}",
                lambda event: (event.scored, event.total, f"{event.fooled:,} of {event.scored:,} fool it"),
                unit_scale=True,
                leave=False,
            )
            results.append(console.last(events).result())
    return results


def _as_json(result: Composition) -> dict[str, object]:
    from core.probes.sarcasm.recipes import GOLD_LABEL

    def candidate(one: Candidate) -> dict[str, object]:
        return console.record(one, "text probability recipe label")

    return {
        **console.record(result, "model situation candidates scored fooled"),
        "top": [candidate(one) for one in result.top],
        "by_recipe": [
            {**console.record(share, "pattern scored fooled share interval"), "best": candidate(share.best)}
            for share in result.by_recipe
        ],
        "certificate": result.certificate,
        "human_reading": GOLD_LABEL,
        **console.record(result, "alone alone_label"),
        "missing": dict(result.missing),
    }


def _show(result: Composition) -> None:
    from core.probes.sarcasm.recipes import GOLD_LABEL

    console.line(f"{result.model}: {result.situation}")
    usual = dict(zip(SENTIMENT, ("", ", read as positive even without praise"), strict=True))
    read = usual.get(result.alone_label, f", read as {result.alone_label}")
    console.line(f"  the bare situation: {result.alone:.4f}{read}")
    console.line(f"  {result.certificate}")
    console.line(f"  A person reads every one of them as {GOLD_LABEL}, if the situation is unwelcome.")
    for form, reason in result.missing:
        console.line(f"  no {form} was made of it: {reason}")
    _show_candidates(result.top)
    _show_shares(result.by_recipe)


def _show_bank(model: str, results: Sequence[Composition], top: int | None) -> None:
    from core.probes.sarcasm.candidates import TOP
    from core.probes.sarcasm.compose import gallery, pooled

    scored = sum(result.scored for result in results)
    fooled = sum(result.fooled for result in results)
    built = sum(result.candidates for result in results)
    console.line(
        f"{model}: {len(results):,} situations, {scored:,} candidates scored of {built:,} that the recipes build; "
        f"{fooled:,} of those scored ({fooled / scored:.1%}) are read as positive"
    )
    alone = {result.situation: result.alone for result in results}
    positive = len({result.situation for result in results if result.alone_label == SENTIMENT[1]})
    reached = sum(result.fooled > 0 for result in results)
    console.line(f"  of {reached:,} situations at least one is, and {positive:,} of the bare situations")
    _show_candidates(gallery(results, top or TOP), "the surest of each recipe, each about another situation", alone)
    _show_shares(pooled(results))


def _show_candidates(
    candidates: Sequence[Candidate], which: str = "the surest of each recipe", alone: Mapping[str, float] | None = None
) -> None:
    bare = " (of the bare situation)" if alone else ""
    console.line(f"  {which}: P(positive){bare}, remark, recipe")
    for one in candidates:
        parts = "; ".join(f"{name} {part}" for name, part in one.recipe.parts().items())
        bare = f" ({alone[one.about]:.4f})" if alone else ""
        console.line(f"    {one.probability:.4f}{bare}  {one.text}  [{one.recipe.pattern}: {parts}]")


def _show_shares(shares: Sequence[RecipeShare]) -> None:
    console.line("  by recipe: share read as positive, 95 % interval, of how many")
    for share in sorted(shares, key=lambda one: -one.share):
        low, high = share.interval
        console.line(f"    {share.share:6.1%}  ({low:.1%} to {high:.1%})  {share.scored:>7,}  {share.pattern}")


def blind_sheet(options: argparse.Namespace) -> int:
    """Write a sheet of sarcastic candidates among honest texts, for a reader who does not know which is which."""
    from core.probes.sarcasm.blind_reading import save, sheet
    from core.probes.sarcasm.situations import bank

    models = inputs.sentiment_only(inputs.named_checkpoints(options.model), _WHY)
    results = _search(bank(), models, budget=options.budget or _BANK_BUDGET, seed=options.seed)
    items = sheet(results, options.candidates, options.seed)
    Path(options.sheet).write_text("".join(f"{item.number}\t{item.text}\n" for item in items), encoding="utf-8")
    save(Path(options.key), items)
    if options.json:
        console.json_list(items)
        return 0
    console.line(
        f"{len(items)} texts in {options.sheet}; write a line for each: its number, then negative, positive or\n"
        "mixed, for how the writer feels about what is told; then: python -m core blind-score KEY GOLD_LABELS"
    )
    return 0


def blind_score(options: argparse.Namespace) -> int:
    """How far a blind reader's labels agree with the recipes' gold labels."""
    from core.probes.sarcasm.blind_reading import agreement, load, parse_readings, save, with_readings

    items = load(Path(options.key))
    with Path(options.readings).open(encoding="utf-8") as file:
        items = with_readings(items, parse_readings(file, len(items)))
    if options.out:
        save(Path(options.out), items)
    results = agreement(items)
    if options.json:
        console.json_list(results)
        return 0
    for one in results:
        low, high = one.interval
        console.line(f"{one.agreed} of {one.texts} {one.kind} agree with the recipe ({low:.1%} to {high:.1%})")
    for item in results[0].others:
        console.line(f"  read as {item.reading}: {item.text}  [{item.pattern}]")
    return 0
