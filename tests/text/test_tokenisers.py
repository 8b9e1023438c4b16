"""Tokenisers of other libraries give the tokens that those document; none raises, each is linear in the text."""

from __future__ import annotations

import time

import pytest

from core.text.preprocessing import STEPS, USUAL, Preprocessing
from core.text.tokenisers import STEPS as TOKENISERS


def tokens(step: str, text: str) -> list[str]:
    return Preprocessing((step,))(text)


EXAMPLES = [
    # As torchtext documents it
    ("basic_english", "You can now install TorchText using pip!", "you can now install torchtext using pip !"),
    ("basic_english", "It's \"great\", isn't it?", "it ' s great , isn ' t it ?"),
    ("basic_english", "Yes: no; (a) b...<br />end-of 3.5", "yes no ( a ) b . . . end-of 3 . 5"),
    ("basic_english", "e.g. <BR /> x", "e . g . x"),
    ("keras", "It's a \"Test\", isn't it? e-mail_me <b> 3.5!", "it's a test isn't it e mail me b 3 5"),
    ("keras", "tabs\tand\nlines; A/B (c) #tag @you", "tabs and lines a b c tag you"),
    ("keras_vectorization", 'It\'s a "Test", e-mail 3.5! ÉA', "its a test email 35 Éa"),
    ("whitespace", "It's  A\ttest!", "It's A test!"),
    # As spacy.blank("en") 3.8 has them
    ("spacy", "Don't do it, I can't; it's John's.", "Do n't do it , I ca n't ; it 's John 's ."),
    ("spacy", "We've gonna cannot I'm they're", "We 've gon na can not I 'm they 're"),
    ("spacy", 'state-of-the-art (really?) "quoted"', 'state - of - the - art ( really ? ) " quoted "'),
    ("spacy", "Mr. Smith of the U.S. paid $5.00, 10 %.", "Mr. Smith of the U.S. paid $ 5.00 , 10 % ."),
    ("spacy", "see http://a.com/b?c=d, or mail me@x.org :) <3", "see http://a.com/b?c=d , or mail me@x.org :) <3"),
    ("spacy", "wait... what?! 5km 10:30 6pm", "wait ... what ? ! 5 km 10:30 6 pm"),
    ("spacy", "yes—no a,b end.Next", "yes — no a , b end . Next"),
]


@pytest.mark.parametrize(("step", "text", "expected"), EXAMPLES)
def test_tokens_are_those_of_the_library(step: str, text: str, expected: str) -> None:
    assert tokens(step, text) == expected.split()


def test_case_is_a_step_of_its_own_and_no_new_training_takes_them_unasked() -> None:
    assert Preprocessing(("lowercase", "spacy"))("Don't STOP") == ["do", "n't", "stop"]
    assert Preprocessing(("spacy",))("STOP") == ["STOP"]
    assert TOKENISERS.keys() <= STEPS.keys() - set(USUAL)


@pytest.mark.parametrize("unit", ["!", "a.", "(')", "a-", "www.", "n't", "a@", "x's-", "…", "<br "])
def test_time_is_linear(unit: str) -> None:
    for step in TOKENISERS.values():
        started = time.process_time()
        step(unit * 20_000)
        assert time.process_time() - started < 2
