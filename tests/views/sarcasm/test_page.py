"""The page on sarcasm, run in process on tiny checkpoints: every view, hostile texts, links and files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.examples import examples
from core.models import checkpoints
from core.models.predict import verdict
from core.models.token_predictor import predictor
from core.probes.edits import search
from core.probes.edits import sources as edit_sources
from core.probes.edits.victims import white_box
from core.probes.sarcasm import compose
from core.probes.sarcasm.candidates import Candidates, Question
from core.probes.sarcasm.situations import bank, read
from core.probes.scan import one_file
from core.storage.comments import Find, Finds
from pages.widgets import models
from tests import app
from tests.app import (
    answers,
    choose_row,
    csv_rows,
    live,
    numbers_in,
    offers,
    parameter,
    press,
    said,
    sound,
    table,
    unmarked,
)
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


def opened(view: str = "", **parameters: str) -> AppTest:
    return sound(app.opened("Sarcasm", view, **parameters))


def look_at(at: AppTest, view: str) -> AppTest:
    return sound(at.pills(key="sarcasm view").set_value(view).run())


def kept() -> list[Find]:
    return Finds().finds()


def keep(at: AppTest, reading: str) -> AppTest:
    """The page after a person has said how they read the text, and kept it."""
    at.radio[0].set_value(reading)
    return press(at, "Keep this text")


# The views


def test_opens_on_a_sarcastic_comment_and_who_is_fooled_by_it() -> None:
    at = opened()
    assert at.text_input(key="q").value == DEADPAN
    found = [verdict(checkpoints.load(name), DEADPAN) for name in NAMES]
    assert [metric.label for metric in at.metric] == ["RNN", "GRU", "LSTM"]
    assert [metric.delta for metric in at.metric] == [f"P(positive) = {one.probability:.3f}" for one in found]
    assert parameter(at, "view") is None and parameter(at, "reading") is None


def test_without_a_model_what_was_kept_is_still_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    Finds().keep(text="so good", model="lstm", probability=0.9, reading="negative")
    at = opened()
    for view in VIEWS:
        look_at(at, view)
        assert len(at.error) == (view != "kept")
        assert parameter(at, "view") == (None if view == "comment" else view)
    assert at.dataframe[0].value["text"].tolist() == ["so good"]


def test_the_reading_is_one_for_all_views() -> None:
    at = opened(q=SURE, reading="mixed")
    look_at(at, "edits")
    assert at.segmented_control(key="sarcasm reading").value == "mixed"
    at.segmented_control(key="sarcasm reading").set_value("positive").run()
    look_at(at, "compose")
    look_at(at, "comment")
    assert at.segmented_control(key="sarcasm reading").value == "positive"


# Small edits


def asked(text: str, goal: str, reading: str | None = None, **others: Any) -> search.Question:
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


def test_a_search_to_its_end_is_what_core_finds(files: dict[str, str]) -> None:
    at, found = edited(q=SURE), answer(SURE)
    assert found.best is not None and found.flips > 1, "the test needs a sentence that flips"
    assert found.certificate in said(at) and not at.success
    chances = [round(found.probability, 3), round(found.best.probability, 3)]
    assert numbers_in(answers(at)[0]) == [len(found.best.edits), *chances]
    counts = [found.queries, found.proposed, found.candidates]
    assert any(numbers_in(line)[:1] + numbers_in(line)[-2:] == counts for line in said(at).splitlines())
    assert any(numbers_in(line) == [1 + len(found.others), found.flips] for line in said(at).splitlines())
    listed = [found.best, *found.others]
    assert table(at, "edited")["edited"].tolist() == [one.text for one in listed]
    assert table(at, "edited")["P(positive)"].tolist() == pytest.approx([one.probability for one in listed], abs=6e-4)
    guards = table(at, "guard")
    assert guards["guard"].tolist() == ["polarity", "antonyms", "negations"]
    assert guards["failed edits"].tolist() == [report.failed for report in found.guards.values()]
    assert len(set(guards["status"])) == 1
    header, *lines = csv_rows(files["unrolled-edits.csv"])
    assert [line[header.index("edited")] for line in lines] == [one.text for one in listed]


def test_a_flip_is_shown_as_a_diff_and_kept_with_its_edits() -> None:
    at, found = edited(q=SURE), answer(SURE)
    diff = next(found for found in at.html if 'class="u-tokens u-diff"' in found.proto.body)
    assert diff.proto.body.count("<ins>") == sum(bool(after) for kind, _, after in found.best.diff if kind != "same")
    choose_row(at, "edited", 1)
    press(at, "Keep this text")
    assert len(at.warning) == 1 and not kept(), "an edited sentence is a new one: how it is read is asked"
    at.radio[0].set_value("negative")
    press(at, "Keep this text")
    (find,) = kept()
    assert (find.text, find.original, find.model, find.source) == (found.others[0].text, SURE, "lstm", "edit")
    assert find.probability == found.others[0].probability and find.reading == "negative"
    edit = found.others[0].edits[0]
    assert find.how.startswith(f"{edit.kind}: {' '.join(edit.before) or '∅'} → {' '.join(edit.after) or '∅'}")


def test_the_goal_is_that_the_model_disagrees_once_a_reading_was_given() -> None:
    label = verdict(checkpoints.load("lstm"), SURE).label
    other = "negative" if label == "positive" else "positive"
    at = opened("edits", q=SURE)
    before = at.segmented_control(key="edits goal").options[0]
    at.segmented_control(key="sarcasm reading").set_value(label).run()
    assert at.segmented_control(key="edits goal").options[0] != before
    press(at, "Search for edits")
    assert answer(SURE, reading=label).certificate in said(at)
    sound(at.segmented_control(key="sarcasm reading").set_value(other).run())
    assert not offers(at, "Search for edits") and "already disagrees" in answers(at)[0]
    press(at, "Goal: ")
    assert at.segmented_control(key="edits goal").value == other and offers(at, "Search for edits")


def test_a_guard_that_is_switched_off_is_reported() -> None:
    at = edited(q=SURE, guards="negations.polarity")
    found = answer(SURE, no_guards=["antonyms"])
    on, off, again = table(at, "guard")["status"]
    assert on == again != off
    assert found.certificate in said(at)
    assert parameter(at, "guards") == "polarity.negations"
    at.pills(key="edits guards").set_value([]).run()
    assert parameter(at, "guards") == "none"
    assert offers(at, "Search for edits"), "another question is another search"


def test_the_guards_go_by_the_reading_that_was_told() -> None:
    at = opened("edits", q=SURE)
    for reading in ("negative", "positive", "mixed"):
        at.segmented_control(key="sarcasm reading").set_value(reading).run()
        for goal in ("negative", "positive"):
            at.segmented_control(key="edits goal").set_value(goal).run()
            press(at, "Search for edits")
            found = answer(SURE, goal, reading=reading)
            assert found.reading == reading
            assert found.certificate in (said(at) if found.best or found.closest else answers(at)[0])


def test_without_a_flip_nothing_is_kept() -> None:
    at = edited(q="good", floor="0", edits="1")
    found = answer("good", fluency=0.0, max_edits=1)
    assert found.best is None and found.certificate in said(at)
    assert not at.success and not offers(at, "Keep this text")
    press(at, "Allow 2 edits")
    assert parameter(at, "edits") is None and offers(at, "Search for edits"), "two is the usual number"
    at.segmented_control(key="edits goal").set_value(verdict(checkpoints.load("lstm"), "good").label).run()
    press(at, "Search for edits")
    assert not at.success and not offers(at, "Keep this text") and not offers(at, "Allow"), "there is nothing to edit"


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
        assert answers(at)[0] and not at.error
        assert max(numbers_in(line)[0] for line in said(at).splitlines() if "a gradient counts" in line) <= 302


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
def test_the_surest_remarks_are_what_core_finds(files: dict[str, str]) -> None:
    at, found = composed(top="5"), composition(FLIGHT, 5)
    assert found.certificate in said(at) and f"P(positive) = {found.alone:.3f}" in said(at)
    assert numbers_in(answers(at)[0])[:2] == [found.fooled, found.scored] and not at.success
    listed = table(at, "remark")
    assert listed["remark"].tolist() == [one.text for one in found.top] and len(found.top) == 5
    assert listed["verdict"].tolist() == ["positive" if one.probability >= 0.5 else "negative" for one in found.top]
    assert listed["recipe"].tolist() == [one.recipe.pattern for one in found.top]
    shares = table(at, "scored")
    assert set(shares["recipe"]) == {share.pattern for share in found.by_recipe}
    assert shares["scored"].sum() == found.scored
    header, *lines = csv_rows(files["unrolled-sarcasm.csv"])
    assert header == ["verdict", "P(positive)", "remark", "recipe", "parts"] and len(lines) == 5


@pytest.mark.usefixtures("few_recipes")
def test_a_remark_is_kept_with_its_recipe() -> None:
    at, found = composed(model="gru"), composition(FLIGHT, model="gru")
    choose_row(at, "remark", 2)
    press(at, "Keep this text")
    assert len(at.warning) >= 1 and not kept()
    at.radio[0].set_value("negative")
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
    assert parameter(at, "situation") == "my bus is late" and offers(at, "Build and score")
    for situation in ("", "\u3000\u200b", "rain", "rain " * 300):
        at.text_input(key="compose situation").set_value(situation).run()
        assert len(sound(at).info) == 1 and not offers(at, "Build and score")


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


def test_a_labelled_file_is_ranked_by_disagreement(files: dict[str, str], tmp_path: Path) -> None:
    at = press(uploaded(as_file(TABLE), label="mood"), "Search the file")
    path = tmp_path / "comments.csv"
    path.write_bytes(as_file(TABLE))
    *_, found = one_file.scan(path, [checkpoints.load(name) for name in NAMES], "text", "mood", tmp_path / "out.csv")
    assert found.rows == 7 and found.empty == 1 and found.labelled == 5
    assert any(numbers_in(line) == [7, 6, 1, 0] for line in said(at).splitlines()) and not at.success
    rankings = [box.value for box in at.dataframe if "gold label" in box.value.columns]
    with_finds = [finds for finds in found.top.values() if finds]
    assert len(rankings) == len(with_finds) > 0
    for shown, finds in zip(rankings, with_finds, strict=True):
        assert shown["row"].tolist() == [find.row for find in finds]
        assert shown["text"].tolist() == [find.text for find in finds]
        assert shown["gold label"].tolist() == [find.human for find in finds]
        assert shown["P(positive)"].tolist() == pytest.approx([find.probability for find in finds], abs=6e-4)
    assert numbers_in(answers(at)[0]) == [5, *found.opposite.values()]
    assert csv_rows(files["unrolled-scan.csv"]) == csv_rows((tmp_path / "out.csv").read_text(encoding="utf-8"))
    assert len(csv_rows(files["unrolled-scan.csv"])) == 8
    first = rankings[0]
    keep(choose_row(at, "gold label", 0), first["gold label"][0])
    (find,) = kept()
    assert find.text == first["text"][0] and find.reading == first["gold label"][0] and find.source == "file"
    assert find.fooled and numbers_in(find.how) == [first["row"][0]]
    shown = answers(at)[0]
    look_at(at, "kept")
    look_at(at, "file")
    assert answers(at)[0] == shown, "the upload and its results stay"
    upload(at, as_file([("text", "mood"), ("so good", "1")]), "two.csv")
    assert not answers(at)
    press(at, "Search the file")
    assert any(numbers_in(line) == [1, 1, 0, 0] for line in said(at).splitlines())
    folder = Path(at.session_state["file folder"].name)
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1, "nothing else is left behind"


def test_a_file_labelled_with_three_classes(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = ("late", "lost", "fine")
    write_tiny_checkpoint(tmp_path, "three", "gru", labels=labels)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    lines = [("text", "mood"), *((text, labels[number % 3]) for number, (text, _mood) in enumerate(TABLE[1:]))]
    at = press(uploaded(as_file(lines), label="mood"), "Search the file")
    header, *written = csv_rows(files["unrolled-scan.csv"])
    assert [name for name in header if "_P_" in name] == [f"three_P_{name}" for name in labels]
    shown = table(at, "gold label")
    assert (shown["verdict"] != shown["gold label"]).all() and "P(target class)" in shown.columns
    for row, name, chance in zip(shown["row"], shown["verdict"], shown["P(target class)"], strict=True):
        of_row = dict(zip(header, written[row - 1], strict=True))
        assert of_row["three_verdict"] == name
        assert float(of_row[f"three_P_{name}"]) == pytest.approx(chance, abs=6e-4)
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
    assert any(numbers_in(line)[-1:] == [3] for line in said(at).splitlines() if "malformed" in line)
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
        assert at.error or answers(at)[0]
    for lines_ in ([("text",), ("1",), ("2.5",), ("-3",)], [("text", "cues"), ("so good", "x"), ("so bad", "y")]):
        upload(at, as_file(lines_), "x.csv")
        error_of(press(at, "Search the file"))


def test_hostile_cells_columns_and_names_are_inert() -> None:
    header = (f"<b>{MARKER}</b> ![](https://hostile.example/x.png)", "mood")
    texts = [f"{cell} oh great, thanks {MARKER}!!!" for cell in (SENTENCES[0], SENTENCES[10], "=1+1")]
    at = uploaded(as_file([header, *((text, "negative") for text in texts)]), f"<b>{MARKER}.csv")
    press(at, "Search the file")
    keep(choose_row(at, "text", 0), "negative")
    holders = {"arrow_data_frame", "dataframe", "selectbox", "file_uploader", "download_button", "code"}
    assert live(at, MARKER) <= holders | {"page_link"} and kept()[0].text in texts


def test_a_file_that_ends_early_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = one_file.scan

    def short(*given: Any, **named: Any) -> Iterator[Any]:
        yield next(real(*given, **named))

    from pages.views.sarcasm import files

    monkeypatch.setattr(files, "scan", short)
    at = press(uploaded(as_file(TABLE)), "Search the file")
    assert "then the search ended" in said(at)
    assert "unrolled-scan" not in str([button.proto for button in at.get("download_button")])


# Links


FORGED = {
    "comment": {"view": ("sarcasm view", "comment", "EDITS"), "reading": ("sarcasm reading", None, "mixed ")},
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
}


@pytest.mark.parametrize("view", FORGED)
def test_a_parameter_that_cannot_be_leaves_the_usual_one(view: str) -> None:
    at = opened(view)
    usual = {key: at.session_state[key] for key, _usual, _forged in FORGED[view].values()}
    assert all(value in (None, usual[key]) for key, value, _forged in FORGED[view].values())
    for name, (_key, _usual, forged) in FORGED[view].items():
        at.query_params[name] = forged
    sound(at.run())
    assert {key: at.session_state[key] for key in usual} == usual and not at.error
    assert [name for name in FORGED[view] if parameter(at, name) is not None and name != "view"] == []


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
