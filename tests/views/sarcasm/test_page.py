"""The page on sarcasm, run in process on tiny checkpoints: every view, hostile texts, links and files."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from core.data.corpus import encode_tokens
from core.data.examples import examples
from core.fluency import kneser_ney
from core.fluency.trigram import Trigram
from core.models import checkpoints
from core.models.predict import verdict
from core.models.token_predictor import predictor
from core.probes.checklist.suite import Settings, run
from core.probes.checklist.templates import CAPABILITIES
from core.probes.edits import search
from core.probes.edits import sources as edit_sources
from core.probes.edits.neighbours import Neighbours
from core.probes.edits.victims import white_box
from core.probes.sarcasm import compose, report_file
from core.probes.sarcasm.candidates import Candidates, Question
from core.probes.sarcasm.corpora import LabelledText, SarcasmCorpus
from core.probes.sarcasm.report import reports
from core.probes.sarcasm.situations import bank, read
from core.probes.scan import one_file
from core.storage.comments import Find, Finds
from core.text import lexicon
from core.text.preprocessing import Vocabulary
from pages.views.sarcasm import checklist
from pages.widgets import models
from tests import app
from tests.app import choose_row, live, offers, parameter, press, said, sound, table
from tests.conftest import WORDS
from tests.hostile import SENTENCES

MARKER = "zqxmarker"  # a word that stands nowhere on a page unless it was typed
NAMES = ("rnn", "gru", "lstm")
VIEWS = app.views("Sarcasm")
DEADPAN = next(example.text for example in examples() if example.name == "Deadpan")
FLIGHT = "my flight is delayed again"


@cache
def sources(_trigram: object = None) -> edit_sources.WordSources:
    """Neighbours and a trigram drawn at random over the tiny models' words, and the shipped lexicon."""
    random = np.random.default_rng(0)
    vocabulary = Vocabulary(WORDS)
    rows = [[WORDS[number] for number in random.integers(0, len(WORDS), random.integers(2, 9))] for _ in range(300)]
    found = kneser_ney.estimate(
        [kneser_ney.count(encode_tokens(rows, vocabulary), len(vocabulary))], [1.0], len(vocabulary)
    )
    trigram = Trigram(vocabulary, found.unigram, found.bigrams, found.trigrams, 3)
    vectors = random.normal(size=(len(vocabulary), 5)).astype(np.float32)
    return edit_sources.WordSources(Neighbours(vectors, vocabulary, 8), trigram, lexicon.load())


