"""What the views of the page on attributions are about."""

from __future__ import annotations

from collections.abc import Mapping

from core.runtime.i18n import mark
from pages.help.papers import About, cited

TEXTS: Mapping[str, About] = {
    "words": About(
        idea=mark(
            "Each method gives every word a score for its part in the verdict. No method is the true one: they differ "
            "in what taking a word out means and in what they promise. So each is measured on the model itself: are "
            "the words that it names those that the verdict needs?"
        ),
        equations=(
            r"\text{comprehensiveness} = p(\text{text}) - p(\text{text without } r_k)",
            r"\text{sufficiency} = p(\text{text}) - p(r_k \text{ alone})",
        ),
        letters=mark(
            "$p$ is the probability of the predicted class, $r_k$ the $k$ words that the method says speak most for "
            "it; the figures are means over the top 1, 5, 10, 20 and 50 % of the words, at least one."
        ),
        reading=mark(
            "Blue words speak for the second class, for sentiment positive, orange ones for the first; the number is "
            "the score in logits. High comprehensiveness and low sufficiency are better, and both count only against "
            "the random rankings beside them."
        ),
        limits=mark(
            "A faithful explanation is true to the model, not to the world. Faithfulness on one short sentence is a "
            "weak figure, since few cuts are possible: the league has many sentences. A method that takes words out "
            "just as the measure does has an advantage in it."
        ),
        papers=cited("ERASER", "YEH", "SHAPLEY", "INTEGRATED", "MURDOCH_2018", "ARRAS"),
    ),
    "agreement": About(
        idea=mark("Do the methods rank the words of this sentence alike? Every two of them are compared."),
        equations=(r"\tau_b = \frac{C - D}{\sqrt{(C + D + T_1)(C + D + T_2)}}",),
        letters=mark(
            "$C$ pairs of words stand in the same order in both rankings, $D$ in the opposite one; $T_1$ and $T_2$ are "
            "tied in one of them only."
        ),
        reading=mark(
            "1 is the same order, −1 the reverse, 0 no relation. Where a method has no signs, both are compared by the "
            "size of their scores."
        ),
        limits=mark(
            "That methods agree does not make them right: those that ask the same question are bound to. With few "
            "words a high or low value comes about by chance."
        ),
        papers=cited("KENDALL"),
    ),
    "order": About(
        idea=mark(
            "How much comes from which words stand there, and how much from where they stand? A game of words and "
            "places: a missing word is taken out, and a place left to chance has its word anywhere among such places. "
            "Shapley values share the logit out fairly among both."
        ),
        equations=(
            r"\phi_i = \sum_{S \not\ni i} \frac{|S|! \, (m - |S| - 1)!}{m!} \left( v(S + i) - v(S) \right)",
            r"m = 2n",
        ),
        letters=mark(
            "$S$ are players of the game, the $n$ words and the $n$ places, and $v(S)$ is the mean logit where only "
            "those take part. The values sum to the text’s logit minus that of no words."
        ),
        reading=mark(
            "The sentence above the charts gives the two sums. A place with a large value is one whose word must stay "
            "there. For longer texts values are sampled and have standard errors."
        ),
        limits=mark(
            "A place’s value is what holding its word there is worth, not the effect of a place’s number. The values "
            "depend on what taking a word out means. Most shuffled sentences are none that anybody would write."
        ),
        papers=cited("SHAPLEY"),
    ),
    "pairs": About(
        idea=mark(
            "“Not” and “good” do together what neither does alone. For every pair of words: how much more, or less, do "
            "the two add together than apart, on average over what else is there?"
        ),
        equations=(
            r"I_{ij} = \sum_{S \not\ni i, j} \frac{|S|! \, (n - |S| - 2)!}{(n - 1)!} \left( v(S + i + j) - v(S + "
            r"i) - v(S + j) + v(S) \right)",
        ),
        letters=mark("$v(S)$ is the logit of the text in which only the words of $S$ are present."),
        reading=mark(
            "Blue pairs speak more for positive together than the sum of what they say apart, red ones less; 0 is a "
            "pair that simply adds up."
        ),
        limits=mark(
            "The entries are no parts of the logit and sum to nothing in particular. Groups of three and more are not "
            "looked at. In longer texts only the words with the largest Shapley values are paired, and values are "
            "sampled."
        ),
        papers=cited("GRABISCH"),
    ),
    "league": About(
        idea=mark(
            "Which method is most faithful, not on one sentence but on many? All of them on the same sentences, beside "
            "random rankings."
        ),
        equations=(r"\text{score} = \text{mean of } (\text{comprehensiveness} - \text{sufficiency})",),
        letters=mark("It lies between −1 and 1; words are taken out by deletion."),
        reading=mark(
            "The best is the one with the highest mean. Every other one whose paired difference to it has a 95 % "
            "interval that holds 0 is not to be told from it."
        ),
        limits=mark(
            "The intervals cover the draw of the sentences, and are not widened for there being many methods to choose "
            "from. Methods that delete words are asked here what they ask themselves. The ranking holds for these "
            "models and for sentences like these. The sentence above plays no part here."
        ),
        papers=cited("ERASER", "YEH"),
    ),
}
