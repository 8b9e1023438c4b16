"""Makes the files in ``fixtures``: small Keras models with random weights, and what Keras itself says of some texts.

    pip install tensorflow-cpu==2.21.0 tf-keras==2.21.0 keras==3.15.1
    python tests/models/importers/make_keras_fixtures.py

Run by hand, in an environment of its own; the tests read the files without Keras.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf
import tf_keras

FOLDER = Path(__file__).parent / "fixtures"
WORDS = ["", "[UNK]", *(f"w{number}" for number in range(10))]
V, E, H, N = len(WORDS), 3, 4, 6
TEXTS = ["w0 w1 w2", "w3", "w4 w5 w4 w9 w8", "never w7 w7 w1", "w9 w8 w7 w6 w5 w4", "w2 w0 w6 w3 w1 w5 w9 w0"]


def sentences() -> list[list[int]]:
    ids = {word: number for number, word in enumerate(WORDS)}
    return [[ids.get(word, 1) for word in text.split()] for text in TEXTS]


def left(ids: list[int]) -> list[int]:
    """`pad_sequences` with its defaults: zeros in front, the last N kept."""
    return ([0] * N + ids)[-N:]


def alone(ids: list[int]) -> list[int]:
    return ids


def probabilities(model, read) -> list[float]:
    found = []
    for ids in sentences():
        scores = np.asarray(model(tf.constant([read(ids)])))[0]
        found.append(float(scores[-1]))
    return found


def keep(name: str, model, read, reads: str, told: dict[str, object], **more: object) -> None:
    rng = np.random.default_rng(len(told) + 1)
    model.set_weights([rng.normal(0, 0.8, weight.shape).astype(np.float32) for weight in model.get_weights()])
    model.save(FOLDER / name)
    told[name] = {"texts": TEXTS, "probabilities": probabilities(model, read), "reads": reads, **more}


def keep_texts(name: str, split, texts: list[str], reads: str, told: dict[str, object], *, mask_zero: bool) -> None:
    """A model that splits texts itself."""
    ly = keras.layers
    words = ly.Embedding(V, E, mask_zero=mask_zero)
    model = keras.Sequential([keras.Input((1,), dtype="string"), split, words, ly.LSTM(H), ly.Dense(1, "sigmoid")])
    rng = np.random.default_rng(len(told) + 1)
    model.set_weights([rng.normal(0, 0.8, weight.shape).astype(np.float32) for weight in model.get_weights()])
    model.save(FOLDER / name)
    said = [float(np.asarray(model(tf.constant([[text]])))[0, 0]) for text in texts]
    told[name] = {"texts": texts, "probabilities": said, "reads": reads, "steps": ["keras_vectorization"]}


def _pack(path: Path) -> None:
    """Write a zip file again, compressed; Keras stores it as it is."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    told: dict[str, object] = {}
    k, ly = keras, keras.layers
    both = ly.Bidirectional
    keep(
        "masked_both_ways.keras",
        k.Sequential([k.Input((None,)), ly.Embedding(V, E, mask_zero=True), both(ly.LSTM(H)), ly.Dense(1, "sigmoid")]),
        lambda ids: [0] * (9 - len(ids)) + ids, "final", told,
    )  # fmt: skip
    keep(
        "left_padded.keras",
        k.Sequential([k.Input((N,)), ly.Embedding(V, E), ly.SpatialDropout1D(0.2), ly.GRU(H), ly.Dense(2, "softmax")]),
        left, f"final left:{N}", told,
    )  # fmt: skip
    keep(
        "reset_before.h5",
        k.Sequential([k.Input((None,)), ly.Embedding(V, E), ly.GRU(H, reset_after=False), ly.Dense(1, "sigmoid")]),
        alone, "final", told,
    )  # fmt: skip
    keep(
        "relu_two_layers.h5",
        k.Sequential(
            [
                k.Input((None,)), ly.Embedding(V, E), ly.SimpleRNN(H, activation="relu", return_sequences=True),
                ly.SimpleRNN(H, activation="relu"), ly.Dense(1, "sigmoid"),
            ]
        ),
        alone, "final", told,
    )  # fmt: skip
    entry = k.Input((N,), dtype="int32")
    x = ly.Embedding(V, E, name="words")(entry)
    x = both(ly.LSTM(H, return_sequences=True, use_bias=False), name="lower")(x)
    x = both(ly.LSTM(H, return_sequences=True), name="upper")(x)
    x = ly.Dropout(0.5)(ly.Dense(5, "tanh")(ly.GlobalMaxPooling1D()(x)))
    keep(
        "functional_max.keras", k.Model(entry, ly.Dense(2, "softmax", name="out")(x)),
        lambda ids: (ids + [0] * N)[:N], f"max padded:{N}", told, given=f"padded:{N}",
    )  # fmt: skip
    keep(
        "mean.keras",
        k.Sequential(
            [
                k.Input((None,)), ly.Embedding(V, E, mask_zero=True), ly.GRU(H, return_sequences=True),
                ly.GlobalAveragePooling1D(), ly.Dense(5, "relu"), ly.Dense(1, "sigmoid"),
            ]
        ),
        alone, "mean", told,
    )  # fmt: skip

    texts = [*TEXTS, "W1 w2, w3! w'4"]
    split = ly.TextVectorization(output_sequence_length=N, vocabulary=WORDS[2:])
    keep_texts("texts.keras", split, texts, f"final padded:{N}", told, mask_zero=False)
    split = ly.TextVectorization(max_tokens=9)
    split.adapt([" ".join(WORDS[2 : 2 + count]) for count in range(1, 11)])
    keep_texts("adapted.keras", split, texts, "final", told, mask_zero=True)

    k, ly = tf_keras, tf_keras.layers
    keep(
        "keras2_both_ways.h5",
        k.Sequential(
            [
                ly.Embedding(V, E, input_length=N), ly.Bidirectional(ly.GRU(H), name="way"),
                ly.Dense(1, activation="sigmoid"),
            ]
        ),
        left, f"final left:{N}", told,
    )  # fmt: skip
    keep(
        "keras2_max.keras",
        k.Sequential(
            [
                ly.Embedding(V, E, input_length=N), ly.LSTM(H, return_sequences=True), ly.GlobalMaxPooling1D(),
                ly.Dense(2, activation="softmax"),
            ]
        ),
        left, f"max left:{N}", told,
    )  # fmt: skip
    for path in FOLDER.glob("*.keras"):
        _pack(path)
    (FOLDER / "keras.json").write_text(json.dumps({"words": WORDS, "models": told}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