@pytest.fixture(autouse=True)
def _own_world(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path / "kept.sqlite3"))
    fluency = SimpleNamespace(trigram=sources().trigram, mixture=None, hash="made up here")
    monkeypatch.setattr(models, "fluency", lambda: (fluency, ""))
    monkeypatch.setattr(edit_sources, "load", sources)


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the page offers to download, by the name of the file."""
    offered: dict[str, str] = {}
    button = streamlit.download_button

    def note(label: str, data: Any, file_name: str, *others: Any, **named: Any) -> bool:
        content = data() if callable(data) else data
        offered[file_name] = content.decode("utf-8") if isinstance(content, bytes) else content
        return button(label, data, file_name, *others, **named)

    monkeypatch.setattr(streamlit, "download_button", note)
    return offered


def opened(view: str = "", **parameters: str) -> AppTest:
    return sound(app.opened("Sarcasm", view, **parameters))


def look_at(at: AppTest, view: str) -> AppTest:
    return sound(at.pills(key="sarcasm view").set_value(view).run())


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def kept() -> list[Find]:
    return Finds().finds()


# The views


def test_opens_on_a_sarcastic_comment_and_who_is_fooled_by_it() -> None:
    at = opened()
    assert at.text_input(key="q").value == DEADPAN
    found = [verdict(checkpoints.load(name), DEADPAN) for name in NAMES]
    assert [metric.label for metric in at.metric] == ["RNN", "GRU", "LSTM"]
    assert [metric.delta for metric in at.metric] == [f"P(positive) = {one.probability:.3f}" for one in found]
    fooled = sum(one.label == "positive" for one in found)
    assert (f"{fooled} of 3 models" if fooled else "None of 3 models") in said(at)
    assert parameter(at, "view") is None and parameter(at, "reading") is None


def test_every_view_opens_and_keeps_to_the_link() -> None:
    at = opened()
    for view, says in {
        "edits": "",
        "compose": "Sarcasm praises something unwelcome.",
        "file": "With a column of human labels",
        "measured": "Nothing is measured here yet.",
        "kept": "No find is kept yet.",
        "comment": "Each word is left out in turn",
    }.items():
        look_at(at, view)
        assert says in said(at) and not at.error and not at.warning
        assert parameter(at, "view") == (None if view == "comment" else view)


def test_without_a_model_what_was_kept_and_measured_is_still_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    Finds().keep(text="so good", model="lstm", probability=0.9, reading="negative")
    at = opened()
    for view in VIEWS:
        look_at(at, view)
        assert bool(at.error) == (view not in ("measured", "kept"))
        for error in at.error:
            assert error.value.startswith("No trained model can be used.")
    assert at.dataframe[0].value["text"].tolist() == ["so good"]


def test_the_reading_is_one_for_all_views() -> None:
    at = opened(reading="mixed")
    look_at(at, "edits")
    assert at.segmented_control(key="sarcasm reading").value == "mixed"
    at.segmented_control(key="sarcasm reading").set_value("positive").run()
    look_at(at, "compose")
    look_at(at, "comment")
    assert at.segmented_control(key="sarcasm reading").value == "positive"
    assert "what you read as positive" in said(at) or "what you read so too" in said(at)


# Small edits


def asked(text: str, goal: str, reading: str = "negative", **others: Any) -> search.Question:
    bounds = {"fluency": 8.0, "seconds": 30.0, **others}
    return edit_sources.ask(checkpoints.load("lstm"), sources(), text, goal, reading=reading, **bounds)


def answer(text: str, goal: str = "flip", model: str = "lstm", **others: Any) -> Any:
    checkpoint = checkpoints.load(model)
    *_, last = search.search(model, white_box(checkpoint), asked(text, goal, **others))
    return last.result()


def edited(**parameters: str) -> AppTest:
    """The view of edits after a search to its end."""
    return press(opened("edits", **parameters), "Search for edits")


SURE = "i love this movie, it is so good"


def test_a_search_to_its_end_is_what_core_finds(downloads: dict[str, str]) -> None:
    at, found = edited(q=SURE), answer(SURE)
    assert found.best is not None and found.flips > 1, "the test needs a sentence that flips"
    assert [app.shown(success.value) for success in at.success] == [found.certificate]
    values = {metric.label: metric.value for metric in at.metric}
    assert values == {
        "P(positive) as typed": f"{found.probability:.3f}",
        "P(positive) edited": f"{found.best.probability:.3f}",
        "fluency change (nats)": f"{found.best.fluency_change:+.1f}",
    }
    assert f"{found.queries:,} sentences were scored" in said(at)
    assert f"Of {found.proposed:,} single edits proposed {found.candidates:,} were allowed." in said(at)
    assert f"{1 + len(found.others)} of {found.flips}: those with the fewest edits first" in said(at)
    listed = [found.best, *found.others]
    assert table(at, "edited")["edited"].tolist() == [one.text for one in listed]
    assert table(at, "edited")["P(positive)"].tolist() == pytest.approx([one.probability for one in listed], abs=6e-5)
    guards = table(at, "guard")
    assert guards["guard"].tolist() == ["polarity", "antonyms", "negations"]
    assert guards["single edits that fail"].tolist() == [report.failed for report in found.guards.values()]
    assert guards["switched"].tolist() == ["on"] * 3
    header, *lines = rows(downloads["unrolled-edits.csv"])
    assert [line[header.index("edited")] for line in lines] == [one.text for one in listed]


def test_a_flip_is_shown_as_a_diff_and_kept_with_its_edits() -> None:
    at, found = edited(q=SURE), answer(SURE)
    (diff,) = [found for found in at.html if "u-diff" in found.proto.body]
    assert diff.proto.body.count("<ins>") == sum(bool(after) for kind, _, after in found.best.diff if kind != "same")
    chosen = at.selectbox[0]
    assert chosen.label == "Which flip" and chosen.options == [one.text for one in (found.best, *found.others)]
    chosen.select_index(1).run()
    press(at, "Keep this text")
    (find,) = kept()
    assert (find.text, find.original, find.model, find.source) == (found.others[0].text, SURE, "lstm", "edit")
    assert find.probability == found.others[0].probability and find.reading == "negative"
    edit = found.others[0].edits[0]
    assert find.how.startswith(f"{edit.kind}: {' '.join(edit.before) or '∅'} → {' '.join(edit.after) or '∅'}")
    assert "Kept for LSTM" in said(at)


def test_a_guard_that_is_switched_off_is_reported() -> None:
    at = edited(q=SURE, guards="negations.polarity")
    found = answer(SURE, no_guards=["antonyms"])
    assert table(at, "guard")["switched"].tolist() == ["on", "off", "on"]
    assert [app.shown(success.value) for success in at.success] == [found.certificate]
    assert parameter(at, "guards") == "polarity.negations"
    at.pills(key="edits guards").set_value([]).run()
    assert parameter(at, "guards") == "none"
    assert offers(at, "Search for edits"), "another question is another search"


def test_the_guards_go_by_the_reading_that_was_told() -> None:
    at = opened("edits", q=SURE)
    for reading in ("negative", "positive", "mixed"):
        at.segmented_control(key="sarcasm reading").set_value(reading)
        for goal in ("negative", "positive"):
            at.segmented_control(key="edits goal").set_value(goal).run()
            press(at, "Search for edits")
            found = answer(SURE, goal, reading=reading)
            assert found.reading == reading
            assert found.certificate in said(at)


def test_a_sentence_that_the_model_reads_as_asked_needs_no_edit() -> None:
    probability = verdict(checkpoints.load("lstm"), SURE).probability
    at = edited(q=SURE, goal="positive" if probability >= 0.5 else "negative")
    (success,) = at.success
    assert "The model already says" in success.value and "there is nothing to edit" in success.value
    assert not [found for found in at.html if "u-diff" in found.proto.body]
    assert not offers(at, "Keep this text")


def test_what_came_nearest_is_shown_where_nothing_flips() -> None:
    at = edited(q="love", floor="0", edits="1")
    found = answer("love", fluency=0.0, max_edits=1)
    assert found.best is None
    assert found.certificate in said(at)
    assert ("What came nearest, without a flip" in [sub.value for sub in at.header]) == bool(found.closest)
    assert not offers(at, "Keep this text")


def test_protected_words_stay_and_may_not_cover_the_sentence() -> None:
    at = opened("edits", q="love it so")
    at.multiselect[0].set_value(["love", "it"]).run()
    press(at, "Search for edits")
    found = answer("love it so", protect=["love", "it"])
    assert found.certificate in said(at)
    at.multiselect[0].set_value(["love", "it", "so"]).run()
    assert "the protected words cover the whole sentence, 'love it so'" in said(at)
    assert not offers(at, "Search for edits")
    at.text_input(key="q").set_value("love it so good").run()
    assert at.multiselect[0].value == [], "words of another sentence are others"
    sound(at)


def test_what_cannot_be_edited_is_one_line() -> None:
    at = opened("edits")
    for text, says in (
        ("\u3000", "There is no word to read yet."),
        ("so good " * 1_000, "edits are searched for in 1 to 1,000 tokens; given: 2,000"),
    ):
        at.text_input(key="q").set_value(text).run()
        assert says in said(sound(at)) and not offers(at, "Search for edits")


def test_a_long_sentence_is_searched_within_its_budget() -> None:
    at = opened("edits", budget="300")
    at.text_input(key="q").set_value("so good, not bad " * 120).run()
    press(at, "Search for edits")
    scored = re.search(r"([\d,]+) sentences were scored", said(at))
    assert scored and int(scored[1].replace(",", "")) <= 302


def test_sentences_that_are_hardly_one_are_searched() -> None:
    at = opened("edits", edits="1")
    for text in ("frabjous slithy", "?!", "http://x.com", "e\u0301 " * 30, "\0", "שלום 🤷"):
        at.text_input(key="q").set_value(text).run()
        press(at, "Search for edits")
        assert (at.success or at.info) and not at.error


def test_without_word_lists_the_search_alone_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_trigram: object = None) -> edit_sources.WordSources:
        raise checkpoints.CheckpointError("no checkpoint 'word2vec' <b>here</b>")

    monkeypatch.setattr(edit_sources, "load", missing)
    monkeypatch.setattr(models, "fluency", lambda: (SimpleNamespace(hash="another", trigram=None), ""))
    at = opened("edits")
    (warning,) = at.warning
    assert "no checkpoint 'word2vec' <b>here</b>" in app.shown(warning.value)
    assert not at.error and not offers(at, "Search for edits")


# Composition


def composed(**parameters: str) -> AppTest:
    """The view of compositions after a search to its end."""
    return press(opened("compose", **parameters), "Build and score")


def composition(situation: str, top: int = 10, model: str = "lstm") -> compose.Composition:
    checkpoint = checkpoints.load(model)
    candidates = Candidates(Question(read(situation), top=top), checkpoint.preprocessing)
    *_, last = compose.search(model, predictor(checkpoint), candidates)
    return last.result()


@pytest.fixture
def few_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three patterns instead of all, so that a search over everything they build is short."""
    monkeypatch.setattr(Question.__init__, "__defaults__", (*Question.__init__.__defaults__[:-1], _few()))


