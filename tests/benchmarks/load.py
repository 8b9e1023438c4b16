"""Many sessions at once, without a browser: is anything wrong, mixed up, slow, or does memory grow?

    python -m tests.benchmarks.load --sessions 50 --minutes 5 --think 10

starts a server of its own on this machine alone. Every session opens the workbench, types a sentence of its own, and
asks its questions as a person would, thinking between steps (half to one and a half times as long as told): the home
page's verdicts; a search of all 5,040 orders; a comment tested and small edits searched; what happens word by word; the
attributions. Then it leaves, and another comes with another sentence. Whatever numbers a page shows are compared with
what `core` computes for that session's sentence: an error, or another sentence's number, fails. What pages compute is
kept, so much and no more; with few `--sentences` that is soon full, and memory shows what visits leave behind.

A simple verdict is timed from typing until all models' cards are there, alone first, then under load; what was asked:
its 95th percentile at most 10 times the median alone, no error, nothing mixed up, memory flat over 30 minutes. Visitors
run on the same machine, so they take some of what they measure.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import itertools
import os
import random
import re
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from core.benchmarks.visitor import HOME, Page, Visitor, metrics, server

MODELS = ("rnn", "gru", "lstm")
ALONE = 30  # verdicts timed before anybody else comes
SAMPLE_EVERY = 5.0  # seconds
MOST_TOLD = 20  # errors printed
SUBJECTS = ("my mother", "my friend", "a teacher", "our team", "the driver", "a neighbour", "my brother", "the doctor")
VERBS = ("loved", "hated", "missed", "enjoyed", "forgot", "wanted", "broke", "watched", "needed", "lost", "found")
THINGS = ("movie", "dinner", "party", "game", "show", "book", "flight", "song", "phone", "weather", "coffee", "class")
TIMES = ("today", "yesterday", "again", "tonight", "too", "anyway", "alone", "twice")
_PROBABILITY = re.compile(r"P\(positive\) (\d\.\d+), logit ([+−]\d+\.\d+)")


class Expected(NamedTuple):
    """What `core` says of a sentence: P(positive) and logit by model, and of the LSTM's search of all orders."""

    text: str
    probability: dict[str, float]
    logit: dict[str, float]
    scored: int
    flips: int
    sensitivity: float
    order_effect: float


@dataclass
class Log:
    """What happened: seconds by step, errors, and whoever had to wait in line."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    compared: int = 0
    waited: int = 0
    searches: int = 0
    visits: int = 0


def sentences(count: int, seed: int) -> list[str]:
    """Different sentences of seven words each."""
    parts = itertools.product(SUBJECTS, VERBS, THINGS, itertools.permutations(TIMES, 2))
    every = [f"{who} {did} the {what} {when} {after}" for who, did, what, (when, after) in parts]
    return random.Random(seed).sample(every, count)


def expect(texts: Sequence[str]) -> list[Expected]:
    """Every sentence's numbers by `core`, in this process."""
    from core.fluency import trigram as fluency
    from core.models import checkpoints
    from core.models.predict import verdicts
    from core.probes.permutations.search import ask, scorer, search

    trigram = fluency.load().trigram
    loaded = {name: checkpoints.load(name) for name in MODELS}
    answers = {name: verdicts(checkpoint, texts) for name, checkpoint in loaded.items()}
    found = []
    for place, text in enumerate(texts):
        question = ask(loaded["lstm"], trigram, text)
        *_, last = search("lstm", scorer(loaded["lstm"], question), question)
        orders = last.result()
        found.append(
            Expected(
                text,
                {name: answers[name][place].probability for name in MODELS},
                {name: answers[name][place].logit for name in MODELS},
                orders.scored,
                orders.flip_count,
                orders.sensitivity,
                orders.order_effect,
            )
        )
    return found


