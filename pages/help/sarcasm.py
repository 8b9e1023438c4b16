"""What the views of the page on sarcasm are about."""

from __future__ import annotations

from collections.abc import Mapping

from core.runtime.i18n import mark
from pages.help.papers import About, cited

TEXTS: Mapping[str, About] = {
    "comment": About(
        idea=mark(
            "Sarcasm says something good and means something bad. You give the gold label: how you "
            "read the comment. A model with the opposite verdict is fooled. Then each word is left "
            "out in turn, to see which words pull it there."
        ),
        equations=(r"\text{pull}_i = \text{logit}(w_1 \dots w_n) - \text{logit}(w_1 \dots w_n \text{ without } w_i)",),
        letters=mark(
            "A pull above 0 is towards the second class (positive, for sentiment), a pull below 0 towards the first."
        ),
        reading=mark(
            "The cards show who is fooled. They show how far P(second class), which is P(positive) "
            "for sentiment, and the logit are on the wrong side. Blue words pull towards the second "
            "class (positive, for sentiment), orange words towards the first. The number below a "
            "word is its pull."
        ),
        limits=mark(
            "Words that act only together, such as “not bad”, may show in no single pull. The pulls "
            "do not add up to the logit. Leaving out a word makes another sentence, perhaps one that "
            "nobody would write."
        ),
        papers=cited("LI", "RILOFF"),
    ),
    "edits": About(
        idea=mark(
            "How small a change flips the verdict? Words are replaced, deleted, inserted or moved. "
            "Guards allow only edits that should not change how a person reads the text. The logit’s "
            "gradient ranks the candidates. Every reported result was read by the model, never "
            "estimated."
        ),
        equations=(r"\Delta\,\text{logit} \approx (e_{\text{new}} - e_{\text{old}}) \cdot \nabla_{e}\,\text{logit}",),
        letters=mark(
            "$e$ is a word’s vector. All allowed single edits are scored before sets of two or more. "
            "So a claim of “no single edit” is certain."
        ),
        reading=mark(
            "The first line says what was searched and what follows. In the sentence below, deleted "
            "words are struck through and new words are framed. The flip with the fewest edits comes "
            "first, then the most fluent one."
        ),
        limits=mark(
            "The guards know word lists, counted polarity and negations, not meaning. Read the "
            "sentence to check that it says the same. The guards let through what they cannot judge, "
            "and say so. Larger sets of edits are searched only along the most promising ones, "
            "unless the line says otherwise."
        ),
        papers=cited("HOTFLIP", "TEXTATTACK"),
    ),
    "compose": About(
        idea=mark(
            "Sarcasm is often praise of something unwelcome. From an unwelcome situation, recipes "
            "build remarks with the cues that readers use: interjections, strong praise, thanks and "
            "punctuation. If the situation really is unwelcome, a person reads all of them as "
            "negative."
        ),
        reading=mark(
            "The list shows the remarks that the model most confidently calls positive: the best of "
            "each recipe, for variety. A recipe’s share of remarks that fool the model has Wilson’s "
            "95 % interval, which covers the sampling."
        ),
        limits=mark(
            "That a person reads these remarks as negative follows from how they are built. Nobody "
            "was asked about each. Most sarcasm looks nothing like these patterns, so the shares do "
            "not describe sarcasm in general."
        ),
        papers=cited("RILOFF", "KREUZ", "WILSON"),
    ),
    "file": About(
        idea=mark(
            "Your own file of real comments. With a column of gold labels, the comments that a model "
            "most confidently gets wrong come first. Without one, comments that show cues of sarcasm "
            "and are predicted positive come first."
        ),
        equations=(
            r"\text{with labels: } |P - \text{human}|",
            r"\text{without: } \left(1 - e^{-\sum_c w_c}\right) \cdot P",
        ),
        letters=mark(
            "$P$ is P(second class), which is P(positive) for sentiment. The human label is the gold "
            "label, 0 or 1. Only texts with the opposite verdict are ranked by it. $w_c$ is the "
            "weight of each cue $c$ in a text."
        ),
        reading=mark(
            "Each model has its own ranking. Choose a row to read it in full and to keep it. The "
            "download has every row of the file in its order, with each model’s verdict."
        ),
        limits=mark(
            "Labels may be wrong, and a confident disagreement is often just that. Cues are patterns "
            "in English, measured on tweets. Most sarcasm shows none, and most texts that show them "
            "are joyful. Cues find texts worth a look, not errors. The sentence above is not used."
        ),
        papers=cited("RILOFF", "KREUZ"),
    ),
    "behaviour": About(
        idea=mark(
            "Test a model like a program. MFT: what it should know. INV: what must not change its "
            "verdict. DIR: which way a change may move it. The cases are hand-written templates, "
            "filled in."
        ),
        equations=(
            r"\text{MFT: } \text{verdict} \neq \text{label}, \quad \text{DIR up: } q < p - \tau, \quad \text{DIR "
            r"down: } q > p + \tau",
        ),
        letters=mark(
            "A case fails under the conditions above. $p$ and $q$ are P(positive) before and after "
            "the change; $\\tau$ is the tolerance. When an INV case fails is a setting. By default, "
            "it fails if the two verdicts differ."
        ),
        reading=mark(
            "Points are failure rates: lower is better. The whiskers are 95 % intervals clustered by "
            "template, because cases of one template are much alike. Choose a capability to see what "
            "fails."
        ),
        limits=mark(
            "The templates were written to be hard in known ways. Their rates compare models and "
            "capabilities; they are not error rates on tweets. A capability that shows no failures "
            "is not proof that the model has it."
        ),
        papers=cited("CHECKLIST", "KORN"),
    ),
    "measured": About(
        idea=mark(
            "How often does sarcasm fool the models on public corpora? The answer depends on what a "
            "corpus has: the intended sentiment, an honest rewording of each text, or only a label."
        ),
        reading=mark(
            "The first table shows errors. In the second, “fooling” texts are predicted positive "
            "although their honest rewording is predicted negative. “The opposite” shows how often "
            "rewording flips a verdict the other way. The third compares how many sarcastic and "
            "plain texts are predicted positive."
        ),
        limits=mark(
            "In the second table, nobody labelled the sentiment: the model’s own verdict on the "
            "honest rewording replaces it. The third table shows no errors, because the two kinds "
            "also differ in topic and tone. Corpora label sarcasm in different ways, so compare "
            "within one."
        ),
        papers=cited("WILSON", "NEWCOMBE"),
    ),
    "kept": About(
        idea=mark(
            "Texts that people kept, each with their own gold label and how it was found. A model is "
            "fooled if its verdict is the opposite of the gold label."
        ),
        reading=mark(
            "Filter by gold label, model, source or words. Choose rows to remove them. The download has all finds."
        ),
        limits=mark(
            "People keep what strikes them, so the list shows what can happen, not how often. If the "
            "gold label is mixed, no verdict is wrong."
        ),
    ),
}
