"""Probe any classifier: here a scikit-learn pipeline of bags of words and a logistic regression, trained on import.

    python -m core permute --predictor examples.sklearn_predictor:sentiment "not good at all , really bad"
    streamlit run app.py -- --predictor examples.sklearn_predictor:sentiment

A predictor is a function such as the last one here: it takes a list of texts and returns P(class 1) of each. The
sentences are built from templates, so that nothing has to be downloaded. Load your own pipeline from its file instead.
"""

from __future__ import annotations

from itertools import product

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

GOOD = ("good", "great", "lovely", "fun", "wonderful", "fine", "brilliant", "kind")
BAD = ("bad", "awful", "terrible", "boring", "sad", "dreadful", "late", "rude")
THINGS = ("movie", "day", "flight", "meal", "show", "service", "party", "trip")
TEMPLATES = (
    "what a {word} {thing}",
    "the {thing} was {word}",
    "i think this {thing} is really {word} !",
    "{word} {thing} , as ever",
    "never had such a {word} {thing}",
)


def sentences() -> tuple[list[str], list[int]]:
    """Sentences from the templates, and the label of each: 1 for positive."""
    rows = [
        (template.format(word=word, thing=thing), positive)
        for positive, words in ((0, BAD), (1, GOOD))
        for template, word, thing in product(TEMPLATES, words, THINGS)
    ]
    return [text for text, _positive in rows], [positive for _text, positive in rows]


pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10, random_state=0))
pipeline.fit(*sentences())


def sentiment(texts: list[str]) -> list[float]:
    """P(positive) of each text."""
    return pipeline.predict_proba(texts)[:, 1].tolist()
