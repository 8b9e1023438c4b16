"""What label values mean: as the file says, as a person says, as a model's table had it; two meanings are refused."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data import labels
from core.data.corpus import read_corpus
from core.data.label_inference import (
    Column,
    LabelsError,
    Late,
    Meaning,
    common,
    decide,
    label_key,
    own_values,
    parse,
    together,
)
from core.data.labels import CLASSES, LONGEST, SENTIMENT, Labelling, Names, check_names, shared
from core.data.targets import probability_of
from tests.data.tables import write

COLUMN = Column("t.csv", "label")
MOODS = Labelling(SENTIMENT)
MAIL = Labelling(("ham", "spam"))
THREE = Labelling(("negative", "neutral", "positive"))


def read(values: str, model: Labelling | None = MOODS, asked: str = "", column: Column = COLUMN) -> Meaning:
    """The meaning of values that are written apart, each of which occurs twice."""
    found = dict.fromkeys(map(label_key, values.split()), 2)
    return decide(found, model, parse(asked) if asked else {}, column=column)


@pytest.mark.parametrize(
    ("values", "means", "guess"),
    [
        ("0 1", {"0": 0, "1": 1}, False),
        ("1", {"1": 1}, False),
        ("1.0 0.0 -0 +1", {"0": 0, "1": 1}, False),
        ("neg POS neutral Negative", {"neg": 0, "pos": 1, "neutral": None, "negative": 0}, False),
        ("0 pos mixed", {"0": 0, "pos": 1, "mixed": None}, False),
        ("0 4", {"0": 0, "4": 1}, True),
        ("0 2 4", {"0": 0, "2": None, "4": 1}, True),
        ("-1 1", {"-1": 0, "1": 1}, True),
        ("\u22121 0 +1", {"-1": 0, "0": None, "1": 1}, True),
        ("True False", {"true": 1, "false": 0}, True),
    ],
)
def test_one_plausible_meaning_is_taken_and_a_guess_named_as_one(
    values: str, means: dict[str, int | None], guess: bool
) -> None:
    found = read(values)
    assert (found.values, found.guess, found.unknown) == (means, guess, ())
    assert ("this is a guess; change it with --labels" in found.line) == guess == bool(found.line)
    if values != "True False" and (guess or not any(map(str.isdigit, values))):
        assert read(values, THREE).values == {value: {None: 1, 0: 0, 1: 2}[number] for value, number in means.items()}


def test_a_model_of_three_classes_takes_neutral_as_one_and_asks_where_it_stands() -> None:
    assert read("neu 0.0 4.0", THREE).values == {"neu": 1, "0": 0, "4": 2}
    assert read("positive neutral -", THREE, "neutral=-,-=-").values == {"positive": 2, "neutral": None, "-": None}
    for values in ("0 1 2", "0 1", "0 2", "1 2 3", "1 2 3 4 5"):
        with pytest.raises(LabelsError, match="neutral, positive or -" if values.endswith("5") else "Say which: "):
            read(values, THREE)
    topics = Labelling(("food", "film", "sport"))
    assert read("0 1 2 film", topics).values == {"0": 0, "1": 1, "2": 2, "film": 1}
    assert read("food neutral", topics).values == {"food": 0, "neutral": None}
    stars = Labelling(tuple("12345"), {value: number for number, value in enumerate("12345")})
    assert read("1 3 5", stars).values == {"1": 0, "3": 2, "5": 4}
    assert read("1 2", stars).values == {"1": 0, "2": 1}


@pytest.mark.parametrize(
    ("values", "models"),
    [
        *((values, [MOODS]) for values in ("2", "4", "0 1 2 3 4", "0 1 3", "0.1 0.9", "-2 -1 0 1 2", "1 neutral 2")),
        *((values, [MOODS]) for values in ("01 00", "0 1 2 3", "0.5 1 1.5", "a b", "yes no", "-1 0 1 2")),
        *((values, [MOODS, MAIL, None]) for values in ("1 2", "0 2", "-1 0", "2 4", "1 7", "0 1 2", "1 2 3")),
        *((values, [MOODS, MAIL, None]) for values in ("1 2 3 4", "1 2 3 4 5", "0 1 9")),
    ],
)
def test_two_plausible_meanings_are_refused_with_options_that_are_then_taken(
    values: str, models: list[Labelling | None]
) -> None:
    for model in models:
        with pytest.raises(LabelsError) as error:
            read(values, model)
        said = str(error.value)
        assert said.startswith("t.csv: ") and "\n" not in said and "--labels" not in error.value.found
        assert all(f"{value} (2" in said or f"'{value}' (2" in said for value in values.split())
        options = [word for word in shlex.split(said.replace("--labels=", "")) if "=" in word]
        assert options and len(options) == said.count("--labels") and (len(options) >= 2 or len(models) == 1)
        for option in options:
            assert set(parse(option)) == {label_key(value) for value in values.split()} - {"neutral"}
            found = read(values, model, option)
            assert not found.guess
            numbers = set(found.values.values())
            assert len(models) == 1 or {0, 1} <= numbers <= {*range(len(found.names)), None}
            assert model is None or found.names == model.names


def test_what_may_be_neutral_is_asked_with_both_options() -> None:
    options = "--labels 0=negative,1=neutral,2=positive or --labels 0=negative,1=positive,2=neutral"
    with pytest.raises(LabelsError, match=rf"0 \(2 rows\), 1 \(2\), 2 \(2\): .*: {options}$"):
        read("0 1 2")
    with pytest.raises(LabelsError, match=r"--labels 1=negative,2=positive or --labels 1=positive,2=negative$"):
        read("1 2")


def test_a_rare_minus_one_beside_0_and_1_may_mean_no_label() -> None:
    rare = {"0": 50, "1": 41, "-1": 4}
    for model in (MOODS, None):
        with pytest.raises(LabelsError) as error:
            decide(rare, model, column=COLUMN)
        for option in ("-1=negative,0=neutral,1=positive", "-1=neutral,0=negative,1=positive"):
            assert f"--labels={option}" in str(error.value)
        as_marks = decide(rare, model, parse("-1=neutral"), column=COLUMN)
        assert as_marks.values == {"0": 0, "1": 1, "-1": None} and not as_marks.guess
        for asked in ("-1=negative", "0=neutral"):
            assert decide(rare, model, parse(asked), column=COLUMN).values == {"0": None, "1": 1, "-1": 0}
        often = decide({"0": 50, "1": 40, "-1": 4}, model, column=COLUMN)
        assert often.guess and often.values == {"0": None, "1": 1, "-1": 0}
    assert "-1 = negative (1 row), 1 = positive (1)" in decide({"-1": 1, "1": 1}, MOODS, column=COLUMN).line
    graded = Labelling(SENTIMENT, {"-1": 0, "0": None, "1": 1})
    assert decide(rare, graded, column=COLUMN).values == graded.values


@given(
    st.sets(st.integers(-3, 10), min_size=1, max_size=6),
    st.sampled_from([MOODS, MAIL, Labelling(("a", "b"), {"1": 0, "2": 1}), Labelling(SENTIMENT, {"2": 0, "1": 1})]),
)
def test_numbers_mean_what_anybody_said_or_nothing(numbers: set[int], model: Labelling) -> None:
    found = dict.fromkeys(map(str, numbers), 1)
    try:
        means: Mapping[str, int | None] = decide(found, model, column=COLUMN).values
    except LabelsError:
        means = {}
    if numbers <= {0, 1} and not model.values:
        assert means == {str(number): number for number in numbers}
    elif means and found.keys() <= model.values.keys():
        assert means == {value: model.values[value] for value in found}
    elif means:
        assert model.names == SENTIMENT and (numbers <= {-1, 0, 1} or numbers <= {0, 2, 4})
        assert all(model.values.get(value, number) == number for value, number in means.items())
    whole = ",".join(f"{value}={model.names[place % 2]}" for place, value in enumerate(found))
    assert decide(found, model, parse(whole), column=COLUMN).values == {
        value: place % 2 for place, value in enumerate(found)
    }


def test_what_is_asked_wins_and_what_it_leaves_open_must_follow() -> None:
    assert read("0 1 2", asked="2=neutral").values == {"0": 0, "1": 1, "2": None}
    assert read("0 1 2", asked="0=neg,1=-,2=POS").values == {"0": 0, "1": None, "2": 1}
    assert read("0 1 joy", asked="joy=positive").values == {"0": 0, "1": 1, "joy": 1}
    assert read("a b c", MAIL, "a=ham,b=ham,c=spam").values == {"a": 0, "b": 0, "c": 1}
    for values, asked in (("0 1 2", "2=positive"), ("0 1", "1=negative"), ("1 2 3", "1=negative,2=positive")):
        with pytest.raises(LabelsError):
            read(values, asked=asked)


def test_a_name_that_is_no_class_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="--labels: 'ham' is not one of the names: negative, positive, or neutral"):
        read("0 1", asked="0=ham,1=spam")
    with pytest.raises(ValueError, match="'positive' is not one of the names: ham, spam"):
        read("0 1", MAIL, "0=ham,1=positive")
    with pytest.raises(ValueError, match="the label 'neg' cannot stand for both negative and positive"):
        read("neg pos", asked="neg=positive")
    with pytest.raises(ValueError, match="the label 'odd' cannot stand for both ham and spam"):
        together({"odd": "ham"}, {"odd": "spam"})


def test_the_public_file_of_tweets_has_a_meaning_of_its_own() -> None:
    column = COLUMN._replace(sentiment140=True)
    for values in ("0", "0 2", "0 4", "0 2 4"):
        found = read(values, column=column)
        assert found.values == {value: {"0": 0, "2": None, "4": 1}[value] for value in values.split()}
        assert not found.guess and not found.line
    with pytest.raises(LabelsError):
        read("0 1", column=column)
    with pytest.raises(LabelsError):
        read("0 4", MAIL, column=column)


def test_the_values_of_a_models_own_table_keep_their_meaning() -> None:
    mail = Labelling(("ham", "spam"), {"1": 0, "2": 1, "junk": 1})
    assert read("1 2 junk ham", mail).values == {"1": 0, "2": 1, "junk": 1, "ham": 0}
    assert "1 = ham (2 rows), 2 = spam (2)" in read("1 2", mail).line
    for values in ("0 1", "1", "0", "1 2 3"):  # 1 would be the first class by the card, the second as everywhere
        with pytest.raises(LabelsError):
            read(values, mail)
    graded = Labelling(SENTIMENT, {"0": 0, "1": None, "2": 1})
    assert read("0 1 2", graded).values == graded.values
    with pytest.raises(LabelsError):
        read("0 1", graded)
    assert read("0 1", Labelling(SENTIMENT, {"0": 0, "4": 1})).values == {"0": 0, "1": 1}


def test_models_pool_their_values_but_not_those_on_which_they_differ() -> None:
    one, other = Labelling(SENTIMENT, {"1": 0, "2": 1}), Labelling(SENTIMENT, {"1": 1, "5": 1})
    assert common({"a": one, "b": other, "c": MOODS}) == Labelling(SENTIMENT, {"2": 1, "5": 1})
    with pytest.raises(ValueError, match="a has the classes negative, positive, b has ham, spam"):
        common({"a": one, "b": MAIL})


def test_what_a_card_keeps() -> None:
    for values, asked, kept in (
        ("0 1 neutral", "", {}),
        ("1 2", "1=neg,2=pos", {"1": 0, "2": 1}),
        ("0 1 2", "2=-", {"0": 0, "1": 1, "2": None}),
        ("spam ham", "", {"ham": 0, "spam": 1}),
    ):
        meaning = read(values, None, asked)
        assert own_values(Labelling(meaning.names, meaning.values)) == kept


def test_a_later_value_that_changes_those_before_is_refused_with_its_row() -> None:
    for value, found in (("2", {"0": 9, "1": 9, "2": 1}), ("-1", {"0": 9, "1": 9, "-1": 1})):
        with pytest.raises(LabelsError) as error:
            decide(found, MOODS, column=COLUMN, before={"0": 0, "1": 1}, late=Late(value, 500_001))
        assert f"{value} (1" in str(error.value) and "first in row 500,001)" in str(error.value)
    late = Late("2", 3)
    assert (
        decide({"0": 1, "4": 1, "2": 1}, MOODS, column=COLUMN, before={"0": 0, "4": 1}, late=late).values["2"] is None
    )


def test_unknown_words_are_left_to_the_reader_unless_nothing_is_known() -> None:
    assert read("pos neg odd").unknown == ("odd",)
    with pytest.raises(LabelsError, match="no label in column 'label' is understood; it holds 'neutral' "):
        read("odd neutral")
    with pytest.raises(LabelsError, match="not understood: 'odd'"):
        read("pos neg odd", None, "pos=positive,neg=negative")


# Training


def table(folder: Path, values: list[str]) -> Path:
    return write(folder / "t.csv", {"text": ["some text"] * len(values), "label": values})


def test_a_column_tells_its_own_classes_in_alphabetical_order(tmp_path: Path) -> None:
    corpus = read_corpus(table(tmp_path, ["Spam", "ham", "spam ", ""]))
    assert corpus.labels.tolist() == [1, 0, 1] and corpus.skipped == 1
    assert corpus.labelling == Labelling(("ham", "spam"), {"spam": 1, "ham": 0, "": None})
    assert read("mixed pure", None).names == ("mixed", "pure") and read("true false", None).names == ("false", "true")


@pytest.mark.parametrize("missing", ["NaN", "nan", "NULL", "NA", "n/a", "<NA>"])
def test_a_missing_value_is_no_class_and_is_told_of(missing: str, tmp_path: Path) -> None:
    corpus = read_corpus(table(tmp_path, ["spam", "", missing, "ham", "ham"]))
    assert corpus.labelling.names == ("ham", "spam") and corpus.labels.tolist() == [1, 0, 0] and corpus.skipped == 2
    assert f"'{missing.lower()}' = neutral (1, left out)" in corpus.read_as
    with pytest.raises(ValueError, match="no label in column 'label' is understood"):
        read_corpus(table(tmp_path, ["spam", "spam", "", missing]))
    found = read(f"0 1 {missing}")
    assert found.values[missing.lower()] is None and not found.unknown and "left out" in found.line
    named = read(f"{missing} spam", None, f"{missing}=ham,spam=spam")  # who says so has a class of it
    assert named.values == {missing.lower(): 0, "spam": 1} and not named.line
    assert read("none some", None).names == ("none", "some")


def test_sentiment_is_sentiment_and_what_other_classes_are_is_asked() -> None:
    for values in ("0 1", "negative 1 neutral", "positive", "0 4", "-1 1"):
        assert read(values, None).names == SENTIMENT
    for values in ("1 2", "1 7", "0 1 2", "ham 1", "ham", "neutral 7"):
        with pytest.raises(LabelsError, match=r"your own"):
            read(values, None)


@pytest.mark.parametrize(
    ("values", "asked", "names"),
    [
        ("positive neu negative", "", THREE.names),
        ("positive neutral negative mixed none", "", THREE.names),
        ("positive neutral negative", "neutral=-", SENTIMENT),
        ("positive neutral negative irrelevant", "", (*THREE.names, "irrelevant")),
        ("ham spam eggs", "", ("eggs", "ham", "spam")),
        ("ham spam none", "", ("ham", "none", "spam")),
        ("neutral angry", "", ("angry", "neutral")),
        ("0 1 2", "0=neg,2=neu,1=pos", THREE.names),
        ("0 1 2", "2=neutral", SENTIMENT),
        ("1 2 3", "1=low,2=high,3=neutral", ("low", "high", "neutral")),
        ("1 2 3", "1=low,2=high,3=-", ("low", "high")),
        ("1 2 3 4 5", "1=1,2=2,3=3,4=4,5=5", tuple("12345")),
        ("ham spam eggs", "eggs=spam", ("spam", "ham")),
        ("pos neg neutral meh", "meh=neutral", THREE.names),
    ],
)
def test_two_to_twenty_words_are_classes_and_neutral_among_them(values: str, asked: str, names: Names) -> None:
    found = read(values, None, asked)
    assert found.names == names and {number for number in found.values.values() if number is not None} == {
        *range(len(names))
    }
    assert ("neutral=- leaves out" in found.line) == ("neutral" in names and "neutral" in values.split())
    again = Labelling(found.names, own_values(Labelling(found.names, found.values)))
    assert read(values, again, asked).values == found.values


@pytest.mark.parametrize(
    ("counts", "asked", "says"),
    [
        ({"positive": 90, "negative": 80, "neutral": 9, "positve": 2}, "", "--labels positve=positive or"),
        ({"ham": 9, "spam": 9, "eggs": 1}, "", "--labels eggs=- or|or --labels eggs=eggs if"),
        ({f"v{number}": 1 for number in range(20)}, "", "and 12 more"),
        ({f"v{number}": 9 for number in range(21)}, "", "and 13 more: more words than the 20 classes"),
        ({"a": 9, "b": 9}, ",".join(f"{n}=v{n}" for n in range(21)), "2 to 20 classes, beside -; given 21: 'v0'"),
        ({"a": 9, "b": 9}, "a=x,b=y,c=z", "missing: 'c'"),
        ({"no": 9}, "no=ham", "given 1: 'ham'"),
    ],
)
def test_a_class_that_is_mistyped_too_small_or_one_too_many(counts: dict[str, int], asked: str, says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("(", "\\(")) as error:
        decide(counts, None, parse(asked) if asked else {}, column=COLUMN)
    assert str(error.value).isprintable()
    for word in ("positve", "eggs"):
        if word in counts:
            for other in (*(name for name in counts if name != word), "-", word):
                assert word in decide(counts, None, {word: other}, column=COLUMN).values


def test_the_first_name_is_the_first_class() -> None:
    assert read("no yes", None, "no=ham, yes = spam").values == {"no": 0, "yes": 1}
    assert read("no yes", None, "YES=spam,no=ham").names == ("spam", "ham")
    assert read("1 2 3 9", None, "1=a,2=a,3.0=b,9=-").values == {"1": 0, "2": 0, "3": 1, "9": None}
    for asked in ("4=positive,0=negative", "4=pos,0=neg"):
        found = read("0 4", None, asked)
        assert found.names == SENTIMENT and found.values == {"4": 1, "0": 0}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        *((text, "VALUE=NAME,VALUE=NAME") for text in ("", "no=ham,yes", "no=ham,yes=")),
        ("no=ham,no=spam", "'no' two names: 'ham' and 'spam'"),
        ("no=ham,yes=HAM", "'ham' and 'HAM'"),
        (f"no=ham,yes={'x' * (LONGEST + 1)}", f"1 to {LONGEST} "),
        ("no=ham,yes=a\u202eb", "'a\\u202eb'"),
        ("no=ham,yes=a\x1b[31m", "'a\\x1b[31m'"),
        ("no=ham,maybe=spam", "'maybe'"),
    ],
)
def test_labels_that_cannot_be_are_one_line(text: str, says: str) -> None:
    with pytest.raises(ValueError) as error:
        decide({"no": 2}, None, parse(text), column=COLUMN)
    assert says in str(error.value) and "\n" not in str(error.value) and str(error.value).isprintable()
    twenty = tuple(f"v{number}" for number in range(20))
    for names in (None, "ab", ["a"], [*twenty, "v20"], ["a", 1], ["", "b"], [" a", "b"], ["a", "b", "A"], ["a", "a"]):
        with pytest.raises(ValueError):
            check_names(names)
    assert check_names(["a", "b", "c"]) == ("a", "b", "c") and check_names(twenty) == twenty
    with pytest.raises(ValueError, match=r"2 to 20 classes, each with a name; given 21: \['v0'"):
        check_names([*twenty, "v20"])


def test_a_column_of_texts_is_no_column_of_labels(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than 1,000 different values") as error:
        read_corpus(table(tmp_path, [f"value {number} {'x' * 100}" for number in range(1_200)]))
    assert len(str(error.value)) < 700
    with pytest.raises(ValueError, match=r"holds .* and 12 more"):
        read_corpus(table(tmp_path, [f"v{number}" for number in range(20)]))


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"double\.csv has 2 columns .*'label'"):
        read_corpus(write(tmp_path / "double.csv", "text,label,label\na,ham,spam\n"))


def test_several_models_share_their_names_or_have_none() -> None:
    assert shared([]) == SENTIMENT
    assert shared([("a", "b"), ["a", "b"]]) == ("a", "b")
    assert shared([("a", "b"), SENTIMENT]) == CLASSES
    assert shared([("a", "b", "c"), ["a", "b", "c"]]) == ("a", "b", "c")
    assert probability_of(shared([("a", "b", "c"), SENTIMENT])) == "P(target class)"
    assert probability_of(SENTIMENT) == "P(positive)" and probability_of(CLASSES) == "P(second class)"
    assert probability_of(("ham", "spam")) == "P(spam)" and labels.shown("spam") == "spam"
