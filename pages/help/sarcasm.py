"""What the views of the page on sarcasm are about."""

from __future__ import annotations

from collections.abc import Mapping

from core.runtime.i18n import mark
from pages.help.papers import About, cited

TEXTS: Mapping[str, About] = {
    "comment": About(
        idea=mark(
            "Sarcasm says something good and means something bad. You say how you read the comment; a model whose "
            "verdict is the opposite is fooled. Then each word is left out in turn, to see which ones pull it there."
        ),
        equations=(r"\text{pull}_i = \text{logit}(w_1 \dots w_n) - \text{logit}(w_1 \dots w_n \text{ without } w_i)",),
        letters=mark(
            "A pull above 0 is towards the second class, for sentiment positive, one below 0 towards the first."
        ),
        reading=mark(
            "The cards say who is fooled, and by how much P(second class), for sentiment P(positive), and the logit "
            "lie on the wrong side. In the strips blue words pull to the second class, for sentiment positive, orange "
            "ones to the first; the number below a word is its pull."
        ),
        limits=mark(
            "Words that act only together, such as “not bad”, may show in no single pull, and pulls sum to nothing in "
            "particular. Leaving a word out makes another sentence, which may be none that anybody would write."
        ),
        papers=cited("LI", "RILOFF"),
    ),
    "edits": About(
        idea=mark(
            "How little must change for the verdict to change? Words are replaced, dropped, put in or moved, where "
            "guards say that a person’s reading stays. Candidates are ranked by the logit’s gradient; what is reported "
            "was then read by the model, never estimated."
        ),
        equations=(r"\Delta\,\text{logit} \approx (e_{\text{new}} - e_{\text{old}}) \cdot \nabla_{e}\,\text{logit}",),
        letters=mark(
            "$e$ is a word’s vector. All single edits that are allowed are scored before sets of two and more, so that "
            "“no single edit” can be said for certain where it is said."
        ),
        reading=mark(
            "The first line says what was searched and what follows. In the sentence below it, what went is struck "
            "through and what came is framed. Among flips the one with the fewest edits is shown, then the most fluent."
        ),
        limits=mark(
            "The guards know word lists, counted polarity and negations, not meaning: read the sentence before you "
            "believe that it says the same. What they cannot judge is let through and said. Larger sets are searched "
            "along the most promising only, unless the line says otherwise."
        ),
        papers=cited("HOTFLIP", "TEXTATTACK"),
    ),
    "compose": About(
        idea=mark(
            "Sarcasm is often praise of something unwelcome. From an unwelcome situation recipes build remarks with "
            "the cues that readers go by: interjections, strong praise, thanks, punctuation. If the situation really "
            "is unwelcome, a person reads all of them as negative."
        ),
        reading=mark(
            "Listed are the remarks that the model is surest are positive, the best of each recipe, so that they "
            "differ. The share of a recipe’s remarks that fool the model has Wilson’s 95 % interval for the draw."
        ),
        limits=mark(
            "That a person reads them as negative follows from how they are built, not from asking people about each. "
            "Most sarcasm is nothing like these patterns, so the shares say nothing of sarcasm in general."
        ),
        papers=cited("RILOFF", "KREUZ", "WILSON"),
    ),
    "file": About(
        idea=mark(
            "Real comments, yours. With a column of human labels, those come first that a model most surely reads "
            "against the label. Without one, those that show cues of sarcasm and read as positive."
        ),
        equations=(
            r"\text{with labels: } |P - \text{human}|",
            r"\text{without: } \left(1 - e^{-\sum_c w_c}\right) \cdot P",
        ),
        letters=mark(
            "$P$ is P(second class), for sentiment P(positive), the human label is 0 or 1, and only texts with the "
            "opposite verdict are ranked by it. $w_c$ is the weight of each cue $c$ that a text shows."
        ),
        reading=mark(
            "Each model has a ranking of its own; choose a row to read it whole and to keep it. The download has every "
            "row of the file, in its order, with each model’s verdict."
        ),
        limits=mark(
            "Labels may be wrong, and a sure disagreement is often just that. Cues are patterns in English, measured "
            "on tweets: most sarcasm shows none, and most of what shows them is joy. They find texts worth a look, not "
            "errors. The sentence above plays no part here."
        ),
        papers=cited("RILOFF", "KREUZ"),
    ),
    "behaviour": About(
        idea=mark(
            "Tests as for a program: what a model should know (MFT), what must not change its verdict (INV), and which "
            "way a change may move it (DIR). Hand-written templates, filled in, give the cases."
        ),
        equations=(
            r"\text{MFT: } \text{verdict} \neq \text{label}, \quad \text{DIR up: } q < p - \tau, \quad \text{DIR "
            r"down: } q > p + \tau",
        ),
        letters=mark(
            "So a case fails, $p$ and $q$ being P(positive) before and after the change and $\\tau$ the tolerance. "
            "When an INV case fails is a setting: unless told otherwise, where the two verdicts differ."
        ),
        reading=mark(
            "Points are shares of failing cases, so less is better; the whiskers are 95 % intervals clustered by "
            "template, as cases of one template are much alike. Choose a capability to see what fails."
        ),
        limits=mark(
            "The templates were written to be hard in known ways: the rates compare models and capabilities, and are "
            "no error rates on tweets. That a capability shows no failure does not prove that the model has it."
        ),
        papers=cited("CHECKLIST", "KORN"),
    ),
    "measured": About(
        idea=mark(
            "How often does sarcasm fool the models, on public corpora? What can be said depends on what a corpus "
            "knows: the sentiment that people meant, an honest rewording of each text, or only a label."
        ),
        reading=mark(
            "The first table is about errors. In the second, “fooling” are the texts that read as positive though "
            "their honest wording reads as negative; “the opposite” shows how often rewording turns a verdict the "
            "other way. The third compares how many texts read as positive, sarcastic and plain."
        ),
        limits=mark(
            "In the second table no person told the sentiment: the model’s own reading of the honest words stands for "
            "it. The third holds no errors at all, as the two kinds differ in topic and tone too. Corpora label "
            "sarcasm in different ways, so compare within one."
        ),
        papers=cited("WILSON", "NEWCOMBE"),
    ),
    "kept": About(
        idea=mark(
            "Texts that somebody kept, with that person’s own reading of each and how it was found. A model is fooled "
            "where its verdict is the opposite of that reading."
        ),
        reading=mark(
            "Filter by reading, model, source or words; choose rows to remove them. The download holds all finds."
        ),
        limits=mark(
            "People keep what strikes them, so the list shows what can happen, not how often. A text read as mixed has "
            "no wrong verdict."
        ),
    ),
}
