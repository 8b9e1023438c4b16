"""Every page, run in process on tiny checkpoints: opened, from a link, empty, on damaged models."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.examples import examples
from core.data.labels import model_name
from core.models import checkpoints
from core.text.preprocessing import SHIPPED, Preprocessing
from tests.app import ROOT, faults, forget, opened, shown, sound, strips

PAGES = sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("[0-9]*.py"))


@pytest.fixture(autouse=True)
def _trained(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


@pytest.fixture
def own_checkpoints(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the tiny checkpoints that a test may change, and caches that know nothing of the originals."""
    folder = tmp_path / "checkpoints"
    shutil.copytree(tiny_checkpoints, folder)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(folder))
    forget()
    yield folder
    forget()


def home(text: str | None = None) -> AppTest:
    """The home page: as it opens, or after a text was typed."""
    at = opened()
    return at if text is None else type_in(at, text)


def type_in(at: AppTest, text: str) -> AppTest:
    return at.text_input(key="q").set_value(text).run()


def linked(query: str) -> AppTest:
    """The home page opened through a link with ``?q=query``."""
    return opened(q=query)


def chart(at: AppTest) -> dict[str, Any]:
    (found,) = at.get("plotly_chart")
    return json.loads(found.proto.spec)


def strip(at: AppTest) -> dict[str, Any]:
    """What the row of words is given."""
    (found,) = strips(at)
    return found


def probability(at: AppTest, model: str) -> float:
    (metric,) = [metric for metric in at.metric if metric.label == model_name(model)]
    return float(metric.delta.rpartition("=")[2])


def assert_answered(at: AppTest) -> None:
    """Three verdicts, and one chart whose three curves end at them."""
    sound(at)
    assert [metric.label for metric in at.metric] == ["RNN", "GRU", "LSTM"]
    curves = {curve["name"]: curve for curve in chart(at)["data"]}
    assert list(curves) == ["RNN", "GRU", "LSTM"]
    for metric in at.metric:
        last = curves[metric.label]["y"][-1]
        assert metric.delta == f"P(positive) = {last:.3f}"
        assert metric.value == ("positive" if last >= 0.5 else "negative")


def assert_invites(at: AppTest) -> None:
    """No verdict, no chart, one friendly line."""
    sound(at)
    assert [info.value for info in at.info] == ["No words to read yet. Type a sentence or pick an example."]
    assert not at.metric
    assert not at.get("plotly_chart")
    assert not at.warning
    assert not at.error


def elements(at: AppTest) -> Iterator[Any]:
    """Every element and block of main area and sidebar."""
    yield from at.main
    yield from at.sidebar


class Html(HTMLParser):
    """What a browser makes of the HTML that a page writes: tags, attributes, texts."""

    def __init__(self, source: str):
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_comment(self, data: str) -> None:
        self.tags.add("comment")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


# The sentence


def test_opens_on_an_example_with_three_verdicts_and_three_curves() -> None:
    at = home()
    assert_answered(at)
    assert at.text_input(key="q").value == "Better late than never"
    assert [len(curve["y"]) for curve in chart(at)["data"]] == [4, 4, 4]
    assert chart(at)["layout"]["xaxis"]["ticktext"] == ["better", "late", "than", "never"]
    assert at.query_params["q"] == "Better late than never"


def test_the_verdicts_are_the_models_own() -> None:
    from core.models.predict import verdict

    at = home("I love this movie!")
    for name in ("rnn", "gru", "lstm"):
        expected = verdict(checkpoints.load(name), "I love this movie!").probability
        assert probability(at, name) == pytest.approx(expected, abs=5e-4)


def test_a_link_fills_the_box_exactly() -> None:
    for query in ("I hate this", "100 % & a+b = c? #tag", "é 😀 שלום", " two  spaces "):
        at = linked(query)
        assert_answered(at)
        assert at.text_input(key="q").value == at.query_params["q"] == query


def test_the_link_follows_the_text() -> None:
    at = linked("I hate this")
    type_in(at, "I love this")
    assert at.query_params["q"] == "I love this"
    type_in(at, "")
    assert "q" not in at.query_params


