"""What is saved is what is loaded; whatever is damaged is refused in one line and harms no other checkpoint."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import pickle
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from core.data.targets import POSITIVE, Target
from core.models import checkpoints
from core.models.checkpoints import CARD, POLARITY, STATE_SPACE, VOCABULARY, WEIGHTS, Checkpoint, CheckpointError
from core.models.predict import verdict
from core.models.recurrent import CELLS, Classifier
from core.models.state_space import StateSpace, fit
from core.text.preprocessing import Preprocessing, Vocabulary
from tests.conftest import write_tiny_checkpoint

WORDS = Vocabulary([f"w{number}" for number in range(18)])
TEXTS = ["Better late than never", "I can't love this movie!", "bad", "zork :)", ""]


@pytest.fixture
def folder(tiny_checkpoints: Path, tmp_path: Path) -> Path:
    """A copy of the tiny checkpoints, to be damaged."""
    return shutil.copytree(tiny_checkpoints, tmp_path / "checkpoints")


def classifier(cell: str, layers: int = 1, seed: int = 0) -> Classifier:
    """A random classifier over `WORDS`, left as training leaves it.

    Without gradients: torch takes other kernels where parameters want some, and the last digit differs.
    """
    torch.manual_seed(seed)
    model = Classifier(cell, len(WORDS), 5, 7, layers)
    model.embedding.weight.data = model.embedding.weight.data.half().float()
    return model.requires_grad_(False).eval()


def card_of(model: Classifier, **changes: object) -> checkpoints.Card:
    """The least a card needs."""
    sizes = {"embedding": 5, "hidden": 7, "layers": model.recurrent.num_layers}
    steps = Preprocessing().steps
    return {"kind": checkpoints.CLASSIFIER, "cell": model.cell, "sizes": sizes, "preprocessing": steps, **changes}


def save(model: Classifier, folder: Path, name: str = "mine", **changes: object) -> None:
    checkpoints.save(name, model.state_dict(), WORDS, card_of(model, **changes), folder)


def read_json(folder: Path, name: str) -> checkpoints.Card:
    card: checkpoints.Card = json.loads((folder / name / CARD).read_text(encoding="utf-8"))
    return card


def reseal(folder: Path, name: str, change: Callable[[checkpoints.Card], Any] = lambda card: None) -> None:
    """Change a card and make its hashes right again, as only somebody who means to would."""
    card = read_json(folder, name)
    change(card)
    card["sha256"] |= {
        file: hashlib.sha256((folder / name / file).read_bytes()).hexdigest() for file in (WEIGHTS, VOCABULARY)
    }
    card["sha256"][CARD] = checkpoints._card_hash(card)
    (folder / name / CARD).write_text(json.dumps(card), encoding="utf-8")


def refusal(error: pytest.ExceptionInfo[CheckpointError], name: str) -> str:
    """The message of a refusal: one line that names the checkpoint."""
    message = str(error.value)
    assert repr(name) in message
    assert message.isprintable()
    return message


# Saving and loading


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_save_then_load_gives_identical_logits(tmp_path: Path, cell: str, layers: int) -> None:
    model = classifier(cell, layers)
    save(model, tmp_path)
    loaded = checkpoints.load("mine", tmp_path).model
    assert (loaded.cell, loaded.recurrent.num_layers) == (cell, layers)
    assert {key: value.dtype for key, value in loaded.state_dict().items()} == dict.fromkeys(
        model.state_dict(), torch.float32
    )
    ids = torch.randint(0, len(WORDS), (6, 9))
    lengths = torch.tensor([9, 1, 4, 9, 2, 7])
    with torch.inference_mode():
        assert torch.equal(loaded(ids, lengths), model(ids, lengths))
        assert torch.equal(loaded.prefix_logits(ids), model.prefix_logits(ids))
        assert torch.equal(
            loaded.step(loaded.embedding(ids[:, 0]), loaded.start(6)).state.h,
            model.step(model.embedding(ids[:, 0]), model.start(6)).state.h,
        )


def test_saving_again_what_was_loaded_changes_nothing(folder: Path) -> None:
    for name in CELLS:
        before = {file: (folder / name / file).read_bytes() for file in (WEIGHTS, VOCABULARY, CARD)}
        loaded = checkpoints.load(name, folder)
        checkpoints.save(name, loaded.model.state_dict(), loaded.vocabulary, loaded.card, folder)
        assert {file: (folder / name / file).read_bytes() for file in before} == before


def test_files_on_the_disk(tmp_path: Path) -> None:
    model = classifier("gru")
    save(model, tmp_path, history=[{"step": 1}], note="naïve")
    path = tmp_path / "mine"
    assert sorted(file.name for file in path.iterdir()) == sorted([WEIGHTS, VOCABULARY, CARD])
    with safe_open(path / WEIGHTS, framework="pt") as file:
        dtypes = {key: file.get_slice(key).get_dtype() for key in file.keys()}  # noqa: SIM118, no mapping
    assert dtypes == {key: "F16" if key == "embedding.weight" else "F32" for key in model.state_dict()}
    assert (path / VOCABULARY).read_text(encoding="utf-8").splitlines() == ["<pad>", "<unk>", *WORDS.words]
    card = read_json(tmp_path, "mine")
    assert (card["format"], card["name"], card["note"], card["history"]) == (1, "mine", "naïve", [{"step": 1}])
    for file in (WEIGHTS, VOCABULARY):
        assert card["sha256"][file] == hashlib.sha256((path / file).read_bytes()).hexdigest()
    assert checkpoints.read_card("mine", tmp_path) == card


def test_a_loaded_checkpoint_is_read_only(folder: Path) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    for name in checkpoints.names(folder):
        loaded = checkpoints.load(name, folder)
        assert torch.equal(torch.get_rng_state(), before)  # loading draws no random number
        assert not any(module.training for module in loaded.model.modules())
        assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
        # Gradients by the input are still to be had, and leave nothing on the model.
        x = torch.randn(2, 3, 6, requires_grad=True)
        loaded.model.from_embeddings(x).sum().backward()
        assert x.grad is not None
        assert all(parameter.grad is None for parameter in loaded.model.parameters())
        with pytest.raises(AttributeError):
            loaded.name = "other"  # type: ignore[misc]
        torch.set_rng_state(before)


def test_the_hash_stands_for_what_decides_the_numbers(tmp_path: Path) -> None:
    def saved_hash(model: Classifier, **changes: object) -> str:
        save(model, tmp_path, **changes)
        return checkpoints.load("mine", tmp_path).hash

    model = classifier("gru")
    first = saved_hash(model)
    assert saved_hash(model) == first
    assert saved_hash(model, metrics={"report": {"accuracy": 0.9}}, data={"file": "other"}) == first
    hashes = {
        first,
        saved_hash(classifier("gru", seed=1)),
        saved_hash(classifier("lstm")),
        saved_hash(model, preprocessing=Preprocessing().without("links").steps),
    }
    loaded = checkpoints.load("mine", tmp_path)  # preprocessing and vocabulary come with the model
    assert loaded.preprocessing == Preprocessing().without("links") and loaded.vocabulary == WORDS
    checkpoints.save("mine", model.state_dict(), Vocabulary(reversed(WORDS.words)), card_of(model), tmp_path)
    hashes.add(checkpoints.load("mine", tmp_path).hash)
    assert len(hashes) == 5


# Names


def test_the_folder_of_checkpoints_is_the_environments(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(folder))
    assert checkpoints.root() == folder
    assert checkpoints.names() == ["rnn", "gru", "lstm"]
    assert checkpoints.load("gru").hash == checkpoints.load("gru", folder).hash
    monkeypatch.delenv("UNROLLED_CHECKPOINTS")
    assert checkpoints.root() == Path(checkpoints.__file__).parents[2] / "checkpoints"
    assert checkpoints.trained_on({"data": {"sha256": "f" * 64}}, "f" * 64)
    assert not checkpoints.trained_on({"data": {"sha256": "f" * 64}}, "0" * 64)
    assert not checkpoints.trained_on({"data": "f" * 64}, "f" * 64) and not checkpoints.trained_on({}, "f" * 64)


def test_names_in_order_and_one_that_is_not_there(folder: Path) -> None:
    with pytest.raises(CheckpointError, match=r"^no checkpoint 'transformer'; available: rnn, gru, lstm$"):
        checkpoints.load("transformer", folder)
    with pytest.raises(CheckpointError, match=r"^no checkpoint 'rnn'; available: none$"):
        checkpoints.load("rnn", folder / "missing")
    for name in ("zebra", "alpha", "word2vec"):
        shutil.copytree(folder / "gru", folder / name)
    checkpoints.save(
        "vectors", {"vectors": torch.zeros(len(WORDS), 3)}, WORDS, {"kind": "embeddings", "preprocessing": []}, folder
    )
    (folder / "a-file").write_text("")
    for name in (".training", ".rnn.new", "with space", "__pycache__"):
        (folder / name).mkdir()
    assert checkpoints.names(folder) == ["rnn", "gru", "lstm", "alpha", "zebra"]
    assert checkpoints.names(folder / "missing") == []


# Damage


def cut(file: str, share: float) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        content = (path / file).read_bytes()
        (path / file).write_bytes(content[: int(share * len(content))])

    return damage


def replaced(file: str, content: bytes) -> Callable[[Path], None]:
    return lambda path: (path / file).write_bytes(content) and None


def missing(file: str) -> Callable[[Path], None]:
    return lambda path: (path / file).unlink()


def a_folder_instead(file: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        (path / file).unlink()
        (path / file).mkdir()

    return damage


def of_another(file: str) -> Callable[[Path], None]:
    return lambda path: shutil.copy(path.parent / "lstm" / file, path / file) and None


def edited(change: Callable[[checkpoints.Card], Any]) -> Callable[[Path], None]:
    """An edit by somebody who does not know of the card's own hash."""

    def damage(path: Path) -> None:
        card = read_json(path.parent, path.name)
        change(card)
        (path / CARD).write_text(json.dumps(card))

    return damage


