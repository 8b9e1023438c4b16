"""Files that Keras wrote give the probabilities that Keras itself computed (``fixtures``, made by
``make_keras_fixtures.py``); a layer that means something else is refused by its name."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from core import checkpoints
from core.foreign import keras_layers
from core.foreign.bringing import Request, bring, save
from core.read_outs import ReadOut
from core.text import Preprocessing
from core.verdicts import verdicts

FOLDER = Path(__file__).parent / "fixtures"
TOLD = json.loads((FOLDER / "keras.json").read_text(encoding="utf-8"))
WORDS, MODELS = TOLD["words"], TOLD["models"]


def request(name: str, folder: Path, **more: Any) -> Request:
    """How the model of a fixture is brought: with its words, where it does not hold them itself."""
    told = MODELS[name]
    if "given" in told:
        more["reads"] = told["given"]
    if "steps" in told:
        return Request(FOLDER / name, **more)
    (folder / "words.json").write_text(json.dumps({word: number for number, word in enumerate(WORDS) if number}))
    return Request(FOLDER / name, folder / "words.json", preprocessing=Preprocessing(()), **more)


@pytest.mark.parametrize("name", MODELS)
def test_the_probabilities_are_those_of_keras(tmp_path: Path, name: str) -> None:
    told = MODELS[name]
    brought = bring(request(name, tmp_path))
    assert brought.model.reads == ReadOut.parse(told["reads"])
    assert list(brought.card["preprocessing"]) == told.get("steps", [])
    save("theirs", brought, tmp_path)
    found = [verdict.probability for verdict in verdicts(checkpoints.load("theirs", tmp_path), told["texts"])]
    assert np.ptp(told["probabilities"]) > 0.05
    np.testing.assert_allclose(found, told["probabilities"], atol=1e-6, rtol=0)


def test_what_a_file_does_not_tell_is_assumed_and_said(tmp_path: Path) -> None:
    assert any("--reads padded:6" in line for line in bring(request("left_padded.keras", tmp_path)).assumed)
    assert any("left:N" in line for line in bring(request("reset_before.h5", tmp_path)).assumed)
    assert not any("--reads" in line for line in bring(request("masked_both_ways.keras", tmp_path)).assumed)
    other = bring(request("left_padded.keras", tmp_path, reads="padded:5"))
    assert other.model.reads == ReadOut("final", "padded", 5)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mean.keras", {"reads": "max"}, "itself tells that mean is read, not max"),
        ("masked_both_ways.keras", {"reads": "left:9"}, "padding is masked"),
        ("mean.keras", {"activation": "tanh"}, "itself tells relu"),
        ("relu_two_layers.h5", {"nonlinearity": "tanh"}, "itself tells relu"),
        ("mean.keras", {"cell": "lstm"}, "holds a gru, not a lstm"),
        ("mean.keras", {"head": "dense"}, "leave out --head-name"),
        ("left_padded.keras", {"activation": "relu"}, "a head of two layers"),
        ("texts.keras", {"vocabulary": FOLDER / "keras.json"}, "holds its own vocabulary"),
        ("texts.keras", {"preprocessing": Preprocessing(("keras",))}, "itself tells the steps keras_vectorization"),
    ],
)
def test_what_the_file_tells_is_not_overruled(tmp_path: Path, name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bring(request(name, tmp_path, **options))


def changed(folder: Path, name: str, change: Callable[[dict[str, dict[str, Any]]], None]) -> Path:
    """A fixture whose configuration, its layers' by class, was changed."""
    with zipfile.ZipFile(FOLDER / name) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    config = json.loads(parts["config.json"])
    change({layer["class_name"]: layer for layer in config["config"]["layers"]})
    with zipfile.ZipFile(folder / name, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, json.dumps(config) if part == "config.json" else content)
    return folder / name


