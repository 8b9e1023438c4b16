"""A model that is brought gives the probabilities of the torch module that its weights are of."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from core.models import checkpoints
from core.models.importers.import_model import Request, bring, save
from core.models.importers.words import Special
from core.models.predict import verdicts
from core.text.preprocessing import Preprocessing

WORDS = ["<pad>", "<unk>", *(f"w{number}" for number in range(40))]
MODULES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
EMBEDDING, HIDDEN = 7, 5


class Original(nn.Module):
    """Somebody's classifier, as many write it: embedding, recurrence, the last layer's final state, a linear head."""

    def __init__(self, cell: str, layers: int, both: bool, outputs: int, *, bias: bool = True, last: bool = False):
        super().__init__()
        self.emb = nn.Embedding(len(WORDS), EMBEDDING)
        self.encoder = nn.ModuleDict(
            {"rnn": MODULES[cell](EMBEDDING, HIDDEN, layers, bias=bias, bidirectional=both, batch_first=True)}
        )
        self.classifier = nn.Sequential(nn.Dropout(0.5), nn.Linear(HIDDEN * (1 + both), outputs, bias=bias))
        self.both, self.last = both, last

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """P(class 1) of one sentence of ids [T]."""
        output, final = self.encoder["rnn"](self.emb(ids[None]))
        h = final[0] if isinstance(final, tuple) else final
        state = torch.cat([h[-2], h[-1]], dim=1) if self.both else h[-1]
        scores = self.classifier(output[:, -1] if self.last else state)[0]
        return scores.sigmoid()[0] if len(scores) == 1 else scores.softmax(0)[1]


def original(seed: int = 0, **shape: object) -> Original:
    torch.manual_seed(seed)
    model = Original(**shape).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.normal_(0, 0.7)
    return model


def write(folder: Path, model: nn.Module, words: list[str] = WORDS) -> Request:
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "theirs.safetensors")
    (folder / "words.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    return Request(folder / "theirs.safetensors", folder / "words.txt")


def sentences(count: int, seed: int) -> list[list[int]]:
    """Ids of sentences of 1 to 30 words, unknown ones (1) among them."""
    rng = np.random.default_rng(seed)
    return [rng.integers(1, len(WORDS), rng.integers(1, 31)).tolist() for _ in range(count)]


def as_text(ids: list[int]) -> str:
    return " ".join("neverseen" if number == 1 else WORDS[number] for number in ids)


def assert_equal(folder: Path, name: str, model: Original) -> None:
    drawn = sentences(60, seed=3)
    expected = np.array([model(torch.tensor(ids)).item() for ids in drawn])
    found = verdicts(checkpoints.load(name, folder), [as_text(ids) for ids in drawn])
    assert np.ptp(expected) > 0.02
    np.testing.assert_allclose([verdict.probability for verdict in found], expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("cell", "layers", "both", "outputs"), list(product(MODULES, (1, 2, 3), (False, True), (1, 2)))
)
def test_a_brought_model_says_what_the_module_said(
    tmp_path: Path, cell: str, layers: int, both: bool, outputs: int
) -> None:
    model = original(cell=cell, layers=layers, both=both, outputs=outputs)
    brought = bring(write(tmp_path, model))
    sizes = brought.card["sizes"]
    assert (brought.card["cell"], sizes["layers"], sizes["hidden"]) == (cell, layers, HIDDEN)
    assert sizes.get("bidirectional", False) is both
    save("theirs", brought, tmp_path)
    assert_equal(tmp_path, "theirs", model)


@pytest.mark.parametrize("cell", MODULES)
def test_a_model_without_biases(tmp_path: Path, cell: str) -> None:
    model = original(cell=cell, layers=2, both=True, outputs=2, bias=False)
    brought = bring(write(tmp_path, model))
    assert any("no biases" in note for note in brought.notes)
    save("theirs", brought, tmp_path)
    assert_equal(tmp_path, "theirs", model)


@pytest.mark.parametrize("layers", (1, 2))
def test_a_bidirectional_model_that_reads_the_output_at_the_last_token(tmp_path: Path, layers: int) -> None:
    model = original(cell="gru", layers=layers, both=True, outputs=1, last=True)
    request = write(tmp_path, model)
    save("theirs", bring(Request(request.weights, request.vocabulary, reads="last")), tmp_path)
    assert_equal(tmp_path, "theirs", model)


def test_the_other_output_as_class_1_turns_the_probability_round(tmp_path: Path) -> None:
    model = original(cell="lstm", layers=1, both=False, outputs=2)
    request = write(tmp_path, model)
    for name, class_1 in (("one", 1), ("zero", 0)):
        save(name, bring(Request(request.weights, request.vocabulary, class_1=class_1)), tmp_path)
    one, zero = (verdicts(checkpoints.load(name, tmp_path), ["w3 w4 w5"])[0].probability for name in ("one", "zero"))
    assert one + zero == pytest.approx(1, abs=1e-7)
    assert abs(one - 0.5) > 0.01


def test_its_embeddings_keep_their_32_bits_when_saved_again(tmp_path: Path) -> None:
    model = original(cell="rnn", layers=1, both=False, outputs=1)
    save("theirs", bring(write(tmp_path, model)), tmp_path)
    loaded = checkpoints.load("theirs", tmp_path)
    checkpoints.save_again(loaded, loaded.card, tmp_path)
    again = checkpoints.load("theirs", tmp_path)
    assert again.hash == loaded.hash
    assert torch.equal(again.model.embedding.weight, model.emb.weight)


def test_the_card_says_what_is_known_and_what_is_not(tmp_path: Path) -> None:
    request = write(tmp_path, original(cell="lstm", layers=1, both=True, outputs=2))
    save("theirs", bring(Request(request.weights, request.vocabulary, labels=("ham", "spam"), class_1=0)), tmp_path)
    card = checkpoints.read_card("theirs", tmp_path)
    assert "theirs" in checkpoints.names(tmp_path)
    assert card["labels"] == ["ham", "spam"]
    assert card["data"] == {} and card["metrics"] == {}
    assert any("not known" in limit for limit in card["limits"])
    assert card["imported"]["tensors"] == {
        "recurrent": "encoder.rnn.*",
        "head": "classifier.1.weight",
        "embedding": "emb.weight",
    }
    assert (card["imported"]["outputs"], card["imported"]["class_1"]) == (2, 0)
    assert str(tmp_path) not in str(card)


def test_a_name_that_is_taken_is_kept_unless_told(tmp_path: Path) -> None:
    brought = bring(write(tmp_path, original(cell="rnn", layers=1, both=False, outputs=1)))
    save("theirs", brought, tmp_path)
    with pytest.raises(ValueError, match="already"):
        save("theirs", brought, tmp_path)
    save("theirs", brought, tmp_path, replace=True)
    with pytest.raises(checkpoints.CheckpointError, match="not a checkpoint's name"):
        save("../theirs", brought, tmp_path)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (("a",), "two names; given"),
        (("a", "b", "c"), "two names; given"),
        (("a", "a"), "two different names"),
        (("", "b"), "has 1 to 40 characters"),
        (("a" * 41, "b"), "has 1 to 40 characters"),
        (("a\n", "b"), "characters that print"),
    ],
)
def test_names_that_cannot_stand_for_two_classes(labels: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Request(Path("x"), None, labels=labels)


def test_words_that_the_steps_never_give_are_told_of(tmp_path: Path) -> None:
    words = [*WORDS[:-2], "New", "don't"]
    request = write(tmp_path, original(cell="rnn", layers=1, both=False, outputs=1), words)
    assert any("1 of 40 words come out of no text" in note and "New" in note for note in bring(request).notes)
    without = Request(request.weights, request.vocabulary, preprocessing=Preprocessing(()))
    assert not any("come out of no text" in note for note in bring(without).notes)


def test_an_unknown_word_reads_zeros_where_the_model_has_no_unknown_token(tmp_path: Path) -> None:
    model = original(cell="gru", layers=1, both=False, outputs=1)
    request = write(tmp_path, model, ["first", "second", *WORDS[2:]])
    brought = bring(request)
    assert any("read as zeros" in note for note in brought.notes)
    assert not brought.words.vectors[:2].any()
    named = bring(Request(request.weights, request.vocabulary, special=Special(unknown_token="second")))
    np.testing.assert_array_equal(named.words.vectors[1], model.emb.weight[1].numpy())
    assert "second" not in named.words.vocabulary
