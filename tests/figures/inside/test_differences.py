"""The figure of two sentences shows both verdicts, the distance and the share of every model, step by step."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.targets import POSITIVE
from core.figures.inside.differences import difference_curves
from core.probes.dynamics.differences import Difference
from tests.figures.shown import TOKENS, assert_text


def made(model: str, share: np.ndarray | None = None, tokens: tuple[str, ...] = ("so", "good")) -> Difference:
    """A made-up difference."""
    long = np.linspace(0.2, 0.8, len(tokens))
    verdicts = (long > 0.5).astype(np.uint8)
    return Difference(model, POSITIVE, (tokens, tokens[:1]), (1, 0), (long, long[:1]), (verdicts,) * 2, long[:1], share)


def test_a_panel_each_and_a_line_a_model() -> None:
    found = [made("rnn", np.array([0.5, np.nan])), made("<b>")]
    figure = difference_curves(found, step=2)
    for place, one in enumerate(found):
        first, second, distance, share = figure.data[4 * place : 4 * place + 4]
        assert first.y == pytest.approx(one.probability[0]) and first.line.dash == "solid"
        assert second.y == pytest.approx(one.probability[1]) and second.line.dash == "dash"
        assert distance.y == pytest.approx(one.distance) and len(share.y) == (0 if one.share is None else 2)
    assert sum(shape.x0 == 2 for shape in figure.layout.shapes) == 3
    assert list(figure.layout.xaxis3.ticktext) == ["so", "good<br>"]
    assert_text(difference_curves([made("<b>", tokens=TOKENS)]), "<b>", *TOKENS)