@pytest.mark.parametrize(
    ("name", "of", "settings", "message"),
    [
        ("masked_both_ways.keras", "Bidirectional", {"merge_mode": "sum"}, "'bidirectional'.*merge_mode is 'sum'"),
        ("left_padded.keras", "GRU", {"activation": "relu"}, "activation is 'relu'; only tanh"),
        ("left_padded.keras", "GRU", {"recurrent_activation": "hard_sigmoid"}, "recurrent_activation is 'hard_sig"),
        ("left_padded.keras", "GRU", {"return_sequences": True}, "return_sequences is True"),
        ("left_padded.keras", "GRU", {"go_backwards": True}, "go_backwards is True"),
        ("left_padded.keras", "GRU", {"stateful": True}, "stateful is True"),
        ("left_padded.keras", "GRU", {"reset_after": False}, "reset_after is False and the bias has shape"),
        ("left_padded.keras", "Dense", {"activation": "sigmoid"}, "activation is 'sigmoid'; with 2 outputs"),
        ("left_padded.keras", "Dense", {"units": 3}, "has 3 outputs; only models of two classes"),
        ("left_padded.keras", "Dense", {"use_bias": True, "units": 1}, r"activation is 'softmax'; with 1 output only"),
        ("masked_both_ways.keras", "Dense", {"units": 2, "activation": "softmax"}, r"weight \d has shape \[.*expected"),
        ("mean.keras", "GlobalAveragePooling1D", {"keepdims": True}, "keepdims is True"),
        ("keras2_max.keras", "Embedding", {"mask_zero": True}, "maximum over padding to 6 tokens"),
        ("texts.keras", "TextVectorization", {"ngrams": 2}, "ngrams is 2"),
        ("texts.keras", "TextVectorization", {"standardize": "strip_punctuation"}, "standardize is 'strip_punct"),
    ],
)
def test_what_means_something_else_is_refused_by_name(
    tmp_path: Path, name: str, of: str, settings: dict[str, Any], message: str
) -> None:
    def change(layers: dict[str, dict[str, Any]]) -> None:
        layers[of]["config"].update(settings)

    with pytest.raises(ValueError, match=message) as refused:
        keras_layers.read(changed(tmp_path, name, change))
    assert "layer '" in str(refused.value)


@pytest.mark.parametrize(
    ("of", "settings"),
    [
        ("GRU", {"units": [None]}),
        ("GRU", {"units": 10**9}),
        ("Embedding", {"input_dim": 10**30}),
        ("Embedding", {"input_dim": None}),
        ("InputLayer", {"batch_shape": [None, 10**9]}),
        ("InputLayer", {"batch_shape": [None, {"a": 1}]}),
        ("Dense", {"activation": [[]]}),
    ],
)
def test_a_configuration_that_cannot_be_is_one_line(tmp_path: Path, of: str, settings: dict[str, Any]) -> None:
    def change(layers: dict[str, dict[str, Any]]) -> None:
        layers[of]["config"].update(settings)

    with pytest.raises(ValueError) as refused:
        bring(replace(request("left_padded.keras", tmp_path), weights=changed(tmp_path, "left_padded.keras", change)))
    assert "\n" not in str(refused.value)


def test_other_layers_are_refused_by_name(tmp_path: Path) -> None:
    def convolve(layers: dict[str, dict[str, Any]]) -> None:
        layers["SpatialDropout1D"]["class_name"] = "Conv1D"

    with pytest.raises(ValueError, match=r"layer 'spatial_dropout1d\w*' \(Conv1D\): expected .* after 'embedding"):
        keras_layers.read(changed(tmp_path, "left_padded.keras", convolve))

    def fork(layers: dict[str, dict[str, Any]]) -> None:
        layers["Dropout"]["inbound_nodes"][0]["args"].append(layers["Embedding"]["inbound_nodes"][0]["args"][0])

    with pytest.raises(ValueError, match="only a chain of layers is read"):
        keras_layers.read(changed(tmp_path, "functional_max.keras", fork))


def test_weights_alone_and_damaged_files_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(FOLDER / "mean.keras") as archive:
        content = archive.read("model.weights.h5")
    (tmp_path / "mine.weights.h5").write_bytes(content)
    with pytest.raises(ValueError, match=r'without the model.s configuration.*model\.save\("mine\.keras"\)'):
        bring(Request(tmp_path / "mine.weights.h5"))
    (tmp_path / "cut.h5").write_bytes((FOLDER / "reset_before.h5").read_bytes()[:9_000])
    with pytest.raises(ValueError, match=r"cut\.h5 is not a whole HDF5 file"):
        bring(Request(tmp_path / "cut.h5"))
    (tmp_path / "cut.keras").write_bytes((FOLDER / "mean.keras").read_bytes()[:3_000])
    with pytest.raises(ValueError, match="damaged zip"):
        bring(Request(tmp_path / "cut.keras"))


def test_a_link_to_another_file_is_not_followed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["secret"] = np.zeros((12, 3), dtype=np.float32)
    with zipfile.ZipFile(FOLDER / "mean.keras") as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    content = io.BytesIO(parts["model.weights.h5"])
    with h5py.File(content, "r+") as file:
        del file["layers/embedding/vars/0"]
        file["layers/embedding/vars/0"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "secret")
    parts["model.weights.h5"] = content.getvalue()
    with zipfile.ZipFile(tmp_path / "linked.keras", "w") as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    with pytest.raises(ValueError, match="is not a weight of this file"):
        keras_layers.read(tmp_path / "linked.keras")
