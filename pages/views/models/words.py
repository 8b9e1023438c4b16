"""What words mean to a model: neighbours, analogies, a map, and what training moved; before it and after."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shown
from core.data.targets import log_odds_name
from core.models import checkpoints
from core.probes.words import embedding_map
from core.probes.words import neighbours as words
from core.runtime.i18n import clauses, listed, together
from core.runtime.i18n import gettext as _
from core.runtime.malloc import give_back
from pages.server.caches import cached
from pages.widgets import black_box, models, query_params, tables, target
from pages.widgets.number_inputs import slide_whole
from pages.wording.tokens import change, lead, minus, plain, signed, visible

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.models.checkpoints import Card, Checkpoint
    from core.probes.words.embedding_map import WordMap
    from core.probes.words.neighbours import Leaning, Move, Neighbours, Space

_LISTED = 20
_PER_SIDE = 12
_LONGEST = 200  # characters of a word in the link


def view(vectors: Card | None) -> None:
    """One model's words, and those of the vectors that it started from where they are here."""
    if not (loaded := black_box.inside(models.loaded())):
        return
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        checkpoint = models.choose(loaded, "models word model")
    after = _after(checkpoint)
    kinds = {
        "near": _("Neighbours"),
        "analogy": _("Analogy"),
        "map": _("Map"),
        "moved": _("Moved words"),
    }
    with row:
        about = query_params.choice(st.segmented_control, _("Analysis"), kinds, name="about", key="models about")
        if about != "analogy":
            checkpoint = target.choose([checkpoint], "models words", predicted=False).model(checkpoint)
    before = _start(checkpoint, vectors)
    if about == "near":
        _neighbours(checkpoint, before, after, row)
    elif about == "analogy":
        _analogy(before, after, row)
    elif about == "map":
        _map(checkpoint, before, after, row)
    else:
        _moved(checkpoint, before, row)


def _start(checkpoint: Checkpoint, card: Card | None) -> Space | None:
    """The vectors that a model started from; None, and a line, where they are not here.

    They are those of the folder, or what its own training left beside its unfinished state.
    """
    own = checkpoints.root() / ".training" / checkpoint.name
    cards: list[tuple[Path | None, Card]] = [] if card is None else [(None, card)]
    with suppress(checkpoints.CheckpointError):
        cards.append((own, checkpoints.read_card(checkpoints.WORD2VEC, own)))
    for folder, one in cards:
        try:
            vectors, before = _vectors(str(one["sha256"][checkpoints.CARD]), folder)
        except checkpoints.CheckpointError as error:
            models.tell_of([str(error)])
            return None
        if words.started_from(checkpoint, vectors):
            return before
    st.caption(
        _("The word vectors that this model started from are not available. Only its trained vectors are shown.")
    )
    return None


def _word_box(label: str, name: str, usual: str, box: Callable[..., str | None], width: int = 180) -> str:
    typed = query_params.linked(
        box,
        label,
        name=name,
        key=f"models {name}",
        default=usual,
        read=lambda typed: typed[:_LONGEST],
        write=lambda typed: typed or None,
        max_chars=_LONGEST,
        width=width,
    )
    return typed or ""


def _known(space: Space, usual: str) -> str:
    """A word to begin with: the usual one, or in a model that does not know it the first of its own that is no mark."""
    if usual in space.vocabulary:
        return usual
    return next((word for word in space.vocabulary.words if len(word) > 3 and word.isalpha()), usual)


def _neighbours(checkpoint: Checkpoint, before: Space | None, after: Space, row: DeltaGenerator) -> None:
    typed = _word_box(_("Word"), "word", _known(after, "love"), row.text_input)
    if not typed.strip():
        st.info(_("No word yet. Type one."))
        return
    try:
        after.word(typed)
    except (ValueError, LookupError) as error:
        _cannot(error)
        return
    move = None
    if before is not None:
        with suppress(ValueError, LookupError):  # said below
            move = words.move_of(checkpoint, before, typed)
    lead(_near(typed, before, after, move, checkpoint))
    _side_by_side(before, after, lambda space: words.neighbours(space, typed, _LISTED), checkpoint)
    if move is not None:
        one, two, three = st.columns(3)
        one.metric(_("cosine, before and after"), f"{move.cosine:.3f}")
        lean = _("lean of the word alone ({log_odds})").format(log_odds=_log_odds(checkpoint, plain))
        two.metric(lean, signed(move.lean_after), **change(move.shift, f"{move.shift:+.2f}"))
        if move.polarity is not None:
            three.metric(_("polarity in the training data (nats)"), signed(move.polarity))


def _near(typed: str, before: Space | None, after: Space, move: Move | None, checkpoint: Checkpoint) -> str:
    """Which words are nearest to a word, and which way it leans by itself, before training and after it."""
    word, *nearest = visible(after.word(typed)), *(_first(space, typed) for space in (after, before) if space)
    line = (
        _("Nearest to “{word}”: {after}.")
        if len(nearest) < 2
        else _("Nearest to “{word}” before training: {before}; after it: {after}.")
    )
    line = line.format(word=word, after=nearest[0], before=nearest[-1])
    if move is None:
        return line
    lean = _("The word alone moved from {before} to {after} ({log_odds}).")
    numbers = {"before": signed(move.lean_before), "after": signed(move.lean_after)}
    return together([line, lean.format(**numbers, log_odds=_log_odds(checkpoint))])


