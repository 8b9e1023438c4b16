"""The usual word lists, transformations, constraints and guards of a search over edits.

Loading them takes about a second: load them once and pass them on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from core.models.predictor import BlackBox
from core.probes.edits import transformations as change
from core.probes.edits.constraints import FLOOR, Constraint, Fluency, protected, typeable
from core.probes.edits.guards import Antonyms, Guard, Negations, Polarity
from core.probes.edits.search import Question
from core.probes.edits.transformations import Transformation
from core.runtime.i18n import gettext as _
from core.text.preprocessing import Vocabulary

if TYPE_CHECKING:
    from core.fluency.trigram import Trigram
    from core.models.checkpoints import Checkpoint
    from core.models.predictor import Model
    from core.probes.edits.neighbours import Neighbours
    from core.text.lexicon import Lexicon

NEIGHBOURS = 40  # nearest words that may stand for a word
COSINE = 0.35  # that they have at least


@dataclass(frozen=True)
class WordSources:
    """Word2vec's neighbours, a trigram, a lexicon: any may be missing.

    `polarity` is the guard of black boxes, which have no polarity of their own.
    """

    neighbours: Neighbours | None = None
    trigram: Trigram | None = None
    lexicon: Lexicon | None = None
    polarity: Polarity | None = None


def load(trigram: Trigram | None = None) -> WordSources:
    """The shipped word vectors, trigram and lexicon; a trigram that is loaded already is not loaded again.

    Raises CheckpointError where one cannot be used.
    """
    from core.fluency import trigram as fluency
    from core.models import checkpoints
    from core.probes.edits.neighbours import Neighbours
    from core.text import lexicon

    words = checkpoints.load_vectors()
    neighbours = Neighbours(words.vectors, words.vocabulary, NEIGHBOURS, COSINE)
    return WordSources(neighbours, trigram or fluency.load().trigram, lexicon.load())


def load_for(models: Sequence[Model], trigram: Trigram | None = None) -> WordSources:
    """`load`, with the polarity of words from a shipped model's training data where a black box is among the models.

    The first checkpoint of sentiment that has one lends it. Raises CheckpointError as `load` does.
    """
    from core.models import checkpoints

    sources = load(trigram)
    if any(isinstance(model, BlackBox) and model.reads_sentiment for model in models):
        for name in checkpoints.names():
            try:
                lender = checkpoints.load(name)
            except checkpoints.CheckpointError:
                continue
            if lender.polarity is not None and lender.reads_sentiment:
                return replace(sources, polarity=_polarity(lender))
    return sources


def transformations(checkpoint: Model, sources: WordSources) -> tuple[Transformation, ...]:
    """All kinds of edits. Which words a black box knows is unknown, so it gets every misspelling."""
    known = None if isinstance(checkpoint, BlackBox) else checkpoint.vocabulary
    return (
        change.Substitute(sources.neighbours, sources.lexicon),
        change.delete,
        change.Insert(sources.trigram),
        change.swap,
        change.Typo(known),
        change.Emphasis(known),
        change.punctuation,
    )


def guards(checkpoint: Model, sources: WordSources) -> tuple[Guard, ...]:
    """All guards."""
    if isinstance(checkpoint, BlackBox):
        polarity = (sources.polarity if checkpoint.reads_sentiment else None) or Polarity(None, Vocabulary(()))
    else:
        polarity = _polarity(checkpoint)
    return polarity, Antonyms(sources.lexicon), Negations()


def _polarity(checkpoint: Checkpoint) -> Polarity:
    return Polarity(checkpoint.polarity, checkpoint.vocabulary, labels=checkpoint.labels)


class Tools(NamedTuple):
    """What the search of a model's texts takes, the same for all of them: made once, it remembers each pair of words
    that it judged."""

    transformations: tuple[Transformation, ...]
    guards: tuple[Guard, ...]
    typeable: Constraint


def tools(checkpoint: Model, sources: WordSources) -> Tools:
    """Those of a model."""
    return Tools(transformations(checkpoint, sources), guards(checkpoint, sources), typeable(checkpoint.preprocessing))


def ask(
    checkpoint: Model,
    sources: WordSources,
    text: str,
    goal: str,
    *,
    protect: Collection[str] = (),
    fluency: float = FLOOR,
    no_guards: Collection[str] = (),
    with_tools: Tools | None = None,
    **bounds: Any,
) -> Question:
    """A question about a text under a checkpoint; `bounds` are those of `Question`.

    `with_tools` are the model's, made now if None. `protect` are words that no edit may touch; `fluency` is how many
    nats it may fall. Raises EmptyTextError for a text without a token and ValueError where every token is protected.
    """
    tokens = tuple(checkpoint.preprocessing(text))
    words = {token for word in protect for token in checkpoint.preprocessing(word)}
    if tokens and words.issuperset(tokens):
        raise ValueError(
            _("the protected words cover the whole sentence, {text!r}: no word is left to edit").format(
                text=" ".join(tokens)
            )
        )
    with_tools = with_tools or tools(checkpoint, sources)
    locked = [position for position, token in enumerate(tokens) if token in words]
    return Question(
        text=text,
        tokens=tokens,
        goal=goal,
        transformations=with_tools.transformations,
        constraints=(protected(locked), with_tools.typeable),
        fluency=Fluency(sources.trigram, fluency) if sources.trigram else None,
        guards=with_tools.guards,
        off=frozenset(no_guards),
        unknown=tuple(checkpoint.vocabulary.unknown(tokens)),
        labels=checkpoint.labels,
        target=checkpoint.target,
        **bounds,
    )
