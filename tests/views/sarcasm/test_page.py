"""The page on sarcasm, run in process on tiny checkpoints: every view, hostile texts, links and files."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from core.data.examples import examples
from core.models import checkpoints
from core.models.predict import verdict
from core.models.token_predictor import predictor
from core.probes.checklist.suite import Settings, run
from core.probes.checklist.templates import CAPABILITIES
from core.probes.edits import search
from core.probes.edits import sources as edit_sources
from core.probes.edits.victims import white_box
from core.probes.sarcasm import compose, report_file
from core.probes.sarcasm.candidates import Candidates, Question
from core.probes.sarcasm.corpora import LabelledText, SarcasmCorpus
from core.probes.sarcasm.report import reports
from core.probes.sarcasm.situations import bank, read
from core.probes.scan import one_file
from core.storage.comments import Find, Finds
from pages.views.sarcasm import checklist
from pages.widgets import models
from tests import app
from tests.app import choose_row, live, numbers_in, offers, parameter, press, said, sound, table, unmarked
from tests.conftest import write_tiny_checkpoint
from tests.hostile import SENTENCES
from tests.probes.small_models import word_sources

MARKER = "zqxmarker"  # a word that stands nowhere on a page unless it was typed
NAMES = ("rnn", "gru", "lstm")
VIEWS = app.views("Sarcasm")
DEADPAN = next(example.text for example in examples() if example.name == "Deadpan")
FLIGHT = "my flight is delayed again"


SOURCES = word_sources()


@pytest.fixture(autouse=True)
def _own_world(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path / "kept.sqlite3"))
    fluency = SimpleNamespace(trigram=SOURCES.trigram, mixture=None, hash="made up here")
    monkeypatch.setattr(models, "fluency", lambda: (fluency, ""))
    monkeypatch.setattr(edit_sources, "load", lambda _trigram=None: SOURCES)


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
    assert parameter(at, "view") is None and parameter(at, "reading") is None


def test_without_a_model_what_was_kept_and_measured_is_still_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    Finds().keep(text="so good", model="lstm", probability=0.9, reading="negative")
    at = opened()
    for view in VIEWS:
        look_at(at, view)
        assert len(at.error) == (view not in ("measured", "kept"))
        assert parameter(at, "view") == (None if view == "comment" else view)
    assert at.dataframe[0].value["text"].tolist() == ["so good"]


def test_the_reading_is_one_for_all_views() -> None:
    at = opened(reading="mixed")
    look_at(at, "edits")
    assert at.segmented_control(key="sarcasm reading").value == "mixed"
    at.segmented_control(key="sarcasm reading").set_value("positive").run()
    look_at(at, "compose")
    look_at(at, "comment")
    assert at.segmented_control(key="sarcasm reading").value == "positive"


# Small edits


def asked(text: str, goal: str, reading: str = "negative", **others: Any) -> search.Question:
    bounds = {"fluency": 8.0, "seconds": 30.0, **others}
    return edit_sources.ask(checkpoints.load("lstm"), SOURCES, text, goal, reading=reading, **bounds)


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
        "fluency change (nats)": f"{found.best.fluency_change:+.1f}".replace("-", "−"),
    }
    counts = [found.queries, found.proposed, found.candidates]
    assert any(numbers_in(line)[:1] + numbers_in(line)[-2:] == counts for line in said(at).splitlines())
    assert any(numbers_in(line) == [1 + len(found.others), found.flips] for line in said(at).splitlines())
    listed = [found.best, *found.others]
    assert table(at, "edited")["edited"].tolist() == [one.text for one in listed]
    assert table(at, "edited")["P(positive)"].tolist() == pytest.approx([one.probability for one in listed], abs=6e-5)
    guards = table(at, "guard")
    assert guards["guard"].tolist() == ["polarity", "antonyms", "negations"]
    assert guards["failed edits"].tolist() == [report.failed for report in found.guards.values()]
    assert len(set(guards["status"])) == 1
    header, *lines = rows(downloads["unrolled-edits.csv"])
    assert [line[header.index("edited")] for line in lines] == [one.text for one in listed]


def test_a_flip_is_shown_as_a_diff_and_kept_with_its_edits() -> None:
    at, found = edited(q=SURE), answer(SURE)
    (diff,) = [found for found in at.html if "u-diff" in found.proto.body]
    assert diff.proto.body.count("<ins>") == sum(bool(after) for kind, _, after in found.best.diff if kind != "same")
    chosen = at.selectbox[0]
    assert chosen.label == "Flip to keep" and chosen.options == [one.text for one in (found.best, *found.others)]
    chosen.select_index(1).run()
    press(at, "Keep this text")
    (find,) = kept()
    assert (find.text, find.original, find.model, find.source) == (found.others[0].text, SURE, "lstm", "edit")
    assert find.probability == found.others[0].probability and find.reading == "negative"
    edit = found.others[0].edits[0]
    assert find.how.startswith(f"{edit.kind}: {' '.join(edit.before) or '∅'} → {' '.join(edit.after) or '∅'}")
    assert len(at.success) == 2


def test_a_guard_that_is_switched_off_is_reported() -> None:
    at = edited(q=SURE, guards="negations.polarity")
    found = answer(SURE, no_guards=["antonyms"])
    on, off, again = table(at, "guard")["status"]
    assert on == again != off
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


def test_without_a_flip_nothing_is_kept() -> None:
    at = edited(q="good", floor="0", edits="1")
    found = answer("good", fluency=0.0, max_edits=1)
    assert found.best is None and found.certificate in said(at)
    assert len(at.header) == bool(found.closest) and not offers(at, "Keep this text")
    at.segmented_control(key="edits goal").set_value(verdict(checkpoints.load("lstm"), "good").label).run()
    press(at, "Search for edits")
    assert len(at.success) == 1 and not at.header and not offers(at, "Keep this text"), "there is nothing to edit"


def test_protected_words_stay_and_may_not_cover_the_sentence() -> None:
    at = opened("edits", q="love it so")
    at.multiselect[0].set_value(["love", "it"]).run()
    press(at, "Search for edits")
    found = answer("love it so", protect=["love", "it"])
    assert found.certificate in said(at)
    at.multiselect[0].set_value(["love", "it", "so"]).run()
    assert len(at.warning) == 1 and not offers(at, "Search for edits")
    at.text_input(key="q").set_value("love it so good").run()
    assert at.multiselect[0].value == [], "words of another sentence are others"
    sound(at)


def test_what_can_hardly_be_edited() -> None:
    at = opened("edits", budget="300", edits="1")
    for text in ("\u3000", "so good " * 1_000):
        at.text_input(key="q").set_value(text).run()
        assert len(sound(at).info) + len(at.warning) == 1 and not offers(at, "Search for edits")
    for text in ("so good, not bad " * 40, "frabjous slithy", "?!", "\0"):
        at.text_input(key="q").set_value(text).run()
        press(at, "Search for edits")
        assert (at.success or at.info) and not at.error
        assert max(numbers_in(line)[0] for line in said(at).splitlines() if "seconds" in line) <= 302


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
    assert listed["outcome"].tolist() == ["fooled" if one.probability >= 0.5 else "not fooled" for one in found.top]
    assert listed["recipe"].tolist() == [one.recipe.pattern for one in found.top]
    shares = table(at, "scored")
    assert set(shares["recipe"]) == {share.pattern for share in found.by_recipe}
    assert shares["scored"].sum() == found.scored
    header, *lines = rows(downloads["unrolled-sarcasm.csv"])
    assert header == ["P(positive)", "remark", "outcome", "recipe", "parts"] and len(lines) == 5


@pytest.mark.usefixtures("few_recipes")
def test_a_remark_is_kept_with_its_recipe() -> None:
    at, found = composed(model="gru"), composition(FLIGHT, model="gru")
    choose_row(at, "remark", 2)
    press(at, "Keep this text")
    (find,) = kept()
    one = found.top[2]
    assert (find.text, find.original, find.model, find.source) == (one.text, FLIGHT, "gru", "compose")
    assert find.reading == "negative" and find.how.startswith(one.recipe.pattern)
    choose_row(at, "remark", 10**6)
    assert not offers(at, "Keep this text"), "a forged click is no click"


def test_a_situation_of_the_bank_is_put_into_the_box() -> None:
    at = opened("compose")
    (offered,) = (box for box in at.selectbox if box.key == "compose bank")
    assert offered.options == [situation.text for situation in bank()]
    offered.set_value(bank()[7].text).run()
    sound(at)
    assert at.text_input(key="compose situation").value == bank()[7].text
    assert parameter(at, "situation") == bank()[7].text
    at.text_input(key="compose situation").set_value("my bus is late").run()
    assert at.text_input(key="compose situation").value == "my bus is late"
    assert parameter(at, "situation") == "my bus is late" and offers(at, "Build and score remarks")
    for situation in ("", "\u3000\u200b", "rain", "rain " * 300):
        at.text_input(key="compose situation").set_value(situation).run()
        assert len(sound(at).info) == 1 and not offers(at, "Build and score remarks")


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
    for title, value in ({"Gold labels": label} | others).items():
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
    assert [numbers_in(success.value) for success in at.success] == [[7, 6, 1, 0]]
    rankings = [box.value for box in at.dataframe if "gold label" in box.value.columns]
    with_finds = [finds for finds in found.top.values() if finds]
    assert len(rankings) == len(with_finds) > 0
    for shown, finds in zip(rankings, with_finds, strict=True):
        assert shown["row"].tolist() == [find.row for find in finds]
        assert shown["text"].tolist() == [find.text for find in finds]
        assert shown["gold label"].tolist() == [find.human for find in finds]
        assert shown["P(positive)"].tolist() == pytest.approx([find.probability for find in finds], abs=6e-5)
    for count in found.opposite.values():
        assert any(numbers_in(line) == [count, 5] for line in said(at).splitlines())
    assert rows(downloads["unrolled-scan.csv"]) == rows((tmp_path / "out.csv").read_text(encoding="utf-8"))
    assert len(rows(downloads["unrolled-scan.csv"])) == 8
    first = rankings[0]
    press(choose_row(at, "gold label", 0), "Keep this text")
    (find,) = kept()
    assert find.text == first["text"][0] and find.reading == first["gold label"][0] and find.source == "file"
    assert find.fooled and numbers_in(find.how) == [first["row"][0]]
    shown = [success.value for success in at.success][:1]
    look_at(at, "kept")
    look_at(at, "file")
    assert [success.value for success in at.success] == shown, "the upload and its results stay"
    upload(at, as_file([("text", "mood"), ("so good", "1")]), "two.csv")
    assert not at.success
    press(at, "Search the file")
    assert [numbers_in(success.value) for success in at.success] == [[1, 1, 0, 0]]
    folder = Path(at.session_state["file folder"].name)
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1, "nothing else is left behind"


def test_a_file_labelled_with_three_classes(
    downloads: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = ("late", "lost", "fine")
    write_tiny_checkpoint(tmp_path, "three", "gru", labels=labels)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    lines = [("text", "mood"), *((text, labels[number % 3]) for number, (text, _mood) in enumerate(TABLE[1:]))]
    at = press(uploaded(as_file(lines), label="mood"), "Search the file")
    header, *written = rows(downloads["unrolled-scan.csv"])
    assert [name for name in header if "_P_" in name] == [f"three_P_{name}" for name in labels]
    shown = table(at, "gold label")
    assert (shown["verdict"] != shown["gold label"]).all() and "P(target class)" in shown.columns
    for row, name, chance in zip(shown["row"], shown["verdict"], shown["P(target class)"], strict=True):
        of_row = dict(zip(header, written[row - 1], strict=True))
        assert of_row["three_verdict"] == name
        assert float(of_row[f"three_P_{name}"]) == pytest.approx(chance, abs=6e-5)
    assert not sound(choose_row(at, "gold label", 0)).error


def test_without_labels_rows_are_ranked_by_cues() -> None:
    at = press(uploaded(as_file(TABLE)), "Search the file")
    listed = table(at, "cues × P")
    assert "oh great, i love it when it is late again" in listed["text"].tolist()
    assert listed["cues × P"].tolist() == sorted(listed["cues × P"], reverse=True) and all(listed["cues"])


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
    assert [numbers_in(success.value)[-1] for success in at.success] == [3]
    assert any(numbers_in(box.label) == [4] for box in at.expander)
    assert table(at, "problem")["line"].tolist() == [3, 4, 5, 6]
    assert any("'maybe'" in reason for reason in table(at, "problem")["problem"])


def test_columns_that_clash_are_no_fault() -> None:
    at = opened("file")
    for header in (("text", "text"), ("", ""), ("a", "")):
        upload(at, as_file([header, ("so good", "1"), ("so bad", "0")]), "comments.csv")
        if header == ("a", ""):  # every row goes on in a column without a name
            assert len(at.error) == 1
            at.checkbox(key="file join").check().run()
        press(at, "Search the file")
        assert at.success or at.error
    for lines_ in ([("text",), ("1",), ("2.5",), ("-3",)], [("text", "cues"), ("so good", "x"), ("so bad", "y")]):
        upload(at, as_file(lines_), "x.csv")
        error_of(press(at, "Search the file"))


def test_hostile_cells_columns_and_names_are_inert() -> None:
    header = (f"<b>{MARKER}</b> ![](https://hostile.example/x.png)", "mood")
    texts = [f"{cell} oh great, thanks {MARKER}!!!" for cell in (SENTENCES[0], SENTENCES[10], "=1+1")]
    at = uploaded(as_file([header, *((text, "negative") for text in texts)]), f"<b>{MARKER}.csv")
    press(at, "Search the file")
    press(choose_row(at, "text", 0), "Keep this text")
    holders = {"arrow_data_frame", "dataframe", "selectbox", "file_uploader", "download_button"}
    assert live(at, MARKER) <= holders | {"text"} and kept()[0].text in texts


def test_a_file_that_ends_early_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = one_file.scan

    def short(*given: Any, **named: Any) -> Iterator[Any]:
        yield next(real(*given, **named))

    from pages.views.sarcasm import files

    monkeypatch.setattr(files, "scan", short)
    at = press(uploaded(as_file(TABLE)), "Search the file")
    assert not at.success and [numbers_in(info.value)[0] for info in at.info] == [7]
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
    assert any(numbers_in(line)[:2] == [found[0].rate.templates, found[0].rate.cases] for line in said(at).splitlines())
    header, *lines = rows(downloads["unrolled-suite.csv"])
    assert header[3:6] == ["RNN", "RNN, from", "RNN, to"] and len(lines) == len(CAPABILITIES) + 1
    for line, one in zip(lines, found[0].capabilities, strict=False):
        assert [float(cell) for cell in line[3:6]] == [one.rate.rate, *(one.rate.interval or ())]
    name = at.selectbox(key="suite capability").value
    assert name == max(found[0].capabilities, key=lambda one: one.rate.rate or 0).name
    for suite in found:
        failures = sum(one.rate.failures for one in suite.templates if one.template.capability == name)
        assert any(line.startswith(f"**{suite.model.upper()}: {failures} ") for line in said(at).splitlines())


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
    assert len(at.header) == 3
    found = report_file.load(measured)
    assert found is not None
    shown = table(at, "accuracy, sarcastic")
    assert shown["model"].tolist() == ["RNN", "GRU", "LSTM"] and set(shown["corpus"]) == {"<b>made-up</b>"}
    for cell, one in zip(shown["accuracy, sarcastic"], found.reports, strict=True):
        assert one.meant is not None and float(cell.partition("%")[0]) == pytest.approx(
            100 * one.meant.accuracy[0].share, abs=0.06
        )
    changes = [
        float(cell.split()[0].replace("−", "-"))
        for cell in table(at, "mean change in P(positive)")["mean change in P(positive)"]
    ]
    assert changes == pytest.approx([one.reworded.change.mean for one in found.reports if one.reworded], abs=6e-4)
    assert table(at, "description")["rows"].tolist() == [5]
    assert {"unrolled-meant.csv", "unrolled-reworded.csv", "unrolled-positive.csv"} <= set(downloads)
    header, *lines = rows(downloads["unrolled-reworded.csv"])
    place = header.index("mean change in P(positive)")
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
    assert "lstm, <b>gone</b>" in app.shown(warning.value)
    at = opened("measured")
    for content in ("", "[]", '{"format": 1, "models": {}}'):
        (measured / report_file.FILE).write_text(content, encoding="utf-8")
        assert report_file.FILE in error_of(sound(at.run()))


# Kept finds


def test_finds_of_every_view_stand_together_and_are_exported(downloads: dict[str, str]) -> None:
    at = press(opened(q="=1+1 love"), "Keep this text")
    at = press(edited(q=SURE), "Keep this text")
    at = choose_row(press(uploaded(as_file(TABLE), label="mood"), "Search the file"), "gold label", 0)
    press(at, "Keep this text")
    look_at(at, "kept")
    shown = table(at, "source")
    assert {"typed", "an edit", "a file"} == set(shown["source"])
    at.selectbox(key="finds source").set_value("edit").run()
    assert table(at, "source")["original text"].tolist() == [SURE]
    header, *lines = rows(downloads["unrolled-finds.csv"])
    assert len(lines) == len(kept()) >= 3
    texts = [line[header.index("text")] for line in lines]
    assert "'=1+1 love" in texts and "=1+1 love" not in texts


# Links


FORGED = {
    "comment": {"view": ("sarcasm view", "comment", "EDITS"), "reading": ("sarcasm reading", "negative", "mixed ")},
    "edits": {
        "goal": ("edits goal", "flip", "neutral"),
        "edits": ("edits most", 2, "5"),
        "floor": ("edits floor", 8.0, "61"),
        "budget": ("edits budget", 100_000, "1000001"),
        "seconds": ("edits seconds", 30, "601"),
        "guards": ("edits guards", ["polarity", "antonyms", "negations"], "polarity.polarity"),
        "model": ("edits model", "lstm", "../lstm"),
    },
    "compose": {"model": ("compose model", "lstm", "x"), "top": ("compose top", 10, "51")},
    "behaviour": {
        "seed": ("suite seed", 0, "1000000"),
        "tolerance": ("suite tolerance", 0.1, "1"),
        "rule": ("suite rule", "verdict", "x"),
        "capability": ("suite capability", None, "x"),
        "cases": ("suite cases", 1, "101"),
    },
}


@pytest.mark.parametrize("view", FORGED)
def test_a_parameter_that_cannot_be_leaves_the_usual_one(view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checklist, "CASES", 1)
    at = opened(view)
    usual = {key: at.session_state[key] for key, _usual, _forged in FORGED[view].values()}
    assert all(value in (None, usual[key]) for key, value, _forged in FORGED[view].values())
    for name, (_key, _usual, forged) in FORGED[view].items():
        at.query_params[name] = forged
    sound(at.run())
    assert {key: at.session_state[key] for key in usual} == usual and not at.error
    assert [name for name in FORGED[view] if parameter(at, name) is not None and name != "view"] == []


def test_guards_that_cannot_be_are_all_on() -> None:
    at = opened("edits")
    for guards in ("x", "polarity..", "none.polarity", "." * 500):
        at.query_params["guards"] = guards
        assert sound(at.run()).pills(key="edits guards").value == ["polarity", "antonyms", "negations"]


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


# Other languages


def test_what_searches_say_goes_through_gettext(monkeypatch: pytest.MonkeyPatch, few_recipes: None) -> None:
    app.mark_messages(monkeypatch)
    pages: list[Callable[[], AppTest]] = [
        lambda: press(opened("edits", q=SURE, floor="x"), "«Search for edits"),
        lambda: press(opened("compose", top="x"), "«Build and score"),
        lambda: press(uploaded(as_file(TABLE)), "«Search the file"),
    ]
    for page in pages:
        assert unmarked(page(), {"RNN", "GRU", "LSTM", "text", "mood"}) == []
