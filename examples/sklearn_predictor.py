"""Probe any classifier: here scikit-learn pipelines of bags of words and a logistic regression, trained on import.

    python -m core permute --predictor examples.sklearn_predictor:sentiment "not good at all , really bad"
    python -m core predict --predictor examples.sklearn_predictor:opinion "the meal was good"
    streamlit run app.py -- --predictor examples.sklearn_predictor:opinion

A predictor is a function such as the last two here: it takes a list of texts and returns P(class 1) of each, or the
probability of every class, whose names are its `labels`. The sentences are built from templates, so that nothing has to
be downloaded. Load your own pipeline from its file instead.
"""

from __future__ import annotations

from itertools import product

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

GOOD = ("good", "great", "lovely", "fun", "wonderful", "fine", "brilliant", "kind")
BAD = ("bad", "awful", "terrible", "boring", "sad", "dreadful", "late", "rude")
NEITHER = ("early", "usual", "long", "first", "new", "next", "local", "other")
THINGS = ("movie", "day", "flight", "meal", "show", "service", "party", "trip")
TEMPLATES = (
    "what a {word} {thing}",
    "the {thing} was {word}",
    "i think this {thing} is really {word} !",
    "{word} {thing} , as ever",
    "never had such a {word} {thing}",
)


def sentences(*kinds: tuple[str, ...]) -> tuple[list[str], list[int]]:
    """Sentences from the templates, and the label of each: which kind of words it has."""
    rows = [
        (template.format(word=word, thing=thing), label)
        for label, words in enumerate(kinds)
        for template, word, thing in product(TEMPLATES, words, THINGS)
    ]
    return [text for text, _label in rows], [label for _text, label in rows]


def trained(*kinds: tuple[str, ...]) -> Pipeline:
    """A pipeline that tells these kinds of sentences apart."""
    made = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10, random_state=0))
    return made.fit(*sentences(*kinds))


pipeline = trained(BAD, GOOD)
three = trained(BAD, NEITHER, GOOD)


def sentiment(texts: list[str]) -> list[float]:
    """P(positive) of each text."""
    return pipeline.predict_proba(texts)[:, 1].tolist()


def opinion(texts: list[str]) -> list[list[float]]:
    """The probabilities of negative, neutral and positive of each text."""
    return three.predict_proba(texts).tolist()


opinion.labels = ("negative", "neutral", "positive")
