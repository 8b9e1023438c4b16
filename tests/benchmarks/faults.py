"""Servers, saves, scans and trainings killed at many drawn moments: is anything lost that was said to be saved?

    python -m tests.benchmarks.faults --servers 5 --saves 40 --scans 20 --trainings 10

A server is killed (SIGKILL) while visitors keep texts and search; it is started again on the same files, and must have
every text that a page said was kept, whole, and answer the search that was cut off. Saves, scans and trainings are
killed as in ``tests/test_faults.py``, more often. The first fault ends it, with the seed and the moment.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from core.benchmarks.visitor import VisitError, Visitor, server
from core.data.corpus import file_sha256
from core.models import checkpoints
from core.storage.comments import Finds
from core.storage.pairs import Collection
from tests.benchmarks.load import sentences
from tests.killed import keep_pairs, killed, verb, write_rows

KEEP = "FormSubmitter:keep comment-Keep this text"
VISITORS = 4
TRAINING = (
    "--rows 1500 --cells gru --hidden-size 16 --embedding-size 8 --min-count 1 --held-out 100 --batch-size 16 "
    "--epochs 2 --word2vec-epochs 2 --evaluations-per-epoch 4 --precision float32 --threads 1"
)


async def keep_and_search(address: str, texts: list[str], kept: list[str], seconds: float, process: int) -> None:
    """Visitors keep one text after the other, one searches, until the server is killed."""

    async def keep(mine: list[str]) -> None:
        async with Visitor(address) as visitor:
            for text in mine:
                await visitor.open("Sarcasm", {"q": text})
                page = await visitor.click(KEEP)
                if any(one.what.body.startswith("Saved to ") for one in page.all("alert")):
                    kept.append(text)

    async def search() -> None:
        async with Visitor(address) as visitor:
            for text in texts:
                await visitor.open("Permutations", {"q": text, "view": "search"})
                await visitor.click("permutations start")

    visits = [asyncio.create_task(keep(texts[number::VISITORS])) for number in range(VISITORS)]
    visits.append(asyncio.create_task(search()))
    await asyncio.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    for ended in await asyncio.gather(*visits, return_exceptions=True):
        if not isinstance(ended, VisitError | OSError | EOFError) and "ConnectionClosed" not in type(ended).__name__:
            raise AssertionError(f"a visit ended otherwise than by the kill: {ended!r}")


async def search_again(address: str, text: str) -> None:
    async with Visitor(address) as visitor:
        await visitor.open("Permutations", {"q": text, "view": "search"})
        page = await visitor.click("permutations start")
        assert not page.faults and page.all("metric"), page.faults


def servers(times: int, rng: random.Random) -> None:
    """Servers killed while texts are kept and orders searched."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kept.sqlite3"
        environment, kept = {"UNROLLED_COLLECTION": str(path)}, list[str]()
        texts = sentences(400 * times, rng.randrange(2**31))
        for time_ in range(times):
            mine, seconds = texts[400 * time_ : 400 * (time_ + 1)], rng.uniform(10, 40)
            with server(environment) as (address, process):
                asyncio.run(keep_and_search(address, mine, kept, seconds, process))
            assert kept, f"killed after {seconds:.2f} s, before any text was kept, so nothing could be lost"
            found = {find.text for find in Finds(path).finds()}
            assert found >= set(kept), f"lost after {seconds:.2f} s: {set(kept) - found}"
            assert found <= set(texts), f"not what was typed, after {seconds:.2f} s: {found - set(texts)}"
            if path.exists():
                with closing(sqlite3.connect(path)) as connection:
                    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            with server(environment) as (address, _process):
                asyncio.run(search_again(address, mine[0]))
            print(
                f"server {time_ + 1} killed after {seconds:.1f} s: {len(kept)} texts told as kept, {len(found)} there"
            )


def saves(times: int, rng: random.Random) -> None:
    """Processes that keep pairs, killed."""
    with tempfile.TemporaryDirectory() as folder:
        path, told = Path(folder) / "pairs.sqlite3", list[int]()
        for time_ in range(times):
            told += killed(keep_pairs, path, 10_000 * time_, 10_000, after=rng.uniform(0, 0.5))[0]
            notes = {int(pair.note) for pair in Collection(path).pairs()}
            assert notes >= set(told) and len(notes) <= len(told) + time_ + 1
        print(f"saves killed {times} times: {len(told):,} pairs told as kept, {len(notes):,} there")


def scans(times: int, rng: random.Random) -> None:
    """Scans killed: no file, or the whole one."""
    with tempfile.TemporaryDirectory() as folder:
        rows, whole, out = (Path(folder) / name for name in ("rows.csv", "whole.parquet", "out.parquet"))
        write_rows(rows, 20_000)
        _done, seconds = killed(verb, ["scan", str(rows), str(whole), "--model", "lstm"], {}, after=None)
        ended = 0
        for _ in range(times):
            done, _seconds = killed(
                verb, ["scan", str(rows), str(out), "--model", "lstm"], {}, after=rng.uniform(0, 1.1) * seconds
            )
            assert out.exists() or not done
            assert not out.exists() or file_sha256(out) == file_sha256(whole)
            ended += out.exists()
            out.unlink(missing_ok=True)
        print(f"scans killed {times - ended} times, {ended} were faster; none left half a file")


def trainings(times: int, rng: random.Random) -> None:
    """A training killed again and again: the same weights in the end."""
    with tempfile.TemporaryDirectory() as folder:
        rows, whole, out = (Path(folder) / name for name in ("rows.csv", "whole", "out"))
        write_rows(rows, 6_000)

        def train(to: Path, after: float | None) -> tuple[list[int], float]:
            return killed(verb, ["train", "--data", str(rows), "--out", str(to), *TRAINING.split()], {}, after=after)

        _done, seconds = train(whole, None)
        kills = 0
        for _ in range(times):
            kills += not train(out, rng.uniform(0.05, 0.8) * seconds)[0]
            for name in checkpoints.names(out):
                checkpoints.load(name, out)
        assert train(out, None)[0] == [0]
        for name in ("gru", "word2vec"):
            weights = [folder / name / "weights.safetensors" for folder in (whole, out)]
            assert file_sha256(weights[0]) == file_sha256(weights[1])
        print(f"a training killed {kills} times came to the very same weights")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for work, usual in ((servers, 5), (saves, 40), (scans, 20), (trainings, 10)):
        parser.add_argument(f"--{work.__name__}", type=int, default=usual, metavar="N", help=work.__doc__)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    clock = time.perf_counter()
    for work in (saves, scans, trainings, servers):
        times = getattr(options, work.__name__)
        if times:
            work(times, random.Random(options.seed))
    print(f"nothing lost, nothing half-written; seed {options.seed}, {time.perf_counter() - clock:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
