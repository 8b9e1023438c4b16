"""`scan` of a million rows against the bare recurrence on ready-made tensors, and its memory at 100,000 and 1,000,000.

    UNROLLED_DATA=<folder with sentiment140_train.parquet> pytest tests/benchmarks/test_scan.py -s

Without the folder the rows are sentences made of the model's own words, as long as tweets are. Fewer rows:
UNROLLED_SCAN_ROWS=200000.

Each runs in a process of its own, in turn. The bare recurrence is timed on the batches of every tenth window of the
same texts, sorted by length in batches of 256 as `scan` does it (and of 1,024), embeddings looked up beforehand: all of
them would not fit into memory. Its time is taken for all rows in proportion. Both are measured with one thread for the
recurrence and with as many as torch chooses, which is every core: `scan` then shares them with the thread that reads,
tokenises and writes.
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

ROOT = Path(__file__).parent.parent.parent
ROWS = int(os.environ.get("UNROLLED_SCAN_ROWS", 1_000_000))
ROUNDS = 2
# Percentiles of the number of tokens, measured on Sentiment140 after preprocessing.
PERCENTILES = (0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.9)
LENGTHS = (1, 4, 5, 8, 10, 12, 14, 17, 20, 23, 27, 30, 33, 39)

SCAN = """
import json, resource, sys, time
from core.models import checkpoints
from core.probes.scan.one_file import scan
path, out, model = sys.argv[1:]
checkpoint = checkpoints.load(model)
start = time.perf_counter()
for found in scan(path, [checkpoint], "text", "label", out):
    pass
print(json.dumps({"seconds": time.perf_counter() - start, "rows": found.rows,
                  "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""
BARE = """
import json, sys, time
import torch
from pathlib import Path
from core.models import checkpoints
from core.data.corpus import encode, length_batches, pad
from core.data.records import windows
path, model, size = *sys.argv[1:3], int(sys.argv[3])
checkpoint = checkpoints.load(model)
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
    from core.models import checkpoints

    words = np.array(checkpoints.load("lstm").vocabulary.words[:5_000])
    random = np.random.default_rng(0)
    lengths = np.interp(random.uniform(0, 99.9, 50_000), PERCENTILES, LENGTHS).astype(int)
    # A word's frequency falls with its rank, as in any text.
    share = 1 / np.arange(1, len(words) + 1)
    made = [" ".join(random.choice(words, length, p=share / share.sum())) for length in lengths]
    yield from cycle((text, number % 2) for number, text in enumerate(made))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("rows")
    found = {}
    for rows in (ROWS // 10, ROWS):
        found[rows] = folder / f"{rows}.csv"
        with found[rows].open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            writer.writerows(islice(texts(), rows))
    return found


def run(threads: str, code: str, *arguments: str) -> dict[str, float]:
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    environment |= {"OMP_NUM_THREADS": threads} if threads else {}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("threads", ["", "1"], ids=["all-threads", "one-thread"])
@pytest.mark.parametrize("model", ["lstm"])
def test_scan_against_the_bare_recurrence(model: str, threads: str, files: dict[int, Path]) -> None:
    large = files[ROWS]
    out = str(large.with_name("out.csv"))
    ratios, peaks = [], {}
    for _ in range(ROUNDS):
        bare, larger = (run(threads, BARE, str(large), model, size) for size in ("256", "1024"))
        ours = run(threads, SCAN, str(large), out, model)
        per_row = bare["seconds"] / bare["rows"], ours["seconds"] / ours["rows"]
        ratios.append(per_row[0] / per_row[1])
        print(
            f"\n{model}, {threads or 'all'} threads: scan of {ours['rows']:,} rows {ours['seconds']:.1f} s, bare "
            f"recurrence {per_row[0] * ours['rows']:.1f} s (from {bare['rows']:,} rows); speed {ratios[-1]:.2f} of it "
            f"(asked: at least 0.7); {larger['seconds'] / larger['rows'] / per_row[1]:.2f} of it in batches of 1,024"
        )
        peaks[ROWS] = ours["peak"]
    peaks[ROWS // 10] = run(threads, SCAN, str(files[ROWS // 10]), out, model)["peak"]
    print("; ".join(f"peak of memory at {rows:,} rows {peak:,.0f} MB" for rows, peak in sorted(peaks.items())))
    print(f"median speed {np.median(ratios):.2f} of the bare recurrence")
