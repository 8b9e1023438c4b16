"""Reading corpora of sarcasm: which texts are sarcastic, what do they honestly mean, and with what sentiment?

A row has a text, a label that says whether it is sarcastic, and where the corpus has them an honest rewording and a
human sentiment. Give-aways (#sarcasm, #not, /s; `core.probes.scan.cues`) are taken out of the texts: they are the
label. Rows are one text if equal once lower-cased, without links, mentions and white space. A text's rewordings are
gathered, one identical to the text is dropped, and a text labelled both ways is left out. All of it is counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.data.corpus import file_sha256
from core.data.formats.layout import Layout
from core.data.label_inference import LEFT_OUT, Column, LabelsError, decide, label_key
from core.data.labels import SENTIMENT, Labelling
from core.data.records import columns
from core.data.tables import location, rows
from core.probes.scan.cues import gives_away, without_give_aways
from core.runtime.i18n import mark

SARCASTIC = ("1", "true", "yes", "sarcastic", "sarcasm", "ironic", "irony")
PLAIN = ("0", "false", "no", "not sarcastic", "not_sarcastic", "notsarc", "not ironic", "plain", "literal", "none")
REWORDED = ("rephrase", "interpretation")
"""Columns of rewordings that are looked for where none is named."""

_ALIKE = re.compile(r"https?://\S+|www\.\S+|@\w+|<url>")
_WORD = re.compile(r"\w")


@dataclass(frozen=True)
class Columns:
    """The columns of a corpus. `label` None: every text is sarcastic. `sarcastic` are the labels of sarcastic texts,
    if not the usual words; all others then mean plain. `asked` names values of `label` sarcastic or plain,
    `sentiment_asked` those of `sentiment` by class; values in `sentiment_values` are known."""

    text: str = "text"
    label: str | None = "label"
    sarcastic: tuple[str, ...] = ()
    rewording: str | None = None
    sentiment: str | None = None
    asked: Mapping[str, str] = field(default_factory=dict)
    sentiment_asked: Mapping[str, str] = field(default_factory=dict)
    sentiment_values: Mapping[str, int | None] = field(default_factory=dict)


KNOWN: dict[str, tuple[Columns, str]] = {
    "isarcasmeval_train": (
        Columns(rewording="rephrase"),
        mark("tweets, labelled and reworded by their authors (Abu Farha et al. 2022)"),
    ),
    "sarcasm_sign_train": (
        Columns(rewording="interpretation"),
        mark("tweets of #sarcasm, reworded by five people each (Peled & Reichart 2017)"),
    ),
    "semeval2013_2016_sentiment_train": (
        Columns(
            label="part",
            sarcastic=("2014sarcasm",),
            sentiment="label",
            sentiment_values={"0": 0, "1": 1, "2": None},
        ),
        mark("tweets with human sentiment, the sarcastic part of 2014 against all others (Rosenthal et al. 2017)"),
    ),
    "semeval2018_irony_train": (
        Columns(),
        mark("tweets of #irony, #sarcasm and #not, labelled again (Van Hee et al. 2018)"),
    ),
    "figlang2020_twitter_train": (Columns(), mark("replies, labelled by hashtag (Ghosh et al. 2020)")),
    "figlang2020_reddit_train": (Columns(), mark("comments, labelled by their authors' /s (Ghosh et al. 2020)")),
    "news_headlines_sarcasm_train": (
        Columns(),
        mark("headlines of The Onion and of HuffPost, labelled by publisher; no tweets (Misra & Arora 2023)"),
    ),
}
"""Corpora whose columns are known by the file's name, without its suffix, and what they are."""


@dataclass(frozen=True)
class LabelledText:
    """One text, give-aways taken out; `sentiment` is 0 negative, 1 positive, None where people say neither."""

    text: str
    sarcastic: bool
    rewordings: tuple[str, ...] = ()
    sentiment: int | None = None


@dataclass(frozen=True)
class SarcasmCorpus:
    """The distinct texts of a file, and what was counted in reading it.

    Of `rows`, `repeated` have the text of an earlier one, `blank` have no word, `contradictory` have a text that is
    labelled both ways, `unlabelled` have no label or one that is left out. `give_aways` texts had hashtags taken out;
    `identical` rewordings were the text itself, or of a text the same as another. `read_as` tells what labels were
    taken for, where that is not the usual.
    """

    name: str
    about: str
    sha256: str
    texts: tuple[LabelledText, ...]
    rows: int
    repeated: int
    blank: int
    contradictory: int
    give_aways: int
    identical: int
    unlabelled: int = 0
    read_as: tuple[str, ...] = ()


@dataclass
class _Gathered:
    text: str
    sarcastic: bool
    given_away: bool
    row: int = 1
    both: bool = False
    rewordings: dict[str, str] = field(default_factory=dict)
    sentiments: set[int | None] = field(default_factory=set)


def known_columns(path: Path) -> tuple[Columns, str]:
    """The columns of a corpus by its name, and what it is; the usual ones for any other file."""
    return KNOWN.get(path.stem, (Columns(), ""))


def known_corpora(folder: Path) -> list[Path]:
    """The known corpora in a folder and those below it, in the order of `KNOWN`. Raises LookupError for none."""
    files = {path.stem: path for path in sorted(folder.rglob("*")) if path.stem in KNOWN and path.is_file()}
    if not files:
        raise LookupError(f"no known corpus in {folder}; known are: {', '.join(KNOWN)}")
    return [files[name] for name in KNOWN if name in files]


