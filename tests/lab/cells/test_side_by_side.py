"""What the cells cost: formulas against tensors and against a count by hand; speed by a clock that is no clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.lab.cells import side_by_side
from core.lab.cells.side_by_side import Speed, cost, multiply_adds, recurrent_parameters, speeds
from core.models import checkpoints
from core.models.recurrent import CELLS, Classifier
from tests.conftest import EMBEDDING, HIDDEN, WORDS, write_tiny_checkpoint


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_the_formula_counts_what_the_tensors_hold(cell: str, layers: int, tmp_path: Path) -> None:
    write_tiny_checkpoint(tmp_path, "one", cell, layers=layers)
    checkpoint = checkpoints.load("one", tmp_path)
    found = cost(checkpoint)
    assert found.parameters == found.counted == checkpoint.card["sizes"]["parameters"]
    recurrent = checkpoint.model.recurrent
    assert found.recurrent_parameters == sum(parameter.numel() for parameter in recurrent.parameters())
    assert found.embedding_parameters == checkpoint.model.embedding.weight.numel() > len(WORDS) * EMBEDDING
    assert (found.cell, found.hidden, found.layers) == (cell, HIDDEN, layers)


@pytest.mark.parametrize(("cell", "products"), [("rnn", 15), ("gru", 54), ("lstm", 69)])
def test_multiply_adds_of_a_small_cell_counted_by_hand(cell: str, products: int) -> None:
    """E = 2, H = 3: a block of gates takes 3 · 2 + 3 · 3 = 15; a GRU and an LSTM join 3 · 3 = 9 more."""
    assert multiply_adds(cell, 2, 3) == products


def test_the_shipped_sizes() -> None:
    assert [recurrent_parameters(cell, 128, 256) for cell in CELLS] == [98_816, 296_448, 395_264]
    assert [multiply_adds(cell, 128, 256) for cell in CELLS] == [98_304, 295_680, 393_984]


def test_speed_by_a_clock_of_ones_own(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text takes as long as its cell has letters, and the first round does not count."""
    models = [checkpoints.load(name, tiny_checkpoints) for name in ("rnn", "lstm")]
    now = 0.0
    read = Classifier.forward

    def forward(model: Classifier, ids: object, lengths: object = None) -> object:
        nonlocal now
        now += len(model.cell)
        return read(model, ids, lengths)  # type: ignore[arg-type]

    monkeypatch.setattr(Classifier, "forward", forward)
    for name, value in {"TOKENS": 12, "ROUNDS": 3, "SECONDS": 10, "perf_counter": lambda: now}.items():
        monkeypatch.setattr(side_by_side, name, value)
    rnn, lstm = speeds(models)
    assert (rnn.model, rnn.rates, rnn.tokens) == ("rnn", (4.0,) * 3, 12)
    assert (lstm.tokens_per_second, lstm.ratio(rnn), rnn.ratio(lstm)) == (3.0, 0.75, pytest.approx(4 / 3))
    assert now == 4 * (4 * 3 + 3 * 4)  # four rounds of four texts and of three


def test_a_ratio_is_of_rounds_side_by_side() -> None:
    one, other = Speed("a", (10.0, 20.0, 90.0), 1, 1), Speed("b", (5.0, 10.0, 30.0), 1, 1)
    assert one.ratio(other) == 2.0