EDITED = "changed after it was saved"
DAMAGE = {
    **{f"{file} missing": (missing(file), f"{file} is missing") for file in (WEIGHTS, VOCABULARY, CARD)},
    **{f"{file} empty": (cut(file, 0), file) for file in (WEIGHTS, VOCABULARY, CARD)},
    **{f"{file} half": (cut(file, 0.5), file) for file in (WEIGHTS, VOCABULARY, CARD)},
    **{f"{file} cut short": (cut(file, 0.999), file) for file in (WEIGHTS, VOCABULARY)},
    **{f"{file} a folder": (a_folder_instead(file), file) for file in (WEIGHTS, VOCABULARY, CARD)},
    "weights of another": (of_another(WEIGHTS), WEIGHTS),
    "all files missing": (lambda path: [file.unlink() for file in path.iterdir()], f"{CARD} is missing"),
    "accuracy edited": (edited(lambda card: card["metrics"]["report"].update(accuracy=0.99)), EDITED),
    "hash edited": (edited(lambda card: card["sha256"].update({WEIGHTS: "0" * 64})), EDITED),
    "hash of the card missing": (edited(lambda card: card["sha256"].pop(CARD)), EDITED),
    "no hashes": (edited(lambda card: card.pop("sha256")), "not a card of format 1"),
    "hashes no object": (edited(lambda card: card.update(sha256=[])), "not a card of format 1"),
    "other format": (edited(lambda card: card.update(format=2)), "not a card of format 1"),
    "card not UTF-8": (replaced(CARD, b'{"format": "\xff"}'), "cannot be read"),
    "card not JSON": (replaced(CARD, b"{'format': 1}"), "cannot be read"),
    "card a list": (replaced(CARD, b"[]"), "not a card"),
    "card null": (replaced(CARD, b"null"), "not a card"),
    "card a nested list": (replaced(CARD, b"[" * 200_000), CARD),
    "card a nested object": (replaced(CARD, b'{"a":' * 150_000), CARD),
    "card a long number": (replaced(CARD, b'{"format": ' + b"1" * 10_000 + b"}"), CARD),
    "card huge": (replaced(CARD, b" " * 1_000_001), "larger than 1,000,000 bytes"),
}  # fmt: skip