def _few() -> tuple[Any, ...]:
    from core.probes.sarcasm.recipes import PATTERNS

    return PATTERNS[:2]


@pytest.mark.usefixtures("few_recipes")
def test_the_surest_remarks_are_what_core_finds(downloads: dict[str, str]) -> None:
    at, found = composed(top="5"), composition(FLIGHT, 5)
    assert [app.shown(success.value) for success in at.success] == [found.certificate]
    assert f"P(positive) = {found.alone:.3f}" in said(at)
    listed = table(at, "remark")
    assert listed["remark"].tolist() == [one.text for one in found.top] and len(found.top) == 5
    assert listed["the model is"].tolist() == [
        "fooled" if one.probability >= 0.5 else "not fooled" for one in found.top
    ]
    assert listed["recipe"].tolist() == [one.recipe.pattern for one in found.top]
    shares = table(at, "surest")
    assert set(shares["recipe"]) == {share.pattern for share in found.by_recipe}
    assert shares["scored"].sum() == found.scored
    header, *lines = rows(downloads["unrolled-sarcasm.csv"])
    assert header == ["P(positive)", "remark", "the model is", "recipe", "parts"] and len(lines) == 5


@pytest.mark.usefixtures("few_recipes")
def test_a_remark_is_kept_with_its_recipe() -> None:
    at, found = composed(model="gru"), composition(FLIGHT, model="gru")
    assert "Choose a remark to keep it." in said(at)
    choose_row(at, "remark", 2)
    press(at, "Keep this text")
    (find,) = kept()
    one = found.top[2]
    assert (find.text, find.original, find.model, find.source) == (one.text, FLIGHT, "gru", "compose")
    assert find.reading == "negative" and find.how.startswith(one.recipe.pattern)
    choose_row(at, "remark", 10**6)
    assert "Choose a remark to keep it." in said(at), "a forged click is no click"


