"""A scan of many rows, to a file and to a folder, against the bare recurrence on ready-made tensors, and its memory.

    UNROLLED_DATA=<folder with sentiment140_train.parquet> pytest tests/benchmarks/test_scan.py -s

Without the folder the rows are made of the model's own words. Fewer or more rows: UNROLLED_SCAN_ROWS. Each runs in a
process of its own, in turn. The bare recurrence is timed on the batches of every tenth window, embeddings looked up
beforehand, and its time taken for all rows in proportion. What memory a scan into a folder takes at 100,000 and at
5,000,000 rows, `scan_killed.py` says.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pytest

from core.benchmarks.reading import made_up
from core.models import checkpoints

ROOT = Path(__file__).parent.parent.parent
ROWS = int(os.environ.get("UNROLLED_SCAN_ROWS", 1_000_000))
ROUNDS, MODEL = 2, "lstm"

SCAN = """
import json, resource, sys, time
from core.models import checkpoints
from core.probes.scan.one_file import scan
path, out = sys.argv[1:]
checkpoint = checkpoints.load("lstm")
start = time.perf_counter()
*_, last = scan(path, [checkpoint], "text", "label", out)
print(json.dumps({"seconds": time.perf_counter() - start, "rows": last.rows,
                  "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""
FOLDER = """
import json, resource, sys, time
def main():
    from core.models import checkpoints
    from core.probes.scan.corpus import corpus_scan
    from core.probes.scan.scoring import ModelSource
    path, out, processes = sys.argv[1:]
    source = ModelSource.of([checkpoints.load("lstm")], checkpoints.root())
    start = time.perf_counter()
    *_, last = corpus_scan([path], source, out, processes=int(processes))
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"seconds": time.perf_counter() - start, "rows": last.rows, "at_work": last.summary.seconds,
                      "processor": sum(usage.ru_utime + usage.ru_stime for usage in used)}))
if __name__ == "__main__":  # workers are started anew, so they read this again
    main()
"""
BARE = """
import json, sys, time
import torch
from pathlib import Path
from core.data.corpus import encode, length_batches, pad
from core.data.records import windows
from core.models import checkpoints
path, size = sys.argv[1], int(sys.argv[2])
checkpoint = checkpoints.load("lstm")
seconds = rows = 0
with torch.inference_mode():
    for number, window in enumerate(windows(Path(path), 8_192)):
        if number % 10:  # every tenth window, from all over the file
            continue
        sentences = encode(window.column("text"), checkpoint.preprocessing, checkpoint.vocabulary)
        blocks = [
            checkpoint.model.embedding(torch.from_numpy(pad(sentences, batch)[0]))
            for batch in length_batches(sentences.lengths, size)
        ]
        if not number:
            checkpoint.model.recurrent(blocks[0])  # warm, as the scan's first batch of many is not
        start = time.perf_counter()
        for block in blocks:
            checkpoint.model.recurrent(block)
        seconds += time.perf_counter() - start
        rows += len(window)
print(json.dumps({"seconds": seconds, "rows": rows}))
"""


def texts() -> Iterator[tuple[str, int]]:
    """Texts and labels without end: tweets, or sentences of a model's words."""
    folder = os.environ.get("UNROLLED_DATA")
    path = Path(folder) / "sentiment140_train.parquet" if folder else None
    if path is not None and path.is_file():
        import pyarrow.parquet

        while True:
            for batch in pyarrow.parquet.ParquetFile(path).iter_batches(columns=["text", "label"]):
                yield from zip(batch.column("text").to_pylist(), batch.column("label").to_pylist(), strict=True)
    made = made_up(checkpoints.load(MODEL), 50_000)
    yield from cycle((text, number % 2) for number, text in enumerate(made))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A file of all rows, and one of a tenth."""
    folder = tmp_path_factory.mktemp("rows")
    by_rows = {rows: folder / f"{rows}.csv" for rows in (ROWS // 10, ROWS)}
    for rows, path in by_rows.items():
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *islice(texts(), rows)])
    return by_rows


def run(threads: str, code: str, table: Path, *arguments: object) -> dict[str, float]:
    """What a script prints, run with so many threads (all unless told)."""
    script = table.with_name("script.py")
    script.write_text(code, encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    environment |= {"PYTHONPATH": str(ROOT), **({"OMP_NUM_THREADS": threads} if threads else {})}
    command = [sys.executable, str(script), str(table), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("threads", ["", "1"], ids=["all-threads", "one-thread"])
def test_scan_against_the_bare_recurrence(threads: str, files: dict[int, Path]) -> None:
    out = files[ROWS].with_name("out.csv")
    ratios, peaks = [], {}
    for _ in range(ROUNDS):
        bare, larger = (run(threads, BARE, files[ROWS], size) for size in (256, 1_024))
        ours = run(threads, SCAN, files[ROWS], out)
        per_row = bare["seconds"] / bare["rows"], ours["seconds"] / ours["rows"]
        ratios.append(per_row[0] / per_row[1])
        print(
            f"\n{threads or 'all'} threads: scan of {ours['rows']:,} rows {ours['seconds']:.1f} s, bare "
            f"recurrence {per_row[0] * ours['rows']:.1f} s (from {bare['rows']:,} rows); speed {ratios[-1]:.2f} of it "
            f"(asked: at least 0.7); {larger['seconds'] / larger['rows'] / per_row[1]:.2f} of it in batches of 1,024"
        )
        peaks[ROWS] = ours["peak"]
    peaks[ROWS // 10] = run(threads, SCAN, files[ROWS // 10], out)["peak"]
    print("; ".join(f"peak of memory at {rows:,} rows {peak:,.0f} MB" for rows, peak in sorted(peaks.items())))
    print(f"median speed {np.median(ratios):.2f} of the bare recurrence")


def test_a_folder_by_one_worker_against_the_bare_recurrence_and_by_two_against_one(files: dict[int, Path]) -> None:
    """One thread each. Clocks start before workers do; on a busy machine the processor's seconds say more."""
    for number in range(ROUNDS):
        bare = run("1", BARE, files[ROWS], 256)
        one, two = (run("1", FOLDER, files[ROWS], files[ROWS].with_name(f"{number}-{n}"), n) for n in (1, 2))
        assert one["rows"] == two["rows"] == ROWS
        expected = bare["seconds"] / bare["rows"] * ROWS
        print(
            f"\n{ROWS:,} rows: bare recurrence {expected:.1f} s (from {bare['rows']:,} rows), one worker "
            f"{one['at_work']:.1f} s at work, speed {expected / one['at_work']:.2f} of it (asked: at least 0.7); clock "
            f"{one['seconds']:.1f} s with one worker, {two['seconds']:.1f} s with two, "
            f"{one['seconds'] / two['seconds']:.2f} times as fast (asked: at least 1.6); the processor's seconds "
            f"{one['processor']:.1f} and {two['processor']:.1f}"
        )
