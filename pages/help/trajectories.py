"""What the views of the page on the inside of a network are about."""

from __future__ import annotations

from collections.abc import Mapping

from core.runtime.i18n import mark
from pages.help.papers import About, cited

TEXTS: Mapping[str, About] = {
    "states": About(
        idea=mark(
            "A state is a list of numbers, one per unit. Gates between 0 and 1 decide how much of "
            "the old state stays and how much of the new word comes in. This view shows them for "
            "every unit and token."
        ),
        equations=(
            r"\text{LSTM: } c_t = f_t c_{t-1} + i_t g_t, \quad h_t = o_t \tanh(c_t)",
            r"\text{GRU: } h_t = (1 - z_t) n_t + z_t h_{t-1}",
            r"\text{RNN: } h_t = \tanh(W x_t + b + U h_{t-1} + d)",
        ),
        reading=mark(
            "Rows are units, columns are tokens, and the colour is the value. Units are sorted by "
            "total change in the logit. Click a cell to follow its unit along the text and to see "
            "its step worked out."
        ),
        limits=mark(
            "An active unit is not necessarily used. Unit 7 of one model is unrelated to unit 7 of "
            "another. How far one step moved the logit leaves out what later steps make of it."
        ),
        papers=cited("HOCHREITER", "CHO"),
    ),
    "words": About(
        idea=mark(
            "The verdict is computed from the state, so it can be computed after every token. The "
            "logit’s change at a token is that token’s contribution. The contributions add up "
            "exactly."
        ),
        equations=(
            r"w \cdot (h_t - h_{t-1})",
            r"\sum_t = \text{logit}_T - b",
            r"\gamma_t = w \cdot \left( o_T \left[ \tanh(F_t c_t) - \tanh(F_{t-1} c_{t-1}) \right] \right)",
            r"F_t = f_{t+1} \cdots f_T",
        ),
        letters=mark(
            "$w$ and $b$ compute the logit from the state. The LSTM’s $\\gamma_t$ (hatched) counts "
            "what a token wrote into the cell state and the later forget gates $f$ kept."
        ),
        reading=mark(
            "A bar above 0 moved the logit towards the second class (positive, for sentiment) when "
            "its token was read. The table compares the sums with the final logit, so you can check "
            "that nothing is missing."
        ),
        limits=mark(
            "A token’s bar depends on all earlier tokens: it shows what the step did there, not what "
            "the word means. Two decompositions of the same logit, both exact, may disagree on a "
            "word."
        ),
        papers=cited("MURDOCH_2017"),
    ),
    "path": About(
        idea=mark(
            "The states of a sentence are points in a space with one dimension per unit, and reading "
            "is a path. The path is drawn on two axes. Along one of them, a state’s position is its "
            "logit."
        ),
        equations=(
            r"\text{logit} = \lVert w \rVert \, x + b",
            r"x = \frac{w}{\lVert w \rVert} \cdot h",
        ),
        letters=mark(
            "The other axes are the first principal components of the held-out texts’ states, after "
            "that direction is removed."
        ),
        reading=mark(
            "Each arrow is a token. The verdict flips at the dashed line; moves along that line do "
            "not change it. With two sentences, the second chart shows the distance between their "
            "states."
        ),
        limits=mark(
            "Two axes leave out the rest of the state; the percentages show how much they cover. "
            "Paths that cross may be far apart. Each model has its own axes, so do not compare the "
            "pictures of two models."
        ),
        papers=cited("PEARSON", "MAHESWARANATHAN"),
    ),
    "gradients": About(
        idea=mark(
            "How much would a small change at a token move the final logit? The gradient passes back "
            "through every step in between. On the way, it may vanish or explode."
        ),
        equations=(
            r"\frac{\partial\, \text{logit}}{\partial s_t} = \frac{\partial\, \text{logit}}{\partial s_T} J_T "
            r"J_{T-1} \cdots J_{t+1}",
            r"J_k = \frac{\partial s_k}{\partial s_{k-1}}",
        ),
        letters=mark(
            "$s$ is the state that is passed on: $h$, or for the LSTM $h$ and $c$ together. The "
            "spectral norm $\\sigma(J_k)$ is the most by which a step stretches a change. So the "
            "product of the norms bounds the gradient."
        ),
        reading=mark(
            "The first chart shows the gradient’s size at every token, on a logarithmic scale. The "
            "second shows how far each step can stretch a change, and the bound that follows."
        ),
        limits=mark(
            "Norms below 1 suffice for a gradient to vanish. Norms above 1 are necessary for it to "
            "explode. Neither holds the other way round. A gradient describes small changes; leaving "
            "out a word is a large one. Everything is measured at this text’s states."
        ),
        papers=cited("PASCANU", "BENGIO"),
    ),
    "memory": About(
        idea=mark(
            "Does a strong first word still count at the end? More and more neutral filler follows "
            "the word. Its effect is how much it changes the logit, compared with the filler alone."
        ),
        equations=(r"e_k = \text{logit}(\text{word}, f_1 \dots f_k) - \text{logit}(f_1 \dots f_k)",),
        letters=mark(
            "$f_1 \\dots f_k$ are the first $k$ filler words. Over many words and fillers, the share "
            "left is the sum of the effects divided by their initial sum. Each effect counts with "
            "its initial sign."
        ),
        reading=mark(
            "At 0, the curve has forgotten the word; below 0, the word’s effect has reversed. The "
            "gradient beside it shows how a small change of the word would move the logit. Further "
            "down, many words and fillers are tested, with 95 % intervals."
        ),
        limits=mark(
            "One word and one filler are one case. The sampled fillers are random word lists, not "
            "sentences. Most are longer than the tweets used in training. The sentence above is not "
            "used."
        ),
        papers=cited("BENGIO", "OWEN"),
    ),
    "patch": About(
        idea=mark(
            "Where is the difference between two sentences carried? While the model reads one, a "
            "single state or gate is replaced with the other run’s value. Then reading continues. "
            "Any change after that was caused by the replacement."
        ),
        equations=(
            r"\text{share} = \frac{\text{logit}(\text{patched}) - \text{logit}(A)}{\text{logit}(B) - "
            r"\text{logit}(A)}",
        ),
        letters=mark("$A$ is the patched sentence, $B$ the donor of the state."),
        reading=mark(
            "Rows are what is replaced, columns the token. 0 % means that the patch does nothing; "
            "100 % means that it gives the other sentence’s logit. Click a cell to follow that "
            "patch. Below, you can hold a gate open or shut."
        ),
        limits=mark(
            "Shares of different patches need not add up, and may be below 0 or above 100 %. A "
            "patched state may be one that no sentence leads to. A patch that carries the difference "
            "does not show what it represents. If the two logits are close, do not trust the shares."
        ),
        papers=cited("GEIGER", "VIG", "MENG"),
    ),
    "fixed": About(
        idea=mark(
            "Hold the input constant, and reading applies one map again and again. Its fixed points "
            "are what the network remembers once nothing new comes in. A line of them along the "
            "read-out would keep any verdict."
        ),
        equations=(
            r"F(s^*) = s^*",
            r"q(s) = \tfrac12 \lVert F(s) - s \rVert^2",
            r"\delta_{k+1} \approx J \delta_k",
            r"\text{time constant} = \left| \frac{1}{\ln |\lambda|} \right|",
        ),
        letters=mark(
            "$s$ is the whole state, $J$ the Jacobian of $F$ at the point and $\\lambda$ one of its "
            "eigenvalues. In one time constant, a difference along its eigenvector falls to 1/e, or "
            "grows e-fold if $|\\lambda| > 1$. If all $|\\lambda| < 1$, the point is stable."
        ),
        reading=mark(
            "Marker shapes show stability, colours the logit. Grey dots are states of the built-in "
            "examples. In the second chart, eigenvalues near the circle belong to differences that "
            "last long. A line is claimed only if the sentence above the chart says so."
        ),
        limits=mark(
            "The search finds what its starts lead to: other starts may find more, and another input "
            "has other points. Slow points still move a little. They are reported as slow, not as "
            "fixed points. While words come in, the state need not be near any of them."
        ),
        papers=cited("SUSSILLO", "MAHESWARANATHAN"),
    ),
    "patterns": About(
        idea=mark(
            "Choose a span of tokens. The units that are on throughout it are its pattern. Where the "
            "same units are on in other sentences, the model is in a similar condition. What those "
            "moments share is a guess at what the units represent."
        ),
        equations=(r"|S \cap W|, \quad \text{then} \quad J = \frac{|S \cap W|}{|S| + |W| - |S \cap W|}",),
        letters=mark(
            "$S$ are the units that are on throughout your span, $W$ those that are on throughout "
            "another span of the same length. A unit is on at the threshold or above."
        ),
        reading=mark(
            "The map shows the span’s units. Below it are moments from this project’s sentences or "
            "your file. They are ranked by how many of the units are on, then by the Jaccard index. "
            "Tables show which next words, labels and verdicts stand out."
        ),
        limits=mark(
            "Some pattern can always be found, and naming it is easy. The tests treat spans of one "
            "sentence as independent evidence, which they are not. The verdict comes from the same "
            "states as the pattern, so a different verdict proves nothing."
        ),
        papers=cited("LSTMVIS"),
    ),
    "probes": About(
        idea=mark(
            "What can be read from a state? A linear classifier is trained to predict a property of "
            "the prefix from the state. It is trained again on a control task, random labels for "
            "words, which carries no information about the language."
        ),
        equations=(r"\text{selectivity} = \text{accuracy(task)} - \text{accuracy(control task)}",),
        letters=mark("Accuracy is balanced: the mean recall of the classes. With K classes, guessing gets 1/K."),
        reading=mark(
            "A probe well above its control shows more than it could memorise. Two baselines use no "
            "state: the word just read and its position. What a state shows beyond these, it has "
            "kept from earlier."
        ),
        limits=mark(
            "A probe that finds a property does not show that the model uses it. A linear probe that "
            "fails does not show that the property is absent. The intervals cover the test "
            "sentences, not another sample of training sentences. The sentence above is not used."
        ),
        papers=cited("HEWITT", "ALAIN", "HUPKES"),
    ),
}
