"""Files that Keras wrote give the probabilities that Keras itself computed (``fixtures``, made by
``make_keras_fixtures.py``); a layer that means something else is refused by its name."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from core.data.targets import Target
from core.models import checkpoints
from core.models.importers import keras_files, keras_layers
from core.models.importers.import_model import Request, assemble, save
from core.models.predict import verdicts
from core.models.read_outs import ReadOut
from core.text.preprocessing import Preprocessing

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
    brought = assemble(request(name, tmp_path))
    assert brought.model.reads == ReadOut.parse(told["reads"])
    assert list(brought.card["preprocessing"]) == told.get("steps", [])
    save("theirs", brought, tmp_path)
    found = [verdict.probability for verdict in verdicts(checkpoints.load("theirs", tmp_path), told["texts"])]
    assert np.ptp(told["probabilities"]) > 0.05
    np.testing.assert_allclose(found, told["probabilities"], atol=1e-6, rtol=0)


def test_what_a_file_does_not_tell_is_assumed_and_said(tmp_path: Path) -> None:
    assert any("--reads padded:6" in line for line in assemble(request("left_padded.keras", tmp_path)).assumed)
    assert any("left:N" in line for line in assemble(request("reset_before.h5", tmp_path)).assumed)
    assert not any("--reads" in line for line in assemble(request("masked_both_ways.keras", tmp_path)).assumed)
    other = assemble(request("left_padded.keras", tmp_path, reads="padded:5"))
    assert other.model.reads == ReadOut("final", "padded", 5)


def test_what_the_file_tells_is_not_overruled(tmp_path: Path) -> None:
    for name, options, message in (
        ("mean.keras", {"reads": "max"}, "already says that mean is read, not max"),
        ("masked_both_ways.keras", {"reads": "left:9"}, "padding is masked"),
        ("mean.keras", {"activation": "tanh"}, "already sets relu"),
        ("relu_two_layers.h5", {"nonlinearity": "tanh"}, "already sets relu"),
        ("mean.keras", {"cell": "lstm"}, "holds a gru, not a lstm"),
        ("mean.keras", {"head": "dense"}, "leave out --head-name"),
        ("left_padded.keras", {"activation": "relu"}, "a head of two layers"),
        ("texts.keras", {"vocabulary": FOLDER / "keras.json"}, "holds its own vocabulary"),
        ("texts.keras", {"preprocessing": Preprocessing(("keras",))}, "already sets the steps keras_vectorization"),
    ):
        with pytest.raises(ValueError, match=message):
            assemble(request(name, tmp_path, **options))


def rewritten(path: Path, name: str, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A fixture whose parts were changed, compressed."""
    with zipfile.ZipFile(FOLDER / name) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    return path


def changed(folder: Path, name: str, change: Callable[[dict[str, dict[str, Any]]], None]) -> Path:
    """A fixture whose configuration, its layers' by class, was changed."""

    def of_config(parts: dict[str, bytes]) -> None:
        config = json.loads(parts["config.json"])
        change({layer["class_name"]: layer for layer in config["config"]["layers"]})
        parts["config.json"] = json.dumps(config).encode()

    return rewritten(folder / name, name, of_config)


def update(layer: dict[str, Any], settings: dict[str, Any]) -> None:
    layer["config"].update(settings)