def test_a_situation_of_the_bank_is_put_into_the_box() -> None:
    at = opened("compose")
    (offered,) = (box for box in at.selectbox if box.key == "compose bank")
    assert offered.options == [situation.text for situation in bank()]
    offered.set_value(bank()[7].text).run()
    sound(at)
    assert at.text_input(key="compose situation").value == bank()[7].text
    assert parameter(at, "situation") == bank()[7].text
    assert "remarks about this situation" in said(at)
    at.text_input(key="compose situation").set_value("my bus is late").run()
    assert at.text_input(key="compose situation").value == "my bus is late"
    assert parameter(at, "situation") == "my bus is late"


def test_what_is_no_situation_is_one_line() -> None:
    at = opened("compose")
    for situation, says in {
        "": "the situation is empty; say what happened",
        "\u3000\u200b": "has no word in it",
        "rain": "a situation has 2 to 40 words",
        "rain " * 300: "given: 300",
        "?!": "has no word in it",
    }.items():
        at.text_input(key="compose situation").set_value(situation).run()
        (info,) = sound(at).info
        assert says in app.shown(info.value) and "\n" not in info.value
        assert not offers(at, "Build and score the remarks")


# A file

TABLE = [
    ("text", "mood"),
    ("so good", "negative"),
    ("oh great, i love it when it is late again", "negative"),
    ("i hate this terrible movie", "positive"),
    ("so sad...", "0"),
    ("never bad", "1"),
    ("the movie", "neutral"),
    ("", "negative"),
]


def as_file(lines: Sequence[Sequence[str]], delimiter: str = ",") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(lines)
    return out.getvalue().encode()


def uploaded(content: bytes, name: str = "comments.csv", label: str | None = None, **others: str) -> AppTest:
    """The view of a file with one uploaded, its columns chosen."""
    at = opened("file")
    upload(at, content, name)
    for title, value in ({"Human labels": label} | others).items():
        if value is not None:
            title = title.replace("_", " ")
            boxes = [box for box in (*at.selectbox, *at.text_input) if box.label.startswith(title)]
            boxes[0].set_value(value).run()
    return sound(at)


def upload(at: AppTest, content: bytes, name: str) -> None:
    at.file_uploader[0].upload(name, content).run()
    sound(at)


def test_a_labelled_file_is_ranked_by_disagreement(downloads: dict[str, str], tmp_path: Path) -> None:
    at = press(uploaded(as_file(TABLE), label="mood"), "Search the file")
    path = tmp_path / "comments.csv"
    path.write_bytes(as_file(TABLE))
    *_, found = one_file.scan(path, [checkpoints.load(name) for name in NAMES], "text", "mood", tmp_path / "out.csv")
    assert found.rows == 7 and found.empty == 1 and found.labelled == 5
    assert "All 7 rows were read. 6 scored, 1 without a word, 0 malformed." in said(at)
    rankings = [box.value for box in at.dataframe if "human label" in box.value.columns]
    with_finds = [finds for finds in found.top.values() if finds]
    assert len(rankings) == len(with_finds) > 0
    for shown, finds in zip(rankings, with_finds, strict=True):
        assert shown["row"].tolist() == [find.row for find in finds]
        assert shown["text"].tolist() == [find.text for find in finds]
        assert shown["human label"].tolist() == [find.human for find in finds]
        assert shown["P(positive)"].tolist() == pytest.approx([find.probability for find in finds], abs=6e-5)
    for name, count in found.opposite.items():
        assert f"The verdict is opposite to the label on {count} of 5 labelled rows" in said(at), name
    assert rows(downloads["unrolled-scan.csv"]) == rows((tmp_path / "out.csv").read_text(encoding="utf-8"))
    assert len(rows(downloads["unrolled-scan.csv"])) == 8


def test_without_labels_rows_are_ranked_by_cues_and_the_page_says_so() -> None:
    at = press(uploaded(as_file(TABLE)), "Search the file")
    assert said(at).count("Ranked by cues of sarcasm times P(positive), as there are no labels.") == 3
    listed = table(at, "cues × P")
    assert "oh great, i love it when it is late again" in listed["text"].tolist()
    assert listed["cues × P"].tolist() == sorted(listed["cues × P"], reverse=True) and all(listed["cues"])


def test_other_formats_are_read_too(tmp_path: Path) -> None:
    import pandas

    pandas.DataFrame(TABLE[1:], columns=TABLE[0]).to_parquet(tmp_path / "x.parquet")
    at = opened("file")
    for name, content in {
        "x.tsv": as_file(TABLE, "\t"),
        "x.jsonl": "\n".join(json.dumps(dict(zip(TABLE[0], row, strict=True))) for row in TABLE[1:]).encode(),
        "UPPER.CSV": as_file(TABLE),
        "bom.csv": b"\xef\xbb\xbf" + as_file(TABLE),
        "x.parquet": (tmp_path / "x.parquet").read_bytes(),
    }.items():
        upload(at, content, name)
        next(box for box in at.selectbox if box.label.startswith("Human labels")).set_value("mood").run()
        assert "All 7 rows were read. 6 scored" in said(press(at, "Search the file"))