class Person:
    """One person's visit, from the home page to leaving."""

    def __init__(self, visitor: Visitor, expected: Expected, log: Log, think: Callable[[], Awaitable[None]]):
        self._visitor, self._expected, self._log, self._think = visitor, expected, log, think
        self._query = {"q": expected.text}

    async def everything(self) -> None:
        """The five journeys, one after the other."""
        await self._step("home: open", self._visitor.open(HOME))
        for journey in (self._home, self._permutations, self._sarcasm, self._trajectories, self._attributions):
            await self._think()
            await journey()

    async def _home(self) -> None:
        page = await self._step("home: type a sentence", self._visitor.type("q", self._expected.text))
        self._log.seconds["a simple verdict"].append(max((one.seconds for one in page.all("metric")), default=0.0))
        self._verdicts(page)

    async def _permutations(self) -> None:
        await self._step("permutations: open", self._visitor.open("Permutations", {**self._query, "view": "search"}))
        await self._think()
        page = await self._search("permutations: search", "permutations start")
        shown = {label: value for label, (value, _delta) in metrics(page).items()}
        self._same("orders scored", shown.get("orders scored"), self._expected.scored)
        self._same("flips", shown.get("flips"), self._expected.flips)
        self._same("sensitivity", shown.get("sensitivity σ"), self._expected.sensitivity, 0.0051)
        self._same("order effect", shown.get("order effect"), self._expected.order_effect, 0.0051)

    async def _sarcasm(self) -> None:
        self._verdicts(await self._step("sarcasm: open", self._visitor.open("Sarcasm", self._query)))
        await self._think()
        await self._step("edits: open", self._visitor.open("Sarcasm", {**self._query, "view": "edits"}))
        await self._think()
        page = await self._search("edits: search", "edits start")
        shown = metrics(page).get("P(positive) as typed", (None,))[0]
        self._same("P(positive) as typed", shown, self._expected.probability["lstm"], 0.00051)

    async def _trajectories(self) -> None:
        await self._step("trajectories: open", self._visitor.open("Trajectories", self._query))
        await self._think()
        query = {**self._query, "view": "words"}
        page = await self._step("trajectories: word by word", self._visitor.open("Trajectories", query))
        rows = {row["model"]: row for row in _table(page)}
        for name in MODELS:
            row = rows.get(name.upper(), {})
            self._same(f"{name} in the table", row.get("P(positive)"), self._expected.probability[name], 0.000051)

    async def _attributions(self) -> None:
        page = await self._step("attributions: open", self._visitor.open("Attributions", self._query))
        said = "\n".join(one.what.body.replace("\\", "") for one in page.all("markdown"))
        found = _PROBABILITY.search(said)
        self._same("P(positive)", found and found[1], self._expected.probability["lstm"], 0.00051)
        self._same("logit", found and found[2], self._expected.logit["lstm"], 0.0051)

    async def _search(self, name: str, key: str) -> Page:
        page = await self._step(name, self._visitor.click(key))
        self._log.searches += 1
        self._log.waited += any("earlier search" in line for line in page.messages)
        return page

    async def _step(self, name: str, asked: Awaitable[Page]) -> Page:
        page = await asked
        self._log.seconds[name].append(page.seconds)
        self._log.errors += [f"{name}: {fault}" for fault in page.faults]
        return page

    def _verdicts(self, page: Page) -> None:
        shown = metrics(page)
        for name in MODELS:
            said = shown.get(name.upper(), ("", ""))[1].rpartition("= ")[2]
            self._same(f"{name}'s card", said, self._expected.probability[name], 0.00051)

    def _same(self, what: str, shown: object, expected: float, tolerance: float = 0.0) -> None:
        self._log.compared += 1
        try:
            right = abs(float(str(shown).replace(",", "").replace("−", "-")) - expected) <= tolerance
        except ValueError:
            right = False
        if not right:
            self._log.errors.append(f"{what} of {self._expected.text!r}: the page shows {shown!r}, core {expected:.5f}")


def _table(page: Page) -> list[dict[str, object]]:
    """The rows of the page's last table."""
    import pyarrow as pa

    tables = page.all("dataframe")
    if not tables:
        return []
    with pa.ipc.open_stream(io.BytesIO(tables[-1].what.arrow_data.data)) as reader:
        rows: list[dict[str, object]] = reader.read_all().to_pylist()
    return rows


async def come_and_go(
    address: str, expected: Sequence[Expected], log: Log, seconds: float, think: float, seed: int
) -> None:
    """One person after the other, each with the next sentence, until the time is over."""
    rng, end = random.Random(seed), time.monotonic() + seconds

    async def thinking() -> None:
        await asyncio.sleep(think * rng.uniform(0.5, 1.5))

    await asyncio.sleep(rng.uniform(0, max(think, 1)))
    for one in itertools.cycle(expected):
        if time.monotonic() >= end:
            return
        log.visits += 1
        try:
            async with Visitor(address) as visitor:
                await Person(visitor, one, log, thinking).everything()
        except Exception as fault:  # of whatever kind: the others go on, and the end tells
            log.errors.append(f"{one.text!r}: {type(fault).__name__}: {fault}")
            await thinking()


async def alone(address: str, texts: Sequence[str], expected: Sequence[Expected]) -> tuple[Log, Log]:
    """One person's visits: the first brings everything into memory; then verdicts, one after the other."""

    async def at_once() -> None:
        return

    first, log = Log(), Log()
    for one in expected:
        async with Visitor(address) as visitor:
            await Person(visitor, one, first, at_once).everything()
    async with Visitor(address) as visitor:
        await visitor.open(HOME)
        for text in texts:
            page = await visitor.type("q", text)
            log.seconds["a simple verdict"].append(max(one.seconds for one in page.all("metric")))
            log.errors += page.faults
    return first, log


