"""Two sentences side by side: what differs between their tokens, and from which step on the verdicts do."""

from __future__ import annotations

import itertools
import random
from dataclasses import FrozenInstanceError

import pytest
import torch

from core.data.labels import SENTIMENT
from core.models.checkpoints import Checkpoint
from core.models.predict import EmptyTextError, verdict
from core.models.recurrent import CELLS
from core.probes.permutations.comparison import compare, compare_tokens
from core.text.preprocessing import Preprocessing
from tests.probes import small_models
from tests.probes.small_models import random_checkpoint

FEELINGS = {"good": 1.0, "great": 1.0, "bad": -1.0, "sad": -1.0, "not": -1.0, "can": 1.0}


def last_word(name: str = "last", preprocessing: Preprocessing = Preprocessing()) -> Checkpoint:
    """A model that forgets everything but the last word: its sign decides, and of an unknown word that is positive."""
    return small_models.last_word(FEELINGS, name, preprocessing, unknown=1.0)


def at_random(cell: str, labels: tuple[str, ...] = SENTIMENT) -> Checkpoint:
    checkpoint = random_checkpoint(cell, "abcd", dtype=torch.float32, scale=1.2, seed=8, labels=labels)
    checkpoint.model.linear.bias.zero_()  # so that about half the orders are positive
    return checkpoint


# Tokens


@pytest.mark.parametrize(
    ("a", "b", "same_words", "only_a", "only_b", "first_difference"),
    [
        ("better late than never", "better never than late", True, (), (), 2),
        ("so so good", "so good so", True, (), (), 2),
        ("so good", "so good", True, (), (), None),
        ("so good", "so bad", False, (("good", 1),), (("bad", 1),), 2),
        ("so so so good", "good so", False, (("so", 2),), (), 1),
        ("so good", "so good good !", False, (), (("good", 1), ("!", 1)), 3),
        ("so good good", "so", False, (("good", 2),), (), 2),
        ("c b a a", "x a b", False, (("c", 1), ("a", 1)), (("x", 1),), 1),
    ],
)
def test_tokens_by_hand(
    a: str,
    b: str,
    same_words: bool,
    only_a: tuple[tuple[str, int], ...],
    only_b: tuple[tuple[str, int], ...],
    first_difference: int | None,
) -> None:
    words = compare_tokens(a.split(), b.split())
    assert (words.tokens_a, words.tokens_b) == (tuple(a.split()), tuple(b.split()))
    assert (words.same_words, words.only_a, words.only_b) == (same_words, only_a, only_b)
    assert words.first_difference == first_difference
    assert words.permutations == (same_words and first_difference is not None)


def test_what_only_one_side_has_leads_from_one_to_the_other() -> None:
    draw = random.Random(0)
    for _ in range(100):
        a, b = (draw.choices("abcd", k=draw.randint(1, 6)) for _ in "ab")
        words = compare_tokens(a, b)
        rest = list(a)
        for token, count in words.only_a:
            for _ in range(count):
                rest.remove(token)
        rest += [token for token, count in words.only_b for _ in range(count)]
        assert sorted(rest) == sorted(b)
        assert words.same_words == (tuple(b) in set(itertools.permutations(a)))
        turned = compare_tokens(b, a)
        assert (turned.only_a, turned.only_b) == (words.only_b, words.only_a)
        assert turned.first_difference == words.first_difference


# Verdicts


@pytest.mark.parametrize(
    ("a", "b", "parts_at", "opposite"),
    [
        ("good bad", "bad good", 1, True),  # + -   - +
        ("good good bad", "bad good good", 3, True),  # + + -   - + +
        ("good bad bad", "bad good bad", None, False),  # + - -   - + -
        ("good bad good bad", "bad good bad good", 1, True),
        ("good bad good", "good good bad", 2, True),
        ("good good", "great great", None, False),
        ("good", "bad bad good", 1, False),  # they part up to the shorter one's end; then the longer one comes back
        ("good bad", "good bad good", None, True),  # the same as far as both go
        ("good", "good", None, False),
    ],
)
def test_the_step_where_verdicts_part_by_hand(a: str, b: str, parts_at: int | None, opposite: bool) -> None:
    for one, other in ((a, b), (b, a)):
        (contrast,) = compare([last_word()], one, other).contrasts
        assert (contrast.parts_at, contrast.opposite) == (parts_at, opposite)


