"""Small files that would unpack to gigabytes are refused in one line, and honest ones of any writer are read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from core.data import records, tables
from core.data.formats import parquet_limits

ROOT = Path(__file__).parents[2]
CODECS = ("none", "snappy", "gzip", "zstd", "lz4", "brotli")


def write(path: Path, columns: dict[str, object], **options: object) -> Path:
    pyarrow.parquet.write_table(pyarrow.table(columns), path, **options)
    return path


def repeated(path: Path, length: int, rows: int) -> Path:
    """One long text on every row, which a dictionary holds once."""
    indices = pyarrow.array([0] * rows, pyarrow.int32())
    return write(path, {"text": pyarrow.DictionaryArray.from_arrays(indices, pyarrow.array(["x" * length]))})


def zeros(path: Path, length: int, **options: object) -> Path:
    """One text of zeros, which any compression makes small."""
    return write(path, {"text": ["\0" * length]}, compression="zstd", use_dictionary=False, **options)


def read(path: Path) -> int:
    return sum(1 for _ in tables.rows(path, ["text"]))


def windows(path: Path) -> int:
    return sum(len(window) for window in records.windows(path, 4_096))


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same laws with bounds so low that a test need not make a gigabyte first."""
    for name, bound in (("LIMIT", 2_000_000), ("VALUES", 500_000), ("LONGEST", 300_000), ("TOTAL", 8_000_000)):
        monkeypatch.setattr(parquet_limits, name, bound)


@pytest.mark.parametrize("reader", [read, windows])
def test_ten_gigabytes_in_a_few_kilobytes(reader: object, tmp_path: Path) -> None:
    path = repeated(tmp_path / "bomb.parquet", 10_000_000, 1_000)
    assert path.stat().st_size < 500_000
    with pytest.raises(ValueError, match=r"^bomb\.parquet unpacks to more than the limit: [^\n]* of 10,000,000 bytes"):
        reader(path)  # type: ignore[operator]


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("reader", [read, windows])
def test_a_text_repeated_is_counted_as_often_as_it_stands_there(reader: object, tmp_path: Path) -> None:
    path = repeated(tmp_path / "bomb.parquet", 100_000, 1_000)  # 100 MB of texts that are each of fair length
    with pytest.raises(ValueError, match=r"^bomb\.parquet unpacks to more [^\n]*; at most 500,000 and 8,"):
        reader(path)  # type: ignore[operator]


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("reader", [read, windows])
def test_a_page_of_zeros_is_not_unpacked(reader: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zeros(tmp_path / "zeros.parquet", 3_000_000)
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(parquet_limits, "expanded", lambda array: pytest.fail("it was unpacked"))
    with pytest.raises(ValueError, match=r"^zeros\.parquet unpacks to more [^\n]*: a page of 3,000,\d{3} bytes"):
        reader(path)  # type: ignore[operator]


@pytest.mark.usefixtures("_small")
def test_what_the_footer_says_is_not_believed(tmp_path: Path) -> None:
    """The footer's sizes are forged to be small, as a bomb's would be; the page's own header decides."""
    path = zeros(tmp_path / "forged.parquet", 3_000_000)
    content = path.read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    true = _zigzag(pyarrow.parquet.ParquetFile(path).metadata.row_group(0).column(0).total_uncompressed_size)
    place = content.index(true, footer)
    path.write_bytes(content[:place] + _zigzag(1_000, len(true)) + content[place + len(true) :])
    assert pyarrow.parquet.ParquetFile(path).metadata.row_group(0).column(0).total_uncompressed_size == 1_000
    with pytest.raises(ValueError, match=r"a page of 3,000,\d{3} bytes"):
        read(path)


def _zigzag(value: int, length: int = 1) -> bytes:
    """A number as Thrift writes it, in so many bytes or more, which the format allows."""
    value, out = value << 1, bytearray()
    while value > 127 or len(out) < length - 1:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


@pytest.mark.usefixtures("_small")
def test_each_value_going_on_from_the_one_before(tmp_path: Path) -> None:
    path = write(
        tmp_path / "delta.parquet",
        {"text": ["x" * 50_000] * 1_000},  # 50 MB of shared beginnings
        use_dictionary=False,
        column_encoding={"text": "DELTA_BYTE_ARRAY"},
        compression="zstd",
    )
    assert path.stat().st_size < 50_000
    with pyarrow.parquet.ParquetFile(path) as file:
        assert parquet_limits.rows_at_a_time(path, file) * 50_000 <= parquet_limits.VALUES
    with pytest.raises(ValueError, match="unpacks to more than the limit"):
        read(path)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_honest_files_are_read_row_by_row(codec: str, version: str, dictionary: bool, tmp_path: Path) -> None:
    texts = [f"a tweet of some words, number {number % 700}" for number in range(3_000)] + [None, "é" * 9_000]
    path = write(
        tmp_path / "honest.parquet",
        {"text": texts, "n": list(range(3_002)), "list": [["a", str(number)] for number in range(3_002)]},
        compression=codec,
        use_dictionary=dictionary,
        data_page_version=version,
        row_group_size=1_000,
        data_page_size=4_096,
    )
    assert [row.values[0] for row in tables.rows(path, ["text"])] == texts
    found = list(records.windows(path, 512))
    assert [len(window) for window in found] == [512] * 5 + [442]
    assert [text for window in found for text in window.column("text")] == texts
    with pyarrow.parquet.ParquetFile(path) as file:
        assert parquet_limits.rows_at_a_time(path, file) >= 512


def test_types_stay_when_windows_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_limits, "VALUES", 1_000)  # so that a batch is a few rows
    mood = pyarrow.array(["good", "bad"] * 50).dictionary_encode()
    path = write(tmp_path / "few.parquet", {"text": [f"text {n}" for n in range(100)], "mood": mood}, data_page_size=64)
    with pyarrow.parquet.ParquetFile(path) as file:
        assert 1 <= parquet_limits.rows_at_a_time(path, file) < 40
    found = list(records.windows(path, 40))
    assert sum(len(window) for window in found) == 100 and len(found) < 100
    assert [text for window in found for text in window.column("text")] == [f"text {n}" for n in range(100)]
    assert [text for window in found for text in window.column("mood")] == ["good", "bad"] * 50


