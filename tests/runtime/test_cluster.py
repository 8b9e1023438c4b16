"""Tasks on a Dask cluster of this machine: what one process would give, a worker killed half way, nobody at home."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet
import pytest

from core.__main__ import main
from core.models import checkpoints
from core.probes.scan.corpus import corpus_scan
from core.probes.scan.scoring import ModelSource, Scorer
from core.runtime import cluster

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from distributed import LocalCluster

ROWS, PART_ROWS = 240, 20


@dataclass(frozen=True)
class Slow(ModelSource):
    """Checkpoints that take their time, so that a worker is killed at work."""

    def load(self) -> Scorer:
        score = super().load()

        def slowly(
            texts: Sequence[str], problems: dict[int, str], check_cancelled: Callable[[], object]
        ) -> Mapping[str, np.ndarray]:
            time.sleep(0.3)
            return score(texts, problems, check_cancelled)

        return slowly


@pytest.fixture(scope="module")
def local() -> Iterator[LocalCluster]:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed: see requirements-cluster.txt")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1"
    ) as found:
        yield found


@pytest.fixture
def source(tiny_checkpoints: Path) -> Slow:
    loaded = [checkpoints.load(name, tiny_checkpoints) for name in ("gru", "lstm")]
    return Slow(tiny_checkpoints.resolve(), tuple((checkpoint.name, checkpoint.hash) for checkpoint in loaded))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    texts = [f"{'not ' * (number % 7)}{('good', 'bad', '')[number % 3]}" for number in range(ROWS)]
    path.write_text("text,n\n" + "".join(f"{text},{n}\n" for n, text in enumerate(texts)), encoding="utf-8")
    return path


def rows(out: Path) -> list[dict[str, Any]]:
    return [row for path in sorted(out.glob("*.parquet")) for row in pyarrow.parquet.read_table(path).to_pylist()]


def test_a_worker_killed_half_way_costs_only_what_it_had(
    local: LocalCluster, source: Slow, table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    pids = [worker["pid"] for worker in local.scheduler_info["workers"].values() if "pid" in worker]
    pids = pids or [nanny.pid for nanny in local.workers.values()]
    assert len(set(pids)) == 2 and os.getpid() not in pids
    done: dict[Path, int] = {}
    events = corpus_scan([table], source, out, part_rows=PART_ROWS, scheduler=local.scheduler_address)
    with closing(events):
        for event in events:
            if event.parts == 3 and not done:
                done = {path: path.stat().st_ino for path in out.glob("*.parquet")}
                os.kill(pids[0], signal.SIGKILL)
    assert event.summary is not None and event.rows == event.summary.rows == ROWS
    # None of the three that were told of is done again; one that stood there without having been told of may be.
    assert sum(path.stat().st_ino == inode for path, inode in done.items()) >= 3
    found = rows(out)
    assert [row["row"] for row in found] == list(range(1, ROWS + 1))
    *_, _ = corpus_scan([table], ModelSource(source.root, source.hashes), tmp_path / "here", part_rows=PART_ROWS)
    for name in ("gru_probability", "lstm_probability"):
        one, other = (np.array([row[name] for row in side], dtype=float) for side in (found, rows(tmp_path / "here")))
        assert np.allclose(one, other, atol=1e-6, equal_nan=True)
    assert not list(out.glob(".*"))  # nor is anything left that the lost worker was writing


def test_what_a_task_raises_is_told_as_it_is(local: LocalCluster, source: Slow, table: Path, tmp_path: Path) -> None:
    other = Slow(source.root, (source.hashes[0], ("lstm", "0" * 64)))
    with pytest.raises(ValueError, match=r"'lstm' in .* is not the one that the scan began with"):
        list(corpus_scan([table], other, tmp_path / "out", scheduler=local.scheduler_address))


def test_the_command_line_scans_on_a_cluster(
    local: LocalCluster,
    table: Path,
    tmp_path: Path,
    tiny_checkpoints: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    arguments = ["scan", "--model", "rnn", "--scheduler", local.scheduler_address, str(table), str(tmp_path / "out")]
    assert main(arguments) == 0
    assert "read as positive, mean P" in capsys.readouterr().out and len(rows(tmp_path / "out")) == ROWS


def test_an_address_that_does_not_answer_is_one_line_in_time() -> None:
    pytest.importorskip("distributed", reason="Dask is not installed: see requirements-cluster.txt")
    with socket.socket() as silent:  # takes calls and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        began = time.perf_counter()
        with pytest.raises(OSError, match=f"^no Dask scheduler answers at {address} within 1 seconds$"):
            list(cluster.results(abs, [1], address, wait=1))
    assert time.perf_counter() - began < 8
    with pytest.raises(OSError, match=r"^no Dask scheduler answers at tcp://127\.0\.0\.1:1 "):
        list(cluster.results(abs, [1], "tcp://127.0.0.1:1", wait=1))
    with pytest.raises(ValueError, match=r"is no scheduler's address .*; expected tcp://host:port"):
        list(cluster.results(abs, [1], "gopher://somewhere:1", wait=1))


def test_without_dask_the_line_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("distributed", "distributed.core"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match=r"not installed: pip install -r requirements-cluster\.txt$"):
        list(cluster.results(abs, [1], "tcp://127.0.0.1:1"))
    assert (Path(__file__).parents[2] / cluster.REQUIREMENTS).is_file()
