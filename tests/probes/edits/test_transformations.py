"""What each transformation proposes, worked by hand, and that it proposes only what can be made and read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.data.corpus import encode_tokens
from core.fluency import kneser_ney
from core.fluency.trigram import Trigram
from core.probes.edits import transformations as change
from core.probes.edits.changes import Edit, apply
from core.probes.edits.neighbours import Neighbours
from core.text.preprocessing import Preprocessing, Vocabulary


class SomeForms:
    def forms(self, word: str) -> tuple[str, ...]:
        return {"stole": ("steal", "stolen"), "took": ("take", "taken"), "got": ("get",)}.get(word, ())

    def plainer(self, word: str) -> tuple[str, ...]:
        return {"stole": ("took", "got")}.get(word, ())


def some_trigram() -> Trigram:
    vocabulary = Vocabulary(["he", "is", "very", "late", "so", "!", "was"])
    rows = [["he", "is", "very", "late"], ["he", "was", "so", "late", "!"], ["he", "is", "so", "late"]] * 5
    found = kneser_ney.estimate(
        [kneser_ney.count(encode_tokens(rows, vocabulary), len(vocabulary))], [1.0], len(vocabulary)
    )
    return Trigram(vocabulary, found.unigram, found.bigrams, found.trigrams, 1)


def words(edits: Sequence[Edit]) -> list[str]:
    return [" ".join(edit.after) for edit in edits]


def test_forms_and_plainer_verbs_with_the_forms_of_these_then_neighbours() -> None:
    vocabulary = Vocabulary(["stole", "took", "grabbed", "my", "<url>", "!"])
    vectors = np.array([[0, 0], [1, 1], [1, 0], [0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [1, 0.1], [0.9, 0]])
    substitute = change.Substitute(Neighbours(vectors, vocabulary, least=0.5), SomeForms())
    found = [edit for edit in substitute(("stole", "my", "!")) if edit.position == 0]
    # The neighbour took is there already, and links and marks are no words.
    assert words(found) == ["steal", "stolen", "took", "got", "take", "taken", "get", "grabbed"]
    assert all(edit.position < 2 for edit in substitute(("stole", "my", "!")))  # nothing for a mark
    assert list(change.Substitute()(("stole", "my"))) == []


def test_delete_and_swap() -> None:
    assert [(edit.position, edit.before) for edit in change.delete(("so", "so", "bad", "!"))] == [
        (0, ("so",)),
        (2, ("bad",)),
        (3, ("!",)),
    ]
    assert list(change.delete(("alone",))) == []
    assert [edit.after for edit in change.swap(("so", "so", "bad", "day", "!"))] == [("bad", "so"), ("day", "bad")]


def test_insert_offers_words_phrases_and_what_is_likely() -> None:
    insert = change.Insert(some_trigram(), likely=2, words=("really", "maybe"), phrases=(("at", "least"),))
    found = [(edit.position, " ".join(edit.after)) for edit in insert(("he", "is", "late"))]
    for gap in range(4):
        assert {(gap, "really"), (gap, "maybe"), (gap, "at least")} <= set(found)
    assert {(2, "very"), (2, "so")} <= set(found) and (0, "he") not in found


def test_likely_words_against_whole_sentences() -> None:
    """The order of the words for a gap is that of the whole sentences with each of them in it."""
    trigram, tokens = some_trigram(), ("he", "is", "late")
    common = [word for word in trigram.vocabulary.words if word.isalpha()]
    for gap, likely in enumerate(change.likely_words(trigram, tokens, 3)):
        totals = trigram.score([apply(tokens, [Edit("insert", gap, (), (word,))]) for word in common])
        within = totals >= trigram.score([tokens])[0] - 5
        ranked = [common[number] for number in np.argsort(-totals, kind="stable") if within[number]]
        assert likely == ranked[:3]


def test_slips_of_the_finger() -> None:
    found = change.slips("late")
    assert {"ltae", "laet", "lte", "lae", "lat", "laate", "latte", "latee", "kate", "lste"} <= set(found)
    assert "late" not in found and "alte" not in found and len(found) == len(set(found))


def test_typos_the_model_knows_and_one_that_it_does_not() -> None:
    vocabulary = Vocabulary(["late", "latte", "lat"])
    found = words(list(change.Typo(vocabulary)(("late", "is", "it"))))
    assert {"latte", "lat"} < set(found) and len(found) == 3
    assert len(list(change.Typo()(("late",)))) == len(change.slips("late"))


def test_emphasis_is_what_preprocessing_leaves_of_it() -> None:
    assert list(change.drawn_out("so")) == ["sooo"]
    assert list(change.drawn_out("good")) == ["gooddd"]
    assert list(change.drawn_out("sooo")) == ["so", "soo"]
    found = words(list(change.Emphasis(Vocabulary(["so", "sooo"]))(("so", "bad", "!"))))
    assert found == ["sooo", '" so "', "* so *", '" bad "', "* bad *"]
    preprocessing = Preprocessing()
    for typed, read in (("SO", ["so"]), ("sooooo", ["sooo"]), ("!!!", ["!!!"]), ('"so"', ['"', "so", '"'])):
        assert preprocessing(typed) == read  # why neither capitals nor a fourth letter is offered


def test_punctuation() -> None:
    found = [(edit.position, edit.before, edit.after) for edit in change.punctuation(("no", "way", "."))]
    assert (2, (".",), ("!!!",)) in found and (1, (), (",",)) in found and (1, (), ("...",)) in found
    assert not any(position == 3 for position, _, _ in found)  # it ends with a mark
    assert (1, (), ("!",)) in [(edit.position, edit.before, edit.after) for edit in change.punctuation(("no",))]


ALL = (
    change.delete,
    change.swap,
    change.punctuation,
    change.Insert(some_trigram()),
    change.Typo(),
    change.Emphasis(),
    change.Substitute(None, SomeForms()),
)


@given(st.lists(st.sampled_from(["he", "stole", "so", "so", "!", "...", ":)", "<url>", "i'm", "3.5"]), min_size=1))
def test_every_proposal_can_be_made_and_changes_the_sentence(tokens: list[str]) -> None:
    for transformation in ALL:
        for edit in transformation(tokens):
            assert apply(tokens, [edit]) != tuple(tokens)
