"""Parts are found by the ends of names and by shapes; what does not fit is listed, all of it at once."""

from __future__ import annotations

import argparse
import itertools
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from core.models.importers.refusals import RefusedError
from core.models.importers.weights import find, read

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


def test_a_cell_is_found_behind_any_prefix_by_its_shapes() -> None:
    for cell, prefix in itertools.product(("RNN", "GRU", "LSTM"), ("", "lstm.", "module.net.0.")):
        found = find(tensors(cell, prefix))
        assert (found.cell, found.layers, found.bidirectional) == (cell.lower(), 1, False)
        assert (found.hidden_size, found.embedding_size, found.names["recurrent"]) == (H, E, f"{prefix}*")


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
        "a head: expected a weight of shape [1, 4] or [2, 4], or [K, 4] and one of [1, K] or [2, K], found none",
        "fc.weight: expected nothing, found [3, 4]",
        "fc.weight: the head of 3 classes? Then name all, in the order of its outputs (--labels A,B,C)",
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
    given = tensors("LSTM")
    given["lstm.weight_hr_l0"] = torch.zeros(2, H)
    with pytest.raises(RefusedError, match="weight_hr_l0: expected nothing"):
        find(given)


def test_what_is_ambiguous_is_listed_and_can_be_named() -> None:
    with pytest.raises(ValueError, match=r"no recurrent module.*fc.weight \[1, 4\]"):
        find({"fc.weight": torch.zeros(1, 4)})
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


def test_an_output_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="outputs 0 and 1; given: 2"):
        find(tensors(outputs=2), class_1=2)
    with pytest.raises(ValueError, match="one output"):
        find(tensors(), class_1=1)


def test_only_named_classes_have_a_head_of_more_outputs() -> None:
    three = ("a", "b", "c")
    given = tensors(outputs=3)
    found = find(given, labels=three).head
    assert found.outputs == 3 and torch.equal(found.weight, given["fc.weight"])
    assert torch.equal(found.bias, given["fc.bias"])
    hidden = given | {"fc1.weight": torch.randn(16, H), "fc.weight": torch.randn(3, 16)}
    assert find(hidden, labels=three).names["hidden"] == "fc1.weight"
    for outputs, labels in ((2, three), (16, ("a", "b")), (3, (*three, "d"))):
        with pytest.raises(RefusedError, match=rf"fc.weight: the head of {outputs} classes\?"):
            find(tensors(outputs=outputs), labels=labels)
    with pytest.raises(ValueError, match="it has 3, in the order of --labels"):
        find(given, labels=three, class_1=1)


def test_a_header_whose_length_begins_as_a_pickle_does_is_read(tmp_path: Path) -> None:
    path = tmp_path / "theirs.safetensors"
    for length in (640, 1_152):
        save_file({"x": torch.ones(1)}, path, {"note": "." * (length - 120)})
        content = path.read_bytes()
        padding = length - int.from_bytes(content[:8], "little")
        header = content[8:-4].replace(b"...", b"..." + b"." * padding, 1)
        path.write_bytes(length.to_bytes(8, "little") + header + content[-4:])
        assert path.read_bytes()[0] == 0x80 and read(path)["x"].item() == 1


def test_torchs_own_files_are_read_for_their_weights(tmp_path: Path) -> None:
    given = tensors(prefix="module.lstm.")  # as nn.DataParallel names them
    save_file(given, tmp_path / "same.safetensors")
    same = read(tmp_path / "same.safetensors")
    nested = {"epoch": 3, "state_dict": given, "optimizer": {"state": {}}}
    for name, content, new in (
        *(
            ("model.pth", given, True),
            ("model.ckpt", nested, True),
            ("model", {**given, "epoch": 3, "note": None}, True),
        ),
        *(("model.pkl", given, True), ("model.bin", given, False)),
    ):
        torch.save(content, tmp_path / name, _use_new_zipfile_serialization=new)
        theirs = read(tmp_path / name)
        assert find(theirs).names["recurrent"] == "module.lstm.*"
        assert theirs.keys() == same.keys() and all(torch.equal(theirs[name], same[name]) for name in same)


def test_a_file_whose_unpickling_would_run_something_runs_nothing(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "ran",)

    torch.save({"weight": torch.zeros(2), "trap": Trap()}, tmp_path / "model.pt")
    with pytest.raises(RefusedError):
        read(tmp_path / "model.pt")
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_that_holds_more_than_weights_is_refused_with_lines_that_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tensors()
    content = {"epoch": 3, "model_state_dict": given, "settings": argparse.Namespace(rate=0.1)}
    torch.save(content, tmp_path / "epoch.ckpt")
    torch.save(nn.LSTM(E, H), tmp_path / "whole.pth")
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(nn.ModuleDict({"lstm": nn.LSTM(E, H)})))
    torch.jit.script(nn.Linear(2, 1)).save(str(tmp_path / "scripted.pt"))
    np.savez(tmp_path / "arrays.npz", **{name: tensor.numpy() for name, tensor in given.items()})
    monkeypatch.chdir(tmp_path)
    for name in ("epoch.ckpt", "whole.pth", "plain.pkl", "scripted.pt", "arrays.npz"):
        with pytest.raises(RefusedError) as caught:
            read(tmp_path / name)
        exec("\n".join(caught.value.lines), {})
        assert read((tmp_path / name).with_suffix(".safetensors"))
    assert read(tmp_path / "epoch.safetensors").keys() == given.keys()


