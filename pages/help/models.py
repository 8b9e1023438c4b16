"""What the page on the trained models is about."""

from __future__ import annotations

from collections.abc import Mapping

from core.runtime.i18n import mark
from pages.help.papers import About, cited

TEXTS: Mapping[str, About] = {
    "cards": About(
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
            "compares the mean P(second class), for sentiment P(positive), with the share of rows of that class in 15 "
            "bins of that probability."
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
        papers=cited("WORD2VEC", "GUO", "WILSON", "MCNEMAR"),
    ),
    "slices": About(
        idea=mark(
            "A single accuracy hides where a model fails. Here the rows are split by length, by negations, question "
            "marks, unknown words and emoticons in them, and each part is counted by itself."
        ),
        equations=(r"\hat{p} = \frac{\text{rows classified correctly}}{\text{rows of the slice}}",),
        reading=mark(
            "A dot is an accuracy, its line Wilson’s 95 % interval: the fewer rows, the longer. A slice whose "
            "interval lies to the left of the dotted line is read worse than the file as a whole."
        ),
        limits=mark(
            "Slices overlap: long tweets have more negations. A low accuracy says where errors are, not what makes "
            "them. What counts as a negation or an emoticon is decided by lists of words."
        ),
        papers=cited("WILSON"),
    ),
    "calibration": About(
        idea=mark(
            "Of the rows to which a model gives a probability of 0.8, are 80 % of that class? A model that is right "
            "often may still be too sure, or not sure enough."
        ),
        equations=(r"\text{ECE} = \sum_b \frac{n_b}{N} \left| \bar{p}_b - \bar{y}_b \right|",),
        letters=mark(
            "$\\bar{p}_b$ is the mean probability of the $n_b$ rows of range $b$, $\\bar{y}_b$ the share of them that "
            "is of the second class, $N$ the number of rows."
        ),
        reading=mark(
            "Points on the diagonal are calibrated; below it on the right, or above it on the left, the model is too "
            "sure. The lower chart tells how many rows a point stands for."
        ),
        limits=mark(
            "The expected calibration error depends on the ranges and grows in small files by chance alone. "
            "Calibrated on average is not calibrated for every kind of text."
        ),
        papers=cited("GUO"),
    ),
    "confusion": About(
        idea=mark("Which of the two errors does a model make, how often, and on which texts?"),
        reading=mark(
            "A row of the table is what people said, a column what the model says. Shares are of the row, so that "
            "each row adds up to 100 %. Below stand texts of the cell that you choose, the surest first."
        ),
        limits=mark("Whether the label or the model is wrong, only reading the text can tell."),
        papers=cited("WILSON"),
    ),
    "threshold": About(
        idea=mark(
            "A verdict is the second class where its probability is 0.5 or more. Another threshold trades one error "
            "for the other."
        ),
        equations=(r"\text{precision} = \frac{TP}{TP + FP} \qquad \text{recall} = \frac{TP}{TP + FN}",),
        letters=mark(
            "$TP$ are rows of the second class that are read so, $FP$ rows of the first that are read as the second, "
            "$FN$ rows of the second that are read as the first."
        ),
        reading=mark(
            "Move the threshold: the rings move along the curves. A curve nearer to the upper corner is better at "
            "every trade; the area under it sums that up."
        ),
        limits=mark(
            "Precision depends on how frequent the class is in the file: half of these rows, seldom half of yours. A "
            "threshold chosen on a file looks better on it than on the next."
        ),
    ),
    "compare": About(
        idea=mark("Is one model right more often than another on the same rows, or is that chance?"),
        equations=(r"p = \min\left(1,\; 2 \sum_{k \le \min(b, c)} \binom{b + c}{k} 2^{-(b + c)}\right)",),
        letters=mark("$b$ rows are read rightly by the first model alone, $c$ by the second alone."),
        reading=mark(
            "Rows that both read rightly, or both wrongly, tell nothing about which is better; McNemar’s test looks at "
            "the others. The interval, Newcombe’s, is that of the difference of the accuracies."
        ),
        limits=mark(
            "Both cover the draw of the rows. The same recipe with another seed gives another model, whose accuracy "
            "may differ as much."
        ),
        papers=cited("MCNEMAR", "NEWCOMBE_PAIRED"),
    ),
    "evaluate": About(
        idea=mark(
            "Every view of this page for texts of yours: a labelled file is read row by row, counted and thrown away."
        ),
        reading=mark(
            "Choose the columns and say which labels mean which class; then choose your file under “Measured on” in "
            "the other views. Rows that could not be read, or whose label says neither class, are counted and listed."
        ),
        limits=mark("The models were trained on tweets of 2009: other texts are read worse, and that is what you see."),
        papers=cited("WILSON"),
    ),
    "words": About(
        idea=mark(
            "Each word is a vector. Before training it stands near words used in the same places (word2vec); training "
            "on sentiment moves it. Which words are near, and what has moved?"
        ),
        equations=(
            r"\cos(u, v) = \frac{u \cdot v}{\lVert u \rVert \, \lVert v \rVert}",
            r"\text{analogy: } \arg\max_w \; \cos(w, a) - \cos(w, b) + \cos(w, c)",
        ),
        letters=mark("The analogy is of vectors scaled to length 1; the three words asked about are left out."),
        reading=mark(
            "The map shows the two directions in which the words that matter differ most (PCA); the axes tell how much "
            "of the variance that is. Words near to each other on it need not be near in all directions."
        ),
        limits=mark(
            "Opposites are used in the same places, so that they are neighbours before training. What a model makes of "
            "a word depends on the words around it; a vector is only where that begins."
        ),
        papers=cited("WORD2VEC", "PEARSON"),
    ),
}
