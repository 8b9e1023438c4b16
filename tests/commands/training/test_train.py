"""`python -m core train`: checkpoints that answer, again the same, resumed after an interruption; its refusals."""

from __future__ import annotations

import csv
import errno
import hashlib
import shlex
import shutil
from pathlib import Path

import pytest

from core.__main__ import main
from core.data.corpus import file_sha256
from core.models import checkpoints
from core.training import loop
from tests.commands.conftest import Cli
from tests.training.conftest import _on_the_processor  # noqa: F401, a fixture
from tests.training.test_recipe import corpus


def write_rows(path: Path, rows: int, seed: int) -> None:
    made = corpus(rows, seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["mood", "tweet"])
        writer.writerows(zip(made.labels, made.texts, strict=True))
        writer.writerow(["neutral", "the bus was a bus"])


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    write_rows(path, 200, seed=0)
    return path


def command(rows: Path, out: Path, more: str = "") -> str:
    """A run of a second; what stands in `more` overrides."""
    sizes = "--cells rnn --hidden-size 8 --embedding-size 8 --min-count 1 --held-out 30 --batch-size 32"
    times = "--epochs 1 --word2vec-epochs 1 --evaluations-per-epoch 2 --precision float32"
    columns = "--text-column tweet --label-column mood"
    return f"train --data '{rows}' --out '{out}' {sizes} {times} {columns} {more}"


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def trained(rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that one run of `train` leaves behind."""
    out = tmp_path_factory.mktemp("trained")
    assert main(shlex.split(command(rows, out))) == 0
    return out


def test_checkpoints_that_answer(trained: Path, rows: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checkpoints.names(trained) == ["rnn"]
    assert list((trained / ".training").iterdir()) == []
    card = checkpoints.read_card("rnn", trained)
    asked = {"cell": "rnn", "epochs": 1, "hidden_size": 8, "batch_size": 32, "evaluations_per_epoch": 2, "seed": 0}
    assert asked.items() <= card["settings"].items()
    assert card["embeddings"]["vector_size"] == 8 and card["embeddings"]["epochs"] == 1
    data = card["data"]
    assert (data["file"], data["sha256"], data["rows"], data["skipped"]) == ("rows.csv", file_sha256(rows), 200, 1)
    assert (data["training_rows"], data["held_out_rows"]) == (170, 30)
    assert set(card["metrics"]) == {"selection"} and card["metrics"]["selection"]["rows"] == 30
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(trained))
    (row,) = cli.json("predict 'the day was lovely'")
    assert row["model"] == "rnn" and row["unknown"] == []


def test_elsewhere_with_a_report_gives_the_same(trained: Path, rows: Path, tmp_path: Path, cli: Cli) -> None:
    write_rows(tmp_path / "report.csv", 50, seed=1)
    done = cli.run(command(rows, tmp_path / "out", f"--report '{tmp_path / 'report.csv'}'"))
    assert done.out.count("\n") == 2 and "on report.csv [report]" in done.out
    for shown in ("200 rows of rows.csv", "word2vec", "loss", "tokens/s"):
        assert shown in done.err
    metrics = checkpoints.read_card("rnn", tmp_path / "out")["metrics"]
    assert list(metrics) == ["selection", "report"] and metrics["report"]["rows"] == 50
    assert metrics["report"]["sha256"] == file_sha256(tmp_path / "report.csv")
    assert hashes(tmp_path / "out" / "word2vec") == hashes(trained / "word2vec")
    for file in ("weights.safetensors", "vocabulary.txt"):
        assert hashes(tmp_path / "out" / "rnn")[file] == hashes(trained / "rnn")[file]


def test_an_interrupted_run_resumes(
    trained: Path, rows: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = loop._Run.save

    def save_and_be_interrupted(run: loop._Run, path: Path, identity: str) -> None:
        save(run, path, identity)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop._Run, "save", save_and_be_interrupted)
        done = cli.run(command(rows, tmp_path))
    assert done.status == 130 and done.err.endswith("the same command resumes from the last saved state\n")
    assert checkpoints.names(tmp_path) == []
    assert cli.run(command(rows, tmp_path)).status == 0
    assert hashes(tmp_path / "rnn") == hashes(trained / "rnn")


def test_a_checkpoint_to_start_from(trained: Path, rows: Path, tmp_path: Path, cli: Cli) -> None:
    shutil.copytree(trained, tmp_path / "out")
    for more in (
        "--start gone",
        "--start rnn --hidden-size 9",
        "--start rnn --cells gru",
        "--start rnn --min-count 20",
    ):
        cli.refused(command(rows, tmp_path / "out", more), alone=False)
        assert hashes(tmp_path / "out" / "rnn") == hashes(trained / "rnn")
    more = "--start rnn --average --name again --learning-rate 0.001"
    assert cli.run(command(rows, tmp_path / "out", more)).status == 0
    assert checkpoints.names(tmp_path / "out") == ["rnn", "again"]
    card = checkpoints.read_card("again", tmp_path / "out")
    assert card["settings"]["average"] is True
    first = checkpoints.read_card("rnn", trained)
    assert card["start"] == {key: first[key] for key in ("settings", "history", "sha256")} and first["start"] is None


def test_a_table_of_three_classes_trains_with_one_command(trained: Path, tmp_path: Path, cli: Cli) -> None:
    """As an airline's: an id, a sentiment, a text."""
    path = tmp_path / "airline.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["tweet_id", "airline_sentiment", "text"])
        made = corpus(90, 3)
        moods = ["negative", "positive"]
        for number, (label, text) in enumerate(zip(made.labels, made.texts, strict=True)):
            writer.writerow([number, moods[label] if number % 3 else "neutral", text])
    columns = "--text-column text --label-column airline_sentiment"
    done = cli.run(f"{command(path, tmp_path / 'out', columns)} --start '{trained / 'rnn'}'")
    assert done.status == 0, done.err
    assert "30 neutral" in done.err and "neutral=- leaves out" in done.err and "of rnn;" in done.err
    assert "of neutral" in done.out
    card = checkpoints.read_card("rnn", tmp_path / "out")
    assert card["labels"] == ["negative", "neutral", "positive"] and len(card["data"]["counts"]) == 3
    two = cli.run(f"{command(path, tmp_path / 'two', columns)} --labels neutral=-")
    assert two.status == 0 and checkpoints.read_card("rnn", tmp_path / "two")["data"]["skipped"] == 30


def test_an_invalid_request_is_refused_before_anything_is_read(tmp_path: Path, cli: Cli) -> None:
    # The file does not exist: were it looked for first, the line would say so.
    for more, says in (
        ("--epochs 0", "epochs is at least 1; given: 0"),
        ("--embedding-size 0", "vector_size"),
        ("--threads -1", "--threads: expected 1 or more; given: -1"),
        ("--rows 0", "--rows: expected 1 or more; given: 0"),
        ("--held-out 1", "given: 1"),
        ("--dropout 2", "dropout"),
        ("--without nosuch", "nosuch"),
        ("--name ../rnn", "../rnn"),
        ("--name word2vec", "word2vec"),
        ("--name 'a b'", "a b"),
        ("--name mine --cells rnn gru", "--name is for a single cell"),
        ("--start mine --cells rnn gru", "--start is for a single cell"),
        ("--start nosuch", "nosuch"),
    ):
        assert says in cli.refused(command(tmp_path / "none.csv", tmp_path, more))
        assert list(tmp_path.glob("*/card.json")) == []
        (tmp_path / "file").write_text("", encoding="utf-8")
        assert "none.csv" not in cli.refused(command(tmp_path / "none.csv", tmp_path / "file" / "out"))


def test_what_does_not_fit_the_data_is_refused(rows: Path, tmp_path: Path, cli: Cli) -> None:
    for more, says in (
        ("--held-out 500", "cannot hold out"),
        ("--label-column nosuch", "no column 'nosuch'"),
        ("--report gone.csv", "gone.csv"),
    ):
        assert says in cli.refused(command(rows, tmp_path, more), alone=False)
        assert checkpoints.names(tmp_path) == []
        if (tmp_path / "word2vec").exists():
            checkpoints.load_vectors(folder=tmp_path)


def test_rows_from_all_over_the_file(rows: Path, tmp_path: Path, cli: Cli) -> None:
    assert cli.run(command(rows, tmp_path, "--rows 150 --held-out 20")).status == 0
    data = checkpoints.read_card("rnn", tmp_path)["data"]
    assert (data["rows"], data["drawn_from"], data["sample_seed"]) == (150, 200, 0)
    assert min(data["negative"], data["positive"]) > 40


@pytest.mark.parametrize("stage", ["word2vec", "rnn"])
def test_a_full_disk_is_one_line_and_costs_nothing_saved(
    stage: str, rows: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name.startswith(f".{stage}.safetensors."):
            whole(path, content[:100])
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return whole(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert "[Errno 28] No space left on device" in cli.refused(command(rows, tmp_path), alone=False)
    assert list((tmp_path / ".training").iterdir()) == []
    monkeypatch.undo()
    assert cli.run(command(rows, tmp_path)).status == 0
