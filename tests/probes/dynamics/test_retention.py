"""What is left of many words after many fillers: every text by itself, shares by hand, intervals by theory."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from core.data.targets import Target
from core.models.checkpoints import Checkpoint
from core.models.predict import EmptyTextError
from core.models.recurrent import CELLS
from core.probes.dynamics import retention as module
from core.probes.dynamics.retention import FREQUENT, NEUTRAL, STRONG, neutral_ids, retention, strong_words
from core.text.preprocessing import Vocabulary
from tests.probes.small_models import random_checkpoint

WORDS = ["hate", "late", "than", "!", "never", "so", "b2b", "love"]
POLARITY = [0, 0, -1.8, NEUTRAL, -0.05, 0.0, -0.11, 0.02, 0.0, 1.1]  # of the padding and the unknown word first
NEUTRAL_WORDS = ["late", "than", "so"]
checkpoint = partial(random_checkpoint, words=WORDS, polarity=POLARITY)
THREE = ("late", "lost", "fine")
ROWS = np.array([POLARITY, np.negative(POLARITY), np.roll(POLARITY, 1)])  # of each class against the rest
SHAPES = [(cell, layers) for cell in CELLS for layers in (1, 2)]


def three(against: int | None = None, **more: object) -> Checkpoint:
    """A model of three classes, the last its target."""
    asked = random_checkpoint("gru", WORDS, labels=THREE, polarity=ROWS, **more)  # type: ignore[arg-type]
    return asked.targeted(Target(THREE, 2, against))


def logits(asked: Checkpoint, tokens: list[str]) -> list[float]:
    """After each token, by the fused forward."""
    found: list[float] = asked.model.prefix_logits(torch.tensor([asked.vocabulary.encode(tokens)]))[0].tolist()
    return found


def test_neutral_words_are_letters_and_lean_nowhere() -> None:
    asked = checkpoint("rnn")
    assert [asked.vocabulary.token(number) for number in neutral_ids(asked)] == NEUTRAL_WORDS


def test_a_neutral_word_leans_to_no_class() -> None:
    """Of the third class, each word has what the word before it has of the others."""
    asked = three()
    assert [asked.vocabulary.token(number) for number in neutral_ids(asked)] == ["than"]


def test_strong_words_are_those_that_speak_most_for_and_against_the_target() -> None:
    assert strong_words(checkpoint("rnn")) == STRONG
    words = [word for word in WORDS if word.isalpha()]
    for asked, rows in ((three(), ROWS[2]), (three(against=0), ROWS[2] - ROWS[0])):
        leans = {word: rows[asked.vocabulary.id(word)] for word in words}
        assert list(strong_words(asked)) == sorted(words, key=lambda word: (leans[word].astype(np.float32), word))
    with pytest.raises(ValueError, match=r"^gru has 3 classes \(late, lost, fine\); name the target class$"):
        retention(three().every, ["hate"])


def test_rare_words_are_not_called_neutral() -> None:
    words = [f"w{chr(97 + n // 676)}{chr(97 + n // 26 % 26)}{chr(97 + n % 26)}" for n in range(FREQUENT + 5)]
    asked = replace(checkpoint("rnn"), vocabulary=Vocabulary(words), polarity=np.zeros(FREQUENT + 7, np.float32))
    assert neutral_ids(asked).tolist() == list(range(2, FREQUENT + 2))


@pytest.mark.parametrize(
    "asked", [*(checkpoint(cell, layers=layers) for cell, layers in SHAPES), three(), three(against=1)]
)
def test_every_text_by_itself(asked: Checkpoint) -> None:
    found = retention(asked, ["Hate", "love", "zork"], fillers=4, upto=6, seed=2)
    drawn = np.random.default_rng(2).choice(neutral_ids(asked), (4, 6))
    assert found.words == ("hate", "love", "zork") and found.unknown == ("zork",)
    assert (found.fillers, found.seed, found.k.tolist(), found.target) == (4, 2, list(range(7)), asked.target)
    assert found.neutral == len(neutral_ids(asked))
    empty = asked.model.read_out(asked.model.start().h[-1]).item()
    for number, ids in enumerate(drawn):
        filler = [asked.vocabulary.token(int(id_)) for id_ in ids]
        alone = [empty, *logits(asked, filler)]
        np.testing.assert_allclose(found.logit_without[number], alone, rtol=1e-9)
        for place, word in enumerate(found.words):
            effect = np.subtract(logits(asked, [word, *filler]), alone)
            np.testing.assert_allclose(found.effect[place, number], effect, rtol=1e-9, atol=1e-12)


def test_same_seed_same_answer_and_another_another() -> None:
    asked = checkpoint("gru")
    one, same, other = (retention(asked, ["hate"], 5, 9, seed) for seed in (1, 1, 2))
    for name in ("effect", "share", "low", "high"):
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
    assert not np.array_equal(one.effect, other.effect)


def test_shares_by_hand() -> None:
    effect = np.array([[[-4.0, -2, 1], [-4.0, -1, 1]], [[1.0, 1, 0.5], [1.0, 0, 0.5]]])  # [W, F, K + 1]
    share, low, high = module._share_left(effect, 0)
    assert share == pytest.approx([1, (2 + 1 + 1 + 0) / 10, (-1 - 1 + 0.5 + 0.5) / 10])
    assert low[0] == high[0] == 1
    assert low[2] == pytest.approx(-0.25) and high[2] == pytest.approx(0.5)  # one word drawn twice, or the other
    again = module._share_left(-7 * effect, 0)
    np.testing.assert_allclose(again, (share, low, high))  # neither the logit's sign nor its scale is in a share


def test_one_word_and_one_filler_leave_nothing_to_draw() -> None:
    found = retention(checkpoint("lstm"), ["love"], 1, 5)
    np.testing.assert_allclose(found.share, found.effect[0, 0] / found.effect[0, 0, 0])
    np.testing.assert_array_equal(found.low, found.high)
    np.testing.assert_allclose(found.low, found.share)
    np.testing.assert_allclose(found.by_word[0], found.share)


def test_intervals_over_many_fillers_are_those_of_a_mean() -> None:
    random = np.random.default_rng(5)
    after = random.normal(0.4, 0.3, 400)
    effect = np.stack([np.full(400, 2.0), 2 * after], axis=1)[None]
    share, low, high = module._share_left(effect, 0)
    assert share[1] == pytest.approx(after.mean())
    half = 1.96 * after.std() / 20
    assert (low[1], high[1]) == pytest.approx((after.mean() - half, after.mean() + half), abs=0.15 * half)


def test_how_neutral_neutral_words_are_in_a_row() -> None:
    found = replace(retention(checkpoint("rnn"), ["hate"], 1, 1), logit_without=np.array([[9.0, -1, 0], [9.0, 1, 2]]))
    chances = sorted(1 / (1 + np.exp(-logit)) for logit in (-1, 0, 1, 2))
    assert found.probability_alone == pytest.approx(np.interp([0.15, 2.85], range(4), chances))


def test_a_word_without_effect_has_no_share_of_its_own() -> None:
    found = retention(checkpoint("rnn"), ["hate", "love"], 2, 3)
    still = replace(found, effect=found.effect * np.array([0.0, 1])[:, None, None])
    assert np.isnan(still.by_word[0]).all() and np.isfinite(still.by_word[1]).all()
    share, low, high = module._share_left(still.effect, 0)
    assert np.isfinite([share, low, high]).all()


@pytest.mark.parametrize(
    ("words", "settings", "says"),
    [
        (["hate"], {"fillers": 0}, "fillers is a number from 1 to 200; given: 0"),
        (["hate"], {"upto": 1_001}, "upto is a number from 1 to 1,000; given: 1,001"),
        (["hate"], {"seed": -1}, "a seed is 0 or more; given: -1"),
        (["so late"], {}, r"read as 2 tokens \(so late\); give single"),
        (["hate", "love", "HATE"], {}, ": hate$"),
        (["so"] * 51, {}, "50 words; given: 51"),
        ([f"{n}" for n in range(50)], {"fillers": 200, "upto": 1_000}, "at most 5,000,000; given: 10,000,000"),
    ],
)
def test_bad_requests_are_refused(words: list[str], settings: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        retention(checkpoint("rnn"), words, **settings)


def test_a_request_without_a_word_is_refused() -> None:
    with pytest.raises(EmptyTextError, match="no word is given"):
        retention(checkpoint("rnn"), [" ", ""])


def test_a_model_without_neutral_words_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^rnn .*log-odds"):
        retention(checkpoint("rnn", polarity=None), ["hate"])
    with pytest.raises(ValueError, match="no neutral word among its 8 most frequent"):
        retention(checkpoint("rnn", polarity=[0, 0, *[1.0] * 8]), ["hate"])


def test_a_model_that_no_word_moves_is_refused() -> None:
    asked = checkpoint("rnn")
    with torch.no_grad():
        asked.model.linear.weight.zero_()
    with pytest.raises(ValueError, match="none of these words moves the logit of rnn: hate"):
        retention(asked, ["hate"])
