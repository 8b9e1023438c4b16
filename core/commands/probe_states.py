"""The verb that trains linear probes on states: probe-states."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs, at_least, text_options

if TYPE_CHECKING:
    from core.probes.units.linear_probes import Probe, Probes

_SOURCES = {"h": "hidden state", "c": "cell state", "x": "word just read", "place": "position alone"}


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(probe_states, "--model", "--target", "--against", "--seed")
    parser.add_argument("--data", required=True, metavar="FILE", help="sentences, in a form of docs/files.md")
    parser.add_argument("--rows", type=at_least(1), default=2_000, metavar="N", help="rows drawn (default: 2,000)")
    parser.add_argument("--save", action="store_true", help="save the results in the checkpoints' cards")
    text_options(parser)


def probe_states(options: argparse.Namespace) -> int:
    """What linear probes read off a model's states: position, negation, polarity; each beside a control task."""
    from core.probes.units.linear_probes import diagnose
    from core.probes.units.linear_probes_file import ProbeRows, add_probes, as_json

    models = inputs.aimed(options, inputs.prefixwise_checkpoints(options.model, plain=True))
    texts, sha256, drawn_from = inputs.drawn_texts(options)
    source = ProbeRows(Path(options.data).name, sha256, len(texts), drawn_from)
    results: list[Probes] = []
    for checkpoint in models:
        events = diagnose(checkpoint, texts, options.seed)
        bar = console.bar(events, " probes", checkpoint.name, lambda event: (event.done, event.total, ""))
        results.append(console.last(bar).result())
        if options.save:
            add_probes(results[-1], source)
            console.progress(f"{checkpoint.name}: the results are saved in its card")
    return console.answer(options, results, lambda one: {"source": source, **as_json(one)}, _show)


def _show(result: Probes) -> None:
    train, test = result.sentences
    console.line(
        f"{result.model}: balanced accuracy on {test:,} sentences ({result.tokens[1]:,} tokens), trained on {train:,}, "
        "with 95 % intervals over sentences; control: a random label for each word type; selectivity: the difference"
        + ("" if result.target is None else f"; polarity: of the words for {result.target}")
    )
    console.line(f"  {'':24}{'':16}{'chance':>8}  {'task':22}  {'control':22}  selectivity")
    for probe in result.probes:
        console.line(f"  {probe.task:24}{_SOURCES[probe.source]:16}{probe.chance:8.3f}  {_cells(probe)}")
    for probe in result.probes:
        if not probe.converged:
            console.line(f"  {probe.task}, {_SOURCES[probe.source]}: a fit did not converge")
    for task, reason in result.left_out.items():
        console.line(f"  {task} was left out: {reason}")
    if result.empty or result.repeated:
        console.line(f"  {result.empty:,} texts without a word and {result.repeated:,} repeated ones were left out")


def _cells(probe: Probe) -> str:
    means = (probe.accuracy, probe.control, probe.selectivity)
    return "  ".join(f"{console.mean_of(mean, '{:.3f} ({:.3f}, {:.3f})'):22}" for mean in means).rstrip()
