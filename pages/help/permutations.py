"""What the views of the page on word order are about."""

from __future__ import annotations

from collections.abc import Mapping

from core.runtime.i18n import mark
from pages.help.papers import About, cited

TEXTS: Mapping[str, About] = {
    "hand": About(
        idea=mark(
            "The same words in another order: a network that ignores word order would give the same "
            "answer. A person knows whether an order is still a valid sentence. A language model, "
            "here a trigram, gives a second opinion."
        ),
        equations=(r"F = \sum_{t=1}^{n+1} \ln p(w_t \mid w_{t-2}, w_{t-1})",),
        letters=mark(
            "$F$ is the fluency in nats (natural logarithms): the trigram’s log-probability of the "
            "$n$ words and the end of the sentence. It is below 0; nearer to 0 is more fluent."
        ),
        reading=mark(
            "Each card shows a model’s verdict on the current order. Once a word has moved, it also "
            "shows the verdict on the order as typed. The curves diverge where the two runs diverge."
        ),
        limits=mark(
            "One order that flips a verdict is only one order; the search shows how many do. The "
            "threshold is a rule of thumb for what still reads well. It says nothing about the "
            "meaning, which a new order often changes."
        ),
        papers=cited("PHAM", "CHEN"),
    ),
    "search": About(
        idea=mark(
            "A flip is an order of the same words with the other verdict. A flip only counts if the "
            "order still makes sense, so orders are also judged by fluency. An order passes the "
            "fluency gate if it loses no more fluency than the threshold."
        ),
        equations=(
            r"\text{gate:}\quad F(\text{order}) \geq F(\text{original}) - \text{threshold}",
            r"\sigma^2 = \frac{1}{N} \sum_{i=1}^{N} (\ell_i - \bar\ell)^2",
            r"\text{order effect} = \ell_{\text{original}} - \bar\ell",
        ),
        letters=mark(
            "$F$ is the trigram’s log-probability in nats. $\\ell$ is the logit over the $N$ orders "
            "that each figure names. If the orders fit the budget, all are scored; otherwise the "
            "most fluent are scored first."
        ),
        reading=mark(
            "The first line is the certificate: what was searched and what follows. Each point of "
            "the scatter plot is an order, more fluent to the right. Upwards is P(second class), "
            "which is P(positive) for sentiment. Click a point to read and keep its order. The bars "
            "show how much of the logit’s variance each word’s position explains."
        ),
        limits=mark(
            "A fluent order may still be invalid: read it. “None among these” covers only the scored "
            "orders, this sentence and this model. The trigram sees three words at a time. If the "
            "recurrent language model is available, it rescores the best orders."
        ),
        papers=cited("PHAM", "HELD", "CHEN"),
    ),
    "compare": About(
        idea=mark(
            "Compare two sentences of yours. They are permutations of each other if they have the "
            "same tokens, equally often, in another order. Each model judges this by the tokens that "
            "it reads."
        ),
        reading=mark(
            "The line above the cards says whether the words are the same, and which are not. A card "
            "says whether the two verdicts are opposite, and from which word on they diverge. The "
            "curves show it word by word."
        ),
        limits=mark(
            "If the sentences have different words, word order alone does not explain their "
            "difference. The verdicts diverge where the curves do. That need not be at the word that "
            "matters most."
        ),
        papers=cited("PHAM"),
    ),
    "suite": About(
        idea=mark(
            "Composed pairs of valid sentences with the same words, whose meanings are known. Where "
            "they are opposite, a model must read the order. Where they are the same, order must not "
            "matter."
        ),
        equations=(
            r"\text{blind} = \frac{\text{equal verdicts}}{\text{pairs with opposite meanings}}",
            r"\text{brittle} = \frac{\text{verdicts that turn}}{\text{pairs with the same meaning}}",
        ),
        reading=mark(
            "The first lines say how often each model is blind, right on both sentences, and brittle. "
            "The chart shows it by pattern, the worst on top. The table has an example of each "
            "pattern. Below it are failing pairs with sure verdicts."
        ),
        limits=mark(
            "The pairs follow templates, so the shares are about these patterns and fillers, not about "
            "tweets in general. Two different verdicts can both be wrong: then the model reads the "
            "order, but the wrong way round."
        ),
        papers=cited("GARDNER", "CHECKLIST", "KORN"),
    ),
    "kept": About(
        idea=mark(
            "Pairs that people kept, each with their own judgement of the other order: valid, not "
            "valid or unsure. The judgements show how far to trust the fluency gate."
        ),
        equations=(
            r"\text{precision} = \frac{\text{judged valid}}{\text{judged valid or invalid, within the threshold}}",
        ),
        reading=mark(
            "A precision of 60 % means: of the judged orders that pass the gate, people judged 60 % "
            "valid. The interval is Wilson’s, 95 %. The same two texts kept for several models count "
            "once. Choose rows to remove them. The download has all pairs."
        ),
        limits=mark(
            "People keep what strikes them, so the pairs are not a random sample of orders. Several "
            "pairs of one sentence are not independent evidence. What the gate wrongly rejects is "
            "not measured here."
        ),
        papers=cited("WILSON"),
    ),
}
