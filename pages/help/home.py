"""What the home page is about."""

from __future__ import annotations

from collections.abc import Mapping

from core.runtime.i18n import mark
from pages.help.papers import About, cited

TEXTS: Mapping[str, About] = {
    "": About(
        idea=mark(
            "A recurrent network reads a sentence token by token. It keeps what it has read in a "
            "state, a list of numbers. Its verdict is computed from the last state, so it can also "
            "be computed after every token."
        ),
        equations=(
            r"h_t = F(h_{t-1}, x_t)",
            r"P_t = \sigma(w \cdot h_t + b)",
        ),
        letters=mark(
            "$x_t$ is the vector of token $t$, $h_t$ the state after it, and $F$ one step of the "
            "RNN, GRU or LSTM. $P_t$ is the probability of the second class for the prefix that ends "
            "there. From 0.5 up, the verdict is the second class."
        ),
        reading=mark(
            "Each card shows a network’s verdict on the whole text. Each curve starts at the first "
            "token; where it crosses the dashed line, the verdict flips. Tokens with a dashed border "
            "are not in the vocabulary. The networks read them all as the same word."
        ),
        limits=mark(
            "A step in the curve shows when the verdict moved, not why. Elsewhere, the same word may "
            "move it the other way. A probability shows how sure a model is, not how right it is. No "
            "verdict lies between the two classes."
        ),
        papers=cited("ELMAN", "HOCHREITER", "CHO", "WILSON"),
    )
}
