"""What the page on the trained models is about."""

from __future__ import annotations

from collections.abc import Mapping

from core.language import mark
from pages.parts.about_papers import GUO, MCNEMAR, WILSON, WORD2VEC, About

TEXTS: Mapping[str, About] = {
    "": About(
        idea=mark(
            "What the models were trained on, how good they are on tweets that none of them met, and what each choice "
            "in the recipe bought. Labels are the emoticons that the writers put, taken out of the text."
        ),
        equations=(
            r"\text{log-loss} = -\frac{1}{N} \sum_i \ln p_i(y_i)",
            r"\text{ECE} = \sum_b \frac{n_b}{N} \left| \bar{p}_b - \bar{y}_b \right|",
        ),
        letters=mark(
            "$p_i(y_i)$ is the probability that the model gives the right label. ECE, the expected calibration error, "
            "compares the mean P(positive) with the share of positive tweets in 15 bins of P(positive)."
        ),
        reading=mark(
            "Accuracy has Wilson’s 95 % interval. Two models on the same tweets compare by the paired difference: "
            "where its interval holds 0, no difference is shown. Lines by length tell where a model is weak."
        ),
        limits=mark(
            "An emoticon is a noisy label, and nothing neutral was in the data: the figures are for tweets like those. "
            "The intervals cover the draw of the tweets, not the chance in training; “another seed” in the study gives "
            "an idea of that."
        ),
        papers=(WORD2VEC, GUO, WILSON, MCNEMAR),
    ),
}
