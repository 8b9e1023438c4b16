"""Killed at any moment, the program loses nothing that it said was saved and leaves nothing half-written in its place.

The moments are drawn by a seed. ``UNROLLED_KILLS=10 pytest -m slow tests/test_faults.py`` kills ten times as often.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.benchmarks.visitor import VisitError, Visitor, server
from core.data.corpus import file_sha256
from core.models import checkpoints
from core.storage.comments import Finds
from core.storage.pairs import Collection
from tests.killed import keep_pairs, killed, verb, write_rows

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("UNROLLED_KILLS", 1))


def test_pairs_that_were_kept_stand_after_a_kill(tmp_path: Path) -> None:
    path, rng, told = tmp_path / "pairs.sqlite3", random.Random(0), []
    for time in range(8 * KILLS):
        more, _seconds = killed(keep_pairs, path, 1_000 * time, 1_000, after=rng.uniform(0, 0.2))
        told += more
        pairs = {int(pair.note): pair for pair in Collection(path).pairs()}
        assert pairs.keys() >= set(told)  # one more may be there that it had no time to tell of
        assert len(pairs) <= len(told) + time + 1
        for number, pair in pairs.items():
            assert pair.original == f"original {number} " + "so " * 500
            assert (pair.other, pair.probability_other, pair.judgement) == (f"other {number}", 0.75, "valid")
    assert told
    if path.exists():
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    write_rows(path, 2_000)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_scan_that_is_killed_leaves_what_stood_there(
    rows: Path, tmp_path: Path, tiny_checkpoints: Path, suffix: str
) -> None:
    whole, out = tmp_path / f"whole{suffix}", tmp_path / f"out{suffix}"
    environment = {"UNROLLED_CHECKPOINTS": str(tiny_checkpoints)}

    def scan(to: Path, after: float | None) -> tuple[list[int], float]:
        return killed(verb, ["scan", str(rows), str(to), "--model", "rnn"], environment, after=after)

    _done, seconds = scan(whole, None)
    expected, rng, kills = file_sha256(whole), random.Random(1), 0
    for _ in range(3 * KILLS):
        done, _seconds = scan(out, rng.uniform(0, 0.9) * seconds)
        kills += not done
        assert out.exists() or not done
        assert not out.exists() or file_sha256(out) == expected  # whole, even where there was no time to tell of it
        out.unlink(missing_ok=True)
    assert kills, "the scans all ended before they were to be killed"
    out.write_text("what stood there", encoding="utf-8")
    scan(out, 0.5 * seconds)
    assert file_sha256(out) == expected or out.read_bytes() == b"what stood there"
    assert scan(out, None)[0] == [0]
    assert file_sha256(out) == expected


def test_a_training_that_is_killed_again_and_again_comes_to_the_same_end(rows: Path, tmp_path: Path) -> None:
    """After every kill a checkpoint is whole or not there, and the same command goes on to the very same weights."""
    sizes = "--rows 400 --cells gru --hidden-size 8 --embedding-size 8 --min-count 1 --held-out 50 --batch-size 16"
    times = "--epochs 2 --word2vec-epochs 2 --evaluations-per-epoch 4 --precision float32 --threads 1"

    def train(out: Path, after: float | None) -> tuple[list[int], float]:
        arguments = ["train", "--data", str(rows), "--out", str(out), *f"{sizes} {times}".split()]
        return killed(verb, arguments, {}, after=after)

    done, seconds = train(tmp_path / "whole", None)
    assert done == [0]
    rng, out, kills = random.Random(2), tmp_path / "out", 0
    for latest in (0.1, 0.3, 0.5, 0.7) * KILLS:  # early at first: what comes to its end leaves nothing to be killed
        done, _seconds = train(out, rng.uniform(0.05, latest) * seconds)
        kills += not done
        for name in checkpoints.names(out):
            checkpoints.load(name, out)
    assert kills
    assert train(out, None)[0] == [0]
    assert checkpoints.names(out) == ["gru"]
    for name in ("gru", "word2vec"):
        for file in ("weights.safetensors", "vocabulary.txt"):
            assert file_sha256(out / name / file) == file_sha256(tmp_path / "whole" / name / file)


LONG = "i never said that you were not the best of them all"
KEEP = "FormSubmitter:keep comment-Keep this text"
SEARCH = "permutations start"
NO_MODELS = "the shipped models are not there"


@pytest.mark.skipif(not (checkpoints.root() / "fluency").is_dir(), reason=NO_MODELS)
def test_a_server_killed_at_work_has_what_was_kept_and_searches_again(tmp_path: Path) -> None:
    path, rng, told = tmp_path / "kept.sqlite3", random.Random(3), set[str]()
    environment = {"UNROLLED_COLLECTION": str(path)}

    async def keep(address: str, texts: list[str]) -> None:
        async with Visitor(address) as visitor:
            for text in texts:
                await visitor.open("Sarcasm", {"q": text, "reading": "negative"})
                page = await visitor.click(KEEP)
                assert any(one.what.body.startswith("Saved to ") for one in page.all("alert"))
                told.add(text)

    async def search(address: str, **query: str) -> bool:
        async with Visitor(address) as visitor:
            await visitor.open("Permutations", {"view": "search", **query})
            return bool((await visitor.click(SEARCH)).all("metric"))

    async def kill_at_work(address: str, process: int, texts: list[str]) -> None:
        await keep(address, texts[:2])
        work = [asyncio.create_task(search(address, q=LONG, budget="2000000", seconds="600", floor="100"))]
        work += [asyncio.create_task(keep(address, texts[2:]))]
        await asyncio.sleep(rng.uniform(3, 5))
        assert not any(task.done() for task in work), "killed too late: the work was over"
        os.kill(process, signal.SIGKILL)
        for ended in await asyncio.gather(*work, return_exceptions=True):
            assert isinstance(ended, VisitError | OSError | EOFError) or "ConnectionClosed" in type(ended).__name__

    for time in range(KILLS):
        texts = [f"what a lovely day {'so ' * number} {'not ' * time}" for number in range(400)]
        with server(environment) as (address, process):
            asyncio.run(kill_at_work(address, process, [text.strip() for text in texts]))
        kept = {find.text for find in Finds(path).finds()}
        assert kept >= told and len(kept - told) <= time + 1  # of one more it had no time to tell
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        with server(environment) as (address, _process):
            assert asyncio.run(search(address, q="so very good"))