def test_an_example_goes_into_the_box() -> None:
    at = home("something else")
    for example in examples():
        at.pills(key="example").set_value(example.name).run()
        assert_answered(at)
        assert at.text_input(key="q").value == example.text
        assert at.query_params["q"] == example.text
        assert at.pills(key="example").value is None  # so that the same one can be picked again
        assert any(example.reason in caption.value for caption in at.caption)


def test_what_the_steps_changed_is_told() -> None:
    at = home("@sam can't WAIT")
    texts = [text.strip() for html in at.html for text in Html(html.proto.body).texts]
    assert "@sam can't WAIT" in texts
    work = Preprocessing(SHIPPED).show_work("@sam can't WAIT")
    assert [step.text.strip() for step in work if step.changed and step.text.strip() not in texts] == []
    assert texts.count("no change") == sum(not step.changed for step in work)


@pytest.mark.parametrize(("text", "told"), [("it was n't good", 1), ("it wasn't good", 0)])
def test_a_contraction_that_a_tokeniser_split_is_told_of(text: str, told: int) -> None:
    at = home(text)
    assert_answered(at)
    assert sum("wasn't" in shown(line.value) for line in at.caption) == told


def test_parts_of_an_emoji_are_shown_by_name() -> None:
    at = home("good 👩🏽\u200d💻")
    assert_answered(at)
    names = ["good", "👩", "‹skin tone 🏽›", "‹joiner›", "💻"]
    assert strip(at)["words"] == names
    assert chart(at)["layout"]["xaxis"]["ticktext"] == names


# Texts that are hardly sentences


def test_no_word_invites() -> None:
    at = home()
    for text in ("", " ", "\t", "\u3000\u00a0", "\u2028"):
        assert_invites(type_in(at, text))
    assert_invites(linked(" "))


def test_only_punctuation_and_only_unknown_words_are_read() -> None:
    at = home()
    for text in ("...", "?!", "🤷", "- - -", ":)", "\u0301"):
        assert_answered(type_in(at, text))
    for text in ("frabjous", "frabjous slithy toves", "שלום", "😀 😀"):
        assert_answered(type_in(at, text))
        assert len(at.warning) == 1


def test_the_first_line_says_who_predicts_what_and_the_words_are_coloured_by_it() -> None:
    at = home("not so good")
    said = Html(at.html[0].proto.body).texts[0]
    assert all(metric.label in said and metric.value in said for metric in at.metric)
    looks = strip(at)["looks"]
    assert [len(look["marks"]) for look in looks] == [3] * 3
    assert [mark[1].split(":")[0] for mark in looks[0]["marks"]] == [metric.label for metric in at.metric]
    for metric, (_colour, last) in zip(at.metric, looks[-1]["marks"], strict=True):
        assert last.startswith(f"{metric.label}: {metric.value} ")


def test_a_word_is_left_out_or_another_put_in_its_place() -> None:
    at = home("It is not SO good!")
    for chosen, act, text in [
        (2, lambda at: at.button(key="home words 0 left out").click(), "It is SO good!"),
        (3, lambda at: at.text_input(key="home words 0 other 3").set_value("really very"), "It is SO really very!"),
    ]:
        at.session_state["home words 0"] = {"picked": {"key": strip(at)["key"], "position": chosen}}
        sound(act(sound(at.run())).run())
        assert at.text_input(key="q").value == text


def test_some_unknown_words_are_counted_and_marked() -> None:
    at = home("love frabjous")
    captions = [caption.value for caption in at.caption]
    assert "1 of 2 tokens is not in the vocabulary (dashed, with a question mark)." in captions
    assert strip(at)["words"] == ["love", "frabjous"] and strip(at)["known"] == [True, False]
    assert not at.warning


def test_characters_that_do_not_print_raise_nothing() -> None:
    at = home()
    for text in ("a\0b", "\0", "love \x07 \x1b[31m", "\ufffe \uffff", "e\u0301" * 50, "\U0010ffff"):
        assert_answered(type_in(at, text))
        assert at.text_input(key="q").value == text
        assert "\0" not in "".join(strip(at)["words"])


