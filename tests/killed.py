"""Work in a process of its own, killed on the way with no chance to tidy up; what it had told until then."""

from __future__ import annotations

import csv
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

PATIENCE = 120.0
Tell = Callable[[int], None]
Work = Callable[..., None]

# A process that has imported what is heavy makes the others, so that a killed one costs milliseconds.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(
    ["tests.killed", "torch", "gensim.models", "core.training.recipe", "core.probes.scan.one_file"]
)


def killed(work: Work, *arguments: object, after: float | None) -> tuple[list[int], float]:
    """What the work had told when it was killed, so many seconds after it had begun, and how long it ran.

    With None it is not killed. Raises RuntimeError where it failed by itself.
    """
    ours, theirs = _processes.Pipe(duplex=False)
    process = _processes.Process(target=_run, args=(theirs, work, arguments), daemon=True)
    process.start()
    theirs.close()
    assert ours.poll(PATIENCE), "the process did not begin"
    ours.recv()
    clock = time.perf_counter()
    if after is not None:
        process.join(after)
        if process.is_alive():
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
    process.join(PATIENCE)
    seconds, told = time.perf_counter() - clock, []
    try:
        while True:
            told.append(ours.recv())
    except (EOFError, OSError):
        pass
    if process.exitcode not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the work failed by itself: exit status {process.exitcode}")
    return told, seconds


def _run(pipe: Connection, work: Work, arguments: tuple[object, ...]) -> None:
    pipe.send(-1)
    work(pipe.send, *arguments)


def keep_pairs(tell: Tell, path: Path, first: int, count: int) -> None:
    """Keep pairs of these numbers in a collection, each told when it is kept."""
    from core.storage.pairs import Collection

    for number in range(first, first + count):
        Collection(path).keep(
            original=f"original {number} " + "so " * 500,  # several pages of the file
            other=f"other {number}",
            model="lstm",
            probability_original=0.25,
            probability_other=0.75,
            judgement="valid",
            note=str(number),
        )
        tell(number)


def verb(tell: Tell, arguments: list[str], environment: dict[str, str]) -> None:
    """``python -m core`` with these arguments, in silence; told 0 at its good end."""
    from core.__main__ import main

    os.environ.update(environment)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - the null device is no path of ours
        for number in (1, 2):
            os.dup2(nowhere.fileno(), number)
    status = main(arguments)
    if status:
        raise SystemExit(status)
    tell(0)


def write_rows(path: Path, rows: int, seed: int = 0) -> None:
    """Made-up sentences with labels, as ``train`` and ``scan`` read them."""
    random = np.random.default_rng(seed)
    adjectives = [["bad", "awful", "sad", "terrible"], ["good", "great", "lovely", "happy"]]
    things = ["the day", "my dinner", "our bus", "this song", "a game", "the garden", "his train"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["label", "text"])
        for number in range(rows):
            label = int(random.integers(2))
            one, other = random.choice(things, 2)
            name = "".join(
                chr(ord("a") + int(digit)) for digit in str(number)
            )  # numbers would be one and the same word
            writer.writerow([label, f"{one} was {random.choice(adjectives[label])} near {other} {name}"])
