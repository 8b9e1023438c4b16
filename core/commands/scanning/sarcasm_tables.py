"""The figures of a sarcasm report as Markdown tables, one for each thing that can be said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.evaluation.intervals import Mean, Share
    from core.probes.sarcasm.report import SarcasmReport


def tables(reports: Sequence[SarcasmReport]) -> Iterator[str]:
    """What was read, and what can be said of it, as lines."""
    yield from _corpora(reports)
    if any(report.meant for report in reports):
        yield "\nSentiment told by people; of each pair the first is of sarcastic, the second of plain texts\n"
        yield from _rows(
            ("corpus", "model", "accuracy", "difference", "meant negatively, read as positive", "difference"),
            (
                (
                    report.data,
                    report.model,
                    _both(report.meant.accuracy),
                    _mean(report.meant.accuracy_difference),
                    _both(report.meant.negative_read_positive),
                    _mean(report.meant.negative_difference),
                )
                for report in reports
                if report.meant
            ),
        )
    if any(report.reworded for report in reports):
        yield "\nSarcastic texts against their honest rewordings\n"
        yield from _rows(
            (
                *("corpus", "model", "texts (rewordings)", "mean change of P", "honest wording lower"),
                *("fooling: honest wording negative, text positive", "the opposite", "more positive texts than honest"),
            ),
            (
                (
                    report.data,
                    report.model,
                    f"{report.reworded.texts:,} ({report.reworded.rewordings:,})",
                    _mean(report.reworded.change, 3),
                    _share(report.reworded.lower),
                    _share(report.reworded.fooling),
                    _share(report.reworded.opposite),
                    _mean(report.reworded.shift),
                )
                for report in reports
                if report.reworded
            ),
        )
    yield "\nTexts that read as positive, whatever they mean\n"
    yield from _rows(
        ("corpus", "model", "sarcastic", "plain", "difference"),
        (
            (
                report.data,
                report.model,
                _share(report.read_positive.sarcastic),
                _share(report.read_positive.plain),
                _mean(report.read_positive.difference),
            )
            for report in reports
        ),
    )


def _corpora(reports: Sequence[SarcasmReport]) -> Iterator[str]:
    for report in {report.data: report for report in reports}.values():
        about = f" ({report.about})" if report.about else ""
        yield (
            f"{report.data}{about}: {report.rows:,} rows, {report.sarcastic:,} sarcastic texts and {report.plain:,} "
            f"plain; {report.repeated:,} repeated, {report.blank:,} blank, {report.contradictory:,} labelled both "
            f"ways; give-away hashtags taken out of {report.give_aways:,}; {report.identical:,} rewordings identical"
        )


def _rows(header: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * 2 + "---:|" * (len(header) - 2)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _share(found: Share | None) -> str:
    if found is None or found.share is None or found.interval is None:
        return "–"
    low, high = found.interval
    return f"{found.share:.1%} ({low:.1%} to {high:.1%}; {found.hits:,} of {found.rows:,})"


def _both(found: tuple[Share, Share]) -> str:
    return " / ".join(_share(one) for one in found)


def _mean(found: Mean | None, digits: int | None = None) -> str:
    if found is None:
        return "–"
    numbers = (found.mean, *found.interval)
    mean, low, high = (f"{number:+.{digits}f}" if digits else f"{100 * number:+.1f}" for number in numbers)
    return f"{mean} ({low} to {high})"