class Sample(NamedTuple):
    """The server at a moment: seconds since the load began, resident memory in MB, seconds of processor time so far."""

    seconds: float
    memory: float
    processor: float


def sample(process: int, began: float) -> Sample | None:
    """What Linux tells of a process; None elsewhere, or where there is none any more."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return None
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    return Sample(time.monotonic() - began, int(fields[21]) * page / 1e6, (int(fields[11]) + int(fields[12])) / ticks)


async def watch(process: int, samples: list[Sample]) -> None:
    """Look at the server now and then, until ended."""
    began = time.monotonic()
    while True:
        found = sample(process, began)
        if found is not None:
            samples.append(found)
        await asyncio.sleep(SAMPLE_EVERY)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def growth(samples: Sequence[Sample]) -> float:
    """MB a minute by least squares over the second half of the time."""
    later = [one for one in samples if one.seconds >= samples[-1].seconds / 2]
    slope, _start = statistics.linear_regression([one.seconds / 60 for one in later], [one.memory for one in later])
    return slope


def report(options: argparse.Namespace, by_itself: Log, log: Log, samples: Sequence[Sample], own: float) -> None:
    """Print what was measured; `own` are the visitors' seconds of processor time."""
    print(f"\n{'step':<28}{'times':>7}{'p50 s':>9}{'p95 s':>9}{'most s':>9}")
    for name, seconds in log.seconds.items():
        slow = percentile(seconds, 0.95)
        print(f"{name:<28}{len(seconds):>7,}{statistics.median(seconds):>9.2f}{slow:>9.2f}{max(seconds):>9.2f}")
    usual = statistics.median(by_itself.seconds["a simple verdict"])
    if verdicts := log.seconds.get("a simple verdict"):
        slow = percentile(verdicts, 0.95)
        print(
            f"\na simple verdict: median alone {1000 * usual:.0f} ms; 95th percentile of {options.sessions} sessions "
            f"{1000 * slow:.0f} ms, {slow / usual:.1f} times (asked: at most 10)"
        )
    print(f"searches: {log.searches:,}, of which {log.waited:,} waited in line")
    print(f"visits: {log.visits:,}; numbers compared with core's: {log.compared:,}; errors: {len(log.errors):,}")
    for line in log.errors[:MOST_TOLD]:
        print(f"  {line}")
    if len(samples) > 2:
        share = (samples[-1].processor - samples[0].processor) / (samples[-1].seconds - samples[0].seconds)
        shown = samples[:: max(1, len(samples) // 12)]
        print("resident memory, MB: " + ", ".join(f"{one.seconds / 60:.1f} min {one.memory:.0f}" for one in shown))
        print(f"growth over the second half: {growth(samples):+.1f} MB a minute")
        print(
            f"processors that the server kept busy: {share:.2f}, "
            f"{share * samples[-1].seconds / max(1, log.visits):.2f} s a visit; "
            f"the visitors: {own / samples[-1].seconds:.2f}; other processes had the rest of {os.cpu_count()}"
        )


async def run(options: argparse.Namespace, address: str, process: int) -> list[str]:
    """Everything, at a server that runs; the errors."""
    each = int(options.minutes * 60 / (10 * max(options.think, 0.5))) + 2  # visits of one after the other
    each = min(each, options.sentences or each)
    texts = sentences(2 + ALONE + options.sessions * each, options.seed)
    print(f"computing what core says of {len(texts) - ALONE:,} sentences", file=sys.stderr)
    expected = expect(texts[:2] + texts[2 + ALONE :])
    print("one visitor alone", file=sys.stderr)
    first, by_itself = await alone(address, texts[2 : 2 + ALONE], expected[:2])
    log, samples = Log(errors=[*first.errors, *by_itself.errors]), list[Sample]()
    print(f"{options.sessions} sessions for {options.minutes:g} minutes", file=sys.stderr)
    own = time.process_time()
    watching = asyncio.create_task(watch(process, samples))
    shares = [expected[2 + number * each : 2 + (number + 1) * each] for number in range(options.sessions)]
    visits = (
        come_and_go(address, share, log, 60 * options.minutes, options.think, options.seed + number)
        for number, share in enumerate(shares)
    )
    await asyncio.gather(*visits)
    watching.cancel()
    report(options, by_itself, log, samples, time.process_time() - own)
    return log.errors


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--think", type=float, default=10.0, help="seconds between two steps")
    parser.add_argument(
        "--sentences", type=int, metavar="N", help="of each session, again and again (default: another at every visit)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log", type=Path, help="where the server writes what it has to say")
    options = parser.parse_args()
    with server(log=options.log) as (address, process):
        return 1 if asyncio.run(run(options, address, process)) else 0


if __name__ == "__main__":
    sys.exit(main())
