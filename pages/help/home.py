"""What the home page is about."""

from __future__ import annotations

from collections.abc import Mapping

from core.runtime.i18n import mark
from pages.help.papers import About, cited

TEXTS: Mapping[str, About] = {
    "": About(
        idea=mark(
            "A recurrent network reads a sentence token by token and keeps what it makes of it in a state, a list of "
            "numbers. Its verdict is read out of the last state, so it can be read out after every token as well."
        ),
        equations=(
            r"h_t = F(h_{t-1}, x_t)",
            r"P_t = \sigma(w \cdot h_t + b)",
        ),
        letters=mark(
            "$x_t$ is the vector of token $t$, $h_t$ the state after it, $F$ one step of the RNN, GRU or LSTM, and "
            "$P_t$ is the probability of the second class for the text up to there; from 0.5 on that class is the "
            "verdict."
        ),
        reading=mark(
            "A card tells each network’s verdict on the whole text. Each curve begins at the first token: where it "
            "crosses the dashed line, the verdict turned. Dashed tokens are not in the vocabulary, and all of them are "
            "one and the same word to the networks."
        ),
        limits=mark(
            "A step of the curve says when the verdict moved, not why: the same word may move it elsewhere the other "
            "way. A probability says how sure a model is, not how right it is. There is no verdict in between."
        ),
        papers=cited("ELMAN", "HOCHREITER", "CHO", "WILSON"),
    )
}
