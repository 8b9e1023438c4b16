"""Each row of docs/models.md is tried: its command is run, on files as their owners have them."""

from __future__ import annotations

import json
import pickle
import re
import shlex
import shutil
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from core.__main__ import main
from core.models import checkpoints
from core.models.predict import verdicts
from core.text.tokenisers import STEPS
from tests.models.importers import test_structures as owners

ROOT = Path(__file__).parents[3]
FIXTURES = Path(__file__).parent / "fixtures"
DOCUMENT = (ROOT / "docs/models.md").read_text(encoding="utf-8")


def table(title: str) -> list[list[str]]:
    """The rows of the first table below a title, their cells."""
    lines = DOCUMENT.partition(f"\n## {title}\n")[2].partition("\n## ")[0].splitlines()
    rows = [line for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]]


def run(command: str) -> int:
    words = shlex.split(command.strip("` "))
    assert words[:3] == ["python", "-m", "core"]
    return main([*words[3:], "--name", "theirs"])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path / "checkpoints"))
    return tmp_path


OWNERS = {
    "last state, both directions": owners.ForwardFirst,
    "backward direction first": owners.BackwardFirst,
    "output at the last token": owners.LastOutput,
    "padded behind to a fixed length": owners.PaddedToALength,
    "padded in front": owners.PaddedInFront,
    "mean of states": owners.MeanOfStates,
    "maximum of states": owners.MaxOfStates,
    "maximum over padding too": owners.MaxOverPadding,
    "maximum over padding, both directions": owners.MaxOverPaddingBothWays,
    "dot attention without parameters": owners.DotAttention,
    "head on the cell state": owners.CellState,
    "head on both cell states": owners.CellStateBothWays,
    "ReLU units": owners.ReluUnits,
    "head of two layers": owners.HeadOfTwoLayers,
}


def test_the_document_lists_every_structure_and_tokeniser() -> None:
    assert [row[0] for row in table("Structures")] == list(OWNERS)
    assert set(OWNERS.values()) == set(owners.STRUCTURES)
    assert [row[0] for row in table("Tokenisers")] == list(STEPS)


@pytest.mark.parametrize(("name", "_how", "command"), table("Structures"), ids=lambda cell: cell[:30])
def test_a_structure_is_brought_by_its_command(here: Path, name: str, _how: str, command: str) -> None:
    model = owners.made(OWNERS[name])
    (owners.write(here, model)["weights"]).rename(here / "model.safetensors")
    assert run(command) == 0
    drawn = owners.sentences(seed=8)
    found = verdicts(checkpoints.load("theirs"), [owners.as_text(ids) for ids in drawn])
    expected = [model(ids).item() for ids in drawn]
    np.testing.assert_allclose([verdict.probability for verdict in found], expected, atol=1e-6, rtol=0)


WORDS = ["<pad>", "<unk>", *(f"w{number}" for number in range(12))]


def files(folder: Path) -> None:
    """Everything that the commands name."""
    torch.manual_seed(0)
    parts = {"embedding": torch.nn.Embedding(len(WORDS), 3), "rnn": torch.nn.LSTM(3, 4), "fc": torch.nn.Linear(4, 2)}
    module = torch.nn.ModuleDict(parts)
    weights = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
    save_file(weights, folder / "model.safetensors")
    save_file({name: weights[name] for name in weights if "emb" not in name}, folder / "frozen.safetensors")
    torch.save(weights, folder / "model.pth")
    torch.save(weights, folder / "pytorch_model.bin")
    torch.save(weights, folder / "old.pt", _use_new_zipfile_serialization=False)
    torch.save({f"module.{name}": tensor for name, tensor in weights.items()}, folder / "parallel.pt")
    torch.save({"epoch": 3, "state_dict": weights, "optimizer": {"state": {}}}, folder / "epoch.ckpt")
    torch.save(module, folder / "whole.pt")
    (folder / "model.pkl").write_bytes(pickle.dumps(module))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(torch.nn.Linear(2, 1)).save(str(folder / "scripted.pt"))
    for path in [*FIXTURES.glob("*.keras"), *FIXTURES.glob("*.h5")]:
        shutil.copy(path, folder / path.name)
    with zipfile.ZipFile(FIXTURES / "mean.keras") as archive:
        (folder / "mine.weights.h5").write_bytes(archive.read("model.weights.h5"))
    (folder / "saved").mkdir()
    (folder / "saved/saved_model.pb").write_bytes(b"\x08\x01")
    (folder / "model.tflite").write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(20))
    words_and_vectors(folder, weights["embedding.weight"].numpy())


def words_and_vectors(folder: Path, vectors: np.ndarray) -> None:
    from gensim.models import KeyedVectors

    ids = {word: number for number, word in enumerate(WORDS)}
    (folder / "words.txt").write_text("\n".join(WORDS))
    (folder / "more.txt").write_text("\n".join([*WORDS, "more", "yet"]))
    (folder / "words.json").write_text(json.dumps(ids))
    (folder / "ids.json").write_text(json.dumps({word: number for word, number in ids.items() if 0 < number < 12}))
    index = json.dumps({word: number for word, number in ids.items() if number})
    (folder / "tokenizer.json").write_text(json.dumps({"class_name": "Tokenizer", "config": {"word_index": index}}))
    (folder / "vocabulary.pkl").write_bytes(pickle.dumps(ids))
    np.save(folder / "vectors.npy", vectors)
    lines = [f"{word} {' '.join(map(str, row))}" for word, row in zip(WORDS[1:], vectors[1:].tolist(), strict=True)]
    (folder / "glove.txt").write_text("\n".join([*lines, ". . . 0.1 0.2 0.3"]))
    kept = KeyedVectors(3)
    kept.add_vectors([*WORDS, "more"], np.concatenate([vectors, vectors[:1]]))
    kept.save_word2vec_format(str(folder / "vectors.vec"))
    kept.save_word2vec_format(str(folder / "vectors.bin"), binary=True)
    kept.save(str(folder / "vectors.kv"))


FORMS = [*table("Files of weights"), *table("Words and their vectors")]


@pytest.mark.parametrize(("name", "_file", "command", "said"), FORMS, ids=lambda cell: cell[:30])
def test_a_form_is_read_or_refused_as_documented(
    here: Path, name: str, _file: str, command: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files(here)
    if "onnx" in command:
        pytest.importorskip("onnx", reason="onnx is optional")
        from tests.models.importers.test_onnx import exported
        from tests.models.importers.test_onnx import made as graph

        exported(graph(torch.nn.GRU, "mean"), here / "model.onnx")
    refused = said.startswith("refused: ")
    assert run(command) == (2 if refused else 0)
    told = capsys.readouterr()
    if refused:
        assert said.removeprefix("refused: ") in told.err.splitlines()[-1]
    else:
        assert said in told.out
    assert checkpoints.names() == ([] if refused else ["theirs"])


def test_every_option_in_the_document_exists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["import-torch", "--help"])
    there = re.findall(r"--[a-z]+[a-z0-9-]*", capsys.readouterr().out)
    assert set(re.findall(r"--[a-z]+[a-z0-9-]*", DOCUMENT)) <= {*there, "--predictor"}
