"""Folders of texts by class: of folders named as the classes, a text a file, or of .pos and .neg, a text a line."""

from __future__ import annotations

from pathlib import Path

from core.runtime.i18n import gettext as _

_MOST_FILES = 200_000


def classes(path: Path) -> list[Path]:
    """The subfolders of a folder of texts by class: two or more, of texts alone; none where it is no such folder."""
    folders = [one for one in sorted(path.iterdir()) if one.is_dir() and not one.name.startswith((".", "_"))]
    return folders if len(folders) > 1 and all(_holds_texts(one) for one in folders) else []


def _holds_texts(folder: Path) -> bool:
    files = [one for one in folder.iterdir() if not one.name.startswith(".")]
    return bool(files) and all(one.is_file() and one.suffix.lower() in (".txt", "") for one in files)


def texts_of_folder(path: Path) -> list[Path]:
    """The files of a folder of texts by class, class after class: a text each, or .pos and .neg files of a text a line.

    Raises ValueError for too many.
    """
    texts = [one for folder in classes(path) for one in sorted(folder.iterdir()) if not one.name.startswith(".")]
    texts = texts or sorted(one for one in path.iterdir() if one.suffix.lower() in (".pos", ".neg") and one.is_file())
    if len(texts) > _MOST_FILES:
        raise ValueError(
            _("{file} holds {count:,} texts; at most {most:,} are read").format(
                file=path.name, count=len(texts), most=_MOST_FILES
            )
        )
    return texts
