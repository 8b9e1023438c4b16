"""Millions of rows, scanned, killed twice, resumed: is each row there once, and how much memory did it take?

    python -m tests.benchmarks.scan_killed [--rows 5000000] [--small 100000] [--model rnn] [--workers N] [--folder DIR]

Rows are made by a rule: a few words each, some empty, some with a line break in quotes, some malformed. A scan of
`--small` rows tells what memory it takes; one of `--rows` is killed (`kill -9`) at a third and at two thirds and
resumed. Then every row of the output is read, a window at a time: each must be there once, in its place, of the right
kind; and every thousandth one's probability must be what the model says of its text. Exit status 1 where one is not.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.probes.scan.corpus import PART_ROWS

ROOT = Path(__file__).parent.parent.parent

WORDS = ("good", "bad", "movie", "love", "hate", "i", "you", "the", "a", "to", "it", "is", "this", "that", "not", "so",
         "late", "never", "better", "great", "sad", "no")  # fmt: skip


def text_of(number: int) -> str:
    """Row `number`'s text: three to six words, by its digits."""
    mixed = number * 2_654_435_761 % 2**32
    return " ".join(WORDS[(mixed >> shift) % len(WORDS)] for shift in range(0, 4 * (3 + number % 4), 4))


def kind(number: int) -> str:
    """What is special about a row."""
    if number % 1_009 == 0:
        return "malformed"
    if number % 503 == 0:
        return "empty"
    return "two lines" if number % 97 == 0 else "plain"


def lines(rows: int) -> Iterator[str]:
    yield "number,text\r\n"
    for number in range(1, rows + 1):
        what, text = kind(number), text_of(number)
        if what == "malformed":
            yield f"{number}\r\n"
        elif what == "empty":
            yield f"{number},\r\n"
        elif what == "two lines":
            first, _, rest = text.partition(" ")
            yield f'{number},"{first}\n{rest}"\r\n'
        else:
            yield f"{number},{text}\r\n"


def scan(table: Path, out: Path, options: argparse.Namespace, kill_at: int | None) -> float:
    """Run a scan, and kill it when so many rows are there; gives its peak of memory in MB."""
    command = [sys.executable, "-m", "core", "scan", "--resume", "--model", options.model, str(table), str(out)]
    command += ["--workers", str(options.workers)] if options.workers else []
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    if kill_at is not None:
        while process.poll() is None and PART_ROWS * len(list(out.glob("part-*.parquet"))) < kill_at:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    ended = "killed" if process.returncode == -signal.SIGKILL else f"exit status {process.returncode}"
    parts = len(list(out.glob("part-*.parquet")))
    peak = usage.ru_maxrss / 1024
    print(
        f"  {ended} after {time.perf_counter() - begun:,.1f} s, {parts:,} parts there, peak {peak:,.0f} MB", flush=True
    )
    if process.returncode not in (0, -signal.SIGKILL):
        sys.exit("the scan failed")
    return peak


def wrong(out: Path, rows: int, model: str) -> Iterator[str]:
    """What is wrong with the output, row by row."""
    import pyarrow.parquet

    from core.models import checkpoints
    from core.models.predict import verdicts

    checkpoint = checkpoints.load(model)
    expected = 1
    for path in sorted(out.glob("part-*.parquet")):
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=8_192, columns=["row", f"{model}_probability", "problem"]):
                found = [column.to_pylist() for column in batch.columns]
                for row, probability, problem in zip(*found, strict=True):
                    if row != expected:
                        yield f"{path.name}: row {row:,} where {expected:,} was expected"
                    expected += 1
                    what = kind(row)
                    read = {"malformed": "1 field, but the header has 2", "empty": "no word to read"}.get(what)
                    if problem != read or (probability is None) != (read is not None):
                        yield f"row {row:,}: {what}, but P {probability} and {problem!r}"
                    elif probability is not None and row % 1_000 == 0:
                        said = verdicts(checkpoint, [text_of(row)])[0].probability
                        if not np.isclose(probability, said, atol=1e-5):
                            yield f"row {row:,}: P {probability}, the model says {said}"
    if expected != rows + 1:
        yield f"{expected - 1:,} rows where {rows:,} were expected"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--model", default="rnn")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--folder", help="where to write (default: a temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        peaks = []
        for rows, kills in ((options.small, ()), (options.rows, (options.rows // 3, 2 * options.rows // 3))):
            table, out = folder / f"{rows}.csv", folder / f"out-{rows}"
            with table.open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines(rows))
            print(f"{rows:,} rows, {table.stat().st_size / 1e6:,.0f} MB", flush=True)
            peaks.append(max(scan(table, out, options, kill) for kill in (*kills, None)))
            found = list(wrong(out, rows, options.model))
            print("\n".join(found[:20]) or f"  each of {rows:,} rows is there once", flush=True)
            if found:
                return 1
        print(f"peak of memory: {peaks[0]:,.0f} MB at {options.small:,} rows, {peaks[1]:,.0f} MB at {options.rows:,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
