"""What the page on the trained models is about."""

from __future__ import annotations

from collections.abc import Mapping

from core.runtime.i18n import mark
from pages.help.papers import About, cited

TEXTS: Mapping[str, About] = {
    "cards": About(
        idea=mark(
            "The training data, the accuracy on tweets that no model has seen, and what each choice "
            "in the recipe adds. The labels are the writers’ emoticons, which were removed from the "
            "text."
        ),
        equations=(
            r"\text{log-loss} = -\frac{1}{N} \sum_i \ln p_i(y_i)",
            r"\text{ECE} = \sum_b \frac{n_b}{N} \left| \bar{p}_b - \bar{y}_b \right|",
        ),
        letters=mark(
            "$p_i(y_i)$ is the model’s probability of the gold label. ECE, the expected calibration "
            "error, sorts rows into 15 bins by P(second class), which is P(positive) for sentiment. "
            "In each bin, it compares the mean probability with the share of second-class rows."
        ),
        reading=mark(
            "Accuracy has Wilson’s 95 % interval. Two models on the same tweets are compared by the "
            "paired difference. If its interval includes 0, they are statistically tied. Curves by "
            "length show where a model is weak."
        ),
        limits=mark(
            "An emoticon is a noisy label, and the data had nothing neutral: the figures hold for "
            "tweets like those. The intervals cover the sampling of tweets, not the randomness of "
            "training. “Another seed” in the ablations gives an idea of that."
        ),
        papers=cited("WORD2VEC", "GUO", "WILSON", "MCNEMAR"),
    ),
    "slices": About(
        idea=mark(
            "A single accuracy hides where a model fails. Here the rows are split by length, and by "
            "whether they have negations, question marks, unknown words or emoticons. Each part has "
            "its own accuracy."
        ),
        equations=(r"\hat{p} = \frac{\text{rows classified correctly}}{\text{rows of the slice}}",),
        reading=mark(
            "A dot is an accuracy; its line is Wilson’s 95 % interval, which is longer with fewer "
            "rows. If a slice’s interval lies left of the dotted line, the model does worse on that "
            "slice than on the whole file."
        ),
        limits=mark(
            "Slices overlap: long tweets have more negations. A low accuracy shows where the errors "
            "are, not what causes them. Word lists decide what counts as a negation or an emoticon."
        ),
        papers=cited("WILSON"),
    ),
    "calibration": About(
        idea=mark(
            "Of the rows predicted at 80 %, are 80 % in that class? A model that is often right may "
            "still be over- or underconfident."
        ),
        equations=(r"\text{ECE} = \sum_b \frac{n_b}{N} \left| \bar{p}_b - \bar{y}_b \right|",),
        letters=mark(
            "$\\bar{p}_b$ is the mean probability of the $n_b$ rows in bin $b$. $\\bar{y}_b$ is the "
            "share of those rows in the second class. $N$ is the number of rows."
        ),
        reading=mark(
            "Points on the diagonal are calibrated. Below it on the right, or above it on the left, "
            "the model is overconfident. The lower chart shows how many rows each point represents."
        ),
        limits=mark(
            "The expected calibration error depends on the bins. In small files, chance alone makes "
            "it larger. A model that is calibrated on average may not be calibrated for every kind "
            "of text."
        ),
        papers=cited("GUO"),
    ),
    "confusion": About(
        idea=mark("Which of the two errors does a model make, how often, and on which texts?"),
        reading=mark(
            "Rows are gold labels; columns are predictions. Shares are per row, so each row adds up "
            "to 100 %. Texts of the chosen cell are listed below, the most confident first."
        ),
        limits=mark("Only reading the text can tell whether the label or the model is wrong."),
        papers=cited("WILSON"),
    ),
    "threshold": About(
        idea=mark(
            "The verdict is the second class if its probability is 0.5 or more. Another decision "
            "threshold trades one error for the other."
        ),
        equations=(r"\text{precision} = \frac{TP}{TP + FP} \qquad \text{recall} = \frac{TP}{TP + FN}",),
        letters=mark(
            "$TP$ counts second-class rows predicted as the second class. $FP$ counts first-class "
            "rows predicted as the second, and $FN$ second-class rows predicted as the first."
        ),
        reading=mark(
            "Move the decision threshold: the rings move along the curves. A curve nearer the upper "
            "corner is better at every trade-off. The area under it sums that up."
        ),
        limits=mark(
            "Precision depends on how frequent the class is in the file: half of these rows, rarely "
            "half of yours. A decision threshold chosen on one file looks better on it than on the "
            "next."
        ),
    ),
    "compare": About(
        idea=mark("Is one model right more often than another on the same rows, or is that chance?"),
        equations=(r"p = \min\left(1,\; 2 \sum_{k \le \min(b, c)} \binom{b + c}{k} 2^{-(b + c)}\right)",),
        letters=mark("The first model alone is right on $b$ rows, the second alone on $c$ rows."),
        reading=mark(
            "Rows that both models get right, or both wrong, do not show which is better. McNemar’s "
            "test uses the other rows. Newcombe’s interval covers the difference of the accuracies."
        ),
        limits=mark(
            "The test and the interval cover the sampling of rows. The same recipe with another seed "
            "gives another model, whose accuracy may differ as much."
        ),
        papers=cited("MCNEMAR", "NEWCOMBE_PAIRED"),
    ),
    "evaluate": About(
        idea=mark(
            "Use every view of this page on your own texts. A labelled file is read row by row, counted and discarded."
        ),
        reading=mark(
            "Choose the columns and say which labels mean which class. Then choose your file under "
            "“Measured on” in the other views. Unreadable rows, and rows whose label is neither "
            "class, are counted and listed."
        ),
        limits=mark(
            "The models were trained on tweets from 2009. They do worse on other texts, and that is what you see."
        ),
        papers=cited("WILSON"),
    ),
    "words": About(
        idea=mark(
            "Each word is a vector. Before training (word2vec), words used in the same contexts are "
            "close together. Training on sentiment moves them. Which words are close, and which have "
            "moved?"
        ),
        equations=(
            r"\cos(u, v) = \frac{u \cdot v}{\lVert u \rVert \, \lVert v \rVert}",
            r"\text{analogy: } \arg\max_w \; \cos(w, a) - \cos(w, b) + \cos(w, c)",
        ),
        letters=mark("The analogy uses vectors scaled to length 1. The three words of the question are left out."),
        reading=mark(
            "The map shows the two directions in which the relevant words differ most (PCA). The "
            "axes show their share of the variance. Words that are close on the map may be far apart "
            "in other directions."
        ),
        limits=mark(
            "Opposites are used in the same contexts, so they are neighbours before training. What a "
            "model makes of a word depends on the words around it. A vector is only the start."
        ),
        papers=cited("WORD2VEC", "PEARSON"),
    ),
}
