"""The verb that searches patterns of units: patterns."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console, inputs
from core.commands.options import Verbs, label_options
from core.data.targets import probability_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.evaluation.intervals import Mean, Share
    from core.models.checkpoints import Checkpoint
    from core.probes.scan.lines import Lines
    from core.probes.units.pattern_contrast import Contrast
    from core.probes.units.patterns import Index, Matches


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its options."""
    parser = verbs.add(patterns, "--model", "--target", "--against")
    parser.add_argument("--text", required=True, metavar="TEXT", help="the text of the span")
    parser.add_argument("--from", dest="first", required=True, type=int, metavar="I", help="its first token, from 1")
    parser.add_argument("--to", dest="last", required=True, type=int, metavar="J", help="its last token")
    parser.add_argument(
        "--threshold", type=float, default=0.3, metavar="X", help="a unit is on from here (default: 0.3)"
    )
    parser.add_argument("--state", choices=("h", "c"), default="h", help="hidden (default) or cell state")
    parser.add_argument("--magnitude", action="store_true", help="a unit is on where |state| reaches the threshold")
    parser.add_argument("--bounded", action="store_true", help="only units that are off just before and just after")
    parser.add_argument("--most", type=int, default=50, metavar="K", help="moments at most (default: 50)")
    parser.add_argument(
        "--least", type=float, default=0.5, metavar="S", help="share of the units that must be on (default: 0.5)"
    )
    parser.add_argument(
        "--data", metavar="FILE", help="sentences, in a form of docs/files.md (default: some of this project's own)"
    )
    label_options(parser, "column of labels (default: none)")


def patterns(options: argparse.Namespace) -> int:
    """Where else are the units on that are on over a span of a text? Moments of a file, and what sets them apart."""
    from core.models.trace import trace
    from core.probes.units import patterns as searching
    from core.probes.units.pattern_contrast import contrast

    models = inputs.aimed(options, inputs.prefixwise_checkpoints(options.model, plain=True))
    if options.data and options.label_column:
        models = inputs.labelled_by(models, options, Path(options.data))
    wanted = [
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
    results = []
    for checkpoint, pattern in zip(models, wanted, strict=True):
        events = searching.index(checkpoint, lines, options.state)
        index = console.last(
            console.bar(
                events, " tokens", checkpoint.name, lambda event: (event.done, event.total, ""), unit_scale=True
            )
        ).index
        assert index is not None
        matches = searching.search(index, pattern, options.most, options.least)
        results.append((index, matches, contrast(index, matches)))
    return console.answer(options, results, lambda one: _as_json(options.text, *one), lambda one: _show(*one))


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
        asked=inputs.asked(options, labelling.names),
    )
    inputs.report_labels(lines.read_as)
    return lines


def _as_json(text: str, index: Index, matches: Matches, contrast: Contrast) -> dict[str, object]:
    from core.probes.units.pattern_contrast import context

    pattern = matches.pattern
    chance = index.chance(pattern.target).tolist()
    return {
        "model": pattern.model,
        "text": text,
        "tokens": pattern.tokens,
        "from": pattern.first + 1,
        "to": pattern.last + 1,
        **console.record(pattern, "state threshold magnitude bounded units"),
        **pattern.target.as_json(),
        "file": index.file,
        "sentences": len(index.sentences),
        **console.record(index, "indexed_tokens=tokens empty repeated cut"),
        **console.record(matches, "itself windows least qualifying"),
        "moments": [
            {
                "row": index.rows[moment.sentence],
                "from": moment.first + 1,
                "to": moment.last + 1,
                **console.record(moment, "shared on jaccard length"),
                **dict(zip(("before", "span", "after"), context(index, moment), strict=True)),
                "probability": chance[moment.sentence],
                "label": None if index.labels is None or (label := int(index.labels[moment.sentence])) < 0 else label,
            }
            for moment in matches.moments
        ],
        **console.plain(contrast),
    }


def _show(index: Index, matches: Matches, contrast: Contrast) -> None:
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
    for word in contrast.next_words:
        console.line(
            f"  followed by {'the end' if word.word == END else repr(word.word)}: {word.after:,} of "
            f"{word.moments:,} moments, {word.everywhere:,} of {word.windows:,} spans: {word.times:.1f} times as "
            f"often, p {word.p:.2g} after correction for {contrast.tested:,} words"
        )
    if contrast.positive is not None:
        with_it, without = (_share(one) for one in contrast.positive)
        gap = _gap(contrast.positive_difference)
        console.line(f"  labelled {contrast.label}: with a moment {with_it}, others {without}; {gap}")
    mean, rest = ("–" if one is None else f"{one:.3f}" for one in contrast.probability)
    console.line(
        f"  mean {probability_of(pattern.target)}: {contrast.sentences[0]:,} sentences with a moment {mean}, "
        f"{contrast.sentences[1]:,} others {rest}; {_gap(contrast.probability_difference)}"
    )


def _share(share: Share) -> str:
    if share.share is None or share.interval is None:
        return "none labelled"
    low, high = share.interval
    return f"{share.hits:,} of {share.rows:,} ({share.share:.1%}; {low:.1%} to {high:.1%})"


def _gap(difference: Mean | None) -> str:
    return console.mean_of(difference, "difference {:+.3f} ({:+.3f} to {:+.3f})", "too few for a difference")
