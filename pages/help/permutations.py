"""What the views of the page on word order are about."""

from __future__ import annotations

from collections.abc import Mapping

from core.runtime.i18n import mark
from pages.help.papers import About, cited

TEXTS: Mapping[str, About] = {
    "hand": About(
        idea=mark(
            "The same words in another order: a network without memory for order would say the same. A person knows "
            "whether an order is still a valid sentence; a language model, here a trigram, gives a second opinion."
        ),
        equations=(r"F = \sum_{t=1}^{n+1} \ln p(w_t \mid w_{t-2}, w_{t-1})",),
        letters=mark(
            "$F$ is the fluency in nats (natural logarithms): the trigram’s log-probability of the $n$ words and of "
            "the sentence’s end. It is below 0, and nearer to 0 is more fluent."
        ),
        reading=mark(
            "Each card tells a model’s verdict on the order as it stands now and, once a word has moved, what it was "
            "on the order as typed. The curves part where the two runs part."
        ),
        limits=mark(
            "One order that flips a verdict is one order: how many do is asked in the search. The floor is a rule of "
            "thumb for what still reads well, and says nothing of the meaning, which another order often changes."
        ),
        papers=cited("PHAM", "CHEN"),
    ),
    "search": About(
        idea=mark(
            "A flip is an order of the same words with the other verdict. A flip only counts for something if the "
            "order still makes sense, so orders are judged by fluency too: one that is at most the floor less fluent "
            "than the original passes the gate."
        ),
        equations=(
            r"\text{gate:}\quad F(\text{order}) \geq F(\text{original}) - \text{threshold}",
            r"\sigma^2 = \frac{1}{N} \sum_{i=1}^{N} (\ell_i - \bar\ell)^2",
            r"\text{order effect} = \ell_{\text{original}} - \bar\ell",
        ),
        letters=mark(
            "$F$ is the trigram’s log-probability in nats, $\\ell$ the logit, over the $N$ orders that the figures "
            "name. Where there are no more orders than the budget, all are scored; else the most fluent first."
        ),
        reading=mark(
            "The first line is the certificate: what was searched, and what follows. In the scatter every point is an "
            "order, the more fluent to the right, upwards P(second class), for sentiment P(positive); click one to "
            "read it and to keep it. The bars tell how much of the logit’s variance is explained by where each word "
            "stands."
        ),
        limits=mark(
            "A fluent order is not yet a valid one: read it. “None among these” speaks of the orders scored, of this "
            "sentence and of this model. The trigram sees three words at a time; the recurrent language model, where "
            "it is there, judges the best orders again."
        ),
        papers=cited("PHAM", "HELD", "CHEN"),
    ),
    "compare": About(
        idea=mark(
            "Two sentences of your own beside each other. They are permutations of each other if they hold the same "
            "tokens, each as often, in another order; each model answers for the tokens that it reads."
        ),
        reading=mark(
            "The line above the cards says whether the words are the same, and which are not. A card says whether the "
            "two verdicts are opposite, and from which word on they part; the curves show it word by word."
        ),
        limits=mark(
            "If the sentences do not hold the same words, their difference is not one of order. Where the verdicts "
            "part is where the curves do, which need not be the word that matters most."
        ),
        papers=cited("PHAM"),
    ),
    "kept": About(
        idea=mark(
            "Pairs that somebody kept, each with that person’s own judgement of the other order: valid, not valid, or "
            "unsure. From these follows how far the fluency gate can be trusted."
        ),
        equations=(
            r"\text{precision} = \frac{\text{judged valid}}{\text{judged valid or invalid, within the threshold}}",
        ),
        reading=mark(
            "A precision of 60 % says that of the judged orders that the gate lets through, 60 % were valid to whoever "
            "judged. The interval is Wilson’s, 95 %. The same two texts kept for several models count once. Choose "
            "rows to remove them; the download holds all pairs."
        ),
        limits=mark(
            "People keep what strikes them, so the pairs are no random sample of orders, and several pairs of one "
            "sentence are no separate evidence. What the gate shuts out wrongly is not measured here."
        ),
        papers=cited("WILSON"),
    ),
}
