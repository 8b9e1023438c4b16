"""The bytes of a file, unpacked where it is a .gz or a .zip of one file, as a stream of limited length."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from core.data.formats.layout import PACKED, SUFFIXES
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

TOTAL, RATIO = 200_000_000, 100  # bytes that a file may unpack to: so many, or so many times its own size
_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError)
_SAME = {".ndjson": ".jsonl", ".tab": ".tsv"}


def suffix_of(path: Path) -> str:
    """The suffix that says a file's form, in lower case: of the file inside where it is packed.

    Raises ValueError for one that is not in `SUFFIXES`, OSError for a .zip that cannot be opened.
    """
    suffix = path.suffix.lower()
    name = Path(path.stem)
    if suffix == ".zip":
        with path.open("rb") as raw:
            name = Path(_only(path, raw).filename)
    if suffix in PACKED:
        suffix = name.suffix.lower()
    suffix = _SAME.get(suffix, suffix)
    if suffix not in SUFFIXES or (suffix == ".parquet" and path.suffix.lower() in PACKED):
        raise ValueError(
            _("{file}: cannot read {suffix}; readable: {suffixes}").format(
                file=path.name,
                suffix=suffix or _("a file without a suffix"),
                suffixes=", ".join((*SUFFIXES, *PACKED)),
            )
        )
    return suffix


def ending(name: str) -> str:
    """The end of a file's name that says its form: ``.csv``, ``.csv.gz``."""
    path = Path(name)
    outer = path.suffix.lower()
    return Path(path.stem).suffix.lower() + outer if outer == ".gz" else outer


def _only(path: Path, raw: IO[bytes]) -> zipfile.ZipInfo:
    """The one file in a .zip."""
    try:
        with zipfile.ZipFile(raw) as archive:
            held = [
                info
                for info in archive.infolist()
                if not info.is_dir()
                and not info.filename.startswith("__MACOSX/")
                and not Path(info.filename).name.startswith(".")
            ]
    except (*_DAMAGE, ValueError) as error:
        raise _damaged(path, error) from None
    if len(held) != 1:
        told = _("{file} holds {count:,} files; expected one")
        if held:
            told = _("{file} holds {count:,} files; expected one: unpack it and read one of its files")
        raise ValueError(told.format(file=path.name, count=len(held)))
    if held[0].flag_bits & 1:
        raise ValueError(_("{file} is encrypted; unpack it and read one of its files").format(file=path.name))
    return held[0]


def _damaged(path: Path, error: BaseException) -> ValueError:
    return ValueError(
        _("{file} cannot be unpacked: {why}").format(file=path.name, why=str(error) or type(error).__name__)
    )


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The unpacked bytes of a file, and the file itself, whose position says how much is read.

    Reading raises ValueError for a damaged archive, and where more comes out than allowed.
    """
    with ExitStack() as stack:
        raw = stack.enter_context(path.open("rb"))
        suffix = path.suffix.lower()
        if suffix not in PACKED:
            yield raw, raw
            return
        most = max(TOTAL, RATIO * path.stat().st_size)
        try:
            if suffix == ".gz":
                inner: IO[bytes] = gzip.GzipFile(fileobj=raw)  # type: ignore[assignment]
            else:
                only = _only(path, raw)
                inner = stack.enter_context(zipfile.ZipFile(raw)).open(only)
        except _DAMAGE as error:
            raise _damaged(path, error) from None
        yield io.BufferedReader(_Bounded(path, stack.enter_context(inner), most)), raw


class _Bounded(io.RawIOBase):
    """A stream that is unpacked, up to a number of bytes."""

    def __init__(self, path: Path, inner: IO[bytes], most: int):
        self._path, self._inner, self._most = path, inner, most

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._inner.seek(offset, whence)

    def tell(self) -> int:
        return self._inner.tell()

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        try:
            content = self._inner.read(len(view))
        except _DAMAGE as error:
            raise _damaged(self._path, error) from None
        view[: len(content)] = content
        if self._inner.tell() > self._most:
            raise ValueError(
                _("{file} unpacks to more than the limit of {most:,} bytes").format(
                    file=self._path.name, most=self._most
                )
            )
        return len(content)