def test_what_is_no_file_of_weights_is_told_of_with_what_converts_it(tmp_path: Path) -> None:
    for name, content, message in (
        ("model.tflite", b"\x1c\x00\x00\x00TFL3" + bytes(20), r"TensorFlow Lite.*model\.save\("),
        ("model.pb", b"\n\x05graph" + bytes(20), r"TensorFlow graph.*load_model"),
        ("model.pt.gz", b"\x1f\x8b\x08" + bytes(20), "compressed file.*gunzip model.pt.gz"),
        ("model.bin", b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS.*git lfs pull"),
        ("model.h5", b"not HDF5 at all", "something unknown; can read: safetensors"),
        ("model", b"", "something unknown"),
        ("model.pt", b"PK\x03\x04" + bytes(50), "damaged zip"),
        ("cut.safetensors", b"\x08" + bytes(7) + b"{", r"cut\.safetensors is not a whole safetensors file"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=message):
            read(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "gone.pth")


def test_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is a folder; expected a file of weights"):
        read(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12")
    with pytest.raises(RefusedError, match="SavedModel"):
        read(tmp_path)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("model.pth", "x")
    with pytest.raises(ValueError, match=r"zip file of 1 files \(model\.pth\); unpack it"):
        read(tmp_path / "all.zip")


def test_a_head_of_two_layers_is_found_by_its_shapes() -> None:
    given = {name: tensor for name, tensor in tensors().items() if not name.startswith("fc")}
    for width in (7, H, E):  # as wide as the states, or as the embedding is
        torch.manual_seed(width)
        two = {"fc1.weight": torch.randn(width, H), "fc1.bias": torch.randn(width)}
        two |= {"fc2.weight": torch.randn(2, width), "fc2.bias": torch.randn(2)}
        found = find(given | two)
        assert (found.names["hidden"], found.names["head"]) == ("fc1.weight", "fc2.weight")
        assert found.head.hidden is not None and torch.equal(found.head.hidden, two["fc1.weight"])
        torch.testing.assert_close(found.head.weight, two["fc2.weight"][1:] - two["fc2.weight"][:1])
    with pytest.raises(ValueError, match=r"2 tensors could be the head.*--hidden-name"):
        find(given | two | {"other.weight": torch.zeros(E, H)})
    assert (
        find(given | two | {"other.weight": torch.zeros(E, H)}, hidden="fc1", ignore=["other.weight"]).head.outputs == 2
    )
    with pytest.raises(RefusedError, match="a head: expected"):
        find(given | {"fc1.weight": torch.zeros(7, H), "fc2.weight": torch.zeros(2, 6)})


def test_tables_and_types_of_tensors_are_checked(tmp_path: Path) -> None:
    torch.save({"model": tensors(), "average": tensors()}, tmp_path / "two.pt")
    with pytest.raises(ValueError, match=r"2 tables of tensors.*model, average; keep one, as in torch\.save"):
        read(tmp_path / "two.pt")
    torch.save({**tensors(), "optimizer": {"state": {}}}, tmp_path / "mixed.pt")
    with pytest.raises(ValueError, match="not tensors: optimizer; save the model's state_dict alone"):
        read(tmp_path / "mixed.pt")
    save_file(tensors() | {"embedding.weight": torch.ones(V, E, dtype=torch.int8)}, tmp_path / "odd.safetensors")
    with pytest.raises(ValueError, match=r"embedding\.weight has numbers of type int8"):
        read(tmp_path / "odd.safetensors")
    for kind in (torch.float16, torch.bfloat16, torch.float64):
        torch.save({name: tensor.to(kind) for name, tensor in tensors().items()}, tmp_path / "kind.pt")
        assert find(read(tmp_path / "kind.pt")).cell == "lstm"


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (lambda: torch.zeros(1, 1).expand(10**10, E), r"shape \[10000000000, 6\] and 4 bytes are stored"),
        (lambda: torch.zeros(V, E, device="meta"), "is on the device meta"),
        (lambda: torch.eye(V)[:, :E].to_sparse(), "is sparse"),
        (lambda: torch.sparse_coo_tensor(torch.tensor([[0], [0]]), torch.tensor([1.0]), (10**9, E)), "is sparse"),
        (lambda: torch.quantize_per_tensor(torch.ones(V, E), 0.1, 0, torch.qint8), "is quantised"),
        (lambda: torch.nested.nested_tensor([torch.ones(E)] * V), "is nested"),
        (lambda: torch.ones(V, E, dtype=torch.int8), "numbers of type int8; expected float32"),
        (lambda: torch.ones(V, E, dtype=torch.bool), "numbers of type bool"),
        (lambda: torch.ones(V, E, dtype=torch.complex64), "numbers of type complex64"),
        (lambda: torch.ones(V, E).to(torch.float8_e4m3fn), "numbers of type float8_e4m3fn"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_tensors_that_are_no_plain_arrays_are_refused_by_name(
    tmp_path: Path, odd: Callable[[], Tensor], message: str
) -> None:
    torch.save(tensors() | {"embedding.weight": odd()}, tmp_path / "odd.pt")
    with pytest.raises(ValueError, match=r"odd\.pt: embedding\.weight (has|is) ") as refused:
        read(tmp_path / "odd.pt")
    assert re.search(message, str(refused.value)) and "\n" not in str(refused.value)