def test_what_means_something_else_is_refused_by_name(tmp_path: Path) -> None:
    for name, of, settings, message in (
        ("masked_both_ways.keras", "Bidirectional", {"merge_mode": "sum"}, "'bidirectional'.*merge_mode is 'sum'"),
        ("left_padded.keras", "GRU", {"activation": "relu"}, "activation is 'relu'; only tanh is read"),
        ("left_padded.keras", "GRU", {"recurrent_activation": "hard_sigmoid"}, "recurrent_activation is 'hard_sig"),
        ("left_padded.keras", "GRU", {"return_sequences": True}, "return_sequences is True"),
        ("left_padded.keras", "GRU", {"go_backwards": True}, "go_backwards is True"),
        ("left_padded.keras", "GRU", {"stateful": True}, "stateful is True"),
        ("left_padded.keras", "GRU", {"reset_after": False}, "reset_after is False and the bias has shape"),
        ("left_padded.keras", "Dense", {"activation": "sigmoid"}, "activation is 'sigmoid'; with 2 outputs"),
        (
            "left_padded.keras",
            "Dense",
            {"units": 3},
            "has 3 outputs; expected 1 or 2 for the classes negative, positive; name all",
        ),
        ("left_padded.keras", "Dense", {"use_bias": True, "units": 1}, r"activation is 'softmax'; with 1 output only"),
        ("masked_both_ways.keras", "Dense", {"units": 2, "activation": "softmax"}, r"weight \d has shape \[.*expected"),
        ("mean.keras", "GlobalAveragePooling1D", {"keepdims": True}, "keepdims is True"),
        ("keras2_max.keras", "Embedding", {"mask_zero": True}, "maximum over padding to 6 tokens"),
        ("texts.keras", "TextVectorization", {"ngrams": 2}, "ngrams is 2"),
        ("texts.keras", "TextVectorization", {"standardize": "strip_punctuation"}, "standardize is 'strip_punct"),
    ):
        path = changed(tmp_path, name, lambda layers, of=of, new=settings: update(layers[of], new))
        with pytest.raises(ValueError, match=message) as refused:
            keras_layers.read(path)
        assert "layer '" in str(refused.value)
    for of, settings in (
        ("GRU", {"units": [None]}),
        ("GRU", {"units": 10**9}),
        ("Embedding", {"input_dim": 10**30}),
        ("Embedding", {"input_dim": None}),
        ("InputLayer", {"batch_shape": [None, 10**9]}),
        ("InputLayer", {"batch_shape": [None, {"a": 1}]}),
        ("Dense", {"activation": [[]]}),
    ):
        path = changed(tmp_path, "left_padded.keras", lambda layers, of=of, new=settings: update(layers[of], new))
        with pytest.raises(ValueError) as refused:
            assemble(replace(request("left_padded.keras", tmp_path), weights=path))
        assert "\n" not in str(refused.value)


def test_weights_alone_damaged_files_and_other_layers_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(FOLDER / "mean.keras") as archive:
        content = archive.read("model.weights.h5")
    (tmp_path / "mine.weights.h5").write_bytes(content)
    with pytest.raises(ValueError, match=r'without the model.s configuration.*model\.save\("mine\.keras"\)'):
        assemble(Request(tmp_path / "mine.weights.h5"))
    (tmp_path / "cut.h5").write_bytes((FOLDER / "reset_before.h5").read_bytes()[:9_000])
    with pytest.raises(ValueError, match=r"cut\.h5 is not a whole HDF5 file"):
        assemble(Request(tmp_path / "cut.h5"))
    (tmp_path / "cut.keras").write_bytes((FOLDER / "mean.keras").read_bytes()[:3_000])
    with pytest.raises(ValueError, match="damaged zip"):
        assemble(Request(tmp_path / "cut.keras"))

    def convolve(layers: dict[str, dict[str, Any]]) -> None:
        layers["SpatialDropout1D"]["class_name"] = "Conv1D"

    with pytest.raises(ValueError, match=r"layer 'spatial_dropout1d\w*' \(Conv1D\): expected .* after 'embedding"):
        keras_layers.read(changed(tmp_path, "left_padded.keras", convolve))

    def fork(layers: dict[str, dict[str, Any]]) -> None:
        layers["Dropout"]["inbound_nodes"][0]["args"].append(layers["Embedding"]["inbound_nodes"][0]["args"][0])

    with pytest.raises(ValueError, match="only a chain of layers is read"):
        keras_layers.read(changed(tmp_path, "functional_max.keras", fork))


