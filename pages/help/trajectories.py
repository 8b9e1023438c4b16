"""What the views of the page on the inside of a network are about."""

from __future__ import annotations

from collections.abc import Mapping

from core.runtime.i18n import mark
from pages.help.papers import About, cited

TEXTS: Mapping[str, About] = {
    "states": About(
        idea=mark(
            "A state is a list of numbers, one for each unit. Gates between 0 and 1 decide how much of the old state "
            "stays and how much of the new word comes in. Here are all of them, for every unit and token."
        ),
        equations=(
            r"\text{LSTM: } c_t = f_t c_{t-1} + i_t g_t, \quad h_t = o_t \tanh(c_t)",
            r"\text{GRU: } h_t = (1 - z_t) n_t + z_t h_{t-1}",
            r"\text{RNN: } h_t = \tanh(W x_t + b + U h_{t-1} + d)",
        ),
        reading=mark(
            "Units go down and tokens across; the colour is the value. The unit that moved the logit most, ups and "
            "downs added, is on top. Click a cell to follow its unit along the text and to see its step worked out."
        ),
        limits=mark(
            "A unit that is active is not therefore used, and unit 7 of one model has nothing to do with unit 7 of "
            "another. How far one step moved the logit leaves out what later steps make of it."
        ),
        papers=cited("HOCHREITER", "CHO"),
    ),
    "words": About(
        idea=mark(
            "The verdict is read out of the state, so it can be read after every token. The logit’s change at a token "
            "is that token’s contribution, and the contributions add up exactly."
        ),
        equations=(
            r"w \cdot (h_t - h_{t-1})",
            r"\sum_t = \text{logit}_T - b",
            r"\gamma_t = w \cdot \left( o_T \left[ \tanh(F_t c_t) - \tanh(F_{t-1} c_{t-1}) \right] \right)",
            r"F_t = f_{t+1} \cdots f_T",
        ),
        letters=mark(
            "$w$ and $b$ read the state out. The LSTM’s $\\gamma_t$, hatched, counts what a token wrote into the cell "
            "state only as far as the later forget gates $f$ let it stand."
        ),
        reading=mark(
            "Bars above 0 moved the logit towards the second class, for sentiment positive, when the token was read. "
            "The table holds the sums against the final logit, so that you can check that nothing is missing."
        ),
        limits=mark(
            "A token’s bar depends on all that stood before it: it is what the step did there, not what the word "
            "means. Two decompositions of the same logit, both exact, need not agree on a word."
        ),
        papers=cited("MURDOCH_2017"),
    ),
    "path": About(
        idea=mark(
            "The states of a sentence are points in a space of as many dimensions as there are units, and reading is a "
            "path. It is drawn on two axes: along one of them a state’s place is its logit."
        ),
        equations=(
            r"\text{logit} = \lVert w \rVert \, x + b",
            r"x = \frac{w}{\lVert w \rVert} \cdot h",
        ),
        letters=mark(
            "The other axes are the first principal components of what is left of held-out texts’ states once that "
            "direction is taken out."
        ),
        reading=mark(
            "An arrow is a token. The verdict turns at the dashed line; moves along that line do not change it. "
            "The second chart is the distance between the two sentences’ states, if there are two."
        ),
        limits=mark(
            "Two axes leave out the rest of the state; the percentages say how much they show. Paths that cross may "
            "pass far from each other. Each model has axes of its own, so pictures of two models do not compare."
        ),
        papers=cited("PEARSON", "MAHESWARANATHAN"),
    ),
    "gradients": About(
        idea=mark(
            "How much would a small change at a token move the final logit? Its gradient passes back through every "
            "step in between, and may vanish or explode on the way."
        ),
        equations=(
            r"\frac{\partial\, \text{logit}}{\partial s_t} = \frac{\partial\, \text{logit}}{\partial s_T} J_T "
            r"J_{T-1} \cdots J_{t+1}",
            r"J_k = \frac{\partial s_k}{\partial s_{k-1}}",
        ),
        letters=mark(
            "$s$ is the state handed on: $h$, for the LSTM $h$ and $c$ together. The spectral norm $\\sigma(J_k)$ is "
            "the most by which a step stretches a change, so the norms’ product bounds the gradient."
        ),
        reading=mark(
            "The first chart tells the gradient’s size at every token, on a logarithmic scale; the second how far each "
            "step can stretch a change, and the bound that follows."
        ),
        limits=mark(
            "Norms below 1 suffice for a gradient to vanish, and norms above 1 are needed for it to explode, but "
            "neither the other way round. A gradient speaks of small changes; leaving a word out is a large one. All "
            "is measured at the states of this very text."
        ),
        papers=cited("PASCANU", "BENGIO"),
    ),
    "memory": About(
        idea=mark(
            "Is a strong first word still heard at the end? A word is followed by more and more neutral filler, and "
            "its effect is the difference that it makes to the logit, with the filler’s own effect taken off."
        ),
        equations=(r"e_k = \text{logit}(\text{word}, f_1 \dots f_k) - \text{logit}(f_1 \dots f_k)",),
        letters=mark(
            "$f_1 \\dots f_k$ are the first $k$ words of filler. Over many words and fillers, what is left is the sum "
            "of the effects, with the sign they had at first, as a share of what they were at once."
        ),
        reading=mark(
            "A curve that falls to 0 has forgotten the word; below 0 its effect turned round. The gradient beside it "
            "tells how a small change of the word would move the logit. Further down the same is asked of many words "
            "and fillers, with 95 % intervals."
        ),
        limits=mark(
            "One word and one filler are one case. The drawn fillers are salads of words, not sentences, and most of "
            "them are longer than the tweets that the models were trained on. The sentence above plays no part here."
        ),
        papers=cited("BENGIO", "OWEN"),
    ),
    "patch": About(
        idea=mark(
            "Where is the difference between two sentences carried? While the one is read, a single state or gate is "
            "replaced by what it is in the run of the other; then reading goes on. What then changes was caused by it."
        ),
        equations=(
            r"\text{share} = \frac{\text{logit}(\text{patched}) - \text{logit}(A)}{\text{logit}(B) - "
            r"\text{logit}(A)}",
        ),
        letters=mark("$A$ is the sentence that is patched, $B$ the one that the state is taken from."),
        reading=mark(
            "Rows are what is replaced, columns the token at which. 0 % is a patch that does nothing, 100 % one that "
            "gives the other sentence’s logit. Click a cell to follow that patch; below you can hold a gate open or "
            "shut."
        ),
        limits=mark(
            "Shares of different patches need not add up, and may lie below 0 or above 100 %. A patched state may be "
            "one that no sentence leads to. That a patch carries the difference does not say what it stands for. Where "
            "the two logits are close, shares are not to be trusted."
        ),
        papers=cited("GEIGER", "VIG", "MENG"),
    ),
    "fixed": About(
        idea=mark(
            "Hold the input still, and reading is one map applied again and again. Its fixed points are what the "
            "network remembers once nothing new comes. A line of them along the read-out would keep any verdict."
        ),
        equations=(
            r"F(s^*) = s^*",
            r"q(s) = \tfrac12 \lVert F(s) - s \rVert^2",
            r"\delta_{k+1} \approx J \delta_k",
            r"\text{time constant} = \left| \frac{1}{\ln |\lambda|} \right|",
        ),
        letters=mark(
            "$s$ is the whole state, $J$ the slope of $F$ at the point and $\\lambda$ an eigenvalue of it: a "
            "difference in its direction falls to 1/e after so many steps, or grows e-fold where $|\\lambda| > 1$. "
            "With all $|\\lambda| < 1$ the point is stable."
        ),
        reading=mark(
            "Markers tell stability and colours the logit; the grey dots are states of the built-in examples. In the "
            "second chart, eigenvalues near the circle belong to differences that last long. A line is claimed only "
            "where the sentence above the chart says so."
        ),
        limits=mark(
            "Found is what the starts lead to: other starts may find more, and another input has other points. Slow "
            "points, which move a little, are told of as such and are no fixed points. While words come, the state "
            "need not be near any of them."
        ),
        papers=cited("SUSSILLO", "MAHESWARANATHAN"),
    ),
    "patterns": About(
        idea=mark(
            "Choose a span of tokens. The units that are on throughout it are its pattern; where the same units are on "
            "in other sentences, the model is in a similar condition. What those moments share is a guess at what the "
            "units stand for."
        ),
        equations=(r"|S \cap W|, \quad \text{then} \quad J = \frac{|S \cap W|}{|S| + |W| - |S \cap W|}",),
        letters=mark(
            "$S$ are the units that are on over your span, $W$ those that are on over another span of the same length. "
            "A unit is on from the threshold up."
        ),
        reading=mark(
            "The map shows the span’s units. Below it, moments of this project’s sentences or of a file of yours come "
            "ranked by how many of the units are on, then by Jaccard’s index; tables tell which next words, labels and "
            "verdicts stand out."
        ),
        limits=mark(
            "Some pattern can always be found, and the mind is quick to name it. The tests treat spans of one sentence "
            "as separate evidence, which they are not. The verdict comes from the same states as the pattern, so that "
            "it differs proves nothing."
        ),
        papers=cited("LSTMVIS"),
    ),
    "probes": About(
        idea=mark(
            "What can be read off a state? A linear classifier is trained to tell a property of the text so far from "
            "the state; and again on a control task, random labels for words, which knows nothing of the language."
        ),
        equations=(r"\text{selectivity} = \text{accuracy(task)} - \text{accuracy(control task)}",),
        letters=mark(
            "Accuracy is balanced, the mean of the classes’ recalls, so that guessing has 1/K with K classes."
        ),
        reading=mark(
            "A probe well above its control tells more than it can learn by heart. Beside the states stand the word "
            "just read and its position alone: what a state tells beyond these it has kept."
        ),
        limits=mark(
            "That a probe finds a property does not say that the model uses it; that a linear one does not find it "
            "does not say that it is not there. The intervals cover the measured sentences, not another draw of "
            "training sentences. The sentence above plays no part here."
        ),
        papers=cited("HEWITT", "ALAIN", "HUPKES"),
    ),
}
