"""What the views of the page on attributions are about."""

from __future__ import annotations

from collections.abc import Mapping

from core.runtime.i18n import mark
from pages.help.papers import About, cited

TEXTS: Mapping[str, About] = {
    "words": About(
        idea=mark(
            "Each method scores every word for its part in the verdict. No method is the true one: "
            "they differ in removal method and in what they guarantee. So each is tested on the "
            "model itself: does the verdict need the words that it names?"
        ),
        equations=(
            r"\text{comprehensiveness} = p(\text{text}) - p(\text{text without } r_k)",
            r"\text{sufficiency} = p(\text{text}) - p(r_k \text{ alone})",
        ),
        letters=mark(
            "$p$ is the probability of the predicted class. $r_k$ are the $k$ words that the method "
            "ranks as its strongest support. Each measure is a mean over the top 1, 5, 10, 20 and 50 "
            "% of the words (at least one word)."
        ),
        reading=mark(
            "Blue words support the second class (positive, for sentiment), orange words the first. "
            "The number is the score in logits. High comprehensiveness and low sufficiency are "
            "better. Judge both against the random rankings beside them."
        ),
        limits=mark(
            "A faithful explanation describes the model, not the world. One short sentence is weak "
            "evidence, because few words can be removed; the benchmark uses many sentences. A method "
            "has an advantage if its removal method is also the measure’s."
        ),
        papers=cited("ERASER", "YEH", "SHAPLEY", "INTEGRATED", "MURDOCH_2018", "ARRAS"),
    ),
    "agreement": About(
        idea=mark("Do the methods rank this sentence’s words alike? Every pair of methods is compared."),
        equations=(r"\tau_b = \frac{C - D}{\sqrt{(C + D + T_1)(C + D + T_2)}}",),
        letters=mark(
            "$C$ is the number of word pairs in the same order in both rankings, $D$ the number in "
            "opposite orders. $T_1$ and $T_2$ count the pairs tied in only one of the rankings."
        ),
        reading=mark(
            "1 means the same order, −1 the reverse, 0 no relation. If one method has no signs, both "
            "are compared by absolute score."
        ),
        limits=mark(
            "Agreement does not make methods right: methods that ask the same question must agree. "
            "With few words, a high or low value can arise by chance."
        ),
        papers=cited("KENDALL"),
    ),
    "order": About(
        idea=mark(
            "How much comes from which words there are, and how much from their order? Words and "
            "positions are the players of a game. A missing word is removed. The words at missing "
            "positions are shuffled among those positions. Shapley values share the logit fairly "
            "among all players."
        ),
        equations=(
            r"\phi_i = \sum_{S \not\ni i} \frac{|S|! \, (m - |S| - 1)!}{m!} \left( v(S + i) - v(S) \right)",
            r"m = 2n",
        ),
        letters=mark(
            "$S$ is a set of players: some of the $n$ words and $n$ positions. $v(S)$ is the mean "
            "logit when only those take part. The values sum to the text’s logit minus the logit "
            "with no words."
        ),
        reading=mark(
            "The sentence above the charts gives both sums. A large value means that the position’s "
            "word must stay there. For longer texts, the values are sampled and have standard errors."
        ),
        limits=mark(
            "A position’s value is the effect of keeping its word there, not the effect of the "
            "position’s index. The values depend on the removal method. Most shuffled sentences are "
            "ones that nobody would write."
        ),
        papers=cited("SHAPLEY"),
    ),
    "pairs": About(
        idea=mark(
            "“Not” and “good” do together what neither does alone. For each pair of words: how much "
            "more or less do they add together than apart? The values are averages over which other "
            "words are present."
        ),
        equations=(
            r"I_{ij} = \sum_{S \not\ni i, j} \frac{|S|! \, (n - |S| - 2)!}{(n - 1)!} \left( v(S + i + j) - v(S + "
            r"i) - v(S + j) + v(S) \right)",
        ),
        letters=mark("$v(S)$ is the logit of the text with only the words of $S$ present."),
        reading=mark(
            "Blue pairs support positive more together than the sum of their separate effects; red "
            "pairs support it less. 0 means that the effects simply add up."
        ),
        limits=mark(
            "These values do not add up to the logit. Groups of three or more words are ignored. In "
            "longer texts, only the words with the largest Shapley values are paired, and the values "
            "are sampled."
        ),
        papers=cited("GRABISCH"),
    ),
    "league": About(
        idea=mark(
            "Which method is most faithful over many sentences? All methods are tested on the same "
            "sentences, beside random rankings."
        ),
        equations=(r"\text{score} = \text{mean of } (\text{comprehensiveness} - \text{sufficiency})",),
        letters=mark("The score lies between −1 and 1. Removal method: deletion."),
        reading=mark(
            "The best method has the highest mean. Another method is statistically tied with it if "
            "the 95 % interval of their paired difference includes 0."
        ),
        limits=mark(
            "The intervals cover the sampling of sentences. They are not widened for the number of "
            "methods compared. The measure deletes words, so methods that delete words are tested on "
            "their own question. The ranking holds for these models and for sentences like these. "
            "The sentence above is not used."
        ),
        papers=cited("ERASER", "YEH"),
    ),
}
