"""Short names that core writes, in the reader's language: guards, recipes, templates, fields of a card.

They are data, stored and compared in English, so only a page translates them. They are marked where core defines
them; those of a card, which are names of settings, are marked here.
"""

from __future__ import annotations

from core.runtime.i18n import clauses, mark, titled
from core.runtime.i18n import gettext as _

CARD = (
    mark("vocabulary"),
    mark("embedding"),
    mark("hidden"),
    mark("layers"),
    mark("parameters"),
    mark("cell"),
    mark("hidden_size"),
    mark("dropout"),
    mark("word_dropout"),
    mark("train_embeddings"),
    mark("epochs"),
    mark("batch_size"),
    mark("learning_rate"),
    mark("clip"),
    mark("evaluations_per_epoch"),
    mark("patience"),
    mark("seed"),
    mark("average"),
    mark("start"),
    mark("vector_size"),
    mark("window"),
    mark("alpha"),
    mark("min_alpha"),
    mark("workers"),
    mark("min_count"),
    mark("file"),
    mark("rows"),
    mark("skipped"),
    mark("tokens"),
    mark("training_rows"),
    mark("held_out_rows"),
    mark("split"),
    mark("split_rows"),
    mark("split_seed"),
    mark("weights_chosen_by"),
    mark("temperature"),
    mark("errors"),
    mark("labels"),
    mark("device"),
    mark("threads"),
    mark("algorithm"),
    mark("True"),
    mark("False"),
    mark("auto"),
    mark("word2vec, scaled to unit variance"),
    mark("skip-gram, negative sampling"),
    mark("stratified by class, rows of the same tokens together"),
    mark("log-loss before temperature"),
    mark("smoothed (Platt 1999)"),
)
"""Fields of a card, and what stands in them."""


def term(name: str) -> str:
    """A name in the current language; one that is in no catalogue, say a file's or a person's own, as it is."""
    return _(name) if name else ""


def parts(line: str) -> str:
    """A line such as ``insert: ∅ → very; typo: good → godo``: the name before each colon in the current language."""
    pieces = [piece.partition(": ") for piece in line.split("; ")]
    return clauses(titled(term(name), rest) if colon else term(name) for name, colon, rest in pieces)
