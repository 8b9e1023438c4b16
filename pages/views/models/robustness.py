"""How many texts of a file keep their verdict whatever small change is made: a certificate or a flip for each."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from core.data.examples import examples
from core.data.labels import model_name
from core.probes.robustness.word_lists import TYPOS, WORDNET
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext, together
from pages.server import background_search
from pages.server.fingerprint import fingerprint
from pages.widgets import black_box, certificate, models, query_params, tables, uploaded_file
from pages.widgets.number_inputs import ask_whole
from pages.wording.terms import term
from pages.wording.tokens import lead, plain

if TYPE_CHECKING:
    from core.data.formats.layout import Layout
    from core.models.predictor import Model
    from core.probes.robustness.corpus import Corpus

MOST_ROWS, MOST_SECONDS, _ROWS, _SECONDS, _LARGEST = 1_000, 60, 100, 5, 3


class _Asked(NamedTuple):
    """The changes, how large, of how many rows, for how long; of which column of a file, or of the examples."""

    kind: str
    most: int
    rows: int
    seconds: int
    column: str | None = None
    layout: Layout | None = None


def view() -> None:
    """A file or the examples, what to change, the search, and what it found."""
    with black_box.faults_shown():
        if loaded := models.loaded():
            _of(loaded)


def _of(loaded: list[Model]) -> None:
    given = uploaded_file.upload(_("File of texts"), "robustness upload", "robustness")
    read = None
    if given is None:
        st.caption(_("Without a file, the {count} shipped examples are used.").format(count=len(examples())))
    elif (read := uploaded_file.control(given, "robustness")) is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.empty()
        model = models.choose(loaded, "robustness model")
        asked = _asked()
        if read is not None:
            column = st.selectbox(
                _("Texts"),
                read.columns,
                index=read.text,
                key=f"robustness text {fingerprint(read.columns)}",
                persist_state="session",
                width=240,
            )
            asked = asked._replace(column=column, layout=read.layout)
    if black_box.is_one(model):
        line = _("{model} is asked about every sequence: up to {seconds} s a text.")
        st.caption(line.format(model=plain(model_name(model.name)), seconds=asked.seconds))
    own = given is None and not black_box.is_one(model)
    background_search.view(
        "robustness",
        (model.name, model.hash, asked, given and given.digest),
        lambda: partial(_run, model, asked, given),
        _say,
        partial(_show, model, asked),
        _("Certify"),
        place=place,
        shared=own,
        at_once=own,
    )


def _asked() -> _Asked:
    kinds = {
        WORDNET: _("replace words by synonyms and forms"),
        TYPOS: _("replace words by typing slips"),
        certificate.MOVES: _("move words"),
    }
    with query_params.one_note():
        kind = query_params.choice(st.selectbox, _("Change"), kinds, name="change", key="robustness change", width=300)
        most = query_params.choice(
            st.segmented_control,
            _size(kind),
            range(1, _LARGEST + 1),
            name="changes",
            key="robustness changes",
            default=_LARGEST,
        )
        with st.popover(_("Settings"), icon=":material/tune:"):
            rows = ask_whole(
                _("Most rows"),
                "rows",
                1,
                MOST_ROWS,
                _ROWS,
                key="robustness rows",
                help=_("Of a longer file, so many rows are drawn at random."),
            )
            seconds = ask_whole(_("Seconds a text"), "seconds", 1, MOST_SECONDS, _SECONDS, key="robustness seconds")
    return _Asked(kind, most, rows, seconds)


def _size(kind: str) -> str:
    return _("Most places moved") if kind == certificate.MOVES else _("Most words replaced")


def _run(
    model: Model, asked: _Asked, given: uploaded_file.Upload | None, check_cancelled: Callable[[], None]
) -> Iterator[Corpus]:
    from core.data.corpus import drawn, read_texts
    from core.probes.robustness.corpus import certificates

    texts = [example.text for example in examples()]
    if given is not None:
        with uploaded_file.faults_named(given):
            texts = read_texts(given.path, asked.column, layout=asked.layout)
    yield from certificates(
        model,
        drawn(texts, asked.rows),
        asked.most,
        lambda model, text: certificate.ask(model, text, asked.kind, asked.most),
        asked.seconds,
        check_cancelled=check_cancelled,
    )


def _say(corpus: Corpus) -> background_search.Shown:
    line = _("{done:,} of {total:,} texts: {counts}")
    counts = corpus.counts()
    said = ""
    if counts:
        last = counts[-1]
        said = _("{certified:,} certified, {flipped:,} flipped, {undecided:,} undecided").format(
            certified=last.certified, flipped=last.flipped, undecided=last.undecided
        )
    queries = sum(line["covered"] for line in corpus.lines)
    line = line.format(done=corpus.done, total=corpus.total, counts=said)
    return background_search.Shown(corpus.done / corpus.total, line, queries=queries)


def _show(model: Model, asked: _Asked, corpus: Corpus, key: str) -> None:
    counts = corpus.counts()
    if not counts:
        st.warning(plain(_("No text can be certified. {reason}").format(reason=corpus.left_out[0])))
        return
    lead(_in_a_sentence(model, asked, corpus))
    from core.figures.robustness import shares

    st.plotly_chart(
        shares(counts, _size(asked.kind)),
        key=f"robustness shares {key}",
        alt=_("Shares of certified, flipped and undecided texts by size of change"),
    )
    if corpus.done < corpus.total:
        line = _("Stopped after {done:,} of {total:,} texts. The results cover only these.")
        st.warning(line.format(done=corpus.done, total=corpus.total))
    _rows(asked, corpus, key)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            _("Download the log (JSON lines)"),
            "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in corpus.lines),
            "unrolled-certificates.jsonl",
            "application/x-ndjson",
            key=f"download robustness {key}",
            on_click="ignore",
            icon=":material/download:",
        )
        st.caption(_notes(asked, corpus))
    st.caption(_("On the command line: the same for a file, and a check of the log by a program of its own."))
    st.code(_commands(model, asked), language=None, wrap_lines=True)


def _in_a_sentence(model: Model, asked: _Asked, corpus: Corpus) -> str:
    last = corpus.counts()[-1]
    if asked.kind == certificate.MOVES:
        line = ngettext(
            "Of {texts:,} texts, {model} keeps its verdict on {certified:,} however words move by {most} place, "
            "flips on {flipped:,}, {undecided:,} undecided.",
            "Of {texts:,} texts, {model} keeps its verdict on {certified:,} however words move by up to {most} "
            "places, flips on {flipped:,}, {undecided:,} undecided.",
            last.size,
        )
    else:
        line = ngettext(
            "Of {texts:,} texts, {model} keeps its verdict on {certified:,} whatever {most} word is replaced, "
            "flips on {flipped:,}, {undecided:,} undecided.",
            "Of {texts:,} texts, {model} keeps its verdict on {certified:,} whatever up to {most} words are "
            "replaced, flips on {flipped:,}, {undecided:,} undecided.",
            last.size,
        )
    return line.format(
        texts=last.texts,
        model=model_name(model.name),
        most=last.size,
        certified=last.certified,
        flipped=last.flipped,
        undecided=last.undecided,
    )


def _rows(asked: _Asked, corpus: Corpus, key: str) -> None:
    """A row for each text; a chosen one shows its witness beside the text."""
    from core.probes.robustness.corpus import status

    header = [_("text"), _("status"), _("size"), _("witness"), _("margin"), _("closest margin")]
    rows: list[tuple[Any, ...]] = []
    for line in corpus.lines:
        witness, closest = line["witness"], line["closest"]
        rows.append(
            (
                line["text"],
                term(status(line, asked.most)),
                witness and witness["size"],
                witness["text"] if witness else "",
                round(line["margin"], 3),
                closest and round(closest["margin"], 3),
            )
        )
    moved = asked.kind == certificate.MOVES
    chosen = tables.table(
        header,
        rows,
        "robustness",
        key=f"robustness rows {key}",
        texts=[line["witness"]["text"] if line["witness"] else line["text"] for line in corpus.lines],
        firsts=[line["text"] if moved and line["witness"] else "" for line in corpus.lines],
    )
    if chosen and (line := corpus.lines[chosen[0]])["witness"]:
        certificate.strip(line["tokens"], line["witness"]["text"].split(), moved)


def _notes(asked: _Asked, corpus: Corpus) -> str:
    """What the counts leave out and what they do not show."""
    notes = []
    if corpus.unchangeable:
        line = ngettext(
            "{count:,} text has nothing to change and counts as certified.",
            "{count:,} texts have nothing to change and count as certified.",
            corpus.unchangeable,
        )
        notes.append(line.format(count=corpus.unchangeable))
    if corpus.left_out:
        count = len(corpus.left_out)
        line = ngettext("{count:,} text is left out: {reason}.", "{count:,} texts are left out: {reason}.", count)
        notes.append(line.format(count=count, reason=corpus.left_out[0]))
    if asked.kind != certificate.MOVES:
        notes.append(_("That the listed words keep the meaning is not proved."))
    return plain(together(notes))


def _commands(model: Model, asked: _Asked) -> str:
    which = "--predictor MODULE:CALLABLE" if black_box.is_one(model) else f"--model {shlex.quote(model.name)}"
    change = f"--max-changes {asked.most} --list {asked.kind}"
    if asked.kind == certificate.MOVES:
        change = f"--max-shift {asked.most}"
    column = f" --text-column {shlex.quote(asked.column)}" if asked.column not in (None, "text") else ""
    file = f"--rows {asked.rows} --seconds {asked.seconds} --file FILE{column} --out LOG"
    return f"python -m core certify {which} {change} {file}\npython -m core verify unrolled-certificates.jsonl"
