"""The shipped tables: opposites, synonyms, forms and plainer verbs that anybody would name; laws that hold for all."""

from __future__ import annotations

import pytest

from core.models import checkpoints
from core.text import lexicon
from core.text.lexicon import DIRECT, NEGATIONS, Lexicon, is_negation
from core.text.preprocessing import Preprocessing

LEXICON = lexicon.load()
WORDS = (checkpoints.root() / "lstm" / "vocabulary.txt").read_text(encoding="utf-8").splitlines()[2:]


@pytest.mark.parametrize(
    ("word", "opposite"),
    [
        ("hated", "loved"), ("loves", "hates"), ("better", "worse"), ("best", "worst"), ("women", "men"),
        ("good", "bad"), ("happy", "sad"), ("happy", "unhappy"), ("losing", "winning"), ("lost", "won"),
        ("quickly", "slowly"), ("joy", "sorrow"), ("bigger", "smaller"),
    ],
)  # fmt: skip
def test_opposites(word: str, opposite: str) -> None:
    assert opposite in LEXICON.antonyms(word) or LEXICON.opposed(word, opposite) == "indirect"
    assert LEXICON.opposed(opposite, word) == LEXICON.opposed(word, opposite)


def test_grades_are_kept_apart_and_hold_in_other_inflections() -> None:
    assert LEXICON.opposed("good", "bad") == DIRECT
    assert LEXICON.opposed("happy", "sad") == "derived"
    assert LEXICON.opposed("awful", "great") == "indirect"
    assert "great" not in LEXICON.antonyms("awful")
    assert LEXICON.opposed("awful", "dreadful") is None
    assert "love" not in LEXICON.antonyms("hated")
    assert LEXICON.opposed("hated", "love") == LEXICON.opposed("loving", "hates") == DIRECT


def test_forms_of_to_steal() -> None:
    assert LEXICON.forms("stolen") == ("steal", "steals", "stole", "stealing")
    assert set(LEXICON.forms("stole")) >= {"steal", "steals", "stolen", "stealing"}
    assert LEXICON.forms("stealed") == ()


def test_plainer_verbs_in_the_same_inflection() -> None:
    assert "took" in LEXICON.plainer("stole") and "taken" not in LEXICON.plainer("stole")
    assert "taken" in LEXICON.plainer("stolen") and "took" not in LEXICON.plainer("stolen")
    assert {"take", "taking"} <= {*LEXICON.plainer("steal"), *LEXICON.plainer("stealing")}
    assert "loved" in LEXICON.plainer("adored") and "bought" in LEXICON.plainer("purchased")
    assert LEXICON.plainer("garden") == () or "garden" not in LEXICON.plainer("garden")


def test_synonyms_in_the_same_inflection() -> None:
    assert LEXICON.synonyms("movie") == ("picture", "film", "flick", "pic")
    assert "films" in LEXICON.synonyms("movies") and "film" not in LEXICON.synonyms("movies")
    assert LEXICON.synonyms("terrible")[0] == "awful" and LEXICON.synonyms("lol") == ()
    assert "proceeded" in LEXICON.synonyms("went") and "quicker" in LEXICON.synonyms("faster")


def test_it_says_what_it_cannot_judge() -> None:
    judged = ["stolen", "wife", "happily", "better", "not", "was"]
    unknown = ["he", "the", "i", "who", "u", "lol", "!", "<url>", "", "frabjous", ":)", "of", "could"]
    assert [word for word in judged if not LEXICON.judges(word)] == []
    assert [word for word in unknown if LEXICON.judges(word)] == []


def test_laws_over_the_whole_vocabulary() -> None:
    for word in WORDS[::5]:
        opposites, forms = LEXICON.antonyms(word), LEXICON.forms(word)
        plainer, synonyms = LEXICON.plainer(word), LEXICON.synonyms(word)
        assert word not in {*opposites, *forms, *plainer, *synonyms}
        assert all(len(set(words)) == len(words) for words in (forms, plainer, synonyms))
        if opposites or forms or plainer or synonyms:
            assert LEXICON.judges(word), word
        for form in forms:
            assert word in LEXICON.forms(form), (word, form)
        for opposite in opposites:
            assert LEXICON.opposed(word, opposite) in ("direct", "derived"), (word, opposite)
            assert LEXICON.opposed(opposite, word), (word, opposite)


def test_the_table_of_inflections_holds_lemmas_of_the_source_each_with_forms_that_there_are() -> None:
    rows = [row.split("\t") for row in LEXICON._inflections]
    assert len({(part, lemma) for part, lemma, *_ in rows}) == len(rows) > 10_000
    none = {"stealed", "goed", "hurted", "catched", "womans", "gooder", "breaked", "tomatos"}
    for part, lemma, *columns in rows:
        assert part in "nvar" and lemma in LEXICON._lemmas and any(columns), lemma
        assert none.isdisjoint("/".join(columns).split("/")), lemma


def test_negations() -> None:
    tokens = Preprocessing()("I can't, won't and dont; it's never nothing, nobody hardly does")
    assert [token for token in tokens if is_negation(token)] == [
        "not", "not", "dont", "never", "nothing", "nobody", "hardly"
    ]  # fmt: skip
    assert is_negation("Isn’t") and is_negation("mustn't") and is_negation("NO")
    assert not [word for word in ("note", "knot", "want", "ant", "in", "can", "nt") if is_negation(word)]
    assert {"not", "never", "no", "n't"} <= NEGATIONS


def test_the_source_and_its_licence_are_named() -> None:
    licence = (lexicon.FOLDER / lexicon.LICENCE).read_text(encoding="ascii")
    assert "WordNet 3.0" in LEXICON.source
    assert "WordNet 3.0 Copyright 2006 by Princeton University.  All rights reserved." in licence
    assert "Permission to use, copy, modify and distribute" in licence
    assert sum(file.stat().st_size for file in lexicon.FOLDER.iterdir()) < 1_000_000
    assert (lexicon.FOLDER / lexicon.SYNONYMS).stat().st_size <= 300_000


def test_loading_is_lazy_and_done_once() -> None:
    assert lexicon.load() is lexicon.load()
    fresh = Lexicon(lexicon.FOLDER)
    assert set(vars(fresh)) == {"_folder"}
    fresh.plainer("stole")
    assert "_antonyms" not in vars(fresh) and "_synonyms" not in vars(fresh) and "_lemmas" not in vars(fresh)