def test_ten_thousand_words() -> None:
    at = home("love " * 10_000)
    assert_answered(at)
    assert [len(curve["y"]) for curve in chart(at)["data"]] == [10_000] * 3
    assert len(strip(at)["words"]) == 1_000 and strip(at)["more"] == "and 9,000 more tokens, read but not shown"
    assert "ticktext" not in chart(at)["layout"]["xaxis"]
    for word in ("<", "lo"):
        assert_answered(type_in(at, word * 20_000))


@pytest.mark.parametrize("length", [2_000, 2_001])
@pytest.mark.parametrize("given", [home, linked])
def test_a_long_text_is_not_in_the_link_and_the_page_says_so(given: Callable[[str], AppTest], length: int) -> None:
    text = ("love " * 500)[: length - 1] + "!"
    at = given(text)
    assert_answered(at)
    assert at.text_input(key="q").value == text
    told = [caption.value for caption in at.caption if "2,000" in caption.value]
    if length <= 2_000:
        assert at.query_params["q"] == text
        assert told == []
    else:
        assert "q" not in at.query_params
        assert len(told) == 1 and "2,001" in told[0]


# Models that are not as they should be


def _truncate_weights(folder: Path) -> None:
    path = folder / checkpoints.WEIGHTS
    path.write_bytes(path.read_bytes()[:-100])


def _remove_card(folder: Path) -> None:
    (folder / checkpoints.CARD).unlink()


def _card(content: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / checkpoints.CARD).write_text(content, encoding="utf-8")

    return write


