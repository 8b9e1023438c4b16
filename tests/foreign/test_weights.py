"""Parts are found by the ends of names and by shapes; what does not fit is listed, all of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from core.foreign.refusals import RefusedError
from core.foreign.weights import find, read

E, H, V = 6, 4, 9


def tensors(
    cell: str = "LSTM", prefix: str = "lstm.", layers: int = 1, outputs: int = 1, **options: bool
) -> dict[str, Tensor]:
    torch.manual_seed(0)
    module = getattr(nn, cell)(E, H, layers, **options)
    ways = 2 if options.get("bidirectional") else 1
    found = {prefix + name: tensor.detach() for name, tensor in module.named_parameters()}
    return found | {
        "embedding.weight": torch.randn(V, E),
        "fc.weight": torch.randn(outputs, H * ways),
        "fc.bias": torch.randn(outputs),
    }


@pytest.mark.parametrize("prefix", ["", "lstm.", "encoder.rnn.", "module.net.0."])
@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_a_cell_is_found_behind_any_prefix_by_its_shapes(cell: str, prefix: str) -> None:
    found = find(tensors(cell, prefix))
    assert (found.cell, found.layers, found.bidirectional, found.hidden_size, found.embedding_size) == (
        cell.lower(),
        1,
        False,
        H,
        E,
    )
    assert found.names["recurrent"] == f"{prefix}*"


def test_every_mismatch_is_listed_by_name_with_both_shapes() -> None:
    given = tensors("LSTM", layers=2)
    given["lstm.weight_hh_l1"] = torch.zeros(4 * H, H + 1)
    del given["lstm.bias_ih_l1"]
    given["fc.weight"] = torch.zeros(3, H)
    given["norm.weight"] = torch.zeros(5)
    given["lstm.bias_hh_l0"][2] = float("nan")
    with pytest.raises(RefusedError) as caught:
        find(given)
    for line in (
        "lstm.weight_hh_l1: expected [16, 4], found [16, 5]",
        "lstm.bias_ih_l1: expected [16], found nothing",
        "a head: expected a weight of shape [1, 4] or [2, 4], found none",
        "fc.weight: expected nothing, found [3, 4]",
        "norm.weight: expected nothing, found [5]",
        "lstm.bias_hh_l0: holds numbers that are not finite",
    ):
        assert line in caught.value.lines
        assert line in str(caught.value)


def test_another_cell_than_the_shapes_say_is_refused_with_the_shapes() -> None:
    with pytest.raises(RefusedError, match=r"lstm.weight_ih_l0: expected \[12, 6\], found \[16, 6\]"):
        find(tensors("LSTM"), cell="gru")
    with pytest.raises(ValueError, match="unknown cell 'mlp'; available: rnn, gru, lstm"):
        find(tensors("LSTM"), cell="mlp")


def test_a_projected_lstm_is_refused() -> None:
    given = tensors("LSTM")
    given["lstm.weight_hr_l0"] = torch.zeros(2, H)
    with pytest.raises(RefusedError, match="weight_hr_l0: expected nothing"):
        find(given)


def test_what_is_ambiguous_is_listed_and_can_be_named() -> None:
    two = tensors("GRU", "one.") | tensors("GRU", "two.")
    with pytest.raises(ValueError, match=r"2 recurrent modules.*one\., two\."):
        find(two)
    other = [name for name in two if name.startswith("one.")]
    assert find(two, recurrent="two", ignore=other).names["recurrent"] == "two.*"
    with pytest.raises(LookupError, match="no recurrent module at 'three'"):
        find(two, recurrent="three")
    heads = tensors() | {"aux.weight": torch.zeros(1, H)}
    with pytest.raises(ValueError, match="2 tensors could be the head"):
        find(heads)
    assert find(heads, head="fc", ignore=["aux.weight"]).names["head"] == "fc.weight"
    tables = tensors() | {"characters.weight": torch.zeros(30, E)}
    assert find(tables, ignore=["characters.weight"]).names["embedding"] == "embedding.weight"
    with pytest.raises(RefusedError, match=r"characters.weight: expected nothing, found \[30, 6\]"):
        find(tables)
    with pytest.raises(LookupError, match="no tensor gone to leave out"):
        find(tables, ignore=["gone"])


def test_two_outputs_become_the_difference() -> None:
    given = tensors(outputs=2)
    found = find(given)
    torch.testing.assert_close(found.head, given["fc.weight"][1:] - given["fc.weight"][:1])
    torch.testing.assert_close(found.bias, given["fc.bias"][1:] - given["fc.bias"][:1])
    torch.testing.assert_close(find(given, class_1=0).head, -found.head)
    with pytest.raises(ValueError, match="outputs 0 and 1; given: 2"):
        find(given, class_1=2)
    with pytest.raises(ValueError, match="one output"):
        find(tensors(), class_1=1)


def test_a_file_without_a_recurrent_module_or_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no recurrent module.*fc.weight \[1, 4\]"):
        find({"fc.weight": torch.zeros(1, 4)})
    (tmp_path / "cut.safetensors").write_bytes(b"\x08\x00")
    with pytest.raises(ValueError, match=r"cut\.safetensors is not a whole safetensors file"):
        read(tmp_path / "cut.safetensors")
    with pytest.raises(ValueError, match=r"cannot read weights from \.bin"):
        read(tmp_path / "model.bin")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "gone.pth")


@pytest.mark.parametrize("nested", [False, True])
def test_torchs_own_files_are_read_for_their_weights(tmp_path: Path, nested: bool) -> None:
    given = tensors()
    torch.save({"epoch": 3, "state_dict": given} if nested else given, tmp_path / "model.pth")
    save_file(given, tmp_path / "model.safetensors")
    theirs, same = read(tmp_path / "model.pth"), read(tmp_path / "model.safetensors")
    assert theirs.keys() == same.keys() and all(torch.equal(theirs[name], same[name]) for name in same)


def test_a_whole_module_is_refused_with_the_lines_that_convert_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = nn.LSTM(E, H)
    torch.save(module, tmp_path / "model.pth")
    with pytest.raises(RefusedError) as caught:
        read(tmp_path / "model.pth")
    assert len(caught.value.lines) == 3
    # What the lines say works, on a machine where the class can be imported.
    monkeypatch.chdir(tmp_path)
    exec("\n".join(caught.value.lines), {})
    found = read(tmp_path / "model.safetensors")
    assert all(torch.equal(found[name], tensor) for name, tensor in module.state_dict().items())


def test_a_file_whose_unpickling_would_run_something_runs_nothing(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "ran",)

    torch.save({"weight": torch.zeros(2), "trap": Trap()}, tmp_path / "model.pt")
    with pytest.raises(RefusedError):
        read(tmp_path / "model.pt")
    assert not (tmp_path / "ran").exists()
