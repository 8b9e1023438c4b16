"""Text is shown as what it is: emoji whole, lone parts of one by name, nothing that does not print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.commands.console import inert
from core.text.emoji import visible
from core.text.preprocessing import SHIPPED, Preprocessing
from tests.text.test_preprocessing import EMOJI


def test_a_whole_emoji_is_shown_as_it_is_and_no_part_as_a_number() -> None:
    for emoji in EMOJI:
        for show in (visible, inert):
            assert show(emoji) == emoji
            assert show(f"so {emoji} é!") == f"so {emoji} é!"
        shown = [visible(token) for token in Preprocessing(SHIPPED)(emoji)]
        assert shown and not any("U+" in token or "\\u" in token for token in shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u200d", "‹joiner›"),
        ("👩 \u200d 💻", "👩 ‹joiner› 💻"),
        ("\ufe0f", "‹variation selector›"),
        ("🏻!🏿", "‹skin tone 🏻›!‹skin tone 🏿›"),
        ("\u20e3", "‹keycap›"),
        ("\U000e0067\U000e007f", "‹tag g›‹tag end›"),
        ("a\u202eb\0", "aU+202EbU+0000"),
        ("\ud83d", "U+D83D"),
        ("plain", "plain"),
    ],
)
def test_what_does_not_print_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_terminal_gets_escapes_for_other_characters() -> None:
    assert inert("a\x1b[0m\nb\u202e\ud83d\u200d") == "a\\x1b[0m\nb\\u202e\\ud83d‹joiner›"


@given(st.text(st.one_of(st.characters(), st.characters(categories=("Cs",)), st.sampled_from("👩\u200d🏽\ufe0f🇩"))))
def test_everything_shown_prints_and_nothing_is_lost_but_what_does_not(text: str) -> None:
    shown = visible(text)
    for inside in ("\u200d", "\ufe0f"):  # as parts of an emoji
        shown = shown.replace(inside, "")
    assert all(char.isprintable() or "\U000e0020" <= char <= "\U000e007f" for char in shown)
    if text.isprintable() and not any(
        "\U0001f3fb" <= char <= "\U0001f3ff" or char in "\ufe0e\ufe0f\u20e3" for char in text
    ):
        assert shown == text
