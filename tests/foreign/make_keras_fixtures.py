"""Makes the files in ``fixtures``: small Keras models with random weights, and what Keras itself says of some texts.

    pip install tensorflow-cpu==2.21.0 tf-keras==2.21.0 keras==3.15.1
    python tests/foreign/make_keras_fixtures.py

Run by hand, in an environment of its own; the tests read the files without Keras.
"""

from __future__ import annotations

import json
import os
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


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    told: dict[str, object] = {}
    k, l = keras, keras.layers
    both = l.Bidirectional
    keep(
        "masked_both_ways.keras",
        k.Sequential([k.Input((None,)), l.Embedding(V, E, mask_zero=True), both(l.LSTM(H)), l.Dense(1, "sigmoid")]),
        left, "final", told,
    )  # fmt: skip
    keep(
        "left_padded.keras",
        k.Sequential([k.Input((N,)), l.Embedding(V, E), l.SpatialDropout1D(0.2), l.GRU(H), l.Dense(2, "softmax")]),
        left, f"final left:{N}", told,
    )  # fmt: skip
    keep(
        "reset_before.h5",
        k.Sequential([k.Input((None,)), l.Embedding(V, E), l.GRU(H, reset_after=False), l.Dense(1, "sigmoid")]),
        alone, "final", told,
    )  # fmt: skip
    keep(
        "relu_two_layers.h5",
        k.Sequential(
            [
                k.Input((None,)), l.Embedding(V, E), l.SimpleRNN(H, activation="relu", return_sequences=True),
                l.SimpleRNN(H, activation="relu"), l.Dense(1, "sigmoid"),
            ]
        ),
        alone, "final", told,
    )  # fmt: skip
    entry = k.Input((N,), dtype="int32")
    x = l.Embedding(V, E, name="words")(entry)
    x = both(l.LSTM(H, return_sequences=True, use_bias=False), name="lower")(x)
    x = both(l.LSTM(H, return_sequences=True), name="upper")(x)
    x = l.Dropout(0.5)(l.Dense(5, "tanh")(l.GlobalMaxPooling1D()(x)))
    keep(
        "functional_max.keras", k.Model(entry, l.Dense(2, "softmax", name="out")(x)),
        lambda ids: (ids + [0] * N)[:N], f"max padded:{N}", told, given=f"padded:{N}",
    )  # fmt: skip
    keep(
        "mean.keras",
        k.Sequential(
            [
                k.Input((None,)), l.Embedding(V, E, mask_zero=True), l.GRU(H, return_sequences=True),
                l.GlobalAveragePooling1D(), l.Dense(5, "relu"), l.Dense(1, "sigmoid"),
            ]
        ),
        alone, "mean", told,
    )  # fmt: skip

    split = l.TextVectorization(output_sequence_length=N, vocabulary=WORDS[2:])
    model = k.Sequential([k.Input((1,), dtype="string"), split, l.Embedding(V, E), l.LSTM(H), l.Dense(1, "sigmoid")])
    rng = np.random.default_rng(7)
    model.set_weights([rng.normal(0, 0.8, weight.shape).astype(np.float32) for weight in model.get_weights()])
    model.save(FOLDER / "texts.keras")
    texts = [*TEXTS, "W1 w2, w3! w'4"]
    told["texts.keras"] = {
        "texts": texts,
        "probabilities": [float(np.asarray(model(tf.constant([[text]])))[0, 0]) for text in texts],
        "reads": f"final padded:{N}",
        "steps": ["keras_vectorization"],
    }

    k, l = tf_keras, tf_keras.layers
    keep(
        "keras2_both_ways.h5",
        k.Sequential(
            [l.Embedding(V, E, input_length=N), l.Bidirectional(l.GRU(H), name="way"), l.Dense(1, activation="sigmoid")]
        ),
        left, f"final left:{N}", told,
    )  # fmt: skip
    keep(
        "keras2_max.keras",
        k.Sequential(
            [
                l.Embedding(V, E, input_length=N), l.LSTM(H, return_sequences=True), l.GlobalMaxPooling1D(),
                l.Dense(2, activation="softmax"),
            ]
        ),
        left, f"max left:{N}", told,
    )  # fmt: skip
    (FOLDER / "keras.json").write_text(json.dumps({"words": WORDS, "models": told}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
