"""A dictionary of a dozen synsets, written by hand, gives the tables that one works out by hand."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from core.__main__ import main
from core.models import checkpoints
from core.text import wordnet
from core.text.lexicon import ANTONYMS, CLUSTERS, HEADER, INFLECTIONS, LEMMAS, LICENCE, PLAINER, SYNONYMS, Lexicon

HEAD = "  1 A licence  \n  2   \n  3 of two lines  \n"

# love and hate; admire is close to love; to steal, or pilfer, is to take; get shares a synset with take.
VERBS = """
00000010 37 v 02 love 0 adore 0 002 ! 00000020 v 0101 + 00000100 n 0101 01 + 08 00 | have affection; "he loves her"
00000020 37 v 01 hate 0 001 ! 00000010 v 0101 01 + 08 00 | dislike; "she hated it"
00000030 40 v 02 steal 0 pilfer 0 001 @ 00000040 v 0000 01 + 08 00 | take; "somebody stole it"; "it was stolen"
00000040 40 v 03 take 0 get_hold_of 0 get 0 000 01 + 08 00 | possess; "he took it"; "it was taken, not got"
00000050 38 v 01 steal 1 001 @ 00000060 v 0000 01 + 02 00 | move stealthily
00000060 38 v 01 move 0 000 01 + 02 00 | go; "it moved"
"""
NOUNS = """
00000100 12 n 01 love 0 002 ! 00000110 n 0101 + 00000010 v 0101 000 | affection
00000110 12 n 01 hate 0 001 ! 00000100 n 0101 | dislike, said of women
00000120 12 n 01 woman 0 000 | a person
00000130 12 n 01 Mars 0 000 | a planet; two planets
00000140 12 n 02 planet 0 world 0 000 | a body; "other worlds"
"""
# good and bad, with a satellite each; happy and sad are opposed through their adverbs only.
ADJECTIVES = """
00000200 00 a 01 good 0 002 ! 00000210 a 0101 & 00000220 a 0000 | as it should be; "better still"
00000210 00 a 01 bad 0 002 ! 00000200 a 0101 & 00000230 a 0000 | not good; "it got worse"
00000220 00 s 02 great 0 bang-up 0 001 & 00000200 a 0000 | very good; "greater, greatest"
00000230 00 s 01 awful(p) 0 001 & 00000210 a 0000 | very bad
00000240 00 a 01 happy 0 000 | glad
00000250 00 a 01 sad 0 000 | sorry
"""
ADVERBS = """
00000300 02 r 01 happily 0 002 ! 00000310 r 0101 \\ 00000240 a 0101 | with joy
00000310 02 r 01 sadly 0 002 ! 00000300 r 0101 \\ 00000250 a 0101 | with sorrow
"""
INDEX = {
    "verb": {
        "love": [10], "adore": [10], "hate": [20], "steal": [30, 50], "pilfer": [30], "take": [40], "get": [40],
        "get_hold_of": [40], "move": [60],
    },
    "noun": {"love": [100], "hate": [110], "woman": [120], "mars": [130], "planet": [140], "world": [140]},
    "adj": {
        "good": [200], "bad": [210], "great": [220], "bang-up": [220], "awful": [230], "happy": [240], "sad": [250],
    },
    "adv": {"happily": [300], "sadly": [310]},
}  # fmt: skip
EXCEPTIONS = {
    "verb": "stole steal\nstolen steal\ntook take\n",
    "noun": "",
    "adv": "",
    "adj": "better good\nworse bad\n",
}
COUNTS = (
    "take%2:40:00:: 1 90\nget%2:40:00:: 1 120\nsteal%2:40:00:: 1 20\nmove%2:38:00:: 1 50\nlove%2:37:00:: 1 30\n"
    "planet%1:17:00:: 1 5\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The hand-written dictionary."""
    dictionary = tmp_path / "dict"
    dictionary.mkdir()
    data = {"verb": VERBS, "noun": NOUNS, "adj": ADJECTIVES, "adv": ADVERBS}
    for name, senses in INDEX.items():
        lines = [
            f"{lemma} {name[0]} {len(offsets)} 0 {len(offsets)} 0 {' '.join(f'{offset:08}' for offset in offsets)}  \n"
            for lemma, offsets in senses.items()
        ]
        (dictionary / f"index.{name}").write_text(HEAD + "".join(lines))
        (dictionary / f"data.{name}").write_text(HEAD + data[name].lstrip())
        (dictionary / f"{name}.exc").write_text(EXCEPTIONS[name])
    (dictionary / "cntlist.rev").write_text(COUNTS)
    return dictionary


def table(folder: Path, name: str) -> list[str]:
    return gzip.decompress((folder / name).read_bytes()).decode().splitlines()[HEADER:]


