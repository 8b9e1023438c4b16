"""The command line as a process, and a Python that is too old."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent


def test_a_real_command_line_with_bytes_that_are_no_text(tiny_checkpoints: Path) -> None:
    """Such bytes arrive as lone surrogates; an ASCII terminal gets an answer; nothing heavy but torch is imported."""
    heavy = {"gensim", "streamlit", "plotly", "pyarrow", "pandas"}
    code = f"sys.exit(main() or bool({heavy} & {{*sys.modules}}))"
    script = f"import sys; from core.__main__ import main; {code}"
    words = [b"predict", b"--model", b"rnn", b"caf\xe9 \xff so good \xf0\x9f\x99\x82"]
    done = subprocess.run(
        [os.fsencode(sys.executable), b"-c", script.encode(), *words],
        cwd=PROJECT,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "UNROLLED_CHECKPOINTS": str(tiny_checkpoints)},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0 and done.stderr == b""
    assert done.stdout.isascii() and done.stdout.startswith(b"rnn ") and done.stdout.count(b"\n") == 1


def test_a_python_that_is_too_old_is_told_of_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11, 3\.12 or 3\.13; this is \d"):
        runpy.run_path(str(PROJECT / "core" / "__init__.py"))
