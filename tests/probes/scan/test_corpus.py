"""A corpus scan writes every row once: however it is cut, whoever scores it, and whatever ends it half way."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from core.data.formats.layout import Layout
from core.models import checkpoints
from core.models.predict import verdicts
from core.probes.scan import corpus as scanning
from core.probes.scan import parts
from core.probes.scan.corpus import CorpusScan, corpus_scan
from core.probes.scan.scoring import ModelSource, Scorer

TEXTS = ["so good", "so bad", "Oh great, no movie", "never late", "", "i love it !!", "thanks,\nnot good", "=1+1 sad"]
MODELS = ["rnn", "gru", "lstm"]


@dataclass(frozen=True)
class Slow(ModelSource):
    """Checkpoints that take their time."""

    seconds: float = 0.1

    def load(self) -> Scorer:
        score = super().load()

        def slowly(
            texts: Sequence[str], problems: dict[int, str], check_cancelled: Callable[[], object]
        ) -> Mapping[str, np.ndarray]:
            time.sleep(self.seconds)
            return score(texts, problems, check_cancelled)

        return slowly


@pytest.fixture(scope="module")
def source(tiny_checkpoints: Path) -> ModelSource:
    return ModelSource.of([checkpoints.load(name, tiny_checkpoints) for name in MODELS], tiny_checkpoints)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of all kinds, 60, 1, 40, 25 and no rows; what is none of the corpus; a ragged row."""
    found = tmp_path_factory.mktemp("corpus") / "in"
    (found / "deep").mkdir(parents=True)
    texts = [f"{TEXTS[number % 8]} {'very ' * (number % 5)}".strip() for number in range(126)]
    with (found / "a.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text", "n"], *([text, str(n)] for n, text in enumerate(texts[:59]))])
        file.write("ragged\n")
    (found / "b.tsv").write_text(f"text\tn\n{texts[60]}\t60\n", encoding="utf-8")
    pyarrow.parquet.write_table(pyarrow.table({"text": texts[61:101]}), found / "deep/c.parquet", row_group_size=9)
    (found / "deep/d.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in texts[101:]), encoding="utf-8")
    (found / "e.csv").write_text("text\n", encoding="utf-8")
    (found / "_kept.csv").write_text("none,of,it\n", encoding="utf-8")
    (found / ".hidden.csv").write_text("none,of,it\n", encoding="utf-8")
    (found / "notes.txt").write_text("nor this", encoding="utf-8")
    return found


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(original, tmp_path / "in"))


def run(*arguments: Any, **options: Any) -> CorpusScan:
    *_, last = corpus_scan(*arguments, **options)
    assert last.summary is not None
    return last


def rows(out: Path) -> list[dict[str, Any]]:
    """Every row of the output, in the order of its parts."""
    return [row for path in sorted(out.glob("*.parquet")) for row in pyarrow.parquet.read_table(path).to_pylist()]


def key(found: list[dict[str, Any]]) -> list[tuple[str, int, int | None, str | None]]:
    """File (from the corpus's folder on), row, line and problem of each row."""
    return [(row["file"].partition("/in/")[2], row["row"], row["line"], row["problem"]) for row in found]


