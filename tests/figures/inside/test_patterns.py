"""The figure of a pattern shows its units' states as they are, the span, and no markup."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.figures.inside.patterns import MOST_TOKENS, MOST_UNITS, pattern_heatmap
from core.probes.units.patterns import Pattern
from tests.figures.shown import assert_text


def made_up(tokens: int = 6, units: int = 5) -> Pattern:
    values = np.random.default_rng(0).standard_normal((tokens, units)).astype(np.float32)
    names = tuple(f"<b>w{place}</b>" for place in range(tokens))
    return Pattern("lstm", "0" * 64, "h", names, 1, 2, 0.3, False, False, tuple(range(10, 10 + units)), values)


def test_every_unit_along_every_token_strongest_first() -> None:
    found = made_up()
    figure = pattern_heatmap(found)
    order = np.argsort(-abs(found.values[1:3]).mean(axis=0))
    np.testing.assert_allclose(np.array(figure.data[0].z), found.values[:, order].T)
    assert list(figure.layout.yaxis.ticktext) == [str(found.units[unit]) for unit in order]
    frame = figure.layout.shapes[0]
    assert (frame.x0, frame.x1) == (0.5, 2.5)
    assert figure.data[0].zmin == -figure.data[0].zmax


def test_a_long_text_is_drawn_around_the_span() -> None:
    found = replace(made_up(200, 90), first=150, last=152)
    figure = pattern_heatmap(found)
    assert np.shape(figure.data[0].z) == (MOST_UNITS, MOST_TOKENS)
    places = list(figure.data[0].x)
    assert places[0] < 150 and places[-1] > 152
    np.testing.assert_allclose(
        figure.data[0].z[0], found.values[places][:, found.units.index(int(figure.layout.yaxis.ticktext[0]))]
    )
    wide = pattern_heatmap(replace(found, first=0, last=199))
    assert wide.layout.shapes[0].x0 >= wide.data[0].x[0] - 0.5 and wide.layout.shapes[0].x1 <= wide.data[0].x[-1] + 0.5


def test_names_are_no_markup_and_one_token_will_do() -> None:
    assert_text(pattern_heatmap(made_up()), *made_up().tokens)
    assert np.shape(pattern_heatmap(replace(made_up(1, 2), first=0, last=0)).data[0].z) == (2, 1)
