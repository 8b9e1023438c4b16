"""Is the whole interface there in every language, and does the page speak the one that was chosen?"""

from __future__ import annotations

import io
import re
import string
import tomllib
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from streamlit.testing.v1 import AppTest

from core.runtime import i18n

ROOT = Path(__file__).parents[2]
TRANSLATED = [name for name in i18n.LANGUAGES if name != i18n.ENGLISH]
PAGES = ("app.py", *(f"pages/{path.name}" for path in sorted((ROOT / "pages").glob("[0-9]*.py"))))
HAN = re.compile("[\u4e00-\u9fff]")
KEYWORDS = {"_": None, "gettext": None, "mark": None, "ngettext": (1, 2)}
_BABEL = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["babel"]["mappings"]
MAPPINGS = [(mapping["pattern"], mapping["method"]) for mapping in _BABEL]
SYMBOLS = re.compile(r"[$`]|\*\*|:material/\w+:")


def messages() -> dict[str, str]:
    """Every message in the code, by its singular: the plural where it has one."""
    found: dict[str, str] = {}
    for folder in ("core", "pages"):
        for _file, _line, message, _comments, _context in extract_from_dir(ROOT / folder, MAPPINGS, keywords=KEYWORDS):
            _take(message, found)
    for _line, message, _comments, _context in extract_from_file("python", ROOT / "app.py", keywords=KEYWORDS):
        _take(message, found)
    return found


def _take(message: str | tuple[str, ...], found: dict[str, str]) -> None:
    parts = (message,) if isinstance(message, str) else message
    if parts[0]:
        found[parts[0]] = parts[-1]


def catalogue(name: str) -> dict[str, Message]:
    path = i18n.LOCALE / name / "LC_MESSAGES" / f"{i18n.DOMAIN}.po"
    with path.open("rb") as file:
        return {key(entry): entry for entry in read_po(file) if entry.id}


def key(entry: Message) -> str:
    return entry.id if isinstance(entry.id, str) else entry.id[0]


def said(entry: Message) -> str:
    return entry.string if isinstance(entry.string, str) else entry.string[0]


def fields(text: str) -> list[str]:
    """The fields of a format string with their formats, sorted."""
    return sorted(
        f"{field}!{conversion}:{form}"
        for _literal, field, form, conversion in string.Formatter().parse(text.replace("%{", "{"))
        if field is not None
    )


@pytest.mark.parametrize("name", TRANSLATED)
def test_no_message_is_missing_and_none_is_left_over(name: str) -> None:
    assert set(catalogue(name)) == set(messages())


@pytest.mark.parametrize("name", TRANSLATED)
def test_every_message_is_translated_with_its_fields(name: str) -> None:
    plurals = messages()
    for singular, entry in catalogue(name).items():
        translated = said(entry)
        assert translated.strip(), singular
        assert not entry.fuzzy, singular
        assert fields(translated) == fields(plurals[singular]), singular
        signs, expected = (sorted(SYMBOLS.findall(text)) for text in (translated, plurals[singular]))
        assert signs == expected, singular


@pytest.mark.parametrize("name", TRANSLATED)
def test_what_is_read_at_run_time_is_what_was_written(name: str) -> None:
    folder = i18n.LOCALE / name / "LC_MESSAGES"
    with (folder / f"{i18n.DOMAIN}.po").open("rb") as file:
        compiled = io.BytesIO()
        write_mo(compiled, read_po(file))
    assert (folder / f"{i18n.DOMAIN}.mo").read_bytes() == compiled.getvalue()


def test_messages_follow_the_language() -> None:
    assert i18n.gettext("Home") == "Home"
    i18n.use(i18n.TRADITIONAL_CHINESE)
    assert i18n.current() == i18n.TRADITIONAL_CHINESE
    assert i18n.gettext("Home") == "首頁"
    assert i18n.titled("LSTM", "0.5") == "LSTM：0.5"
    assert i18n.gettext("no such message") == "no such message"
    i18n.use("xx")
    assert i18n.gettext("Home") == "Home"


def test_no_space_follows_a_full_stop_as_wide_as_a_character() -> None:
    assert i18n.together(["It is so.", "It is not."]) == "It is so. It is not."
    assert i18n.together(["如此。", "不然。", "P = 0.5。"]) == "如此。不然。P = 0.5。"
    assert i18n.together(["", "Alone."]) == "Alone."
    assert i18n.together([]) == ""


@pytest.mark.parametrize("script", PAGES)
def test_every_page_speaks_chinese(script: str) -> None:
    at = AppTest.from_file(ROOT / "app.py", default_timeout=180)
    if script != "app.py":
        at.switch_page(script)
    at.query_params["lang"] = "zh-TW"
    at.run()
    assert not at.exception
    assert at.query_params["lang"] in ("zh-TW", ["zh-TW"])
    titles = [found.value for found in at.title]
    assert titles == ["Unrolled"] or all(HAN.search(title) for title in titles)
    for found in (*at.header, *at.info, *at.button, *at.markdown):
        text = found.label if hasattr(found, "label") and found.type == "button" else found.value
        words = re.findall(r"\b[a-z]{3,}\b", re.sub(r"<[^>]*>|`[^`]*`|\$[^$]*\$", "", text))
        assert HAN.search(text) or len(words) < 4, text


def test_a_click_changes_the_language_and_the_link() -> None:
    at = AppTest.from_file(ROOT / "app.py", default_timeout=180).run()
    assert "lang" not in at.query_params
    at.sidebar.segmented_control(key="language").set_value(i18n.TRADITIONAL_CHINESE).run()
    assert at.query_params["lang"] in ("zh-TW", ["zh-TW"])
    assert any(HAN.search(found.value) for found in at.header)
    at.sidebar.segmented_control(key="language").set_value(i18n.ENGLISH).run()
    assert "lang" not in at.query_params
    assert not any(HAN.search(found.value) for found in at.header)


@pytest.mark.parametrize("told", ["<b>", "zh_TW", "../../etc", "xx", ""])
def test_a_language_that_is_none_is_english(told: str) -> None:
    at = AppTest.from_file(ROOT / "app.py", default_timeout=180)
    at.query_params["lang"] = told
    at.run()
    assert not at.exception
    assert at.header[0].value.isascii()
