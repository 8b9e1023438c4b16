"""A scan into a folder against the bare recurrence on ready tensors, and two workers against one, a thread each.

    UNROLLED_DATA=<folder with sentiment140_train.parquet> pytest tests/benchmarks/test_corpus_scan.py -s

Without the folder the rows are made of the model's own words (`test_scan`). Fewer or more rows: UNROLLED_SCAN_ROWS.
All clocks start before a worker does, so starting it and loading the model count. Every process here has one thread,
the bare recurrence too. On a machine that does other work too, the processor's seconds say more than the clock's: they
are printed beside. What memory a scan takes at 100,000 and at 5,000,000 rows, `scan_killed.py` says.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.test_scan import BARE, ROOT, run, texts

ROWS = int(os.environ.get("UNROLLED_SCAN_ROWS", 400_000))
ROUNDS = 2

SCAN = """
import json, resource, sys, time
def main():
    from core.models import checkpoints
    from core.probes.scan.corpus import corpus_scan
    from core.probes.scan.scoring import ModelSource
    path, out, model, workers = sys.argv[1:]
    source = ModelSource.of([checkpoints.load(model)], checkpoints.root())
    start = time.perf_counter()
    *_, found = corpus_scan([path], source, out, processes=int(workers))
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"seconds": time.perf_counter() - start, "rows": found.rows,
                      "worker_seconds": found.summary.seconds,
                      "processor_seconds": sum(usage.ru_utime + usage.ru_stime for usage in used)}))
if __name__ == "__main__":
    main()
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(islice(texts(), ROWS))
    return path


def scan(table: Path, model: str, workers: int, number: int) -> dict[str, float]:
    script = table.with_name("scan.py")  # workers are started anew, so they read it again
    script.write_text(SCAN, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), str(table), str(table.with_name(f"out-{workers}-{number}")), model, str(workers)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("model", ["lstm"])
def test_one_worker_against_the_bare_recurrence_and_two_workers_against_one(model: str, table: Path) -> None:
    speeds, gains = [], []
    for number in range(ROUNDS):
        bare = run("1", BARE, str(table), model, "256")
        one, two = (scan(table, model, workers, number) for workers in (1, 2))
        assert one["rows"] == two["rows"] == ROWS
        per_row = bare["seconds"] / bare["rows"]
        speeds.append(per_row * ROWS / one["worker_seconds"])
        gains.append(one["seconds"] / two["seconds"])
        print(
            f"\n{model}, {ROWS:,} rows: bare recurrence {per_row * ROWS:.1f} s (from {bare['rows']:,} rows), one "
            f"worker {one['worker_seconds']:.1f} s at work, speed {speeds[-1]:.2f} of it (asked: at least 0.7); clock "
            f"{one['seconds']:.1f} s with one worker, {two['seconds']:.1f} s with two, {gains[-1]:.2f} times as fast "
            f"(asked: at least 1.6); the processor's seconds {one['processor_seconds']:.1f} and "
            f"{two['processor_seconds']:.1f}"
        )
    print(f"median speed {np.median(speeds):.2f} of the bare recurrence; two workers {np.median(gains):.2f} times one")
