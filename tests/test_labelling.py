"""Two classes of any names: what --labels says, what a column tells, what is refused in one line that lists it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import labels
from core.corpus import SENTIMENT_LABELLING, read_corpus
from core.labelling import of_file, parse
from core.labels import CLASSES, LONGEST, SENTIMENT, Labelling, check_names, name_of, probability_of, shared


def column(folder: Path, values: list[str], name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text("text,label\n" + "".join(f"some text,{value}\n" for value in values), encoding="utf-8")
    return path


def test_the_first_name_is_the_first_class() -> None:
    found = parse("no=ham, yes = spam")
    assert found.names == ("ham", "spam") and found.values == {"no": 0, "yes": 1}
    assert parse("YES=spam,no=ham").names == ("spam", "ham")
    assert parse("1=a,2=a,3.0=b").values == {"1": 0, "2": 0, "3": 1}


def test_sentiment_is_sentiment_whichever_comes_first() -> None:
    found = parse("4=positive,0=negative")
    assert found.names == SENTIMENT and found.values == {"4": 1, "0": 0}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "VALUE=NAME,VALUE=NAME"),
        ("no=ham", "two classes; given 1: 'ham'"),
        ("a=x,b=y,c=z", "two classes; given 3: 'x', 'y', 'z'"),
        ("no=ham,no=spam", "'no' two names: 'ham' and 'spam'"),
        ("no=ham,yes", "VALUE=NAME,VALUE=NAME"),
        ("no=ham,yes=", "VALUE=NAME,VALUE=NAME"),
        ("no=ham,yes=HAM", "two different names"),
        (f"no=ham,yes={'x' * (LONGEST + 1)}", f"1 to {LONGEST} characters"),
        ("no=ham,yes=a\u202eb", "that print"),
        ("no=ham,yes=a\x1b[31m", "that print"),
    ],
)
def test_labels_that_cannot_be_are_one_line(text: str, says: str) -> None:
    with pytest.raises(ValueError) as error:
        parse(text)
    assert says in str(error.value) and "\n" not in str(error.value) and str(error.value).isprintable()


@pytest.mark.parametrize("names", [None, "ab", ["a"], ["a", "b", "c"], ["a", 1], ["", "b"], [" a", "b"], ["a", "A"]])
def test_names_that_cannot_be_are_refused(names: object) -> None:
    with pytest.raises(ValueError):
        check_names(names)


def test_a_column_tells_its_own_classes_in_alphabetical_order(tmp_path: Path) -> None:
    found = of_file(column(tmp_path, ["Spam", "ham", "spam "]), None, None)
    assert found.names == ("ham", "spam") and found.values == {"ham": 0, "spam": 1}
    corpus = read_corpus(tmp_path / "t.csv", labelling=found)
    assert corpus.labels.tolist() == [1, 0, 1] and corpus.labelling is found


@pytest.mark.parametrize("values", [["0", "1"], ["negative", "1", "2"], ["positive"]])
def test_usual_labels_stay_sentiment(tmp_path: Path, values: list[str]) -> None:
    assert of_file(column(tmp_path, values), None, None) is SENTIMENT_LABELLING


def test_the_public_file_of_tweets_stays_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "public.csv"
    path.write_text("0,1,Mon,q,ann,sad\n4,2,Mon,q,bob,glad\n", encoding="utf-8")
    assert of_file(path, None, None) is SENTIMENT_LABELLING
    with pytest.raises(ValueError, match=r"label '4' is not one of"):
        read_corpus(path, labelling=Labelling(("a", "b"), {"0": 0, "1": 1}))


def test_three_values_are_listed_with_how_often_they_occur(tmp_path: Path) -> None:
    path = column(tmp_path, ["ham"] * 3 + ["spam"] * 2 + ["eggs"])
    with pytest.raises(ValueError) as error:
        of_file(path, None, None)
    said = str(error.value)
    assert "column 'label' is to hold two labels; it holds 3 values: 'ham' (3), 'spam' (2), 'eggs' (1)" in said
    with pytest.raises(ValueError) as error:
        of_file(path, None, None, parse("ham=h,spam=s"))
    assert "it holds 3 values" in str(error.value) and "not named: 'eggs'" in str(error.value)


def test_a_mixture_with_usual_labels_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"it holds 2 values: '1' \(1\), '7' \(1\); name two values with --labels"):
        of_file(column(tmp_path, ["1", "7"]), None, None)
    assert of_file(column(tmp_path, ["1", "7"]), None, None, parse("1=a,7=b")).values == {"1": 0, "7": 1}


def test_a_named_value_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not there: 'yes'"):
        of_file(column(tmp_path, ["no", "no"]), None, None, parse("no=ham,yes=spam"))


def test_a_column_of_texts_is_no_column_of_labels(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than 1,000 different values") as error:
        of_file(column(tmp_path, [f"value {number} {'x' * 100}" for number in range(1_200)]), None, None)
    assert len(str(error.value)) < 700
    with pytest.raises(ValueError, match=r"it holds 20 values: .* and 12 more"):
        of_file(column(tmp_path, [f"v{number}" for number in range(20)]), None, None)


def test_missing_and_double_columns_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="no column 'mood'; it has: text, label"):
        of_file(column(tmp_path, ["a", "b"]), "mood", None)
    double = tmp_path / "double.csv"
    double.write_text("text,label,label\na,ham,spam\n", encoding="utf-8")
    with pytest.raises(ValueError, match="2 columns 'label'; which one is meant"):
        of_file(double, None, None)


def test_several_models_share_their_names_or_have_none() -> None:
    assert shared([]) == SENTIMENT
    assert shared([("a", "b"), ["a", "b"]]) == ("a", "b")
    assert shared([("a", "b"), SENTIMENT]) == CLASSES
    assert probability_of(SENTIMENT) == "P(positive)" and probability_of(CLASSES) == "P(second class)"
    assert probability_of(("ham", "spam")) == "P(spam)" and labels.shown("spam") == "spam"
    assert [name_of(p, ("ham", "spam")) for p in (0.0, 0.4999, 0.5, 1.0)] == ["ham", "ham", "spam", "spam"]