def test_a_link_to_another_file_is_not_followed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["secret"] = np.zeros((12, 3), dtype=np.float32)

    def link(parts: dict[str, bytes]) -> None:
        content = io.BytesIO(parts["model.weights.h5"])
        with h5py.File(content, "r+") as file:
            del file["layers/embedding/vars/0"]
            file["layers/embedding/vars/0"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "secret")
        parts["model.weights.h5"] = content.getvalue()

    with pytest.raises(ValueError, match="is not a weight of this file"):
        keras_layers.read(rewritten(tmp_path / "linked.keras", "mean.keras", link))


def with_embedding(path: Path, rows: int, names: int = 1, **storage: Any) -> Path:
    """A fixture whose embedding is declared with so many rows, and listed so many times."""
    path.write_bytes((FOLDER / "keras2_both_ways.h5").read_bytes())
    with h5py.File(path, "r+") as file:
        layer = next(group for name, group in file["model_weights"].items() if "embedding" in name)
        name, *_ = layer.attrs["weight_names"]
        size = layer[name].shape[1]
        array = layer[name][()]
        del layer[name]
        kept = layer.create_dataset(name, shape=(rows, size), dtype="f4", **storage)
        kept[: len(array)] = array[:rows]
        layer.attrs["weight_names"] = [name] * names
        config = json.loads(file.attrs["model_config"])
        for told in config["config"]["layers"]:
            if told["class_name"] == "Embedding":
                told["config"]["input_dim"] = rows
        file.attrs["model_config"] = json.dumps(config)
    return path


def test_arrays_that_are_larger_than_what_is_stored_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keras_layers.read(with_embedding(tmp_path / "a.h5", 12, compression="gzip")).embedding is not None
    huge = with_embedding(tmp_path / "b.h5", 10**8, chunks=(1_024, 1), compression="gzip")
    assert huge.stat().st_size < 10**6
    with pytest.raises(ValueError, match=r"has shape \[100000000, \d\], .* bytes are stored"):
        keras_layers.read(huge)
    # One chunk that is far larger than the array is unpacked too.
    chunk = with_embedding(tmp_path / "c.h5", 12, maxshape=(None, None), chunks=(10**6, 2), compression="gzip")
    monkeypatch.setattr(keras_files, "_ALWAYS", 10**5)
    monkeypatch.setattr(keras_files, "_MOST_TIMES", 100)
    with pytest.raises(ValueError, match="8,000,000 bytes, and"):
        keras_layers.read(chunk)


def test_too_many_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="is listed twice"):
        keras_layers.read(with_embedding(tmp_path / "a.h5", 12, names=1_000))
    monkeypatch.setattr(keras_files, "_MOST_BYTES", 300)
    with pytest.raises(ValueError, match="its weights are larger than 300 bytes"):
        keras_layers.read(FOLDER / "mean.keras")
    monkeypatch.setattr(keras_files, "_ALWAYS", 100_000)

    def longer(parts: dict[str, bytes]) -> None:
        parts["model.weights.h5"] += bytes(10**6)

    with pytest.raises(ValueError, match=r"model\.weights\.h5 is 1,\d+,\d+ bytes of"):
        keras_layers.read(rewritten(tmp_path / "a.keras", "mean.keras", longer))


def test_only_vocabularies_of_layers_are_read_and_not_too_many_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def more(parts: dict[str, bytes], repeated: int = 1) -> None:
        config = json.loads(parts["config.json"])
        layer = next(layer for layer in config["config"]["layers"] if layer["class_name"] == "TextVectorization")
        words = layer["config"].pop("vocabulary")
        parts["config.json"] = json.dumps(config).encode()
        parts["assets/layers/text_vectorization/vocabulary.txt"] = "\n".join(words * repeated).encode()
        for number in range(1, 5):
            parts[f"assets/layers/text_vectorization_{number}/vocabulary.txt"] = b"word\n" * 10_000

    path = rewritten(tmp_path / "a.keras", "texts.keras", more)
    parts: list[str] = []
    part = keras_files._part
    monkeypatch.setattr(keras_files, "_part", lambda *given: parts.append(given[2]) or part(*given))
    assert keras_layers.read(path).tokens == keras_layers.read(FOLDER / "texts.keras").tokens
    assert len([name for name in parts if name.endswith("vocabulary.txt")]) == 1
    monkeypatch.setattr(keras_files, "_MOST_CONFIG", 30_000)
    with pytest.raises(ValueError, match=r"vocabulary\.txt is 89,999 bytes"):
        keras_layers.read(rewritten(path, "texts.keras", lambda parts: more(parts, 3_000)))