@pytest.mark.parametrize("labels", [SENTIMENT, ("late", "lost", "fine")])
@pytest.mark.parametrize("cell", CELLS)
def test_the_step_where_verdicts_part_is_what_the_prefixes_say_alone(cell: str, labels: tuple[str, ...]) -> None:
    model = at_random(cell, labels)
    said = {
        " ".join(prefix): verdict(model, " ".join(prefix)).label
        for length in range(1, 5)
        for prefix in itertools.product("abcd", repeat=length)
        if len(set(prefix)) == length
    }
    parted = 0
    orders = [list(order) for order in itertools.permutations("abcd")]
    for a, b in itertools.combinations(orders, 2):
        (contrast,) = compare([model], " ".join(a), " ".join(b)).contrasts
        differ = [said[" ".join(a[:step])] != said[" ".join(b[:step])] for step in range(1, 5)]
        expected = next((step for step in range(1, 5) if all(differ[step - 1 :])), None)
        assert contrast.parts_at == expected
        assert expected is None or expected >= (contrast.words.first_difference or 9)
        assert contrast.opposite == (expected is not None), "of one length, those that part are opposite in the end"
        assert contrast.b.target == contrast.a.target == verdict(model, " ".join(a)).target
        parted += expected is not None
    assert 0 < parted < 276


def test_verdicts_are_those_that_each_sentence_gets_alone() -> None:
    models = [at_random(cell) for cell in CELLS]
    found = compare(models, "a b c d", "d B")
    assert [contrast.model for contrast in found.contrasts] == list(CELLS)
    for model, contrast in zip(models, found.contrasts, strict=True):
        assert (contrast.a.text, contrast.b.text) == ("a b c d", "d B")
        for one in (contrast.a, contrast.b):
            alone = verdict(model, one.text).prefix_probabilities
            assert one.prefix_probabilities == pytest.approx(alone, abs=1e-6)


def test_a_model_cannot_tell_unknown_words_apart() -> None:
    (contrast,) = compare([last_word()], "frabjous good gig", "gig good frabjous").contrasts
    assert contrast.words.permutations and contrast.words.first_difference == 1
    assert contrast.indistinguishable and contrast.parts_at is None and not contrast.opposite
    (contrast,) = compare([last_word()], "frabjous good", "good frabjous").contrasts
    assert not contrast.indistinguishable


def test_models_of_one_preprocessing_share_the_words_and_others_hold_their_own() -> None:
    as_usual, typed = last_word(), last_word("typed", Preprocessing().without("contractions"))
    assert compare([as_usual, last_word("again")], "can't", "not can").words == compare_tokens(
        ["can", "not"], ["not", "can"]
    )
    found = compare([as_usual, typed], "can't", "not can")
    assert found.words is None
    assert [contrast.words.permutations for contrast in found.contrasts] == [True, False]
    assert found.contrasts[1].words.only_a == (("can't", 1),)
    shared = compare([as_usual, typed], "so good", "good so").words
    assert shared is not None and shared.permutations, "where the steps make no difference, all read the same"


@pytest.mark.parametrize(("a", "b", "which"), [("", "so", "first"), ("so", " \n", "second"), ("", "", "first")])
def test_an_empty_sentence_is_named(a: str, b: str, which: str) -> None:
    with pytest.raises(EmptyTextError, match=f"the {which} sentence is empty"):
        compare([last_word()], a, b)
    with pytest.raises(ValueError, match="no model"):
        compare([], "so", "good")


def test_odd_sentences_are_compared_and_results_cannot_be_changed() -> None:
    found = compare([at_random(cell) for cell in CELLS], "<b>x</b> \x00 \ud800 🙂", "🙂 \ud800 $x$ ![](y)")
    assert found.words is not None and not found.words.same_words
    with pytest.raises(FrozenInstanceError):
        found.contrasts = ()  # type: ignore[misc]
    long = compare([at_random("lstm")], "a b " * 2_000, "b a " * 2_000)
    assert long.words is not None and long.words.permutations
