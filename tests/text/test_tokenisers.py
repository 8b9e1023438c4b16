"""Tokenisers of other libraries give the tokens that those document; none raises, each is linear in the text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.preprocessing import STEPS, USUAL, Preprocessing
from core.text.tokenisers import STEPS as TOKENISERS


def tokens(step: str, text: str) -> list[str]:
    return Preprocessing((step,))(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("You can now install TorchText using pip!", "you can now install torchtext using pip !"),
        ("It's \"great\", isn't it?", "it ' s great , isn ' t it ?"),
        ("Yes: no; (a) b...<br />end-of 3.5", "yes no ( a ) b . . . end-of 3 . 5"),
        ("e.g. <BR /> x", "e . g . x"),
    ],
)
def test_basic_english_as_torchtext_documents_it(text: str, expected: str) -> None:
    assert tokens("basic_english", text) == expected.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's a \"Test\", isn't it? e-mail_me <b> 3.5!", "it's a test isn't it e mail me b 3 5"),
        ("tabs\tand\nlines; A/B (c) #tag @you", "tabs and lines a b c tag you"),
    ],
)
def test_keras_tokenizer_keeps_apostrophes_only(text: str, expected: str) -> None:
    assert tokens("keras", text) == expected.split()


def test_keras_text_vectorization_closes_the_gap_and_lowers_ascii_only() -> None:
    assert tokens("keras_vectorization", 'It\'s a "Test", e-mail 3.5! ÉA') == ["its", "a", "test", "email", "35", "Éa"]


def test_white_space_changes_nothing() -> None:
    assert tokens("whitespace", "It's  A\ttest!") == ["It's", "A", "test!"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [  # as spacy.blank("en") 3.8 has them
        ("Don't do it, I can't; it's John's.", "Do n't do it , I ca n't ; it 's John 's ."),
        ("We've gonna cannot I'm they're", "We 've gon na can not I 'm they 're"),
        ('state-of-the-art (really?) "quoted"', 'state - of - the - art ( really ? ) " quoted "'),
        ("Mr. Smith of the U.S. paid $5.00, 10 %.", "Mr. Smith of the U.S. paid $ 5.00 , 10 % ."),
        ("see http://a.com/b?c=d, or mail me@x.org :) <3", "see http://a.com/b?c=d , or mail me@x.org :) <3"),
        ("wait... what?! 5km 10:30 6pm", "wait ... what ? ! 5 km 10:30 6 pm"),
        ("yes—no a,b end.Next", "yes — no a , b end . Next"),
    ],
)
def test_spacy_splits_punctuation_and_contractions(text: str, expected: str) -> None:
    assert tokens("spacy", text) == expected.split()


def test_case_is_a_step_of_its_own() -> None:
    assert Preprocessing(("lowercase", "spacy"))("Don't STOP") == ["do", "n't", "stop"]
    assert Preprocessing(("spacy",))("STOP") == ["STOP"]


def test_no_new_training_takes_them_unasked() -> None:
    assert TOKENISERS.keys() <= STEPS.keys()
    assert not TOKENISERS.keys() & set(USUAL)


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_makes_them_fail(text: str) -> None:
    for step in TOKENISERS:
        assert all(token.split() == [token] for token in tokens(step, text))


@pytest.mark.parametrize("unit", ["!", "a.", "(')", "a-", "www.", "n't", "a@", "x's-", "…", "<br "])
def test_time_is_linear(unit: str) -> None:
    for step in TOKENISERS.values():
        started = time.process_time()
        step(unit * 40_000)
        assert time.process_time() - started < 2
