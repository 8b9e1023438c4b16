"""How long does it take to read a million rows of a CSV, against the csv module alone, and is the memory flat?

    pytest tests/benchmarks/test_reading.py -s

Every measurement is of a process of its own, in turn with the csv module's, the best of three.
"""

from __future__ import annotations

import csv
import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ROWS = (100_000, 1_000_000)
WORDS = ("the", "a", "lovely", "cold", "soup", "garden", "train", "late", "rain", "great", ",", ".", "!", "“", "café")
PLAIN = """
import csv
with open(path, encoding="utf-8", newline="") as file:
    rows = sum(1 for row in csv.reader(file, strict=True)) - 1
"""
STRICT = """
from core.data.tables import rows as read
rows = sum(1 for row in read(Path(path), ("text", "label")))
"""
WINDOWS = """
from core.data.records import windows
rows = sum(len(window.column("text")) for window in windows(Path(path), 8_192))
"""
MEASURE = """
import resource, sys, time
from pathlib import Path
path = sys.argv[1]
start = time.perf_counter()
{read}
print(rows, time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def write(path: Path, rows: int) -> Path:
    drawn = random.Random(0)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for _row in range(rows):
            text = " ".join(drawn.choice(WORDS) for _word in range(drawn.randint(4, 22)))
            writer.writerow([f'"{text}"' if drawn.random() < 0.03 else text, drawn.randint(0, 1)])
    return path


def measured(read: str, path: Path, rows: int) -> tuple[float, float]:
    """Seconds, and the most memory in MB, of reading a file in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.format(read=read), str(path)],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found, seconds, megabytes = done.stdout.split()
    assert int(found) == rows
    return float(seconds), float(megabytes)


def test_a_million_rows_are_read_nearly_as_fast_as_by_the_csv_module_in_flat_memory(tmp_path: Path) -> None:
    small, large = (write(tmp_path / f"{rows}.csv", rows) for rows in ROWS)
    seconds: dict[str, list[float]] = {"csv module": [], "rows": [], "windows": []}
    for _round in range(3):
        for name, read in (("csv module", PLAIN), ("rows", STRICT), ("windows", WINDOWS)):
            seconds[name].append(measured(read, large, ROWS[1])[0])
    plain = min(seconds["csv module"])
    print()
    for name, read in (("rows", STRICT), ("windows", WINDOWS)):
        few, many = measured(read, small, ROWS[0])[1], measured(read, large, ROWS[1])[1]
        print(
            f"{name}: {min(seconds[name]):.2f} s for {ROWS[1]:,} rows, {min(seconds[name]) / plain:.2f} × the csv "
            f"module's {plain:.2f} s; {few:.0f} MB at {ROWS[0]:,} rows, {many:.0f} MB at {ROWS[1]:,}"
        )
        assert many < few + 10
        assert min(seconds[name]) < 5 * plain
