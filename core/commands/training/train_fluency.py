"""The verb that trains the fluency model: train-fluency."""

from __future__ import annotations

import argparse

from core.commands import console
from core.commands.options import Verbs, text_options
from core.commands.training.common import set_threads, writable_folder


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(train_fluency, "--seed", "--threads", json_output=False)
    parser.add_argument("--tweets", required=True, metavar="FILE", help="texts, in a form of docs/files.md")
    parser.add_argument(
        "--sentences", nargs="+", default=[], metavar="FILE", help="more texts; the first file's are ranked in the card"
    )
    parser.add_argument("--blimp", metavar="FILE", help="minimal pairs for the card, never trained on")
    parser.add_argument("--out", default="my-checkpoints", metavar="DIR", help="default: my-checkpoints")
    parser.add_argument(
        "--vocabulary-size", type=int, default=30_000, metavar="N", help="words known (default: 30,000)"
    )
    parser.add_argument("--megabytes", type=float, default=8.5, help="size that it is pruned to (default: 8.5)")
    parser.add_argument(
        "--recurrent-epochs",
        type=int,
        default=1,
        metavar="N",
        help="of the recurrent model; 0 leaves it out (default: 1)",
    )
    text_options(parser)


def train_fluency(options: argparse.Namespace) -> int:
    """The fluency model, which ranks orders of words: a trigram of tweets and other sentences, with its figures."""
    from core.fluency import data as fluency_data
    from core.fluency import recipe as fluency_recipe
    from core.fluency.recurrent_lm import LanguageModelSettings

    out = writable_folder(options.out)
    names = [options.tweets, *options.sentences]
    corpora = [fluency_data.read_sentences(name, options.text_column, options.layout) for name in names]
    pairs = fluency_data.read_pairs(options.blimp) if options.blimp else None
    settings = fluency_recipe.FluencySettings(
        vocabulary_size=options.vocabulary_size,
        bytes=round(options.megabytes * 1e6),
        seed=options.seed,
        recurrent=LanguageModelSettings(epochs=options.recurrent_epochs, seed=options.seed)
        if options.recurrent_epochs
        else None,
    )
    set_threads(options)
    events = fluency_recipe.train(corpora, pairs, settings, out)
    bar = console.bar(events, " stages", "fluency", lambda event: (event.done, event.stages, event.stage))
    progress = console.last(bar)
    assert progress.model is not None
    for scorer, figures in progress.model.card["metrics"].items():
        for orders in figures["orders"]:
            for row in orders["by_words"]:
                console.line(
                    f"{scorer}, {row['sentences']:,} sentences of {row['words']} words ({orders['rows']} rows of "
                    f"{orders['data']}): median rank {row['median']:g}, first {row['first']:.1%}, "
                    f"top 1 % {row['top']:.1%}"
                )
        if pairs:
            for row in figures["pairs"]["by_phenomenon"]:
                console.line(f"{scorer}, {row['pairs']:,} pairs of {row['phenomenon']}: accuracy {row['accuracy']:.1%}")
            console.line(
                f"{scorer}, all {figures['pairs']['pairs']:,} pairs: accuracy {figures['pairs']['accuracy']:.1%}"
            )
    return 0