# `tests/models/test_checkpoints.py` has every kind.
DAMAGES: dict[str, Callable[[Path], None]] = {
    "truncated weights": _truncate_weights,
    "no card": _remove_card,
    "card nested without end": _card("[" * 100_000),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_model_is_left_out_with_one_line(damage: Callable[[Path], None], own_checkpoints: Path) -> None:
    damage(own_checkpoints / "gru")
    at = home()
    sound(at)
    (warning,) = at.warning
    assert warning.value == "One model is left out."
    (fault,) = faults(at)
    assert "gru" in fault and "\n" not in fault
    assert [metric.label for metric in at.metric] == ["RNN", "LSTM"]
    assert [curve["name"] for curve in chart(at)["data"]] == ["RNN", "LSTM"]
    assert not at.error


@pytest.mark.parametrize("there", [True, False], ids=["empty folder", "no folder"])
def test_no_model_at_all_is_one_clear_error(there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "none"
    if there:
        folder.mkdir()
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(folder))
    at = home("I love this")
    sound(at)
    assert len(at.error) == 1
    assert at.text_input(key="q").value == "I love this"
    assert not at.metric
    assert not at.warning
    assert not at.get("plotly_chart")


def test_all_models_damaged_tells_of_each(own_checkpoints: Path) -> None:
    for folder in own_checkpoints.iterdir():
        _truncate_weights(folder)
    at = home()
    sound(at)
    assert [warning.value for warning in at.warning] == ["3 models are left out."]
    for name, fault in zip(("rnn", "gru", "lstm"), faults(at), strict=True):
        assert f"'{name}'" in fault
    assert len(at.error) == 1


def test_what_is_wrong_is_folded_and_never_markdown(own_checkpoints: Path) -> None:
    hostile = "![picture](https://hostile.example/fault.png)"
    card = checkpoints.read_card("gru", own_checkpoints)
    model = checkpoints.load("gru", own_checkpoints)
    checkpoints.save("gru", model.model.state_dict(), model.vocabulary, card | {"cell": hostile}, own_checkpoints)
    at = home()
    (fault,) = faults(at)
    assert hostile in fault
    assert {element.type for element in elements(at) if hostile in str(getattr(element, "proto", ""))} == {"text"}
    assert not next(fold for fold in at.expander if fold.label == "Problems").proto.expanded


def test_a_retrained_model_takes_the_place_of_the_old_one(own_checkpoints: Path) -> None:
    at = home()
    before = probability(at, "lstm")
    rnn = checkpoints.load("lstm")
    with_other_bias = rnn.model.state_dict() | {"linear.bias": rnn.model.linear.bias + 1.0}
    checkpoints.save("lstm", with_other_bias, rnn.vocabulary, rnn.card)
    at.run()
    assert_answered(at)
    assert probability(at, "lstm") > before


# The other pages


def test_every_page_opens_from_the_home_page_and_back_whatever_the_models(own_checkpoints: Path) -> None:
    for damages, answering in (((), ["RNN", "GRU", "LSTM"]), ((_truncate_weights, _card("[]")), ["LSTM"])):
        for damage, name in zip(damages, ("gru", "rnn"), strict=False):
            damage(own_checkpoints / name)
        forget()
        at = home("I love this")
        for script in PAGES:
            sound(at.switch_page(script).run())
            assert at.title
            sound(at.switch_page("app.py").run())
            assert [metric.label for metric in at.metric] == answering
            assert at.text_input(key="q").value == "I love this"


def test_the_models_page_shows_every_report() -> None:
    at = home()
    at.switch_page("pages/6_Models.py").run()
    sound(at)
    assert at.dataframe[0].value["model"].tolist() == ["RNN", "GRU", "LSTM"]
    assert [cell[:7] for cell in at.dataframe[0].value["accuracy (95 % interval)"]] == ["75.0% ("] * 3
    names = [[curve["name"] for curve in json.loads(found.proto.spec)["data"]] for found in at.get("plotly_chart")]
    assert names == [["RNN", "GRU", "LSTM"]] * 2


def test_a_model_without_a_report_is_still_shown(own_checkpoints: Path) -> None:
    for name in ("rnn", "gru", "lstm"):
        found = checkpoints.load(name)
        checkpoints.save(name, found.model.state_dict(), found.vocabulary, {**found.card, "metrics": {}})
    at = home()
    assert_answered(at)
    assert not [caption.value for caption in at.caption if caption.value.startswith("right for")]
    at.switch_page("pages/6_Models.py").run()
    sound(at)
    assert [info.value for info in at.info] == ["No model here has a report yet. Train with --report FILE to add one."]


# The cards


def models_page() -> AppTest:
    at = home()
    at.switch_page("pages/6_Models.py").run()
    sound(at)
    return at


def add_word_vectors(folder: Path, card: dict[str, Any] | None = None) -> None:
    classifier = checkpoints.read_card("rnn", folder)
    model = checkpoints.load("rnn", folder)
    card = card or {
        "kind": checkpoints.EMBEDDINGS,
        "preprocessing": classifier["preprocessing"],
        "settings": {"algorithm": "made up", "epochs": 3},
        "data": classifier["data"],  # the split too, as cards of word vectors once had it
        "versions": {"gensim": "4.0.0"},
        "intended_use": classifier["intended_use"],
        "limits": ["A word has one vector, [whatever](it) means."],
        "terms": classifier["terms"],
    }
    vectors = {"vectors": model.model.embedding.weight}
    checkpoints.save(checkpoints.WORD2VEC, vectors, model.vocabulary, card, folder)


def test_what_all_cards_say_is_said_once(own_checkpoints: Path) -> None:
    at = models_page()
    card = checkpoints.read_card("lstm", own_checkpoints)
    texts = [shown(found.value) for found in at.markdown]
    assert texts.count("**RNN, GRU, LSTM**") == 1
    for statement in (card["intended_use"], *card["limits"], card["terms"]):
        assert sum(text.count(f"- {statement}") for text in texts) == 1
    folds = {fold.label: fold for fold in at.expander}
    assert [label for label in folds if label.startswith("Card of")] == ["Card of RNN", "Card of GRU", "Card of LSTM"]
    assert [list(folds[f"Card of {name}"].markdown) for name in ("RNN", "GRU", "LSTM")] == [[], [], []]


def test_what_one_card_alone_says_is_in_that_card(own_checkpoints: Path) -> None:
    model = checkpoints.load("gru", own_checkpoints)
    card = checkpoints.read_card("gru", own_checkpoints)
    changed = card | {"limits": [*card["limits"][1:], "![own](limit) of it"], "hardware": {"device": "cuda"}}
    checkpoints.save("gru", model.model.state_dict(), model.vocabulary, changed, own_checkpoints)
    at = models_page()
    texts = [shown(found.value) for found in at.markdown]
    assert any(f"- {card['limits'][0]}" in text for text in texts[texts.index("**RNN, LSTM**") :])
    folds = {fold.label: fold for fold in at.expander}
    (own,) = folds["Card of GRU"].markdown
    assert shown(own.value) == "- ![own](limit) of it"
    assert "![own](limit)" not in own.value
    for name in ("rnn", "gru", "lstm"):
        found = checkpoints.read_card(name, own_checkpoints)
        table = folds[f"Card of {model_name(name)}"].dataframe[0].value
        rows = set(zip(table["part"], table["name"], table["value"], strict=True))
        assert ("settings", "cell", name) in rows
        assert {("versions", key, value) for key, value in found["versions"].items()} <= rows
        assert (("hardware", "device", "cuda") in rows) == (name == "gru")


def test_the_word_vectors_have_a_card_too(own_checkpoints: Path) -> None:
    assert not [fold for fold in models_page().expander if "word2vec" in fold.label]
    add_word_vectors(own_checkpoints)
    at = models_page()
    fold = next(fold for fold in at.expander if fold.label == "Card of word2vec")
    assert "1,000 rows of made_up.parquet" in fold.text[0].value
    assert shown(fold.markdown[0].value) == "- A word has one vector, [whatever](it) means."
    assert ("settings", "algorithm", "made up") in set(fold.dataframe[0].value.itertuples(index=False, name=None))
    assert "**RNN, GRU, LSTM, word2vec**" in [shown(found.value) for found in at.markdown]


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_word_vectors_leave_the_models_page_whole(
    damage: Callable[[Path], None], own_checkpoints: Path
) -> None:
    add_word_vectors(own_checkpoints)
    card = own_checkpoints / checkpoints.WORD2VEC / checkpoints.CARD
    before = card.read_bytes()
    damage(card.parent)
    at = models_page()
    assert at.dataframe[0].value["model"].tolist() == ["RNN", "GRU", "LSTM"]
    has_card = "Card of word2vec" in [fold.label for fold in at.expander]
    if card.is_file() and card.read_bytes() == before:  # no more than the card is read here
        assert has_card and not at.warning
    else:
        assert not has_card
        assert [warning.value for warning in at.warning] == ["One model is left out."]
        assert checkpoints.WORD2VEC in faults(at)[0]


def test_a_card_with_hardly_anything_is_shown(own_checkpoints: Path) -> None:
    add_word_vectors(own_checkpoints, {"kind": checkpoints.EMBEDDINGS, "preprocessing": []})
    assert "Card of word2vec" in [fold.label for fold in models_page().expander]


# Names


def test_every_step_and_every_variant_of_the_study_has_a_name_of_its_own() -> None:
    from core.text.preprocessing import STEPS
    from core.training.ablations import variants
    from pages.wording import names

    assert list(names.steps()) == list(STEPS)
    labels = [names.variant({"group": variant.group, "name": variant.name}) for variant in variants()]
    assert len(set(labels)) == len(labels)
    assert labels[1:3] == ["seed: another seed", "preprocessing: without “HTML entities”"]
    assert {"hidden size: 64 units", "layers: 2 layers", "word2vec: 1 epoch", "word2vec: 10 epochs"} <= set(labels)
    assert names.variant({"group": "own", "name": "a <b> & 3 things"}) == "own: a <b> & 3 things"


def test_the_study_is_shown_under_translated_names(own_checkpoints: Path) -> None:
    shutil.copy(ROOT / "checkpoints" / "study.json", own_checkpoints / "study.json")
    at = models_page()
    figure = next(json.loads(found.proto.spec) for found in at.get("plotly_chart") if "base" in found.proto.spec)
    labels = {label for curve in figure["data"] for label in curve["y"]}
    assert {"preprocessing: without “repeated letters”", "hidden size: 64 units", "embeddings: frozen"} <= labels
    steps = next(table.value for table in at.dataframe if "steps added so far" in table.value)[
        "steps added so far"
    ].tolist()
    assert steps[:3] == ["none", "+ HTML entities", "+ lower case"]