def test_what_is_no_table_is_one_line() -> None:
    at = opened("file")
    for name, content, says in (
        ("x.csv", b"\n\n", "is empty; expected a header and rows"),
        ("x.csv", b"text,mood\n", "has no rows"),
        ("x.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(128, 256)) * 40, "bytes that are not UTF-8 text"),
        ("x.jsonl", b"", "has no rows"),
        ("x.jsonl", b"[1, 2]\n3\n", "none of the first 2 rows can be read"),
        ("x.jsonl", b"\x00\xff" * 500, "none of the first"),
        ("x.parquet", b"PAR1 and then nothing", "is not a readable parquet file"),
        ("x.parquet", b"", "is not a readable parquet file"),
        ("x.tsv", b"so good here today\n" * 20, "may be a header or data"),
    ):
        upload(at, content, name)
        assert says in error_of(at) and not offers(at, "Search the file")
    for lines, says in (
        ([("text",), ("1",), ("2.5",), ("-3",)], "numbers"),
        ([("text", "cues"), ("so good", "x"), ("so bad", "y")], "rename them"),
    ):
        upload(at, as_file(lines), "x.csv")
        assert says in error_of(press(at, "Search the file"))


def error_of(at: AppTest) -> str:
    """The page's one error, in one line, without options of the command line."""
    (error,) = at.error
    line = app.shown(error.value)
    assert "\n" not in line and "--" not in line
    return line


def test_malformed_rows_are_counted_and_listed() -> None:
    content = b'text,mood\n"so good, yes",negative\nso,bad,1\n\xff\xfe,1\n"not closed,0\nso sad,maybe\nso late,0\n'
    content += "é é é,0\n".encode()
    at = press(uploaded(content, label="mood"), "Search the file")
    assert "3 malformed" in said(at)
    assert "4 rows with a problem" in [box.label for box in at.expander]
    listed = table(at, "what is wrong")
    assert listed["line"].tolist() == [3, 4, 5, 6]
    assert "3 fields where the header has 2" in listed["what is wrong"].tolist()
    assert any("'maybe'" in reason for reason in listed["what is wrong"])


def test_a_file_in_another_encoding_is_found_and_can_be_named() -> None:
    content = "text,gefühl\nso schön,1\nübel so,0\n".encode("cp1252")
    at = uploaded(content)
    assert not at.error and "Read as: comma-separated, quoted, CP1252, 2 columns (text, gefühl), header" in said(at)
    (error,) = at.selectbox(key="file encoding").set_value("utf-8").run().error
    assert "bytes that are not UTF-8 text" in app.shown(error.value)
    at.selectbox(key="file encoding").set_value("cp1252").run()
    next(box for box in at.selectbox if box.label.startswith("Human labels")).set_value("gefühl").run()
    press(at, "Search the file")
    assert "All 2 rows were read. 2 scored" in said(at)


def test_columns_of_the_same_name_or_none_are_no_fault() -> None:
    at = opened("file")
    for header in (("text", "text"), ("", ""), ("a", "")):
        upload(at, as_file([header, ("so good", "1"), ("so bad", "0")]), "comments.csv")
        if header == ("a", ""):  # every row goes on in a column without a name
            assert "goes on behind the last named column" in at.error[0].value
            at.checkbox(key="file join").check().run()
        press(at, "Search the file")
        assert at.success or at.error


def test_a_row_of_a_ranking_is_kept() -> None:
    at = press(uploaded(as_file(TABLE), label="mood"), "Search the file")
    shown = next(box.value for box in at.dataframe if "human label" in box.value.columns)
    choose_row(at, "human label", 0)
    press(at, "Keep this text")
    (find,) = kept()
    assert find.text == shown["text"][0] and find.reading == shown["human label"][0] and find.source == "file"
    assert find.how.startswith(f"row {shown['row'][0]} of a file; labelled") and find.fooled


HOSTILE_CELLS = ['=HYPERLINK("https://hostile.example")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", *SENTENCES]


def test_hostile_cells_are_inert_and_downloads_safe_for_a_spreadsheet(downloads: dict[str, str]) -> None:
    texts = [f"{cell} oh great, thanks {MARKER}!!!" for cell in HOSTILE_CELLS]
    header = (f"<b>{MARKER}</b> ![](https://hostile.example/x.png)", "=mood")
    lines = [header, *((text, "negative" if row % 2 else "1") for row, text in enumerate(texts))]
    for label in (None, "=mood"):
        at = uploaded(as_file(lines), f"<b>{MARKER}.csv", label=label)
        press(at, "Search the file")
        assert f"All {len(texts)} rows were read. {len(texts)} scored" in said(at)
        assert live(at, MARKER) <= {"arrow_data_frame", "dataframe", "selectbox", "file_uploader", "download_button"}
        choose_row(at, "text", 0)
        assert live(at, MARKER) <= {
            "arrow_data_frame",
            "dataframe",
            "selectbox",
            "file_uploader",
            "download_button",
            "text",
        }
        press(at, "Keep this text")
        for name, content in downloads.items():
            if name.startswith(("unrolled-scan", "unrolled-ranking")):
                for line in rows(content):
                    for cell in line:
                        assert not cell.startswith(("=", "+", "@", "\t", "\r")), (name, cell)
                        assert not cell.startswith("-") or float(cell), (name, cell)
    export = rows(Finds().export_csv())
    assert not any(cell.startswith(("=", "+", "@", "\t")) for line in export for cell in line)


def test_an_upload_and_its_results_stay_while_other_views_are_looked_at() -> None:
    at = press(uploaded(as_file(TABLE), "mine.csv", label="mood"), "Search the file")
    lines = [success.value for success in at.success]
    look_at(at, "kept")
    look_at(at, "file")
    assert lines == [success.value for success in at.success], said(at)
    assert "mine.csv" in said(at) or at.file_uploader[0].value is not None


def test_a_second_upload_takes_the_place_of_the_first() -> None:
    at = press(uploaded(as_file(TABLE), "one.csv"), "Search the file")
    upload(at, as_file([("text", "mood"), ("so good", "1")]), "two.csv")
    assert not at.success
    press(at, "Search the file")
    assert "All 1 rows were read. 1 scored" in said(at)
    folder = Path(at.session_state["file folder"].name)
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1, "nothing else is left behind"


def test_a_file_that_ends_early_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = one_file.scan

    def short(*given: Any, **named: Any) -> Iterator[Any]:
        yield next(real(*given, **named))

    from pages.views.sarcasm import files

    monkeypatch.setattr(files, "scan", short)
    at = press(uploaded(as_file(TABLE)), "Search the file")
    assert "The first 7 rows were read; then it ended." in said(at)
    assert "unrolled-scan" not in str([button.proto for button in at.get("download_button")])


# Behaviour


def test_the_suite_is_what_core_says(downloads: dict[str, str]) -> None:
    at = opened("behaviour", cases="2", seed="3")
    found = [run(checkpoints.load(name), Settings(seed=3, cases=2)) for name in NAMES]
    rates = table(at, "capability", "RNN")
    assert rates["capability"].tolist() == [*CAPABILITIES, "all"]
    for suite in found:
        shown = rates[suite.model.upper()].tolist()
        assert [float(cell.partition("%")[0]) for cell in shown] == pytest.approx(
            [100 * rate.rate for rate in (*(one.rate for one in suite.capabilities), suite.rate)], abs=0.06
        )
    assert len(at.get("plotly_chart")) == 1
    assert f"{found[0].rate.templates} templates, {found[0].rate.cases:,} cases" in said(at)
    header, *lines = rows(downloads["unrolled-suite.csv"])
    assert header[3:6] == ["RNN", "RNN, from", "RNN, to"] and len(lines) == len(CAPABILITIES) + 1
    for line, one in zip(lines, found[0].capabilities, strict=False):
        assert [float(cell) for cell in line[3:6]] == [one.rate.rate, *(one.rate.interval or ())]
    name = at.selectbox(key="suite capability").value
    assert name == max(found[0].capabilities, key=lambda one: one.rate.rate or 0).name
    for suite in found:
        failures = sum(one.rate.failures for one in suite.templates if one.template.capability == name)
        assert f"{suite.model.upper()}: {failures} failing case" in said(at)


def test_a_capability_and_a_template_are_looked_at() -> None:
    at = opened("behaviour", cases="2", capability="sarcasm")
    found = [run(checkpoints.load(name), Settings(cases=2)) for name in NAMES]
    templates = [one for one in found[0].templates if one.template.capability == "sarcasm"]
    assert table(at, "template")["template"].tolist() == [one.template.name for one in templates]
    row = max(range(len(templates)), key=lambda place: templates[place].rate.failures)
    assert templates[row].rate.failures
    choose_row(at, "template", row)
    failed = table(at, "text", "expected")
    assert failed["text"].tolist() == [outcome.case.text for outcome in templates[row].failed]
    at.selectbox(key="suite capability").set_value("negation").run()
    sound(at)
    assert set(table(at, "template")["template"]).isdisjoint(one.template.name for one in templates)


# Measured


@pytest.fixture
def measured(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny models with figures of a made-up corpus beside them."""
    folder = tmp_path / "checkpoints"
    shutil.copytree(tiny_checkpoints, folder)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(folder))
    texts = [
        LabelledText("so good", True, ("so bad",), 0),
        LabelledText("i love it", True, ("i hate it",), 0),
        LabelledText("never bad", True, (), 1),
        LabelledText("the movie is good", False, sentiment=1),
        LabelledText("so sad", False, sentiment=0),
    ]
    corpus = SarcasmCorpus("<b>made-up</b>", "a [corpus](x)", "0" * 64, tuple(texts), 5, 0, 0, 0, 0, 0)
    loaded = [checkpoints.load(name, folder) for name in NAMES]
    report_file.save(folder, [corpus], loaded, list(reports([corpus], loaded)))
    return folder


def test_the_figures_that_are_kept_are_shown(measured: Path, downloads: dict[str, str]) -> None:
    at = opened("measured")
    assert not at.warning and not at.error
    titles = ["Where people said what they mean", "Where each text has an honest rewording"]
    assert [sub.value for sub in at.header] == [*titles, "Texts that read as positive, whatever they mean"]
    found = report_file.load(measured)
    assert found is not None
    shown = table(at, "right, sarcastic")
    assert shown["model"].tolist() == ["RNN", "GRU", "LSTM"] and set(shown["corpus"]) == {"<b>made-up</b>"}
    for cell, one in zip(shown["right, sarcastic"], found.reports, strict=True):
        assert one.meant is not None and float(cell.partition("%")[0]) == pytest.approx(
            100 * one.meant.accuracy[0].share, abs=0.06
        )
    changes = [float(cell.split()[0]) for cell in table(at, "mean change of P(positive)")["mean change of P(positive)"]]
    assert changes == pytest.approx([one.reworded.change.mean for one in found.reports if one.reworded], abs=6e-4)
    assert table(at, "what it is")["rows"].tolist() == [5]
    assert {"unrolled-meant.csv", "unrolled-reworded.csv", "unrolled-positive.csv"} <= set(downloads)
    header, *lines = rows(downloads["unrolled-reworded.csv"])
    place = header.index("mean change of P(positive)")
    for line, one in zip(lines, found.reports, strict=True):
        change = one.reworded and one.reworded.change
        assert change and [float(cell) for cell in line[place : place + 3]] == [change.mean, *change.interval]
    assert "made-up" not in said(at), "a corpus's name is told in tables only"


def test_figures_of_other_models_are_told_of(measured: Path) -> None:
    path = measured / report_file.FILE
    content = json.loads(path.read_text(encoding="utf-8"))
    content["models"] |= {"lstm": "another", "<b>gone</b>": "x"}
    path.write_text(json.dumps(content), encoding="utf-8")
    (warning,) = opened("measured").warning
    assert "of other models than those here: lstm, <b>gone</b>." in app.shown(warning.value)


def test_damaged_figures_are_one_line(measured: Path) -> None:
    at = opened("measured")
    for content in ("", "{", "[]", '{"format": 99}', '{"format": 1, "models": {}}', "[" * 100_000):
        (measured / report_file.FILE).write_text(content, encoding="utf-8")
        assert report_file.FILE in error_of(sound(at.run()))


# Kept finds


def test_finds_of_every_view_stand_together_and_are_exported(downloads: dict[str, str]) -> None:
    at = press(opened(q="=1+1 love"), "Keep this text")
    at = press(edited(q=SURE), "Keep this text")
    at = choose_row(press(uploaded(as_file(TABLE), label="mood"), "Search the file"), "human label", 0)
    press(at, "Keep this text")
    look_at(at, "kept")
    shown = table(at, "comes from")
    assert {"typed in", "an edit", "a file"} == set(shown["comes from"])
    at.selectbox(key="finds source").set_value("edit").run()
    assert table(at, "comes from")["made from"].tolist() == [SURE]
    header, *lines = rows(downloads["unrolled-finds.csv"])
    assert len(lines) == len(kept()) >= 3
    texts = [line[header.index("text")] for line in lines]
    assert "'=1+1 love" in texts and "=1+1 love" not in texts


# Links


FORGED = (
    ("comment", "view", "sarcasm view", "comment", ["x", "<script>", "edits" * 100, "EDITS"]),
    ("comment", "reading", "sarcasm reading", "negative", ["x", "NEGATIVE", "<b>", "mixed "]),
    ("edits", "reading", "sarcasm reading", "negative", ["x", "neg"]),
    ("edits", "goal", "edits goal", "flip", ["x", "neutral", "<b>"]),
    ("edits", "edits", "edits most", 2, ["0", "5", "-1", "x", "1.5", "9" * 30, "٣", ""]),
    ("edits", "floor", "edits floor", 8.0, ["-1", "nan", "inf", "1e3", "61", ".", ""]),
    ("edits", "budget", "edits budget", 100_000, ["0", "1000001", "x", "1e3"]),
    ("edits", "seconds", "edits seconds", 30, ["0", "601", "x"]),
    (
        "edits",
        "guards",
        "edits guards",
        ["polarity", "antonyms", "negations"],
        ["x", "polarity.x", "polarity..", "none.polarity", "polarity.polarity", "<b>", "." * 500],
    ),
    ("edits", "model", "edits model", "lstm", ["x", "../lstm", "LSTM", "<b>"]),
    ("compose", "model", "compose model", "lstm", ["x", "<b>"]),
    ("compose", "top", "compose top", 10, ["0", "51", "x", "-3", "1.5"]),
    ("behaviour", "seed", "suite seed", 0, ["-1", "1000000", "x"]),
    ("behaviour", "tolerance", "suite tolerance", 0.1, ["1", "-0.1", "nan", "1e-3", "x"]),
    ("behaviour", "rule", "suite rule", "verdict", ["x", "<b>"]),
    ("behaviour", "capability", "suite capability", None, ["x", "<b>"]),
    ("behaviour", "cases", "suite cases", 1, ["0", "101", "x"]),
)


@pytest.mark.parametrize("view", ["comment", "edits", "compose", "behaviour"])
def test_a_parameter_that_cannot_be_leaves_the_usual_one(view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checklist, "CASES", 1)
    at = opened(view)
    for _view, name, key, usual, values in (case for case in FORGED if case[0] == view):
        usual = at.session_state[key] if usual is None else usual
        assert at.session_state[key] == usual
        for value in values:
            at.query_params[name] = value
            sound(at.run())
            assert at.session_state[key] == usual, (name, value)
            assert parameter(at, name) is None and not at.error, (name, value)
            if name in ("cases", "budget"):
                assert "that cannot be, so the usual ones stand" in said(at)


def test_settings_are_written_to_the_link_and_read_from_it() -> None:
    given = {"view": "edits", "model": "rnn", "goal": "negative", "edits": "3", "floor": "4.5", "budget": "500"}
    given |= {"seconds": "7", "guards": "antonyms", "reading": "mixed", "q": SURE}
    at = opened(**given)
    assert {name: parameter(at, name) for name in given} == given
    assert at.number_input(key="edits floor").value == 4.5 and at.pills(key="edits guards").value == ["antonyms"]
    at.number_input(key="edits most").set_value(2).run()
    assert parameter(at, "edits") is None
    given = {"view": "compose", "situation": "my bus is late", "top": "3", "model": "gru", "q": SURE}
    at = opened(**given)
    assert {name: parameter(at, name) for name in given} == given
    given = {"view": "behaviour", "seed": "7", "cases": "2", "tolerance": "0.25", "rule": "checklist"}
    at = opened(**given, capability="negation")
    assert {name: parameter(at, name) for name in given} == given
    assert at.radio(key="suite rule").value == "checklist"


def test_a_situation_in_a_link_may_be_too_long() -> None:
    for situation in ("rain " * 1_000, "x" * 5_000, "my bus " + "is late " * 15):
        at = opened("compose", situation=situation)
        assert at.info or "remarks about this" in said(at)


# Hostile texts

# What takes a text as it stands, or is told to: boxes, plain text, table cells, the token strip, addresses.
HOLDERS = {
    *("text_input", "text", "html", "page_link", "multiselect", "selectbox"),
    *("arrow_data_frame", "dataframe", "download_button"),
}


def test_a_hostile_sentence_is_inert_in_every_view() -> None:
    for hostile in (SENTENCES[0], SENTENCES[10]):
        text = f"{MARKER} {hostile}"
        at = opened(q=text, situation=text)
        for view in ("comment", "edits", "compose", "file", "measured", "kept"):
            look_at(at, view)
            if view == "edits":
                at.number_input(key="edits budget").set_value(50).run()
                press(at, "Search for edits")
            if view == "compose" and offers(at, "Build and score the remarks"):
                assert f"{MARKER} " in at.text_input(key="compose situation").value
            if offers(at, "Keep this text"):
                press(at, "Keep this text")
            assert live(at, MARKER) <= HOLDERS, view


@pytest.mark.usefixtures("few_recipes")
def test_a_hostile_situation_is_built_and_shown_as_it_stands() -> None:
    at = opened("compose")
    for hostile in (SENTENCES[0], SENTENCES[13], SENTENCES[17]):
        at.text_input(key="compose situation").set_value(f"my {hostile} is {MARKER} late").run()
        press(at, "Build and score")
        listed = table(at, "remark")["remark"].tolist()
        assert listed and all(MARKER in text for text in listed)
        choose_row(at, "remark", 0)
        press(at, "Keep this text")
        assert kept()[0].text == listed[0]
        assert live(at, MARKER) <= HOLDERS


# Other languages


def test_everything_said_goes_through_gettext(monkeypatch: pytest.MonkeyPatch, few_recipes: None) -> None:
    app.mark_messages(monkeypatch)
    pages: list[Callable[[], AppTest]] = [
        lambda: opened("edits", q=SURE, floor="x"),
        lambda: press(opened("edits", q=SURE), "«Search for edits"),
        lambda: press(opened("edits", q=SURE, goal="positive"), "«Search for edits"),
        lambda: press(opened("edits", q=SURE, goal="negative"), "«Search for edits"),
        lambda: opened("compose", situation="x"),
        lambda: press(opened("compose"), "«Build and score"),
        lambda: press(uploaded(as_file(TABLE)), "«Search the file"),
        lambda: opened("behaviour", cases="1", rule="x"),
        lambda: opened("measured"),
    ]
    for page in pages:
        at = page()
        for kind in (at.title, at.markdown, at.caption, at.info, at.warning, at.success, at.header):
            for found in kind:
                assert "«" in found.value or found.value in ("RNN", "GRU", "LSTM"), found.value
        for kind in (at.button, at.radio, at.selectbox, at.segmented_control, at.number_input, at.expander, at.metric):
            assert [found.label for found in kind if not found.label.startswith("«")] == []
        for frame in at.dataframe:
            named = set(frame.value.columns) - {"RNN", "GRU", "LSTM"} - {"text", "mood"}  # the last two a file's own
            assert [name for name in named if not name.startswith("«")] == []
