"""Many checkpoints: only the chosen are loaded, folders that are none are told of and never read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.__main__ import main
from core.models import checkpoints
from core.models.checkpoints import CheckpointError
from tests.app import faults, forget, opened, sound
from tests.conftest import write_tiny_checkpoint


@pytest.fixture
def folder(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the tiny checkpoints with two more, which a test may change."""
    copied = tmp_path / "checkpoints"
    shutil.copytree(tiny_checkpoints, copied)
    for seed, name in enumerate(("alpha", "beta"), 5):
        write_tiny_checkpoint(copied, name, "gru", seed=seed)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(copied))
    forget()
    yield copied
    forget()


def home(**parameters: str) -> AppTest:
    return sound(opened(**{"q": "i love it", **parameters}))


def answering(at: AppTest) -> list[str]:
    return [metric.label for metric in at.metric]


def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of checkpoints whose weights are read from now on."""
    names, load = [], checkpoints.load

    def counted(name: str, folder: Path | None = None) -> checkpoints.Checkpoint:
        names.append(name)
        return load(name, folder)

    monkeypatch.setattr(checkpoints, "load", counted)
    return names


def test_only_the_chosen_are_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = loaded(monkeypatch)
    at = home()
    assert sorted(read) == ["gru", "lstm", "rnn"] and answering(at) == ["RNN", "GRU", "LSTM"]
    (box,) = at.sidebar.multiselect
    at = box.set_value(["beta"]).run()
    assert sorted(read) == ["beta", "gru", "lstm", "rnn"] and answering(at) == ["beta"]
    assert at.query_params["loaded"] == "beta"


def test_three_need_no_choice(folder: Path) -> None:
    for name in ("alpha", "beta"):
        shutil.rmtree(folder / name)
    assert not home().sidebar.multiselect


def test_without_the_usual_names_the_first_three_answer(folder: Path) -> None:
    for name in ("rnn", "gru", "lstm"):
        (folder / name).rename(folder / f"my-{name}")
    at = home()
    assert len(answering(at)) == 3 and answering(at)[:2] == ["alpha", "beta"]


def test_the_choice_travels_in_the_link_and_from_page_to_page(folder: Path) -> None:
    at = home(loaded="alpha,beta")
    assert answering(at) == ["alpha", "beta"]
    at.switch_page("pages/1_Permutations.py")
    at.query_params["view"] = "hand"
    at.run()
    assert not at.exception and answering(at) == ["alpha", "beta"]
    (box,) = at.sidebar.multiselect
    assert box.value == ["alpha", "beta"]


def test_a_link_that_asks_for_others_is_told_of(folder: Path) -> None:
    usual = len(home().sidebar.caption)
    for told in ("nosuch", "alpha,nosuch", "../rnn", "", "," * 500):
        at = home(loaded=told)
        assert answering(at) == ["RNN", "GRU", "LSTM"] and len(at.sidebar.caption) == usual + 1, told
    at = home()
    at = sound(at.sidebar.multiselect[0].set_value([]).run())
    assert answering(at) == ["RNN", "GRU", "LSTM"] and len(at.sidebar.caption) == usual + 1


def test_a_chosen_model_that_goes_is_not_missed(folder: Path) -> None:
    at = home(loaded="alpha,beta")
    shutil.rmtree(folder / "beta")
    assert answering(at.run()) == ["alpha"] and not at.exception


# What is no checkpoint


HOSTILE = ["a b", "<img src=x onerror=alert(1)>", "été", "x\x1b[31m", "-start", "a" * 65, "**x**", "new\nline"]


def test_hostile_names_are_told_of_in_one_line_each_and_never_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in HOSTILE:
        shutil.copytree(folder / "rnn", folder / name)
    read = []
    monkeypatch.setattr(Path, "read_bytes", lambda self, given=Path.read_bytes: read.append(self) or given(self))
    assert not {*HOSTILE} & {*checkpoints.names()}
    lines = faults(home())
    assert len(lines) == len(HOSTILE)
    for line in lines:
        assert line.isprintable() and "letters, digits, - and _, at most 64" in line
    assert main(["predict", "so good"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 5 and err.count("left out: ") == err.count("\n") == len(HOSTILE)
    for name in HOSTILE:
        assert main(["predict", f"--model={name}", "so good"]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert read and not [path for path in read if {*HOSTILE} & {*path.parts}]


def test_hidden_folders_are_unfinished_work_and_pass_unsaid(folder: Path) -> None:
    (folder / ".training" / "x").mkdir(parents=True)
    assert checkpoints.candidates() == (["rnn", "gru", "lstm", "alpha", "beta"], [])


def outside(folder: Path) -> Path:
    shutil.move(folder / "alpha", folder.parent / "elsewhere")
    return folder.parent / "elsewhere"


def test_a_link_out_of_the_folder_is_refused_and_never_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "alpha").symlink_to(outside(folder), target_is_directory=True)
    read = []
    monkeypatch.setattr(Path, "read_bytes", lambda self, given=Path.read_bytes: read.append(self) or given(self))
    for question in (checkpoints.read_card, checkpoints.load):
        with pytest.raises(CheckpointError) as error:
            question("alpha")
        assert "checkpoint 'alpha': a symbolic link leads out of" in str(error.value)
        assert "\n" not in str(error.value)
    assert "symbolic link leads out" in faults(home())[0]
    assert main(["predict", "--model", "alpha", "so good"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert read and not [path for path in read if "alpha" in path.parts]


@pytest.mark.parametrize("file", ["card.json", "weights.safetensors", "vocabulary.txt"])
def test_a_file_that_is_a_link_out_is_refused(file: str, folder: Path) -> None:
    shutil.move(folder / "alpha" / file, folder.parent / file)
    (folder / "alpha" / file).symlink_to(folder.parent / file)
    with pytest.raises(CheckpointError, match="symbolic link leads out of"):
        checkpoints.load("alpha")


def test_links_in_a_circle_and_to_nothing_are_refused(folder: Path) -> None:
    (folder / "circle").symlink_to(folder / "circle")
    (folder / "loose").symlink_to(folder / "nothing")
    for name in ("circle", "loose"):
        with pytest.raises(CheckpointError):
            checkpoints.load(name)
    assert checkpoints.names() == ["rnn", "gru", "lstm", "alpha", "beta"]


def test_a_link_within_the_folder_and_a_folder_that_is_a_link_are_fine(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "again").symlink_to(folder / "beta", target_is_directory=True)
    (folder.parent / "link").symlink_to(folder, target_is_directory=True)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(folder.parent / "link"))
    assert checkpoints.load("again").hash == checkpoints.load("beta").hash


def test_a_card_of_labels_that_cannot_be_is_refused_in_one_line(folder: Path) -> None:
    old = checkpoints.load("alpha")
    cases = ("ab", ["a"], ["a", "a"], ["a", 1], ["a", "b" * 41], ["a", "b\x1b"], ["a", ""], {"a": 0, "b": 1}, [[], []])
    for labels in cases:
        checkpoints.save("alpha", old.model.state_dict(), old.vocabulary, {**old.card, "labels": labels})
        with pytest.raises(CheckpointError) as error:
            checkpoints.load("alpha")
        assert str(error.value).startswith("checkpoint 'alpha': ") and str(error.value).isprintable()
    assert len(faults(home())) == 1


def test_names_of_sentiment_leave_a_checkpoint_s_hash_as_it_is(folder: Path) -> None:
    card = checkpoints.read_card("alpha")
    without = {key: value for key, value in card.items() if key != "labels"}
    assert checkpoints.identity(card) == checkpoints.identity(without)
    assert checkpoints.identity({**card, "labels": ["ham", "spam"]}) != checkpoints.identity(card)
