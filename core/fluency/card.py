"""The fluency model's card: settings, data, and the metrics of each scorer as stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from core.data.corpus import Encoded
from core.fluency import trigram as fluency
from core.fluency.data import Pairs, Sentences
from core.fluency.evaluation import contests, judge_pairs, rank_orders, summarise
from core.fluency.kneser_ney import BIGRAMS_FAVOURED
from core.fluency.recurrent_lm import Recurrent
from core.models import checkpoints
from core.runtime.i18n import mark
from core.text.preprocessing import Preprocessing

INTENDED_USE = mark(
    "To rank the orders of one sentence's words and to filter small edits of it. Not for judging anybody's language."
)
LIMITS = (
    mark("It sees three words at a time. It misses links between words further apart, and it knows no meaning."),
    mark("English tweets of 2009, short everyday sentences and American prose of 1961; other words are unknown."),
    mark("Scores of sentences of different lengths are not comparable; scores per token are, roughly."),
    mark("Tweets contain insults and prejudice. If such phrases are frequent, the model scores them as fluent."),
)
TERMS = mark(
    "The numbers are derived from the text of the training data and follow its terms. Sentiment140 (Go, Bhayani & "
    "Huang 2009) states no licence and is made available for research. Tatoeba's sentences (www.manythings.org/anki "
    "and tatoeba.org): CC BY 2.0. Brown Corpus (Francis & Kučera 1964, 1979): non-commercial purposes. BLiMP (Warstadt "
    "et al. 2020): CC BY 4.0, used for evaluation only. None of the sentences is in this checkpoint."
)
DEFINITIONS = {
    "sentences": "words and then only final punctuation, which stays in place; distinct by their words",
    "rank": "number of distinct orders that score at least as much as the original, its own among them",
    "top": "share ranked first or within the first hundredth of the orders",
    "near_duplicates": "left out of training: the same words in any order, or the same sequence of words once at most "
    "one word is left out of each",
    "choice": "the corpora's weights and the packing were chosen on an earlier draw from the same sentences, which may "
    "share a few in a hundred with the report rows; the mixture's weight on the selection rows; nothing on the pairs",
}
RERANKED = 50  # orders, the trigram's best, that the recurrent model re-ranks for the card
_WEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def describe(
    corpora: Sequence[Sentences],
    parts: Sequence[Encoded],
    weights: Sequence[float],
    trigram: fluency.Trigram,
    preprocessing: Preprocessing,
    settings: Mapping[str, Any],
) -> checkpoints.Card:
    """The card without metrics; `parts` are the sentences of the corpora that are trained on."""
    return {
        "kind": checkpoints.FLUENCY,
        "preprocessing": preprocessing.steps,
        "sizes": {
            "vocabulary": len(trigram.vocabulary),
            "unknown_words": trigram.unknown_words,
            "bigrams": len(trigram.bigrams),
            "trigrams": len(trigram.trigrams),
        },
        "settings": {
            "algorithm": "interpolated trigram, modified Kneser-Ney, entropy pruning",
            "bigrams_favoured": BIGRAMS_FAVOURED,
            **settings,
        },
        "data": [
            {
                "file": corpus.name,
                "sha256": corpus.sha256,
                "rows": len(corpus.texts),
                "training_rows": len(part),
                "training_tokens": len(part.ids),
                "weight": weight,
            }
            for corpus, part, weight in zip(corpora, parts, weights, strict=True)
        ],
        "versions": checkpoints.versions("numpy"),
        "intended_use": INTENDED_USE,
        "limits": LIMITS,
        "terms": TERMS,
    }


def figures(
    trigram: fluency.Trigram,
    corpora: Sequence[Sentences],
    held: Sequence[dict[str, list[list[str]]]],
    pairs: Pairs | None,
    preprocessing: Preprocessing,
) -> dict[str, Any]:
    """The trigram's metrics, under its name."""
    orders = [
        {
            "data": corpus.name,
            "rows": rows,
            "by_words": [asdict(summary) for summary in rank_orders(trigram, sentences[rows])],
        }
        for corpus, sentences in reversed(list(zip(corpora, held, strict=False)))
        for rows in ("selection", "report")
    ]
    judged = {"pairs": of_pairs(trigram, pairs, preprocessing)} if pairs else {}
    return {trigram.name: {"definitions": DEFINITIONS, "orders": orders, **judged}}


def of_pairs(scorer: fluency.Scorer, pairs: Pairs, preprocessing: Preprocessing) -> dict[str, Any]:
    """A scorer's accuracy on minimal pairs, by phenomenon."""
    good, bad = ([preprocessing(text) for text in texts] for texts in (pairs.good, pairs.bad))
    by_phenomenon = judge_pairs(scorer, good, bad, pairs.phenomena)
    return {
        "data": pairs.name,
        "sha256": pairs.sha256,
        "pairs": len(good),
        "accuracy": sum(one.pairs * one.accuracy for one in by_phenomenon) / len(good),
        "by_phenomenon": [asdict(one) for one in by_phenomenon],
    }


def reranked(
    trigram: fluency.Trigram,
    recurrent: Recurrent,
    corpora: Sequence[Sentences],
    held: Sequence[dict[str, list[list[str]]]],
    pairs: Pairs | None,
    preprocessing: Preprocessing,
) -> tuple[dict[str, Any], float]:
    """Metrics of the trigram's best orders re-ranked by the recurrent model and the mixture, and the latter's weight.

    The weight is chosen on the selection rows of the last held-out corpus."""
    chosen_on = contests(trigram, recurrent, held[-1]["selection"], RERANKED)
    met = [contests(trigram, recurrent, sentences["report"], RERANKED) for sentences in held]
    weight = max(_WEIGHTS, key=lambda weight: sum(one.rank(weight).rank == 1 for one in chosen_on))
    figures: dict[str, Any] = {}
    for scorer, share in ((recurrent, 1.0), (fluency.Mixture(trigram, recurrent, weight), weight)):
        figures[scorer.name] = {
            "reranked": RERANKED,
            "weight": share,
            "orders": [
                {
                    "data": corpus.name,
                    "rows": "report",
                    "by_words": [asdict(row) for row in summarise([(one.words, one.rank(share)) for one in found])],
                }
                for corpus, found in reversed(list(zip(corpora, met, strict=False)))
            ],
        }
        if pairs:
            figures[scorer.name]["pairs"] = of_pairs(scorer, pairs, preprocessing)
    return figures, weight