@pytest.mark.parametrize("name", ["mean.keras", "masked_both_ways.keras", "keras2_both_ways.h5"])
def test_a_damaged_file_is_one_line(tmp_path: Path, name: str) -> None:
    content = (FOLDER / name).read_bytes()
    drawn = random.Random(3)
    refused = 0
    for _ in range(20):
        damaged = bytearray(content)
        damaged[drawn.randrange(len(content))] ^= drawn.randrange(1, 256)
        (tmp_path / name).write_bytes(damaged)
        try:
            keras_layers.read(tmp_path / name)
        except ValueError as error:
            refused += 1
            assert "\n" not in str(error) and name in str(error)
    assert refused >= (10 if name.endswith(".keras") else 0)  # h5 has no checksums of its numbers


def test_a_relu_layer_behind_the_hidden_layer_is_its_activation(tmp_path: Path) -> None:
    def apart(settings: dict[str, Any]) -> Callable[[dict[str, bytes]], None]:
        def change(parts: dict[str, bytes]) -> None:
            config = json.loads(parts["config.json"])
            layers = config["config"]["layers"]
            hidden = next(number for number, layer in enumerate(layers) if layer["class_name"] == "Dense")
            layers[hidden]["config"]["activation"] = "linear"
            layers.insert(hidden + 1, {"class_name": "ReLU", "config": {"name": "re_lu", **settings}})
            parts["config.json"] = json.dumps(config).encode()

        return change

    own = keras_layers.read(FOLDER / "mean.keras")
    usual = {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}
    found = keras_layers.read(rewritten(tmp_path / "a.keras", "mean.keras", apart(usual)))
    assert own.activation == found.activation == "relu" and np.array_equal(own.head.hidden, found.head.hidden)
    for name, value in {"max_value": 6.0, "negative_slope": 0.1, "threshold": 1.0}.items():
        with pytest.raises(ValueError, match=f"layer 're_lu' .*{name} is {value}"):
            keras_layers.read(rewritten(tmp_path / "b.keras", "mean.keras", apart({**usual, name: value})))


def test_a_third_output_has_the_probability_that_its_scores_give(tmp_path: Path) -> None:
    """The file's two outputs and one whose score is 1 whatever the text."""

    def third(parts: dict[str, bytes]) -> None:
        config = json.loads(parts["config.json"])
        (dense,) = (layer for layer in config["config"]["layers"] if layer["class_name"] == "Dense")
        dense["config"]["units"] = 3
        stored = io.BytesIO(parts["model.weights.h5"])
        with h5py.File(stored, "r+") as file:
            weights = file["layers/dense/vars"]
            for name, more in (("0", np.zeros((4, 1))), ("1", np.ones(1))):
                old = weights[name][()]
                del weights[name]
                weights[name] = np.concatenate([old, more], axis=-1).astype(np.float32)
        parts["config.json"], parts["model.weights.h5"] = json.dumps(config).encode(), stored.getvalue()

    path = rewritten(tmp_path / "three.keras", "left_padded.keras", third)
    for name, options in {"two": {}, "three": {"weights": path, "labels": ("a", "b", "c")}}.items():
        save(name, assemble(replace(request("left_padded.keras", tmp_path), **options)), tmp_path)
    texts = MODELS["left_padded.keras"]["texts"]
    two, three = (verdicts(checkpoints.load(name, tmp_path), texts) for name in ("two", "three"))
    for one, more in zip(two, three, strict=True):
        assert more.aimed(Target(("a", "b", "c"), 1, 0)).logit == pytest.approx(one.logit, abs=1e-5)
        assert more.scores[2] == 1
