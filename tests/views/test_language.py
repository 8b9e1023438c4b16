"""Every view in Chinese: what it shows as its own words is Chinese, and so are core's errors and short names."""

from __future__ import annotations

import copy
import json
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from core.lab import formula
from core.lab.boosting.points import read_points
from core.lab.bptt import gradients
from core.lab.cells import exercise_text
from core.lab.mixture import points
from core.probes.attribution.results import NOTHING
from core.probes.checklist.templates import load
from core.probes.edits import changes, guards
from core.probes.edits.proposals import FLUENCY
from core.probes.permutations import composer
from core.probes.sarcasm.corpora import KNOWN
from core.probes.sarcasm.recipes import PATTERNS
from core.probes.units.linear_probes import CLASSES, POSITION
from core.runtime import i18n
from core.runtime.i18n import LazyMessage
from core.training.ablations import variants
from pages.wording import latex_words, terms
from pages.wording.names import variant as variant_name
from tests.app import EVERY, PAGES

ROOT = Path(__file__).parents[2]
HAN = re.compile("[\u4e00-\u9fff]")
TEXT = "better late than never"
# Where elements keep what a person reads, beside what a person has typed, and what only the browser reads.
READ = {"body", "label", "help", "placeholder", "delta", "text", "alt", "caption", "content", "content_help"}
DATA = ("bidi_component", "code", "json", "page_link")
OWN = re.compile(
    r"<style.*?</style>|<[^>]*>|`[^`]*`|\$[^$]*\$|%\{[^}]*\}|:material/\w+:|[“「『][^”」』]*[”」』]", re.DOTALL
)
NAMES = re.compile(r"Kendall|autograd|reg_covar|[\w.-]+\.(?:tsv|csv|parquet)|python -m .*")
YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def read(message: Message) -> Iterator[str]:
    """What a person reads of an element, by the names of its fields."""
    for field, value in message.ListFields():
        several = [value] if isinstance(value, (Message, str)) or not hasattr(value, "__iter__") else value
        for one in several:
            if isinstance(one, Message):
                yield from read(one)
            elif isinstance(one, str) and field.name in READ:
                yield one


def drawn(figure: dict[str, Any]) -> Iterator[str]:
    """A chart's own words: titles of it, its axes and colours, its legend, and what stands under the pointer."""
    for trace in figure["data"]:
        yield from (trace.get(name) or "" for name in ("name", "hovertemplate"))
        yield trace.get("colorbar", {}).get("title", {}).get("text", "")
    for name, part in figure["layout"].items():
        if name == "title" or name.startswith(("xaxis", "yaxis")):
            yield (part if name == "title" else part.get("title", {})).get("text", "")
    yield from (note["text"] for note in figure["layout"].get("annotations", ()))


def shown(at: AppTest) -> Iterator[str]:
    for element in (*at.main, *at.sidebar):
        proto = getattr(element, "proto", None)
        if element.type == "plotly_chart":
            yield from drawn(json.loads(proto.spec))
        elif element.type in ("arrow_data_frame", "dataframe", "table"):
            yield from (str(column) for column in element.value.columns)
        elif isinstance(proto, Message) and element.type not in DATA:
            yield from read(proto)


def english(text: str) -> bool:
    """Whether a line is of English words: two or more, and no Chinese beside them. Of an equation, its words."""
    if text.startswith("$$"):
        return any(len(re.findall(r"[a-z]{3,}", words)) > 1 for words in re.findall(r"\\text\{([^{}]*)\}", text))
    if len(YEAR.findall(text)) > 1:  # a list of papers
        return False
    own = NAMES.sub("", OWN.sub(" ", text))
    words = [word for word in re.findall(r"\b[a-z]{3,}\b", own) if word not in TEXT.split()]
    return not HAN.search(text) and len(words) > 1