def same(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    """Whether two outputs are the same, to the rounding of a batch."""
    columns = [f"{name}_probability" for name in MODELS]
    numbers = [np.array([[row[column] for column in columns] for row in found], dtype=float) for found in (one, other)]
    return key(one) == key(other) and np.allclose(*numbers, atol=1e-6, equal_nan=True)


@pytest.fixture(scope="module")
def whole_out(original: Path, source: ModelSource) -> Path:
    """The output of a scan in a single part."""
    run([original], source, original.with_name("whole"))
    return original.with_name("whole")


@pytest.fixture(scope="module")
def whole(whole_out: Path) -> list[dict[str, Any]]:
    return rows(whole_out)


def test_every_row_has_what_each_model_says_of_it(
    original: Path, whole: list[dict[str, Any]], whole_out: Path, tiny_checkpoints: Path
) -> None:
    files = ["a.csv", "b.tsv", "deep/c.parquet", "deep/d.jsonl"]
    expected = [
        (str(original / name), n) for name, count in zip(files, (60, 1, 40, 25), strict=True) for n in range(count)
    ]
    assert [(row["file"], row["row"] - 1) for row in whole] == expected
    assert whole[59]["problem"].startswith("1 field,") and whole[59]["rnn_probability"] is None
    assert whole[7]["line"] == 10 and whole[70]["line"] is None  # the text before has a line break in it
    texts = [f"{TEXTS[number % 8]} {'very ' * (number % 5)}".strip() for number in range(126)]
    scored = [number for number in range(126) if texts[number] and number != 59]
    for name in MODELS:
        said = verdicts(checkpoints.load(name, tiny_checkpoints), [texts[number] for number in scored])
        found = [whole[number][f"{name}_probability"] for number in scored]
        assert np.allclose(found, [verdict.probability for verdict in said], atol=1e-6)
    empty = [row["problem"] for number, row in enumerate(whole) if not texts[number]]
    assert set(empty) == {"no word to read"}
    # The summary is what the rows come to.
    kept = json.loads((whole_out / "_summary.json").read_text(encoding="utf-8"))
    assert (kept["rows"], kept["empty"], kept["malformed"], kept["parts"]) == (126, len(empty), 1, 1)
    assert [problem["row"] for problem in kept["problems"]] == [60]
    for name in MODELS:
        values = np.array([row[f"{name}_probability"] for row in whole], dtype=float)
        values = values[~np.isnan(values)]
        tally = kept["models"][name]
        assert tally["scored"] == len(values) and tally["share_positive"] == np.mean(values >= 0.5)
        assert tally["mean"] == pytest.approx(values.mean())
        assert tally["histogram"] == np.histogram(values, kept["histogram_edges"])[0].tolist()


@pytest.mark.parametrize("part_rows", [7, 61])
def test_parts_of_any_size_hold_the_same_rows(
    part_rows: int, folder: Path, source: ModelSource, whole: list[dict[str, Any]], tmp_path: Path
) -> None:
    found = run([folder], source, tmp_path / "out", part_rows=part_rows)
    assert same(rows(tmp_path / "out"), whole)
    assert found.parts == len(list((tmp_path / "out").glob("*.parquet"))) == -(-126 // part_rows)
    assert len(pyarrow.parquet.read_table(tmp_path / "out")) == 126  # the folder as one table


def test_files_and_patterns_name_each_table_once(folder: Path, source: ModelSource, tmp_path: Path) -> None:
    names = [folder / "b.tsv", f"{folder}/**/*.parquet", folder / "deep"]
    run(names, source, tmp_path / "out", part_rows=30)
    found = dict.fromkeys(row["file"] for row in rows(tmp_path / "out"))
    assert list(found) == [str(folder / name) for name in ("b.tsv", "deep/c.parquet", "deep/d.jsonl")]
    assert len(rows(tmp_path / "out")) == 66


@pytest.mark.parametrize("stop_after", [0, 3])
def test_a_scan_that_was_stopped_goes_on(
    stop_after: int, folder: Path, source: ModelSource, whole: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with closing(corpus_scan([folder], source, out, part_rows=20)) as events:
        for _ in range(stop_after + 1):
            event = next(events)
    before = {path: path.stat().st_ino for path in out.glob("*.parquet")}
    assert len(before) == stop_after == event.parts and not (out / parts.SUMMARY).exists()
    (out / ".part-000009.parquet.0a1b2c3d.new").write_bytes(b"what a kill leaves")
    *_, last = corpus_scan([folder], source, out, part_rows=20, resume=True)
    assert same(rows(out), whole) and last.before == 20 * stop_after and last.rows == 126
    assert {path: path.stat().st_ino for path in before} == before  # not written again
    assert sorted(path.name for path in out.iterdir() if not path.name.startswith("part-")) == [
        parts.SCAN,
        parts.SUMMARY,
    ]


def test_parts_that_are_missing_in_between_are_made_again(
    folder: Path, source: ModelSource, whole: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run([folder], source, out, part_rows=10)
    for number in (0, 3, 4, 12):
        parts.path_of(out, number).unlink()
    assert run([folder], source, out, part_rows=10, resume=True).before == 126 - 10 * 3 - 6
    assert same(rows(out), whole)
    kept = (out / parts.SUMMARY).read_bytes()
    assert run([folder], source, out, part_rows=10, resume=True).before == 126
    assert (out / parts.SUMMARY).read_bytes() == kept  # nothing was done: the last run's figures stay


def _append(folder: Path) -> None:
    with (folder / "a.csv").open("a", encoding="utf-8") as file:
        file.write("one more,1\n")


def _touch(folder: Path) -> None:
    os.utime(folder / "b.tsv", (1, 1))


@pytest.mark.parametrize(
    ("change", "options", "says"),
    [
        (_append, {}, r"a\.csv has changed since it began \(size, modified, head\)"),
        (_touch, {}, r"b\.tsv has changed since it began \(modified\)"),
        (lambda folder: (folder / "b.tsv").unlink(), {}, r"other inputs \(.*b\.tsv\)"),
        (lambda folder: None, {"part_rows": 11}, "part rows was 10 and is 11"),
        (lambda folder: None, {"layout": Layout(header=True)}, "its layout was found by looking and is now --header$"),
        (lambda folder: None, {"layout": Layout("latin-1", mend=True)}, "is now --encoding latin-1 --mend$"),
    ],
)
def test_nothing_goes_on_with_something_else(
    change: Callable[[Path], None],
    options: dict[str, Any],
    says: str,
    folder: Path,
    source: ModelSource,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    with closing(corpus_scan([folder], source, out, part_rows=10)) as events:
        next(events), next(events)
    change(folder)
    with pytest.raises(ValueError, match=says):
        next(corpus_scan([folder], source, out, resume=True, **{"part_rows": 10, **options}))


def test_a_layout_is_named_by_its_options() -> None:
    asked = Layout(delimiter="\t", header=False, join=True)
    assert scanning._asked_for(asked.as_json()) == "--delimiter tab --no-header --join"
    assert scanning._asked_for(Layout(delimiter="^").as_json()) == "--delimiter ^"


def test_another_model_of_the_same_name_does_not_go_on(folder: Path, source: ModelSource, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with closing(corpus_scan([folder], source, out, part_rows=10)) as events:
        next(events)
    other = ModelSource(source.root, (*source.hashes[:2], ("lstm", "0" * 64)))
    with pytest.raises(ValueError, match=r"lstm has changed since it began \(hash\)"):
        next(corpus_scan([folder], other, out, part_rows=10, resume=True))
    with pytest.raises(ValueError, match=r"other models \(lstm\)"):
        next(corpus_scan([folder], ModelSource(source.root, source.hashes[:2]), out, part_rows=10, resume=True))


def test_a_folder_that_holds_something_is_left_alone(folder: Path, source: ModelSource, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run([folder], source, out)
    with pytest.raises(ValueError, match="holds a scan already; --resume"):
        next(corpus_scan([folder], source, out))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").touch()
    with pytest.raises(ValueError, match="is not empty and holds no scan"):
        next(corpus_scan([folder], source, tmp_path / "mine", resume=True))
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        next(corpus_scan([folder], source, tmp_path / "gone/out"))
    with pytest.raises(ValueError, match="where the output goes"):
        next(corpus_scan([folder], source, folder))
    (out / parts.SCAN).write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="is damaged"):
        next(corpus_scan([folder], source, out, resume=True))


def test_damaged_and_foreign_parts_are_told_of(folder: Path, source: ModelSource, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run([folder], source, out, part_rows=40)
    one, two = (parts.path_of(out, number) for number in (1, 2))
    content = two.read_bytes()
    two.write_bytes(content[:100])
    with pytest.raises(ValueError, match=r"part-000002\.parquet is damaged .*; remove it and resume"):
        next(corpus_scan([folder], source, out, part_rows=40, resume=True))
    two.write_bytes(one.read_bytes())
    with pytest.raises(ValueError, match=r"part-000002\.parquet is not the part that its name says"):
        next(corpus_scan([folder], source, out, part_rows=40, resume=True))
    run([folder / "a.csv"], source, tmp_path / "other", part_rows=40)
    two.write_bytes(parts.path_of(tmp_path / "other", 1).read_bytes())
    with pytest.raises(ValueError, match=r"part-000002\.parquet is of another scan"):
        next(corpus_scan([folder], source, out, part_rows=40, resume=True))


@pytest.mark.parametrize(
    ("names", "options", "error", "says"),
    [
        (["in/a.csv"], {"text_column": "gone"}, LookupError, "no column 'gone'; it has: text, n"),
        (["in/a.csv"], {"text_column": "n"}, ValueError, r"column 'n' .*\(0, 1, 2, …\)"),
        (["in/nothing*.csv"], {}, LookupError, r"no file is named like in/nothing\*\.csv"),
        (["bare"], {}, LookupError, "no table in the folder bare"),
        (["in/e.csv"], {}, ValueError, "no rows"),
        (["gone.csv"], {}, FileNotFoundError, "gone.csv"),
        (["in/notes.doc"], {}, ValueError, "cannot read .doc"),
        (["in"], {"part_rows": 0}, ValueError, "at least one row"),
        (["in"], {"processes": 1, "scheduler": "tcp://a:1"}, ValueError, "expected one of them"),
    ],
)
def test_what_cannot_be_scanned_is_refused_before_anything_is_written(
    names: list[str],
    options: dict[str, Any],
    error: type[Exception],
    says: str,
    folder: Path,
    source: ModelSource,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder.parent)
    Path("bare").mkdir()
    with pytest.raises(error, match=says):
        next(corpus_scan(names, source, "out", **options))
    assert not Path("out").exists()


def test_a_full_disk_leaves_whole_parts_and_goes_on(
    folder: Path,
    source: ModelSource,
    whole: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, fsync, calls = tmp_path / "out", os.fsync, iter(range(100))

    def full(descriptor: int) -> None:
        if next(calls) == 3:  # the plan and two parts are written
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"^no space left on device; rows kept in .*out: 40; continue with --resume"):
            run([folder], source, out, part_rows=20)
    assert sorted(path.name for path in out.iterdir()) == [parts.SCAN, "part-000000.parquet", "part-000001.parquet"]
    assert run([folder], source, out, part_rows=20, resume=True).before == 40
    assert same(rows(out), whole)


def test_a_table_that_changes_while_it_is_read_is_noticed(
    folder: Path, source: ModelSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = scanning.score

    def cut(task: Any) -> Any:
        (folder / "a.csv").write_text("text,n\nonly,1\n", encoding="utf-8")
        return real(task)

    monkeypatch.setattr(scanning, "score", cut)
    with pytest.raises(ValueError, match=r"a\.csv changed while it was being read; rows before: 60, now: 1$"):
        run([folder / "a.csv"], source, tmp_path / "out")


# Several processes


def test_processes_write_what_one_would(
    folder: Path, source: ModelSource, whole: list[dict[str, Any]], tmp_path: Path
) -> None:
    found = run([folder], source, tmp_path / "out", part_rows=9, processes=2)
    assert same(rows(tmp_path / "out"), whole) and found.rows == 126


@pytest.mark.slow
def test_a_worker_that_is_killed_ends_the_scan_in_a_line_and_it_goes_on(
    folder: Path, source: ModelSource, whole: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    events = corpus_scan([folder], Slow(source.root, source.hashes), out, part_rows=9, processes=2)
    with closing(events), pytest.raises(OSError, match=r"a worker process was killed.*; rows kept in .*: \d+;"):
        for event in events:
            if event.parts == 2:
                os.kill(next(_children()), signal.SIGKILL)
    assert run([folder], Slow(source.root, source.hashes), out, part_rows=9, resume=True).before >= 18
    assert same(rows(out), whole)


def _children() -> Iterator[int]:
    """The worker processes of this one."""
    import multiprocessing

    yield from (process.pid for process in multiprocessing.active_children() if process.pid)