@pytest.mark.parametrize("cut", [4, 100, 500])
def test_what_is_no_page_is_damage_in_one_line(cut: int, tmp_path: Path) -> None:
    path = write(tmp_path / "cut.parquet", {"text": [f"text {n}" for n in range(1_000)]})
    content = bytearray(path.read_bytes())
    content[cut : cut + 40] = b"\xff" * 40
    path.write_bytes(content)
    for reader in (read, windows):
        try:
            reader(path)
        except ValueError as error:
            assert "\n" not in str(error) and "cut.parquet" in str(error)


def test_a_table_is_never_a_program_or_another_archive(tmp_path: Path) -> None:
    archives = "a.7z a.tar a.tar.gz a.parquet.gz a.csv.gz.gz a.zst"
    programs = "a.py a.pickle a.pkl a.npz a.xlsx a.h5 a.feather a.sqlite3 a.pt"
    for name in f"{archives} {programs}".split():
        (tmp_path / name).write_bytes(b"cos\nsystem\n(S'touch hacked'\ntR.")
        with pytest.raises(ValueError, match=r"cannot read \.\w+; readable: \.parquet, \.csv, "):
            list(tables.rows(tmp_path / name, ["text"]))
    assert not Path("hacked").exists()
    (tmp_path / "gzip.csv").write_bytes(bytes.fromhex("1f8b08000000000002ff") + b"\0" * 100)
    with pytest.raises(ValueError, match="bytes that are not UTF-8 text"):
        list(tables.rows(tmp_path / "gzip.csv", ["text"]))


@pytest.mark.slow
def test_a_bomb_on_the_command_line_is_one_line_and_little_memory(tmp_path: Path, tiny_checkpoints: Path) -> None:
    path = repeated(tmp_path / "bomb.parquet", 10_000_000, 1_000)
    code = (
        "import resource, sys; from core.__main__ import main; status = main(sys.argv[1:]); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "scan", str(path), str(tmp_path / "out.csv")],
        cwd=ROOT,
        env={"PATH": "", "UNROLLED_CHECKPOINTS": str(tiny_checkpoints), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 2
    assert "unpacks to more than the limit" in done.stderr.splitlines()[-1]
    assert int(done.stdout.splitlines()[-1]) < 2_000_000  # kB; unbounded, the values would be ten terabytes
    assert not (tmp_path / "out.csv").exists()
