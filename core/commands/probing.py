"""Verbs that ask what a model's states hold: patterns, probe-states."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.verbs import Add

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.evaluation.intervals import Mean, Share
    from core.models.checkpoints import Checkpoint
    from core.probes.scan.lines import Lines
    from core.probes.units.linear_probes import Probe, Probes
    from core.probes.units.linear_probes_file import Source
    from core.probes.units.pattern_contrast import Contrast
    from core.probes.units.patterns import Index, Matches

_ROWS = 2_000
_SOURCES = {"h": "hidden state", "c": "cell state", "x": "word just read", "place": "place alone"}


def add_verbs(add: Add) -> None:
    """Add these verbs and their options."""
    added = add(patterns)
    console.model_option(added)
    added.add_argument("--text", required=True, metavar="TEXT", help="the text that the span is of")
    added.add_argument("--from", dest="first", required=True, type=int, metavar="I", help="its first token, from 1")
    added.add_argument("--to", dest="last", required=True, type=int, metavar="J", help="its last token")
    added.add_argument("--threshold", type=float, default=0.3, metavar="X", help="of a unit that is on (default: 0.3)")
    added.add_argument("--state", choices=("h", "c"), default="h", help="hidden (default) or cell state")
    added.add_argument("--magnitude", action="store_true", help="on is where |state| reaches the threshold")
    added.add_argument("--bounded", action="store_true", help="only units that are off just before and just after")
    added.add_argument("--most", type=int, default=50, metavar="K", help="moments at most (default: 50)")
    added.add_argument(
        "--least", type=float, default=0.5, metavar="S", help="share of the units that must be on (default: 0.5)"
    )
    added.add_argument(
        "--data", metavar="FILE", help="sentences, in a form of docs/files.md (default: some of this project's own)"
    )
    console.text_options(added)
    added.add_argument("--label-column", metavar="L", help="column of labels (default: none)")
    console.labels_option(added)

    added = add(probe_states)
    console.model_option(added)
    added.add_argument("--data", required=True, metavar="FILE", help="sentences, in a form of docs/files.md")
    added.add_argument("--rows", type=int, default=_ROWS, metavar="N", help=f"rows drawn from it (default: {_ROWS:,})")
    added.add_argument("--seed", type=int, default=0, help="of the draw and of all else that is random (default: 0)")
    added.add_argument("--save", action="store_true", help="keep the figures in the checkpoints' cards")
    console.text_options(added)


def patterns(options: argparse.Namespace) -> int:
    """Where else are the units on that are on over a span of a text? Moments of a file, and what sets them apart."""
    from core.models.trace import trace
    from core.probes.units import patterns as searching
    from core.probes.units.pattern_contrast import contrast

    models = console.prefixwise_checkpoints(options.model, plain=True)
    if options.data and options.label_column:
        models = console.labelled_by(models, options, Path(options.data))
    asked = [
        searching.pattern(
            checkpoint,
            trace(checkpoint, options.text),
            options.first - 1,
            options.last - 1,
            options.threshold,
            options.state,
            magnitude=options.magnitude,
            bounded=options.bounded,
        )
        for checkpoint in models
    ]
    lines = _lines(options, models)
    found = []
    for checkpoint, pattern in zip(models, asked, strict=True):
        index = _indexed(checkpoint, lines, options.state)
        matches = searching.search(index, pattern, options.most, options.least)
        found.append((index, matches, contrast(index, matches)))
    if options.json:
        console.json_list(_patterns_json(options.text, *one) for one in found)
        return 0
    for one in found:
        _show_patterns(*one)
    return 0


def _lines(options: argparse.Namespace, models: Sequence[Checkpoint]) -> Lines:
    from core.data.label_inference import common
    from core.probes.scan.lines import own_lines, read_lines

    if options.data is None:
        if options.text_column or options.label_column or options.labels or options.layout:
            raise ValueError(
                "--text-column, --label-column, --labels, --encoding and the like say how to read --data, which was "
                "not given"
            )
        return own_lines()
    if options.label_column is None:
        if options.labels:
            raise ValueError("--labels names values of --label-column, which was not given")
        return read_lines(Path(options.data), options.text_column, layout=options.layout)
    labelling = common({model.name: model.labelling for model in models})
    lines = read_lines(
        Path(options.data),
        options.text_column,
        options.label_column,
        layout=options.layout,
        labelling=labelling,
        asked=console.asked(options, labelling.names),
    )
    console.told(lines.read_as)
    return lines


def _indexed(checkpoint: Checkpoint, lines: Lines, state: str) -> Index:
    from contextlib import closing

    from tqdm import tqdm

    from core.probes.units.patterns import index

    found = None
    with closing(index(checkpoint, lines, state)) as events:
        first = next(events)
        with tqdm(total=first.total, unit=" tokens", unit_scale=True, desc=checkpoint.name) as bar:
            for event in events:
                bar.update(event.done - bar.n)
                found = event.index
    assert found is not None
    return found


def _patterns_json(text: str, index: Index, matches: Matches, found: Contrast) -> dict[str, object]:
    from dataclasses import asdict

    from core.probes.units.pattern_contrast import context

    pattern = matches.pattern
    return {
        "model": pattern.model,
        "text": text,
        "tokens": pattern.tokens,
        "from": pattern.first + 1,
        "to": pattern.last + 1,
        "state": pattern.state,
        "threshold": pattern.threshold,
        "magnitude": pattern.magnitude,
        "bounded": pattern.bounded,
        "units": pattern.units,
        "file": index.file,
        "sentences": len(index.sentences),
        "indexed_tokens": index.tokens,
        "empty": index.empty,
        "repeated": index.repeated,
        "cut": index.cut,
        "itself": matches.itself,
        "windows": matches.windows,
        "least": matches.least,
        "qualifying": matches.qualifying,
        "moments": [
            {
                "row": index.rows[moment.sentence],
                "from": moment.first + 1,
                "to": moment.last + 1,
                "shared": moment.shared,
                "on": moment.on,
                "jaccard": moment.jaccard,
                "length": moment.length,
                **dict(zip(("before", "span", "after"), context(index, moment), strict=True)),
                "probability": float(index.probability[moment.sentence]),
                "label": None if index.labels is None or (label := int(index.labels[moment.sentence])) < 0 else label,
            }
            for moment in matches.moments
        ],
        **asdict(found),
    }


def _show_patterns(index: Index, matches: Matches, found: Contrast) -> None:
    from core.probes.units.pattern_contrast import END, context

    pattern = matches.pattern
    over = " ".join(pattern.tokens[pattern.first : pattern.last + 1])
    sign = "|" * pattern.magnitude
    console.line(
        f"{pattern.model}: {len(pattern.units):,} units with {sign}{pattern.state}{sign} at {pattern.threshold:g} or "
        f"above over {over!r}: {', '.join(map(str, pattern.units))}"
    )
    console.line(
        f"  {index.file}: {len(index.sentences):,} sentences, {index.tokens:,} tokens ({index.empty:,} empty rows, "
        f"{index.repeated:,} repeated and {index.cut:,} that did not fit left out); of {matches.windows:,} spans of "
        f"{len(pattern):,} tokens {matches.qualifying:,} have {matches.least:.0%} of the units on; the best "
        f"{len(matches.moments):,} without overlap:"
    )
    for moment in matches.moments:
        before, span, after = context(index, moment)
        console.line(
            f"  {moment.shared:4,} of {len(pattern.units):,}  Jaccard {moment.jaccard:.2f}  row "
            f"{index.rows[moment.sentence]:,}: {before} [{span}] {after}"
        )
    for word in found.next_words:
        console.line(
            f"  followed by {'the end' if word.word == END else repr(word.word)}: {word.after:,} of "
            f"{word.moments:,} moments, {word.everywhere:,} of {word.windows:,} spans: {word.times:.1f} times as "
            f"often, p {word.p:.2g} after correction for {found.tested:,} words"
        )
    if found.positive is not None:
        with_it, without = (_share(one) for one in found.positive)
        console.line(
            f"  labelled {index.names[1]}: with a moment {with_it}, others {without}; {_gap(found.positive_difference)}"
        )
    mean, rest = ("–" if one is None else f"{one:.3f}" for one in found.probability)
    console.line(
        f"  mean {console.probability_name(index.model)}: {found.sentences[0]:,} sentences with a moment {mean}, "
        f"{found.sentences[1]:,} others {rest}; {_gap(found.probability_difference)}"
    )


def _share(found: Share) -> str:
    if found.share is None or found.interval is None:
        return "none labelled"
    low, high = found.interval
    return f"{found.hits:,} of {found.rows:,} ({found.share:.1%}; {low:.1%} to {high:.1%})"


def _gap(found: Mean | None) -> str:
    if found is None:
        return "too few for a difference"
    low, high = found.interval
    return f"difference {found.mean:+.3f} ({low:+.3f} to {high:+.3f})"


def probe_states(options: argparse.Namespace) -> int:
    """What linear probes read off a model's states: position, negation, polarity; each beside a control task."""
    from core.probes.units.linear_probes_file import add_probes, as_json

    if options.seed < 0:
        raise ValueError(f"a seed is 0 or above; given: {options.seed}")
    models = console.prefixwise_checkpoints(options.model, plain=True)
    texts, source = _drawn(options)
    found: list[Probes] = []
    for checkpoint in models:
        found.append(_probed(checkpoint, texts, options.seed))
        if options.save:
            add_probes(found[-1], source)
            console.progress(f"{checkpoint.name}: the figures are kept in its card")
    if options.json:
        console.json_list({"source": vars(source), **as_json(one)} for one in found)
        return 0
    for one in found:
        _show(one)
    return 0