def _first(space: Space, typed: str) -> str:
    """The three nearest words, or a dash where a space does not know the word."""
    with suppress(ValueError, LookupError):
        return listed(visible(near.word) for near in words.neighbours(space, typed, 3).near)
    return "–"


def _side_by_side(
    before: Space | None, after: Space, ask: Callable[[Space], Neighbours], checkpoint: Checkpoint | None = None
) -> None:
    """The nearest words before training and after it; with a checkpoint also their polarity, and among how many."""
    spaces = [(_("Before training (word2vec)"), before), (_after_name(after), after)]
    here = [(title, space) for title, space in spaces if space is not None]
    for column, (title, space) in zip(st.columns(2), here, strict=False):
        with column:
            st.header(title)
            try:
                result = ask(space)
            except (ValueError, LookupError) as error:
                _cannot(error)
                continue
            header, rows = [_("word"), _("cosine")], [(near.word, round(near.cosine, 3)) for near in result.near]
            same = checkpoint is not None and space.vocabulary == checkpoint.vocabulary
            polarity = words.polarity_of(checkpoint) if checkpoint and same else None
            if polarity is not None:
                header.append(_("polarity (nats)"))
                rows = [(*row, round(float(polarity[near.id]), 2)) for row, near in zip(rows, result.near, strict=True)]
            tables.table(header, rows, height="content")
            if checkpoint:
                st.caption(_("Searched {count:,} words.").format(count=result.searched))


def _analogy(before: Space | None, after: Space, row: DeltaGenerator) -> None:
    usual = ("better", "good", "bad")
    typed = [_word_box(name, f"an{name}", word, row.text_input, 120) for name, word in zip("abc", usual, strict=True)]
    if not all(word.strip() for word in typed):
        st.info(_("Type three words."))
        return
    a, b, c = typed
    try:
        for word in typed:
            after.word(word)
    except (ValueError, LookupError) as error:
        _cannot(error)
        return
    answers = []
    for space in filter(None, (after, before)):
        with suppress(ValueError, LookupError):
            answers.append(visible(words.analogy(space, a, b, c).near[0].word))
    if answers:
        line = _("“{a}” is to “{b}” as “{answer}” is to “{c}”.")
        if answers[0] != answers[-1]:
            line = _("“{a}” is to “{b}” as “{answer}” (before training: “{start}”) is to “{c}”.")
        lead(line.format(a=visible(a), b=visible(b), c=visible(c), answer=answers[0], start=answers[-1]))
    _side_by_side(before, after, lambda space: words.analogy(space, a, b, c))


def _map(checkpoint: Checkpoint, before: Space | None, after: Space, row: DeltaGenerator) -> None:
    from core.figures.words import map_of_words

    whens = {"after": _("after training")} | ({"before": _("before training")} if before is not None else {})
    when = query_params.choice(row.segmented_control, _("Vectors"), whens, name="when", key="models when")
    settings = row.popover(_("Settings"), icon=":material/tune:", width="content")
    with settings:
        count = slide_whole(
            _("Words"), "words", 50, embedding_map.MOST, embedding_map.WORDS, key="models words", step=50
        )
    sought = _word_box(_("Words to find (optional)"), "find", "", settings.text_input)
    space = before if when == "before" and before is not None else after
    kind, leaning = _leaning(checkpoint.hash_with_polarity, checkpoint)
    ids = embedding_map.that_matter(leaning, count)
    tokens = checkpoint.preprocessing(sought)[:20]
    chosen = [token for token in tokens if token in checkpoint.vocabulary]
    missing = [token for token in tokens if token not in checkpoint.vocabulary]
    extra = [number for token in chosen if (number := checkpoint.vocabulary.id(token)) not in set(ids.tolist())]
    every = [*ids.tolist(), *extra]
    try:
        result = embedding_map.word_map(space, [checkpoint.vocabulary.token(one) for one in every], leaning[every])
    except ValueError as error:
        st.error(plain(str(error)))
        return
    title = _after_name(after) if space is after else _("Before training (word2vec)")
    title, log_odds = title.replace("\\", ""), _log_odds(checkpoint)
    if not targets.chosen(checkpoint).wins_at_half:
        title = _("{title}, {log_odds}").format(title=title, log_odds=log_odds)
    units = {"polarity": _("polarity (nats)"), "lean": _("lean of the word ({log_odds})").format(log_odds=log_odds)}
    zero, one = _sides(checkpoint)
    lead(_apart(result, zero, one))
    st.plotly_chart(
        map_of_words(result, title, units[kind], chosen),
        key=f"word map {when}",
        config={"scrollZoom": True},
        alt=_("Words on a plane, coloured by polarity"),
    )
    if missing:
        st.caption(_("Unknown words: {words}").format(words=plain(visible(listed(missing)[:200]))))
    st.caption(
        _(
            "The {count:,} words with the largest |{leaning}| / √(rank by frequency). Blue leans to {one}, orange to "
            "{zero}. Scroll to zoom, drag to move, double-click to reset."
        ).format(count=len(result.words), leaning=plain(units[kind]), zero=plain(zero), one=plain(one))
    )