@pytest.mark.parametrize(("where", "view"), EVERY)
def test_every_view_speaks_chinese(
    where: str, view: str, tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    at = AppTest.from_file(ROOT / "app.py", default_timeout=180)
    if where != "Home":
        at.switch_page(str(PAGES[where].relative_to(ROOT)))
    at.query_params.update({"lang": "zh-TW", "q": TEXT})
    if view:
        at.query_params["lab" if where == "Maths_Lab" else "view"] = view
    at.run()
    assert not at.exception
    lines = list(shown(at))
    assert any(HAN.search(line) for line in lines)
    assert [line for line in lines if english(line)] == []


def test_every_short_name_of_core_is_translated() -> None:
    names = [
        *(guard.name for guard in (guards.Polarity, guards.Antonyms, guards.Negations) if isinstance(guard.name, str)),
        *(guards.PASSED, guards.FAILED, guards.CANNOT_JUDGE, FLUENCY, "typeable", "protected words"),
        *changes.KINDS,
        *(pattern.name for pattern in PATTERNS),
        *(template.name for template in load()),
        *(pattern.name for pattern in composer.load()),
        *(name for task, several in CLASSES.items() if task != POSITION for name in several),
    ]
    studied = [{"group": variant.group, "name": variant.name} for variant in variants()[1:]]
    i18n.use(i18n.TRADITIONAL_CHINESE)
    assert [name for name in names if not HAN.search(terms.term(name))] == []
    assert [row for row in studied if not HAN.search(re.split("[:：]", variant_name(row))[-1])] == []
    assert [about for _columns, about in KNOWN.values() if not HAN.search(i18n.gettext(about))] == []
    assert terms.term("a file.csv") == "a file.csv"


def test_two_templates_have_two_names_in_chinese() -> None:
    i18n.use(i18n.TRADITIONAL_CHINESE)
    for several in (PATTERNS, load(), composer.load()):
        assert len({terms.term(one.name) for one in several}) == len(several)


def test_how_an_edit_was_made_is_told_name_by_name() -> None:
    line = "insert: ∅ → very; typo: good → godo; something of a person: 3"
    assert terms.parts(line) == line
    i18n.use(i18n.TRADITIONAL_CHINESE)
    assert terms.parts(line) == "插入：∅ → very；打錯字：good → godo；something of a person：3"


def test_words_within_an_equation() -> None:
    equation = r"\text{DIR up: } q < p, \quad \text{LSTM: } x \text{ without } w"
    assert latex_words.worded(equation) == equation
    i18n.use(i18n.TRADITIONAL_CHINESE)
    assert (
        latex_words.worded(equation)
        == "\\text{DIR 升\N{FULLWIDTH COLON} } q < p, \\quad \\text{LSTM: } x \\text{ 去掉 } w"
    )


def test_what_was_spent_follows_the_language_of_its_reader() -> None:
    spent = LazyMessage("{count:,} permutations, in antithetic pairs", count=2000)
    assert spent == "2,000 permutations, in antithetic pairs" == json.loads(json.dumps(spent))
    assert NOTHING == "" == NOTHING.worded()
    for kept in (spent, pickle.loads(pickle.dumps(spent)), copy.deepcopy(spent)):
        i18n.use(i18n.ENGLISH)
        assert kept.worded() == spent
        i18n.use(i18n.TRADITIONAL_CHINESE)
        assert (
            kept.worded() == "2,000 種排列\N{FULLWIDTH COMMA}兩兩對偶"
            and kept == "2,000 permutations, in antithetic pairs"
        )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: formula.parse("2 +", ["x"]), "the formula cannot be read near '+' at character 3"),
        (lambda: formula.parse("q", ["x"]), "the formula contains the unknown name 'q'"),
        (lambda: points.read_points("1, 2\n3"), "line 2 is '3'; expected two numbers, as in 0.5, 1.2"),
        (lambda: read_points("x"), "line 1 is 'x'; expected two numbers and a class"),
        (lambda: read_points("1, 1, a\n1, 1, b"), "all 2 points are equal"),
        (lambda: exercise_text.number("one", "gate z, b"), "gate z, b: 'one' is not a number"),
        (lambda: gradients.Exercise(x=(1.0,), y=2.0, w_i=1, w_h=1, w_o=1), "y is 2; the label must be 0, 1"),
    ],
)
def test_an_error_is_in_the_language_of_the_page(wrong: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        wrong()
    i18n.use(i18n.TRADITIONAL_CHINESE)
    with pytest.raises(ValueError, match=HAN.pattern):
        wrong()