def _drawn(options: argparse.Namespace) -> tuple[list[str], Source]:
    """Rows drawn by seed, in the file's order; all of them where there are no more."""
    import numpy as np

    from core.data.corpus import file_sha256, read_texts
    from core.probes.units.linear_probes_file import Source

    path = Path(options.data)
    if options.rows < 1:
        raise ValueError(f"--rows is at least 1; given: {options.rows:,}")
    texts = read_texts(path, options.text_column, layout=options.layout)
    rows = min(options.rows, len(texts))
    chosen = np.sort(np.random.default_rng(options.seed).choice(len(texts), rows, replace=False))
    return [texts[row] for row in chosen], Source(path.name, file_sha256(path), rows, len(texts))


def _probed(checkpoint: Checkpoint, texts: list[str], seed: int) -> Probes:
    from contextlib import closing

    from tqdm import tqdm

    from core.probes.units.linear_probes import diagnose

    with closing(diagnose(checkpoint, texts, seed)) as events:
        last = next(events)  # what is wrong from the start is told before a bar is drawn
        with tqdm(total=last.total, unit=" probes", desc=checkpoint.name) as bar:
            for last in events:
                bar.update(last.done - bar.n)
    return last.result()


def _show(found: Probes) -> None:
    train, test = found.sentences
    console.line(
        f"{found.model}: balanced accuracy on {test:,} sentences ({found.tokens[1]:,} tokens), trained on {train:,}, "
        "with 95 % intervals over sentences; control: a random label for each word type; selectivity: the difference"
    )
    console.line(f"  {'':24}{'':16}{'chance':>8}  {'task':22}  {'control':22}  selectivity")
    for probe in found.probes:
        console.line(f"  {probe.task:24}{_SOURCES[probe.source]:16}{probe.chance:8.3f}  {_cells(probe)}")
    for probe in found.probes:
        if not probe.converged:
            console.line(f"  {probe.task}, {_SOURCES[probe.source]}: a fit did not converge")
    for task, reason in found.left_out.items():
        console.line(f"  {task} was left out: {reason}")
    if found.empty or found.repeated:
        console.line(f"  {found.empty:,} texts without a word and {found.repeated:,} repeated ones were left out")


def _cells(probe: Probe) -> str:
    means = (probe.accuracy, probe.control, probe.selectivity)
    return "  ".join(f"{_cell(mean):22}" for mean in means).rstrip()


def _cell(found: Mean) -> str:
    low, high = found.interval
    return f"{found.mean:.3f} ({low:.3f}, {high:.3f})"