def find_columns(path: Path, given: Columns, layout: Layout | None = None) -> Columns:
    """The columns that a file has, where nobody names them: a rewording's usual one, and no label beside it if none.

    Raises LookupError for a column that is not there, and what `core.data.records.columns` raises.
    """
    there = columns(path, layout)
    if given.rewording is None:
        given = replace(given, rewording=next((name for name in REWORDED if name in there), None))
    if given.rewording and given.label == "label" and "label" not in there:
        given = replace(given, label=None)
    return given


def read_sarcasm(path: Path, where: Columns, about: str = "", *, layout: Layout | None = None) -> SarcasmCorpus:
    """A corpus of sarcasm. Raises ValueError for a label or a sentiment that is not understood, or no sarcastic text;
    and what `core.data.tables.rows` raises."""
    wanted = [where.text, where.label, where.rewording, where.sentiment]
    number = 0
    blank = repeated = identical = unlabelled = 0
    gathered: dict[str, _Gathered] = {}
    labels, sentiments = _Values(), _Values()
    table: list[tuple[int, int | None, object, str, object, str]] = []
    for number, line, cells in rows(path, [name for name in wanted if name], layout):
        values = iter(cells)
        text, label, rewording, sentiment = (next(values) if name else None for name in wanted)
        at = location(path, number, line)
        table.append((number, line, text, labels.take(label, at), rewording, sentiments.take(sentiment, at)))
    is_sarcastic, labels_line = _sarcastic(path, where, labels)
    feels, sentiments_line = _sentiment(path, where, sentiments)
    for row, line, text, label, rewording, sentiment in table:
        at = location(path, row, line)
        sarcastic = is_sarcastic[label]
        if sarcastic is None:
            unlabelled += 1
            continue
        stripped = _text(text, at)
        if not _WORD.search(stripped):
            blank += 1
            continue
        entry = gathered.setdefault(_norm(stripped), _Gathered(stripped, bool(sarcastic), gives_away(str(text))))
        repeated += entry.sentiments != set()  # met before
        entry.both |= entry.sarcastic != sarcastic
        entry.sentiments.add(feels.get(sentiment))
        reworded = _text(rewording, at) if rewording is not None else ""
        if _WORD.search(reworded):
            identical += _norm(reworded) in {_norm(stripped), *entry.rewordings}
            entry.rewordings.setdefault(_norm(reworded), reworded)
    texts = [
        LabelledText(
            text=entry.text,
            sarcastic=entry.sarcastic,
            rewordings=tuple(reworded for norm, reworded in entry.rewordings.items() if norm != own),
            sentiment=next(iter(entry.sentiments)) if len(entry.sentiments) == 1 else None,
        )
        for own, entry in gathered.items()
        if not entry.both
    ]
    if not any(text.sarcastic for text in texts):
        raise ValueError(f"{path.name}: none of {number:,} rows is labelled sarcastic")
    return SarcasmCorpus(
        name=path.name,
        about=about,
        sha256=file_sha256(path),
        texts=tuple(texts),
        rows=number,
        repeated=repeated,
        blank=blank,
        contradictory=len(gathered) - len(texts),
        give_aways=sum(entry.given_away for entry in gathered.values()),
        identical=identical,
        unlabelled=unlabelled,
        read_as=tuple(line for line in (labels_line, sentiments_line) if line),
    )


def _text(value: object, at: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{at}: the text is {value!r}, expected a string")
    return without_give_aways(value)


def _norm(text: str) -> str:
    return " ".join(_ALIKE.sub(" ", text.lower()).split()) or text


class _Values:
    """The values of a column: how often each occurs, and where first."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.first_at: dict[str, str] = {}

    def take(self, value: object, at: str) -> str:
        key = label_key(value)
        self.counts[key] = self.counts.get(key, 0) + 1
        self.first_at.setdefault(key, at)
        return key


def _sarcastic(path: Path, where: Columns, labels: _Values) -> tuple[Mapping[str, int | None], str]:
    """By label, whether it says that a text is sarcastic, and the line that tells what labels were taken for."""
    if where.label is None:
        return dict.fromkeys(labels.counts, 1), ""
    if where.sarcastic:
        words = {label_key(word) for word in where.sarcastic}
        return {key: int(key in words) for key in labels.counts}, ""
    usual = {**dict.fromkeys(PLAIN, 0), **dict.fromkeys(SARCASTIC, 1)}
    column = Column(path.name, where.label)
    meaning = decide(labels.counts, Labelling(("plain", "sarcastic"), usual), where.asked, column=column)
    if meaning.unknown:
        key = meaning.unknown[0]
        raise LabelsError(
            f"{labels.first_at[key]}: label {key!r} says neither sarcastic ({', '.join(SARCASTIC)}) nor plain "
            f"({', '.join(PLAIN)})",
            f"Say which: --labels VALUE=sarcastic,VALUE=plain, or {LEFT_OUT} to leave rows out",
        )
    return meaning.values, meaning.line


def _sentiment(path: Path, where: Columns, sentiments: _Values) -> tuple[Mapping[str, int | None], str]:
    """By value, the sentiment that it stands for, and the line that tells what values were taken for."""
    if where.sentiment is None:
        return {}, ""
    column = Column(path.name, where.sentiment, option="--sentiment-labels")
    model = Labelling(SENTIMENT, where.sentiment_values)
    meaning = decide(sentiments.counts, model, where.sentiment_asked, column=column)
    if meaning.unknown:
        key = meaning.unknown[0]
        raise LabelsError(
            f"{sentiments.first_at[key]}: sentiment {key!r} is not one of {', '.join((*SENTIMENT, LEFT_OUT))}",
            f"Say which: {column.option} VALUE=NAME",
        )
    return meaning.values, "" if where.sentiment_values else meaning.line