def flipped(path: Path, step: int) -> Iterator[int]:
    """Give a file back with one bit wrong in every `step`-th byte, one at a time."""
    content = path.read_bytes()
    for place in range(0, len(content), step):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        yield place
    path.write_bytes(content)


@pytest.mark.parametrize(("file", "step"), [(WEIGHTS, 97), (VOCABULARY, 7), (CARD, 67), (POLARITY, 13)])
def test_any_flipped_byte_is_refused(folder: Path, file: str, step: int) -> None:
    whole = checkpoints.load("rnn", folder)
    leanings = np.zeros(len(whole.vocabulary), dtype=np.float32)
    checkpoints.save_again(whole, whole.card, folder, leanings)
    for _ in flipped(folder / "rnn" / file, step):
        with pytest.raises(CheckpointError) as error:
            checkpoints.load("rnn", folder)
        assert file in refusal(error, "rnn")
    assert checkpoints.load("rnn", folder).hash == whole.hash


def test_a_card_nested_to_any_depth_is_refused(folder: Path) -> None:
    # Between the depth that can still be read and the first that cannot lies one that can be read but not hashed.
    card = (folder / "rnn" / CARD).read_text(encoding="utf-8").rstrip().removesuffix("}")
    depth = 200
    while depth < 100_000:
        try:
            json.loads("[" * depth + "]" * depth)
        except RecursionError:
            break
        depth += depth // 50
    for nested in range(depth - depth // 50 - 100, depth + 1):
        (folder / "rnn" / CARD).write_text(f'{card},"nested":{"[" * nested}{"]" * nested}}}', encoding="utf-8")
        with pytest.raises(CheckpointError) as error:
            checkpoints.read_card("rnn", folder)
        refusal(error, "rnn")


# What right hashes do not hide


def weighted(change: Callable[[dict[str, torch.Tensor]], Any]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        weights = load_file(path / WEIGHTS)
        change(weights)
        save_file(weights, path / WEIGHTS)

    return damage


def worded(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        words = (path / VOCABULARY).read_text(encoding="utf-8").splitlines()
        (path / VOCABULARY).write_text("\n".join([*change(words), ""]), encoding="utf-8")

    return damage


NUMBERS = [float("nan"), float("inf"), float("-inf")]
UNFIT: dict[str, tuple[Callable[[Path], Any], str]] = {
    "hidden size": (edited(lambda card: card["sizes"].update(hidden=9)), "need"),
    "embedding size": (edited(lambda card: card["sizes"].update(embedding=8)), "need"),
    "a layer more": (edited(lambda card: card["sizes"].update(layers=2)), "need"),
    "no layer": (edited(lambda card: card["sizes"].update(layers=0)), ""),
    "below zero": (edited(lambda card: card["sizes"].update(hidden=-8)), ""),
    "half a unit": (edited(lambda card: card["sizes"].update(hidden=8.5)), ""),
    "a word for a number": (edited(lambda card: card["sizes"].update(hidden="8")), ""),
    "more than memory": (edited(lambda card: card["sizes"].update(hidden=10**6)), ""),
    "more than can be addressed": (edited(lambda card: card["sizes"].update(hidden=10**10)), ""),
    "more than a machine number": (edited(lambda card: card["sizes"].update(hidden=10**30)), ""),
    "a size missing": (edited(lambda card: card["sizes"].pop("hidden")), ""),
    "no sizes": (edited(lambda card: card.pop("sizes")), ""),
    "sizes no object": (edited(lambda card: card.update(sizes=[6, 8, 1])), ""),
    "another cell": (edited(lambda card: card.update(cell="lstm")), ""),
    "an unknown cell": (edited(lambda card: card.update(cell="transformer\n")), ""),
    "a cell that is none": (edited(lambda card: card.update(cell=["gru"])), ""),
    "no cell": (edited(lambda card: card.pop("cell")), ""),
    "an unknown step": (edited(lambda card: card.update(preprocessing=["stem\nwords"])), ""),
    "a step twice": (edited(lambda card: card.update(preprocessing=["links", "links"])), ""),
    "steps no list": (edited(lambda card: card.update(preprocessing=None)), ""),
    "steps no names": (edited(lambda card: card.update(preprocessing=[["links"]])), ""),
    "no steps": (edited(lambda card: card.pop("preprocessing")), ""),
    "another kind": (edited(lambda card: card.update(kind="embeddings")), ""),
    "no kind": (edited(lambda card: card.pop("kind")), ""),
    "weights of another": (of_another(WEIGHTS), r"has recurrent\.\w+ of shape \(32,.*need \(24,"),
    "a weight missing": (weighted(lambda weights: weights.pop("linear.bias")), r"linear\.bias"),
    "a weight more": (weighted(lambda weights: weights.update(extra=torch.zeros(1))), "extra"),
    "a word less": (worded(lambda words: words[:-1]), r"embedding\.weight of shape"),
    "a word more": (worded(lambda words: [*words, "more"]), r"embedding\.weight of shape"),
    "no word": (worded(lambda words: []), "vocabulary"),
    "no special token": (worded(lambda words: ["late"]), "vocabulary"),
    "a word twice": (worded(lambda words: [*words[:3], words[2]]), "vocabulary"),
    "two words": (worded(lambda words: [*words[:2], "two words"]), "vocabulary"),
    "no end of a line": (replaced(VOCABULARY, b"<pad>\n<unk>\nlate"), "vocabulary"),
    "no UTF-8": (replaced(VOCABULARY, b"<pad>\n<unk>\n\xff\n"), "vocabulary"),
    **{
        f"{number} in {key}": (
            weighted(lambda weights, key=key, number=number: weights[key].view(-1)[-1:].fill_(number)),
            f"not finite in {key}",
        )
        for key, number in zip(("embedding.weight", "recurrent.weight_hh_l0", "linear.bias"), NUMBERS, strict=True)
    },
}


@pytest.mark.parametrize(
    ("damage", "message", "sealed"),
    [*((*case, False) for case in DAMAGE.values()), *((*case, True) for case in UNFIT.values())],
    ids=[*DAMAGE, *(f"sealed: {name}" for name in UNFIT)],
)
def test_damage_is_refused_and_the_others_load(
    folder: Path, damage: Callable[[Path], Any], message: str, sealed: bool
) -> None:
    sound = {name: checkpoints.load(name, folder).hash for name in ("rnn", "lstm")}
    damage(folder / "gru")
    if sealed:
        reseal(folder, "gru")
    with pytest.raises(CheckpointError) as error:
        checkpoints.load("gru", folder)
    assert re.search(message, refusal(error, "gru"))
    assert sealed or checkpoints.names(folder) == ["rnn", "gru", "lstm"]
    assert {name: checkpoints.load(name, folder).hash for name in sound} == sound


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_is_never_opened(folder: Path, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    archive = tmp_path / "archive.pt"
    torch.save({"weights": Trap(sprung)}, archive)
    for content in (pickle.dumps(Trap(sprung)), pickle.dumps(Trap(sprung), protocol=0), archive.read_bytes()):
        for file in (WEIGHTS, VOCABULARY):
            shutil.copytree(folder / "rnn", folder / "gru", dirs_exist_ok=True)
            (folder / "gru" / file).write_bytes(content)
            reseal(folder, "gru")
            with pytest.raises(CheckpointError) as error:
                checkpoints.load("gru", folder)
            refusal(error, "gru")
    assert not sprung.exists()
    pickle.loads(pickle.dumps(Trap(sprung)))
    assert sprung.exists()  # the trap was a real one


# Disks that fill and runs that stop


def disk_full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


FAILURES = [(Path, "write_bytes"), (Path, "write_text"), (Vocabulary, "save"), (os, "fsync")]


@pytest.mark.parametrize(("owner", "method"), FAILURES, ids=[method for _, method in FAILURES])
def test_a_disk_that_fills_leaves_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, method: str
) -> None:
    def failing_save(model: Classifier) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(owner, method, disk_full)
            with pytest.raises(OSError, match="No space left on device"):
                save(model, tmp_path)

    failing_save(classifier("gru"))
    assert list(tmp_path.iterdir()) == []
    save(classifier("gru"), tmp_path)
    before = checkpoints.load("mine", tmp_path)
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    failing_save(classifier("gru", seed=1))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files
    assert checkpoints.names(tmp_path) == ["mine"]
    assert checkpoints.load("mine", tmp_path).hash == before.hash
    save(classifier("gru", seed=1), tmp_path)
    assert checkpoints.load("mine", tmp_path).hash != before.hash


def test_a_crash_while_saving_loses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(folder / "rnn", folder / ".rnn.new")
    (folder / ".rnn.new" / WEIGHTS).write_bytes(b"half")
    (folder / ".lstm.new").mkdir()
    assert checkpoints.names(folder) == ["rnn", "gru", "lstm"]
    loaded = checkpoints.load("rnn", folder)
    checkpoints.save("rnn", loaded.model.state_dict(), loaded.vocabulary, loaded.card, folder)
    assert checkpoints.load("rnn", folder).hash == loaded.hash
    assert not (folder / ".rnn.new").exists()
    (folder / ".lstm.new").rmdir()
    before = checkpoints.load("gru", folder)
    (folder / "gru").rename(folder / ".gru.previous")
    assert checkpoints.load("gru", folder).hash == before.hash
    assert checkpoints.read_card("gru", folder) == before.card
    # Every page and command finds its models by this list.
    assert checkpoints.names(folder) == ["rnn", "gru", "lstm"]
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", disk_full)
        with pytest.raises(OSError):
            checkpoints.save("gru", before.model.state_dict(), before.vocabulary, before.card, folder)
    assert checkpoints.load("gru", folder).hash == before.hash
    checkpoints.save("gru", before.model.state_dict(), before.vocabulary, before.card, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["gru", "lstm", "rnn"]


@pytest.mark.parametrize("crashed_before", [False, True])
def test_a_failed_last_rename_loses_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, crashed_before: bool
) -> None:
    before = checkpoints.load("gru", folder)
    if crashed_before:
        (folder / "gru").rename(folder / ".gru.previous")
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name == ".gru.new":
            disk_full()
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", failing)
        with pytest.raises(OSError):
            checkpoints.save("gru", before.model.state_dict(), before.vocabulary, {**before.card, "note": 1}, folder)
    assert checkpoints.load("gru", folder).card == before.card


def test_weights_that_could_not_be_loaded_do_not_replace_those_that_can(folder: Path) -> None:
    before = checkpoints.load("gru", folder)
    weights = {key: value.clone() for key, value in before.model.state_dict().items()}
    for number in (torch.nan, torch.inf, 1e6):  # the last is too large for float16
        weights["embedding.weight"][3, 0] = number
        with pytest.raises(ValueError):
            checkpoints.save("gru", weights, before.vocabulary, before.card, folder)
        assert checkpoints.load("gru", folder).hash == before.hash


def test_a_card_holds_any_file_name_and_finds_no_forgery(tmp_path: Path) -> None:
    # A name that is not UTF-8 reaches Python with half characters in it; hours of training must not fail on it.
    save(classifier("rnn"), tmp_path, data={"file": "caf\udce9.csv"})
    assert checkpoints.load("mine", tmp_path).card["data"]["file"] == "caf\udce9.csv"
    reseal(tmp_path, "mine", lambda card: card.update(note="forged"))
    assert checkpoints.load("mine", tmp_path).card["note"] == "forged"


# The parts that a checkpoint may lack

LEANINGS = np.linspace(-2, 2, len(WORDS), dtype=np.float32)
UNITS = 7  # of `classifier`
SPACE = fit(np.random.default_rng(0).normal(size=(50, UNITS)), np.arange(1.0, 1 + UNITS), 0.5)


def save_parts(folder: Path, polarity: np.ndarray | None = LEANINGS, space: StateSpace | None = SPACE) -> Checkpoint:
    model = classifier("gru")
    checkpoints.save("mine", model.state_dict(), WORDS, card_of(model), folder, polarity, space)
    return checkpoints.load("mine", folder)


def test_parts_are_loaded_as_they_were_saved_and_decide_no_number(tmp_path: Path) -> None:
    whole = save_parts(tmp_path)
    weights = (tmp_path / "mine" / WEIGHTS).read_bytes()
    assert whole.polarity is not None and whole.polarity.dtype == np.float32
    assert np.array_equal(whole.polarity, LEANINGS)
    with pytest.raises(ValueError, match="read-only"):
        whole.polarity[0] = 1
    assert whole.state_space is not None
    for name, array in SPACE.as_arrays().items():
        assert np.array_equal(whole.state_space.as_arrays()[name], array)
    with pytest.raises(ValueError, match="read-only"):
        whole.state_space.axes[0] = 1
    other, bare = save_parts(tmp_path, -LEANINGS), save_parts(tmp_path, None, None)
    assert bare.polarity is None and bare.state_space is None
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == sorted([WEIGHTS, VOCABULARY, CARD])
    assert (tmp_path / "mine" / WEIGHTS).read_bytes() == weights
    every = (whole, other, bare)
    assert len({checkpoint.hash for checkpoint in every}) == 1
    assert len({verdict(checkpoint, "w0 w3 w9 zork").logit for checkpoint in every}) == 1
    assert len({checkpoint.hash_with_polarity for checkpoint in every}) == 3
    assert whole.hash_with_state_space == other.hash_with_state_space != bare.hash_with_state_space
    save_parts(tmp_path)
    for polarity in (LEANINGS[1:], LEANINGS[:, None], np.full(len(WORDS), np.inf)):
        with pytest.raises(ValueError, match="polarity"):
            save_parts(tmp_path, polarity)
        assert checkpoints.load("mine", tmp_path).polarity is not None


@pytest.mark.parametrize("file", [POLARITY, STATE_SPACE])
def test_a_damaged_part_is_refused(tmp_path: Path, file: str) -> None:
    for damage, told in (
        (missing(file), "is missing"),
        (cut(file, 0), "truncated or changed"),
        (cut(file, 0.9), "truncated or changed"),
        (replaced(file, b"{}"), "truncated or changed"),
        (a_folder_instead(file), "is missing or cannot be read"),
    ):
        save_parts(tmp_path)
        damage(tmp_path / "mine")
        with pytest.raises(CheckpointError, match=told) as error:
            checkpoints.load("mine", tmp_path)
        assert file in refusal(error, "mine")


UNFIT_PARTS: list[tuple[str, dict[str, torch.Tensor]]] = [
    (POLARITY, {"polarity": torch.zeros(len(WORDS) + 1)}),
    (POLARITY, {"polarity": torch.zeros(len(WORDS), 1)}),
    (POLARITY, {"polarity": torch.full((len(WORDS),), torch.nan)}),
    (POLARITY, {"other": torch.zeros(len(WORDS))}),
    (POLARITY, {"polarity": torch.zeros(len(WORDS), dtype=torch.bfloat16)[:3]}),
    *(
        (STATE_SPACE, {**{name: torch.from_numpy(array) for name, array in SPACE.as_arrays().items()}, **change})
        for change in (
            {"axes": torch.zeros(3, UNITS + 1)},
            {"axes": torch.ones(3, UNITS)},
            {"axes": torch.full((3, UNITS), torch.nan)},
            {"variance": torch.zeros(2)},
            {"numbers": torch.full((3,), torch.inf)},
            {"more": torch.zeros(2)},
        )
    ),
]


@pytest.mark.parametrize(("file", "tensors"), UNFIT_PARTS)
def test_a_part_that_does_not_fit_is_refused_under_right_hashes(
    tmp_path: Path, file: str, tensors: dict[str, torch.Tensor]
) -> None:
    save_parts(tmp_path)
    path = tmp_path / "mine" / file
    save_file(tensors, path)
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    reseal(tmp_path, "mine", lambda card: card["sha256"].update({file: right}))
    with pytest.raises(CheckpointError, match=file) as error:
        checkpoints.load("mine", tmp_path)
    refusal(error, "mine")


# Word vectors


def save_vectors(folder: Path, vectors: torch.Tensor, **changes: object) -> None:
    card = {"kind": checkpoints.EMBEDDINGS, "preprocessing": Preprocessing().steps, **changes}
    checkpoints.save(checkpoints.WORD2VEC, {"vectors": vectors}, WORDS, card, folder)


def test_word_vectors_are_no_classifier_nor_the_other_way_round(folder: Path) -> None:
    save_vectors(folder, torch.zeros(len(WORDS), 3))
    with pytest.raises(CheckpointError, match="'word2vec' holds 'embeddings', expected 'classifier'"):
        checkpoints.load("word2vec", folder)
    shutil.copytree(folder / "rnn", folder / "word2vec", dirs_exist_ok=True)
    with pytest.raises(CheckpointError, match="'word2vec' holds 'classifier', expected 'embeddings'"):
        checkpoints.load_vectors(folder)


def test_word_vectors_survive_rounded_to_float16_or_are_refused(tmp_path: Path) -> None:
    for shape in ((len(WORDS) - 1, 3), (len(WORDS) + 1, 3), (0, 3), (), (len(WORDS),)):
        save_vectors(tmp_path, torch.zeros(shape))
        with pytest.raises(CheckpointError, match="holds no vectors for its 20 tokens") as error:
            checkpoints.load_vectors(folder=tmp_path)
        refusal(error, "word2vec")
    save_vectors(tmp_path, torch.zeros(len(WORDS), 3))
    for steps in (None, "links", ["stem"], [["links"]]):
        reseal(tmp_path, "word2vec", lambda card, steps=steps: card.update(preprocessing=steps))
        with pytest.raises(CheckpointError) as error:
            checkpoints.load_vectors(folder=tmp_path)
        refusal(error, "word2vec")
    reseal(tmp_path, "word2vec", lambda card: card.pop("preprocessing"))
    with pytest.raises(CheckpointError):
        checkpoints.load_vectors(folder=tmp_path)
    vectors = torch.randn(len(WORDS), 3)
    save_vectors(tmp_path, vectors)
    loaded = checkpoints.load_vectors(folder=tmp_path)
    assert np.array_equal(loaded.vectors, vectors.numpy().astype(np.float16).astype(np.float32))
    assert loaded.vectors.dtype == np.float32
    assert loaded.vocabulary == WORDS
    assert loaded.preprocessing == Preprocessing()
    assert checkpoints.names(tmp_path) == []


THREE = ("negative", "neutral", "positive")


@pytest.mark.parametrize("cell", CELLS)
def test_a_checkpoint_of_three_classes_is_loaded_and_aimed(tmp_path: Path, cell: str) -> None:
    write_tiny_checkpoint(tmp_path, "three", cell, labels=THREE)
    found = checkpoints.load("three", tmp_path)
    assert found.labels == THREE and found.reads_sentiment and found.target is None and found.every is found
    assert found.card["sizes"]["outputs"] == 3 and found.model.linear.out_features == 3
    said = verdict(found, "better late than never")
    assert said.labels == THREE and len(said.distribution) == 3 and said.target.name == said.label
    aimed = found.targeted(Target(THREE, 1))
    assert aimed.target == Target(THREE, 1) and aimed.every is found and aimed.targeted(aimed.target) is aimed
    assert verdict(aimed, "better late than never") == said.aimed(Target(THREE, 1))
    against = aimed.targeted(Target(THREE, 1, 0))
    hashes = [found.hash, aimed.hash, against.hash, found.targeted(Target(THREE, 2)).hash]
    assert len({*hashes}) == 4 and against.hash == found.targeted(Target(THREE, 1, 0)).hash
    assert checkpoints.rejoining(against).hash == checkpoints.rejoining(found).targeted(against.target).hash
    with pytest.raises(ValueError, match="a target of a, b for three"):
        found.targeted(Target(("a", "b"), 1))


def test_a_checkpoint_of_two_classes_is_itself_until_it_is_aimed_at_the_first(folder: Path) -> None:
    found = checkpoints.load("gru", folder)
    assert found.target == POSITIVE and found.targeted(POSITIVE) is found and "outputs" not in found.card["sizes"]
    other = found.targeted(Target(POSITIVE.labels, 0))
    assert other.hash != found.hash and other.every is found and other.targeted(POSITIVE) is found
    assert verdict(other, "bad").logit == -verdict(found, "bad").logit


def test_a_head_of_two_outputs_is_loaded_and_one_of_other_classes_is_refused(folder: Path) -> None:
    write_tiny_checkpoint(folder, "two", "gru", outputs=2)
    assert checkpoints.load("two", folder).target == POSITIVE
    write_tiny_checkpoint(folder, "three", "gru", labels=THREE)
    for outputs, labels in ((3, ["a", "b"]), (3, ["a", "b", "c", "d"]), (1, THREE), ("3", THREE), (True, THREE)):
        write_tiny_checkpoint(folder, "three", "gru", labels=THREE)
        card = read_json(folder, "three")
        sizes = {**card["sizes"], "outputs": outputs}
        reseal(folder, "three", lambda card, sizes=sizes, labels=labels: card.update(sizes=sizes, labels=[*labels]))
        with pytest.raises(CheckpointError, match="output") as error:
            checkpoints.load("three", folder)
        refusal(error, "three")


def test_polarity_of_many_classes_has_a_row_for_each(tmp_path: Path) -> None:
    write_tiny_checkpoint(tmp_path, "three", "gru", labels=THREE)
    found = checkpoints.load("three", tmp_path)
    rows = np.arange(3 * len(found.vocabulary), dtype=np.float32).reshape(3, -1)
    checkpoints.save_again(found, found.card, tmp_path, rows)
    np.testing.assert_array_equal(checkpoints.load("three", tmp_path).polarity, rows)
    for wrong in (rows[:2], rows[0]):
        with pytest.raises(ValueError, match="polarity of shape"):
            checkpoints.save_again(found, found.card, tmp_path, wrong)