def _apart(result: WordMap, zero: str, one: str) -> str:
    """How well either axis of the map sets the words apart that lean to either side."""
    share = _("The map holds {share:.0%} of the variance.").format(share=sum(result.explained))
    related = result.correlations
    axis = related.index(max(related))
    line = (
        _("Component {axis} sets words for {one} apart from words for {zero} (correlation with the lean {r:.2f}).")
        if related[axis] >= 0.5
        else _("Neither axis sets words for {one} apart from words for {zero} (largest correlation {r:.2f}).")
    )
    return together([line.format(axis=axis + 1, one=one, zero=zero, r=related[axis]), share])


def _moved(checkpoint: Checkpoint, before: Space | None, row: DeltaGenerator) -> None:
    from core.figures.words import leans_moved

    if before is None:
        return
    result = _moves(checkpoint.hash_with_polarity, before.hash, checkpoint, before)
    if words.frozen(result):
        st.info(_("This model’s embeddings were frozen: training moved no word."))
        return
    zero, one = _sides(checkpoint)
    orders = {
        "shift": _("in the verdict"),
        "cosine": _("in direction (cosine)"),
    }
    by = query_params.choice(row.segmented_control, _("Largest change"), orders, name="by", key="models by")
    if by == "cosine":
        moves = sorted(result, key=lambda move: move.cosine)[: 2 * _PER_SIDE]
    else:
        ordered = sorted(result, key=lambda move: -move.shift)
        moves = [*ordered[:_PER_SIDE], *ordered[-_PER_SIDE:]]
    lead(_furthest(moves, by, zero, one))
    st.plotly_chart(
        leans_moved(
            moves,
            _("lean of the word alone ({log_odds}; right: {one})").format(log_odds=_log_odds(checkpoint), one=one),
            {"before": _("with the vector before training"), "after": _("with the trained vector")},
        ),
        key="moved",
        alt=_("Lean of words before and after training"),
    )
    st.caption(
        _("Lean: the logit of a sentence with this word alone. Searched the {count:,} most frequent words.").format(
            count=len(result)
        )
    )
    header = [
        _("word"),
        _("rank by frequency"),
        _("cosine, before and after"),
        _("lean before"),
        _("lean after"),
        _("shift (logit)"),
        _("polarity (nats)"),
    ]
    with st.expander(_("Table"), icon=":material/table:"):
        tables.table(header, map(_row, moves), "moved-words")


def _furthest(moves: list[Move], by: str, zero: str, one: str) -> str:
    """Which words training moved most, to either side, or in direction."""
    if by == "cosine":
        each = listed(f"“{visible(move.word)}” ({minus(f'{move.cosine:.2f}')})" for move in moves[:3])
        return _("Turned most (cosine to the vector before training): {words}.").format(words=each)
    ends = ((one, moves[0]), (zero, moves[-1]))
    line = _("most to {label}: “{word}” ({before} → {after})")
    each = clauses(
        line.format(
            label=label, word=visible(move.word), before=signed(move.lean_before), after=signed(move.lean_after)
        )
        for label, move in ends
    )
    return _("Moved by training, {words}.").format(words=each)


def _log_odds(checkpoint: Checkpoint, escape: Callable[[str], str] = str) -> str:
    return log_odds_name(targets.chosen(checkpoint), escape)


def _sides(checkpoint: Checkpoint) -> tuple[str, str]:
    """What words lean to that do not lean to the target, and the target."""
    aim = targets.chosen(checkpoint)
    return _("the other classes") if aim.rival is None else shown(aim.rival), shown(aim.name)


def _cannot(error: Exception) -> None:
    st.error(plain(visible(str(error.args[0]))))


def _row(move: Move) -> tuple[object, ...]:
    numbers = (move.cosine, move.lean_before, move.lean_after, move.shift)
    polarity = None if move.polarity is None else round(move.polarity, 3)
    return (move.word, move.rank, *(round(number, 3) for number in numbers), polarity)


def _after_name(after: Space) -> str:
    return _("After training ({model})").format(model=plain(model_name(after.name)))


@cached(2, shared=True)
def _vectors(card_hash: str, _folder: Path | None) -> tuple[checkpoints.WordVectors, Space]:
    """What models started from; the vectors are kept once, as they were scaled."""
    result = checkpoints.load_vectors(folder=_folder)
    space = words.before(result)
    give_back()
    return replace(result, vectors=space.vectors), space


_after = cached(8, shared=True)(words.after)


@cached(8, shared=True)
def _leaning(key: str, _checkpoint: Checkpoint) -> Leaning:
    result = words.leaning(_checkpoint)
    give_back()
    return result


@cached(8, shared=True)
def _moves(key: str, before_hash: str, _checkpoint: Checkpoint, _start: Space) -> list[Move]:
    result = words.moves(_checkpoint, _start)
    give_back()
    return result
