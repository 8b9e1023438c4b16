"""Each row of docs/models.md is tried: its command is run, on files as their owners have them."""

from __future__ import annotations

import json
import pickle
import re
import shlex
import shutil
import warnings
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from core.__main__ import main
from core.models import checkpoints
from core.text.tokenisers import STEPS
from tests.models import owners
from tests.models.owners import STRUCTURES, Owner, assert_same, write

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


def test_the_document_lists_every_structure_tokeniser_and_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert [row[0] for row in table("Structures")] == list(STRUCTURES)
    assert [row[0] for row in table("Tokenisers")] == list(STEPS)
    with pytest.raises(SystemExit):
        main(["import-torch", "--help"])
    there = re.findall(r"--[a-z]+[a-z0-9-]*", capsys.readouterr().out)
    assert set(re.findall(r"--[a-z]+[a-z0-9-]*", DOCUMENT)) <= {*there, "--predictor"}


def test_each_structure_is_brought_by_its_command(here: Path) -> None:
    for name, _how, command in table("Structures"):
        model = Owner(**STRUCTURES[name])
        write(here, model)["weights"].rename(here / "model.safetensors")
        assert run(f"{command.strip('` ')} --replace") == 0
        assert_same(here / "checkpoints", model)


WORDS = owners.WORDS[:14]


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


def test_each_form_is_read_or_refused_as_documented(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files(here)
    for name, _file, command, said in [*table("Files of weights"), *table("Words and their vectors")]:
        if "onnx" in command:
            if not find_spec("onnx"):
                continue
            from tests.models.importers.test_onnx import exported

            exported(Owner("gru", "mean", words=len(WORDS)), here / "model.onnx")
        shutil.rmtree(here / "checkpoints", ignore_errors=True)
        refused = said.startswith("refused: ")
        capsys.readouterr()
        assert run(command) == (2 if refused else 0), name
        told = capsys.readouterr()
        if refused:
            assert said.removeprefix("refused: ") in told.err.splitlines()[-1], name
        else:
            assert said in told.out, name
        assert checkpoints.names() == ([] if refused else ["theirs"])
