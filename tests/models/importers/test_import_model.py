"""A model that is brought gives the probabilities of the torch module that its weights are of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.models import checkpoints
from core.models.importers.import_model import Request, assemble, save
from core.models.importers.vocabulary_files import Special
from core.models.predict import verdicts
from core.text.preprocessing import Preprocessing
from tests.models import owners
from tests.models.owners import MODULES, WORDS, H, Owner, assert_same, write


def request(folder: Path, model: Owner, words: Sequence[str] = WORDS, **more: Any) -> Request:
    return Request(**write(folder, model, words), **more)


@pytest.mark.parametrize("cell", MODULES)
def test_a_brought_model_says_what_the_module_said(tmp_path: Path, cell: str) -> None:
    for layers, both, bias, outputs in (
        (1, False, True, 1),
        (3, True, True, 1),
        (2, True, False, 3),
        (1, False, True, 7),
    ):
        model = Owner(cell, layers=layers, both=both, outputs=outputs, bias=bias)
        brought = assemble(request(tmp_path, model, **({"labels": owners.labels(model)} if outputs > 2 else {})))
        sizes = brought.card["sizes"]
        assert (brought.card["cell"], sizes["layers"], sizes["hidden"]) == (cell, layers, H)
        assert sizes.get("bidirectional", False) is both
        assert any("no biases" in note for note in brought.notes) is not bias
        assert sizes.get("outputs", 1) == outputs and brought.card["imported"]["outputs"] == outputs
        save("theirs", brought, tmp_path, replace=True)
        assert_same(tmp_path, model)


def test_the_other_output_as_class_1_turns_the_probability_round(tmp_path: Path) -> None:
    for name, class_1 in (("one", 1), ("zero", 0)):
        save(name, assemble(request(tmp_path, Owner(), class_1=class_1)), tmp_path)
    one, zero = (verdicts(checkpoints.load(name, tmp_path), ["w3 w4 w5"])[0].probability for name in ("one", "zero"))
    assert one + zero == pytest.approx(1, abs=1e-7)
    assert abs(one - 0.5) > 0.01


def test_its_embeddings_keep_their_32_bits_when_saved_again(tmp_path: Path) -> None:
    model = Owner()
    save("theirs", assemble(request(tmp_path, model)), tmp_path)
    loaded = checkpoints.load("theirs", tmp_path)
    checkpoints.save_again(loaded, loaded.card, tmp_path)
    again = checkpoints.load("theirs", tmp_path)
    assert again.hash == loaded.hash
    assert torch.equal(again.model.embedding.weight, model.embedding.weight)


def test_the_card_says_what_is_known_and_bad_names_are_refused(tmp_path: Path) -> None:
    save("theirs", assemble(request(tmp_path, Owner(both=True), labels=("ham", "spam"), class_1=0)), tmp_path)
    card = checkpoints.read_card("theirs", tmp_path)
    assert "theirs" in checkpoints.names(tmp_path)
    assert card["labels"] == ["ham", "spam"]
    assert card["data"] == {} and card["metrics"] == {}
    assert any("not known" in limit for limit in card["limits"])
    assert card["imported"]["tensors"] == {
        "recurrent": "encoder.rnn.*",
        "head": "head.1.weight",
        "embedding": "embedding.weight",
    }
    assert (card["imported"]["outputs"], card["imported"]["class_1"]) == (2, 0)
    assert str(tmp_path) not in str(card)
    for labels, message in (
        *((("a",), "2 to 20 classes"), (("a", "b", "A"), "different names"), (("a", "a"), "different names")),
        *((("", "b"), "has 1 to 40 printable"), (("a" * 41, "b"), "has 1 to 40 printable")),
        (("a\n", "b"), "printable characters"),
    ):
        with pytest.raises(ValueError, match=message):
            Request(Path("x"), None, labels=labels)
    brought = assemble(request(tmp_path, Owner()))
    with pytest.raises(ValueError, match="already"):
        save("theirs", brought, tmp_path)
    save("theirs", brought, tmp_path, replace=True)
    with pytest.raises(checkpoints.CheckpointError, match="not a valid checkpoint name"):
        save("../theirs", brought, tmp_path)


def test_words_that_the_steps_never_give_and_unknown_ones(tmp_path: Path) -> None:
    words = [*WORDS[:-2], "New", "don't"]
    told = "1 of 30 words come out of no text"
    assert any(told in note and "New" in note for note in assemble(request(tmp_path, Owner(), words)).notes)
    without = assemble(request(tmp_path, Owner(), words, preprocessing=Preprocessing(())))
    assert not any("come out of no text" in note for note in without.notes)
    model, words = Owner(), ["first", "second", *WORDS[2:]]
    brought = assemble(request(tmp_path, model, words))
    assert any("read as zeros" in note for note in brought.notes)
    assert not brought.words.vectors[:2].any()
    named = assemble(request(tmp_path, model, words, special=Special(unknown_token="second")))
    np.testing.assert_array_equal(named.words.vectors[1], model.embedding.weight[1].numpy())
    assert "second" not in named.words.vocabulary
