"""How soon do the pages answer? Asked of a server of its own, by a visitor without a browser, in another process.

The visitor belongs to the pages (`pages/server/visits.py`), which core does not know; what it prints is read here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from core.benchmarks.measured import Measured

_ROOT = Path(__file__).parents[2]
_VISITS = "pages.server.visits"


def visited(rounds: int) -> Iterator[Measured]:
    """The first heading on a cold server and every page's rerun. Raises OSError where the server does not answer."""
    with subprocess.Popen(
        [sys.executable, "-m", _VISITS, "--rounds", str(rounds)],
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield Measured(**json.loads(line))
    if process.returncode:
        raise OSError(f"the pages could not be visited: python -m {_VISITS} ended with status {process.returncode}")