def test_the_tables_of_a_dictionary_written_by_hand(folder: Path, tmp_path: Path) -> None:
    words = ["loves", "hates", "stealing", "stealed", "adore"]
    made = wordnet.write(wordnet.read(folder), [words], tmp_path / "out")
    wordnet.write(wordnet.read(folder), [words[::-1]], tmp_path / "again")
    for file in (tmp_path / "out").iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()
    lemmas = {lemma for part in INDEX.values() for lemma in part}
    assert table(tmp_path / "out", LEMMAS) == sorted(lemmas - {"bang-up", "get_hold_of"})
    assert table(tmp_path / "out", ANTONYMS) == [
        "a\tbad\tgood\tdirect",
        "a\thappy\tsad\tderived",
        "n\thate\tlove\tdirect",
        "r\thappily\tsadly\tdirect",
        "v\thate\tlove\tdirect",
    ]
    assert table(tmp_path / "out", CLUSTERS) == ["awful bad\tgood great"]
    # To steal is to take, in 20 of its 20 occurrences; that it is to move as well is its second sense, never marked.
    assert table(tmp_path / "out", PLAINER) == [
        "adore\tlove", "pilfer\tget take steal", "steal\tget take", "take\tget",
    ]  # fmt: skip
    # Neither the marked texts nor the vocabulary hold "pilfer" or "world"; "great" is near to "good", but no synonym.
    assert table(tmp_path / "out", SYNONYMS) == [
        "n\tworld\tplanet", "v\tadore\tlove", "v\tget\ttake", "v\tlove\tadore", "v\tpilfer\tsteal", "v\ttake\tget",
    ]  # fmt: skip
    rows = {tuple(row.split("\t")[:2]): row.split("\t")[2:] for row in table(tmp_path / "out", INFLECTIONS)}
    assert rows == {
        ("v", "love"): ["loves", "", "", ""],
        ("v", "hate"): ["hates", "hated", "hated", ""],
        ("v", "steal"): ["", "stole", "stolen", "stealing"],
        ("v", "take"): ["", "took", "taken", ""],
        ("v", "get"): ["", "got", "got", ""],
        ("v", "move"): ["", "moved", "moved", ""],
        ("n", "love"): ["loves"],
        ("n", "hate"): ["hates"],
        ("n", "woman"): ["women"],
        ("n", "planet"): ["planets"],
        ("n", "world"): ["worlds"],
        ("a", "good"): ["better", ""],
        ("a", "bad"): ["worse", ""],
        ("a", "great"): ["greater", "greatest"],
    }
    assert made == {name: len(table(tmp_path / "out", name)) for name in made}
    assert (tmp_path / "out" / LICENCE).read_text() == "A licence\n\nof two lines\n"


def test_what_a_lexicon_makes_of_them(folder: Path, tmp_path: Path) -> None:
    wordnet.write(wordnet.read(folder), [["loves", "hates"]], tmp_path / "out")
    found = Lexicon(tmp_path / "out")
    assert found.antonyms("hated") == {"love"}  # "loved" stands nowhere
    assert found.antonyms("hates") == {"loves"}
    assert found.antonyms("sad") == {"happy"} and found.antonyms("better") == {"worse"}
    assert found.plainer("stole") == ("got", "took") and found.plainer("stolen") == ("got", "taken")
    assert found.synonyms("worlds") == ("planets",) and found.synonyms("planets") == ()
    assert found.synonyms("took") == found.synonyms("taken") == ("got",) and found.synonyms("get") == ("take",)
    assert found.synonyms("good") == found.synonyms("great") == found.synonyms("lol") == ()
    assert found.forms("took") == ("take", "taken")
    assert [found.opposed("hated", other) for other in ("loves", "adore", "hate")] == ["direct", None, None]
    assert [found.opposed("sad", other) for other in ("happy", "good")] == ["derived", None]
    opposed = [found.opposed("greatest", other) for other in ("awful", "worse", "better")]
    assert opposed == ["indirect", "indirect", None] and found.opposed("good", "awful") == "indirect"


@pytest.mark.parametrize("line", ["nonsense", "00000010 37 v zz love", "00000010 37 v 09 love 0 000 | too few words"])
def test_a_damaged_line_is_named(folder: Path, line: str) -> None:
    (folder / "data.verb").write_text(HEAD + line + "\n")
    with pytest.raises(ValueError, match=r"^data\.verb, line 4: not a synset of WordNet's format$"):
        wordnet.read(folder)


def test_the_command_makes_the_tables(
    folder: Path, tmp_path: Path, tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    assert checkpoints.names()
    assert main(["lexicon", "--wordnet", str(folder), "--out", str(tmp_path / "out")]) == 0
    assert f"{CLUSTERS}: 1 lines" in capsys.readouterr().out
    assert Lexicon(tmp_path / "out").antonyms("love") == {"hate"}
    assert main(["lexicon", "--wordnet", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 2
    assert "index.noun" in capsys.readouterr().err
