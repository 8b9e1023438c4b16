"""Verbs about sarcasm made from parts: compose; blind-sheet and blind-score, which check its human reading."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands import console
from core.commands.verbs import Add

if TYPE_CHECKING:
    from core.models.predictor import Model
    from core.probes.sarcasm.compose import Candidate, Composition, RecipeShare
    from core.probes.sarcasm.situations import Situation

_BANK_BUDGET = 1_000  # candidates of each of the bank's situations, unless told otherwise
_WHY = "a sarcastic remark is one that a person reads as negative"


def add_verbs(add: Add) -> None:
    """Add these verbs and their options."""
    added = add(compose)
    console.models_options(added)
    added.add_argument("--bank", action="store_true", help="the hand-written situations, as without any SITUATION")
    added.add_argument("--top", type=int, metavar="K", help="remarks listed, the surest of each recipe (default: 10)")
    added.add_argument(
        "--budget",
        type=int,
        metavar="N",
        help=f"candidates at most, for each situation (default: all; for the bank {_BANK_BUDGET:,})",
    )
    added.add_argument("--seconds", type=float, metavar="S", help="time at most, for each situation and model")
    added.add_argument("--seed", type=int, help="which candidates, where not all are scored (default: 0)")
    added.add_argument(
        "situations", nargs="*", metavar="SITUATION", help="something unwelcome: 'my flight is delayed again'"
    )

    added = add(blind_sheet)
    console.model_option(added)
    added.add_argument("--candidates", type=int, default=100, metavar="N", help="sarcastic texts (default: 100)")
    added.add_argument(
        "--budget", type=int, metavar="N", help=f"searched of each situation (default: {_BANK_BUDGET:,})"
    )
    added.add_argument("--seed", type=int, default=0, help="of the search, the draw and the shuffle (default: 0)")
    added.add_argument("sheet", metavar="SHEET", help="the file to read: numbered texts, nothing else")
    added.add_argument("key", metavar="KEY", help="the CSV file that says what each text is; not for the reader")

    added = add(blind_score)
    added.add_argument("key", metavar="KEY", help="what blind-sheet wrote")
    added.add_argument("readings", metavar="READINGS", help="lines: a number, then negative, positive or mixed")
    added.add_argument("--out", metavar="FILE", help="write the sheet with its readings as CSV")


def compose(options: argparse.Namespace) -> int:
    """Sarcastic remarks about an unwelcome situation that a model is surest are positive, each with its recipe."""
    bounds = {name: getattr(options, name) for name in ("budget", "seconds", "top", "seed")}
    bounds = {name: value for name, value in bounds.items() if value is not None}
    situations = _situations(options)
    if not options.situations:
        bounds.setdefault("budget", _BANK_BUDGET)
    models = console.sentiment_only(console.named_models(options), _WHY)
    found = _search(situations, models, **bounds)
    if options.json:
        console.json_list(_json(result) for result in found)
        return 0
    if options.situations:
        for result in found:
            _show(result)
    else:
        for checkpoint in models:
            _show_bank(checkpoint.name, [result for result in found if result.model == checkpoint.name], options.top)
    return 0


def _search(situations: Sequence[Situation], models: Sequence[Model], **bounds: Any) -> list[Composition]:
    """Every model on every situation, with a bar of progress."""
    from tqdm import tqdm

    from core.models.token_predictor import predictor, reader
    from core.probes.sarcasm.candidates import Candidates, Question
    from core.probes.sarcasm.compose import search

    questions = [Question(situation, **bounds) for situation in situations]
    found = []
    with tqdm(unit=" candidates", unit_scale=True, leave=False) as bar:
        for number, question in enumerate(questions, 1):
            built: dict[object, Candidates] = {}  # models that read text the same way share the candidates
            for checkpoint in models:
                read = reader(checkpoint)
                if read not in built:
                    built[read] = Candidates(question, read)
                done = 0
                bar.set_description(f"{checkpoint.name}, situation {number:,} of {len(questions):,}")
                for progress in search(checkpoint.name, predictor(checkpoint), built[read]):
                    bar.set_postfix_str(f"{progress.fooled:,} of {progress.scored:,} fool it", refresh=False)
                    bar.update(progress.scored - done)
                    done = progress.scored
                found.append(progress.result())
    return found


def _situations(options: argparse.Namespace) -> Sequence[Situation]:
    from core.probes.sarcasm.situations import bank, read

    if options.situations and options.bank:
        raise ValueError("give situations or --bank, not both")
    return [read(text) for text in options.situations] or bank()


def _json(result: Composition) -> dict[str, object]:
    from core.probes.sarcasm.recipes import GOLD_LABEL

    def candidate(found: Candidate) -> dict[str, object]:
        return {"text": found.text, "probability": found.probability, "recipe": asdict(found.recipe)}

    return {
        "model": result.model,
        "situation": result.situation,
        "candidates": result.candidates,
        "scored": result.scored,
        "fooled": result.fooled,
        "top": [candidate(found) for found in result.top],
        "by_recipe": [
            {
                "pattern": share.pattern,
                "scored": share.scored,
                "fooled": share.fooled,
                "share": share.share,
                "interval": share.interval,
                "best": candidate(share.best),
            }
            for share in result.by_recipe
        ],
        "certificate": result.certificate,
        # Beyond what is usual: how a person reads them all, the bare situation's P(positive), forms that are not known.
        "human_reading": GOLD_LABEL,
        "alone": result.alone,
        "missing": dict(result.missing),
    }


def _show(result: Composition) -> None:
    from core.probes.sarcasm.recipes import GOLD_LABEL

    console.line(f"{result.model}: {result.situation}")
    even = ", read as positive even without praise" if result.alone >= 0.5 else ""
    console.line(f"  the bare situation: {result.alone:.4f}{even}")
    console.line(f"  {result.certificate}")
    console.line(f"  A person reads every one of them as {GOLD_LABEL}, if the situation is unwelcome.")
    for form, reason in result.missing:
        console.line(f"  no {form} was made of it: {reason}")
    _show_candidates(result.top)
    _show_shares(result.by_recipe)


def _show_bank(model: str, found: Sequence[Composition], top: int | None) -> None:
    from core.probes.sarcasm.candidates import TOP
    from core.probes.sarcasm.compose import gallery, pooled

    scored, fooled = (sum(counts) for counts in zip(*((one.scored, one.fooled) for one in found), strict=True))
    there_are = sum(one.candidates for one in found)
    console.line(
        f"{model}: {len(found):,} situations, {scored:,} candidates scored of {there_are:,} that the recipes build; "
        f"{fooled:,} of those scored ({fooled / scored:.1%}) are read as positive"
    )
    alone = {one.situation: one.alone for one in found}
    positive = sum(probability >= 0.5 for probability in alone.values())
    reached = sum(one.fooled > 0 for one in found)
    console.line(f"  of {reached:,} situations at least one is, and {positive:,} of the bare situations")
    listed = gallery(found, top or TOP)
    _show_candidates(listed, "the surest of each recipe, each about another situation", alone)
    _show_shares(pooled(found))


def _show_candidates(
    found: Sequence[Candidate], which: str = "the surest of each recipe", alone: Mapping[str, float] | None = None
) -> None:
    bare = " (of the bare situation)" if alone else ""
    console.line(f"  {which}: P(positive){bare}, remark, recipe")
    for one in found:
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

    models = console.sentiment_only(console.named_checkpoints(options.model), _WHY)
    found = _search(bank(), models, budget=options.budget or _BANK_BUDGET, seed=options.seed)
    items = sheet(found, options.candidates, options.seed)
    lines = [f"{item.number}\t{item.text}\n" for item in items]
    Path(options.sheet).write_text("".join(lines), encoding="utf-8")
    save(Path(options.key), items)
    if options.json:
        console.json_list(items)
        return 0
    console.line(
        f"{len(items)} texts in {options.sheet}; write a line for each: its number, then negative, positive or"
    )
    console.line("mixed, for how the writer feels about what is told; then: python -m core blind-score KEY READINGS")
    return 0


def blind_score(options: argparse.Namespace) -> int:
    """How far a blind reader's readings agree with what the recipes say."""
    from core.probes.sarcasm.blind_reading import agreement, load, parse_readings, save, with_readings

    items = load(Path(options.key))
    with Path(options.readings).open(encoding="utf-8") as file:
        items = with_readings(items, parse_readings(file, len(items)))
    if options.out:
        save(Path(options.out), items)
    found = agreement(items)
    if options.json:
        console.json_list(found)
        return 0
    for one in found:
        low, high = one.interval
        console.line(f"{one.agreed} of {one.texts} {one.kind} are read as they should be ({low:.1%} to {high:.1%})")
    for item in found[0].others:
        console.line(f"  read as {item.reading}: {item.text}  [{item.pattern}]")
    return 0
