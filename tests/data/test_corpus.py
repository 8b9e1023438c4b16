"""One table is one corpus in every format; bad files are refused in one line that says where; batches by replicas."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.corpus import (
    SENTIMENT_LABELLING,
    Corpus,
    Encoded,
    build_vocabulary,
    contradictory,
    encode,
    file_sha256,
    held_out,
    length_batches,
    pad,
    read_corpus,
    read_texts,
)
from core.data.formats.layout import Layout
from core.text.preprocessing import Preprocessing
from tests.data.tables import FORMATS, write

TEXTS = [
    "plain",
    'a "quoted" word, a comma',
    '"quoted" first',
    "tab\tin",
    "two\nlines",
    "naïve 東京 😀",
    "&amp; <3",
    "",
]
LABELS = [0, 1, 2, 1, 0, 2, 1, 0]
NEUTRAL = {"2": "neutral"}


def refusal(error: pytest.ExceptionInfo[BaseException]) -> str:
    """The message of an error, which is one line."""
    message = str(error.value.args[0])
    assert message and len(message.splitlines()) == 1
    return message


# Reading


@pytest.mark.parametrize("suffix", FORMATS)
def test_one_table_is_one_corpus_in_every_format(tmp_path: Path, suffix: str) -> None:
    columns = {"id": list(range(8)), "text": TEXTS, "label": LABELS, "my text": ["this"] * 8, "my label": ["pos"] * 8}
    path = write(tmp_path / f"t{suffix}", columns)
    path = path.rename(path.with_suffix(suffix.upper()))
    corpus = read_corpus(path, asked=NEUTRAL)
    assert corpus.texts == [text for text, label in zip(TEXTS, LABELS, strict=True) if label != 2]
    assert corpus.labels.tolist() == [label for label in LABELS if label != 2]
    assert corpus.labels.dtype == np.int8
    assert (corpus.name, corpus.skipped, len(corpus)) == (path.name, 2, 6)
    assert corpus.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() == file_sha256(path)
    assert read_texts(path) == TEXTS
    named = read_corpus(path, "my text", "my label")
    assert named.texts == ["this"] * 8 and named.labels.tolist() == [1] * 8


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_refused_in_every_format(tmp_path: Path, suffix: str) -> None:
    def refused(columns: dict[str, list], *arguments: str, **more: object) -> str:
        with pytest.raises((ValueError, LookupError)) as error:
            read_corpus(write(tmp_path / f"t{suffix}", columns), *arguments, **more)  # type: ignore[arg-type]
        assert refusal(error).startswith(f"t{suffix}")
        return refusal(error)

    for arguments, missing in (((), "text"), (("tweet",), "label"), (("tweet", "mood"), "mood")):
        assert f"has no column '{missing}'; it has: tweet, score" in refused({"tweet": ["a"], "score": [1]}, *arguments)
    for labelling in (None, SENTIMENT_LABELLING):
        said = refused({"text": ["a", "b"], "label": [1, 4]}, labelling=labelling)
        assert "column 'label' holds 1 (1 row), 4 (1): " in said and "--labels 1=negative,4=positive" in said
    line = {".parquet": "", ".jsonl": " (line 2)"}.get(suffix, " (line 3)")
    said = refused({"text": ["a", "b"], "label": ["pos", "odd"]}, labelling=SENTIMENT_LABELLING)
    assert f", row 2{line}: label 'odd' is not one of pos. " in said
    assert "no rows labelled negative or positive" in refused({"text": [], "label": []})
    said = refused({"text": ["a", "b"], "label": [2, 2]}, asked=NEUTRAL)
    assert "no rows labelled negative or positive (2 neutral or unlabelled)" in said
    with pytest.raises(ValueError, match="has no rows"):
        read_texts(write(tmp_path / f"t{suffix}", {"text": []}))
    with pytest.raises(LookupError, match="it has: tweet"):
        read_texts(write(tmp_path / f"t{suffix}", {"tweet": ["a"]}))
    for read in (read_corpus, read_texts):
        with pytest.raises(ValueError) as error:
            read(write(tmp_path / f"t{suffix}", b""))
        assert f"t{suffix}" in refusal(error)
        with pytest.raises(OSError, match=suffix):
            read(tmp_path / f"gone{suffix}")


SENTIMENT140 = (
    b'"4","1467810369","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","ann","caf\xe9 at caf\xe9s &lt;3 &amp; a, b"\n'
    b'"2","1467810370","Mon Apr 06 22:19:46 PDT 2009","tea","bob","a ""quoted"" word"\n'
    b'"0","1467810371","Mon Apr 06 22:19:47 PDT 2009","NO_QUERY","cy","oh \x93no\x94 "\n'
)


def test_the_public_sentiment140_file(tmp_path: Path) -> None:
    path = write(tmp_path / "training.1600000.processed.noemoticon.csv", SENTIMENT140)
    corpus = read_corpus(path)
    assert corpus.texts == ["café at cafés &lt;3 &amp; a, b", "oh \x93no\x94 "]  # entities as they stand
    assert corpus.labels.tolist() == [1, 0] and corpus.skipped == 1
    assert read_texts(path)[1] == 'a "quoted" word'
    with pytest.raises(ValueError, match=r"t\.csv, row 4 \(line 4\): 5 fields, but the header has 6"):
        read_corpus(write(tmp_path / "t.csv", SENTIMENT140 + b'"0","1","d","q","u"\n'))
    unquoted = write(tmp_path / "a.csv", "0,1,Mon,q,ann,sad\n4.0,2,Mon,q,bob,glad\n")
    assert read_corpus(unquoted).texts == ["sad", "glad"] and read_corpus(unquoted).labels.tolist() == [0, 1]
    assert read_corpus(unquoted, "user").texts == ["ann", "bob"]
    with pytest.raises(LookupError, match="no column 'tweet'; it has: label, id, date, query, user, text"):
        read_corpus(unquoted, "tweet")
    with pytest.raises(ValueError, match=r"a\.csv: column 'label' holds 0 \(1 row\), 1 \(1\): "):
        read_corpus(write(tmp_path / "a.csv", "0,1,Mon,q,ann,sad\n1,2,Mon,q,bob,glad\n"))
    # Six columns alone do not make it that file, nor does another format.
    header = write(tmp_path / "b.csv", "label,id,date,query,user,text\n1,1,Mon,q,ann,glad\n")
    assert read_corpus(header).labels.tolist() == [1]
    with pytest.raises(LookupError, match="no column 'text'; it has: 1, 2, 3, 4, 5, 6"):
        read_corpus(write(tmp_path / "c.tsv", "0\t1\tMon\tq\tann\tsad\n"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([0, 1, 2], [0, 1]),
        ([1.0, 0.0, 2.0], [1, 0]),
        (["1.0", " 0.0", "2.00"], [1, 0]),
        (["NEGATIVE", " Positive ", "Neutral"], [0, 2, 1]),
        ([None, "pos", "mixed"], [1]),
        ([float("nan"), "pos", "neg"], [1, 0]),
    ],
)
def test_labels_as_each_format_spells_them(tmp_path: Path, given: list, expected: list[int]) -> None:
    for suffix in (".csv", ".tsv", ".jsonl", *[".parquet"] * (len({*map(type, given)}) == 1)):
        path = write(tmp_path / f"t{suffix}", {"text": ["a", "b", "c"], "label": given})
        corpus = read_corpus(path, asked=NEUTRAL)
        assert (corpus.labels.tolist(), corpus.skipped) == (expected, 3 - len(expected))
    for label in (0.5, [1], "1.", "maybe"):
        path = write(tmp_path / "t.jsonl", {"text": ["a"], "label": [label]})
        with pytest.raises(ValueError, match=r"^t\.jsonl: .*column 'label'.* holds .* \(1 row\).*--labels "):
            read_corpus(path, labelling=SENTIMENT_LABELLING)


def test_hostile_column_names_are_shown_inert(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", {"two\nlines": ["a"], "\x1b[31mred": ["b"], "plain": ["c"]})
    with pytest.raises(LookupError) as error:
        read_corpus(path)
    assert "plain" in refusal(error) and refusal(error).isprintable()


def test_a_sample_is_drawn_from_the_whole_file_by_the_seed() -> None:
    # Sorted by class, as the public Sentiment140 file is: its first rows would be of one class.
    texts = [f"text {number}" for number in range(1_000)]
    corpus = Corpus("sorted.csv", texts, np.repeat([0, 1], 500).astype(np.int8), 7, "0" * 64)
    sample = corpus.sample(100, seed=0)
    assert len(sample) == 100 and (sample.drawn_from, sample.skipped, sample.sha256) == (1_000, 7, "0" * 64)
    rows = [int(text.split()[1]) for text in sample.texts]
    assert rows == sorted(set(rows))
    assert sample.labels.tolist() == [int(row >= 500) for row in rows]
    assert 30 < sample.labels.sum() < 70  # 3.9 standard deviations
    assert corpus.sample(100, seed=0).texts == sample.texts != corpus.sample(100, seed=1).texts
    assert corpus.sample(1_000, seed=0) is corpus and corpus.drawn_from is None
    with pytest.raises(ValueError, match="at least one row"):
        corpus.sample(0, seed=0)


def test_what_is_no_parquet(tmp_path: Path) -> None:
    for content in (b"not parquet", b"PAR1", b"PAR1 in name only PAR1", b"\0" * 100):
        with pytest.raises(ValueError) as error:
            read_corpus(write(tmp_path / "t.parquet", content))
        assert refusal(error).startswith("t.parquet is not a readable parquet file: ")
    path = write(tmp_path / "t.parquet", {"text": ["a", "b"], "label": [1, 0]})
    content = path.read_bytes()
    for damaged in (content[:-20], content[:4] + b"\xff" * 40 + content[44:]):
        with pytest.raises((ValueError, OSError)) as error:
            read_corpus(write(path, damaged))
        assert "t.parquet" in refusal(error)
    for texts in ([b"bytes"], [3], ["a", None], [[3]]):
        path = write(tmp_path / "t.parquet", {"text": texts, "label": [1] * len(texts)})
        with pytest.raises(ValueError, match=rf"t\.parquet, row {len(texts)}: the text is .*, expected a string"):
            read_corpus(path)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_encodings(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"t{suffix}", {"text": ["plain", "caf!"], "label": [1, 0]})
    latin = write(path, path.read_bytes().replace(b"!", b"\xe9"))
    assert read_corpus(latin).texts[1] == read_corpus(latin, layout=Layout("latin-1")).texts[1] == "café"
    with pytest.raises(ValueError) as error:
        read_corpus(latin, layout=Layout("utf-8"))
    assert refusal(error).endswith("bytes that are not UTF-8 text; name its encoding (--encoding)")
    assert f"t{suffix}, row 2" in refusal(error)
    for encoding in ("ascii", "utf-16", "utf-32"):
        with pytest.raises(ValueError) as error:
            read_corpus(latin, layout=Layout(encoding))
        assert f"t{suffix}" in refusal(error)
    text = path.read_bytes().decode("latin-1")
    utf_16 = write(path, text.encode("utf-16"))
    with pytest.raises(ValueError, match="UTF-8"):
        read_corpus(utf_16, layout=Layout("utf-8"))
    assert read_corpus(utf_16).texts[1] == read_corpus(utf_16, layout=Layout("utf-16")).texts[1] == "café"
    for marked in (text.encode("utf-8-sig"), text.encode()):
        for name in (None, "utf-8", "UTF8", "utf-8-sig"):
            assert read_corpus(write(path, marked), layout=Layout(name)).texts[1] == "café"


@pytest.mark.parametrize(
    ("content", "place", "why"),
    [
        ("text,label\n\n\na,1\nb\n", "row 2 (line 5)", "1 field, but the header has 2"),
        ("text,label\na,1\nb,1,c\n", "row 2 (line 3)", "3 fields, but the header has 2"),
        ('text,label\n"a\nb\nc",1\nd\n', "row 2 (line 5)", "1 field, but the header has 2"),
        ('text,label\na,1\n"b\nc"\n', "row 2 (line 3)", "1 field, but the header has 2"),
        ('text,label\n"a\nb",1\n"never closed,1\nb,0\n', "row 2 (line 4)", "unexpected end of data"),
        ('text,label\n"a\nb",1\n"closed" too soon,1\n', "row 2 (line 4)", "',' expected after '\"'"),
    ],
)
def test_ragged_rows_name_their_place(tmp_path: Path, content: str, place: str, why: str) -> None:
    for ending in ("\n", "\r\n"):
        with pytest.raises(ValueError) as error:
            read_corpus(write(tmp_path / "t.csv", content.replace("\n", ending)))
        assert refusal(error) == f"t.csv, {place}: {why}"
    with pytest.raises(ValueError, match=r"t\.tsv, row \d \(line \d\): "):
        read_corpus(write(tmp_path / "t.tsv", content.replace(",", "\t")))


def test_a_bad_row_and_a_bad_label_are_counted_alike(tmp_path: Path) -> None:
    start = 'text,label\n\n"two\nlines",1\n\n'
    for row in ("a,1,b", "a,unsure"):
        with pytest.raises(ValueError, match=r"^t\.csv, row 2 \(line 6\): "):
            read_corpus(write(tmp_path / "t.csv", f"{start}{row}\n"), labelling=SENTIMENT_LABELLING)
    start = '\n{"text": "a", "label": 1}\n\n'
    for row in ("not JSON", "[1]", '{"text": "b", "label": "unsure"}', '{"text": 3, "label": 1}'):
        with pytest.raises(ValueError, match=r"^t\.jsonl, row 2 \(line 4\): "):
            read_corpus(write(tmp_path / "t.jsonl", f"{start}{row}\n"), labelling=SENTIMENT_LABELLING)
    assert read_corpus(write(tmp_path / "t.csv", "text,label\n\na,1\n\nb,0\n\n")).texts == ["a", "b"]


def test_nul_bytes_are_text_like_any_other(tmp_path: Path) -> None:
    assert read_corpus(write(tmp_path / "t.csv", "text,label\na\0b,1\n")).texts == ["a\0b"]
    assert read_corpus(write(tmp_path / "t.jsonl", '{"text": "a\\u0000", "label": 1}')).texts == ["a\0"]
    assert read_corpus(write(tmp_path / "t.parquet", {"text": ["\0"], "label": [1]})).texts == ["\0"]
    with pytest.raises(ValueError, match="may be a header or data") as error:
        read_corpus(write(tmp_path / "u.csv", b"\0" * 1_000))
    assert "\0" not in refusal(error)
    with pytest.raises(ValueError, match=r"u\.jsonl, row 1 \(line 1\): not JSON"):
        read_corpus(write(tmp_path / "u.jsonl", '{"text": "a\0", "label": 1}'))


def test_a_bad_json_line_names_the_line(tmp_path: Path) -> None:
    long = '{"text": "b", "label": ' + "1" * 5_000 + "}"
    for line in ('{"text": "b", "label": 1', "{'text': 'b'}", "b", '{"text": "\t"}', "[" * 100_000, long):
        with pytest.raises(ValueError) as error:
            read_corpus(write(tmp_path / "t.jsonl", '{"text": "a", "label": 1}\n' + line + "\n"))
        assert refusal(error).startswith("t.jsonl, row 2 (line 2): not JSON (")
    assert read_corpus(write(tmp_path / "t.jsonl", '{"text": "\\ud83d", "label": 1}')).texts == ["\ud83d"]


# Vocabulary and ids

SENTENCES = ["I love late trains", "late, late, LATE!", "", "never \0 love \ud83d", "!!! ???", "trains &amp; planes"]


@pytest.mark.parametrize("texts", [SENTENCES, ["", " "], []])
def test_build_vocabulary_against_a_plain_count(texts: list[str]) -> None:
    preprocessing = Preprocessing()
    plain: Counter[str] = Counter()
    for text in texts:
        plain.update(preprocessing(text))
    for min_count in (1, 2, 3, 100):
        vocabulary, encoded, counts = build_vocabulary(texts, preprocessing, min_count)
        kept = [word for word, count in plain.most_common() if count >= min_count and word not in ("\0", "\ud83d")]
        assert counts == plain and list(counts) == list(plain)
        assert list(vocabulary.words) == kept
        assert [ids.tolist() for ids in encoded] == [
            [kept.index(word) + 2 if word in kept else 1 for word in preprocessing(text)] for text in texts
        ]
        assert (encoded.ids.dtype, encoded.offsets.dtype) == (np.int32, np.int64)
        again = encode(texts, preprocessing, vocabulary)
        assert np.array_equal(again.ids, encoded.ids) and np.array_equal(again.offsets, encoded.offsets)


# Rows: taking, padding, splitting, batching


ID_LISTS = st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=1, max_size=12)


@given(ID_LISTS, st.data())
def test_take_and_pad_against_plain_replicas(sentences: list[list[int]], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(sentences) - 1), min_size=1, max_size=12))
    expected = [sentences[row] for row in rows]
    taken = Encoded.of(sentences).take(np.array(rows, dtype=np.int64))
    assert [ids.tolist() for ids in taken] == expected
    assert (taken.ids.dtype, taken.offsets.dtype) == (np.int32, np.int64)
    block, lengths = pad(Encoded.of(sentences), np.array(rows))
    assert block.tolist() == [ids + [0] * (max(map(len, expected)) - len(ids)) for ids in expected]
    assert lengths.tolist() == list(map(len, expected))
    assert block.dtype == lengths.dtype == np.int64


@given(
    st.lists(st.tuples(st.lists(st.integers(1, 3), max_size=3), st.integers(0, 1)), max_size=30),
    st.integers(1, 12),
    st.integers(0, 3),
)
def test_held_out_rows_share_no_content_with_the_others(
    rows: list[tuple[list[int], int]], wanted: int, seed: int
) -> None:
    sentences, labels = [ids for ids, _ in rows], np.array([label for _, label in rows], dtype=np.int8)
    filled = [row for row, ids in enumerate(sentences) if ids]
    try:
        train, held = held_out(Encoded.of(sentences), labels, wanted, seed)
    except ValueError as error:
        assert f"cannot hold out {wanted} rows" in str(error)
        return
    assert sorted([*train, *held]) == filled  # every row with a word, once
    assert train.tolist() == sorted(train) and held.tolist() == sorted(held)
    trained = [sentences[row] for row in train]
    assert not [row for row in held if sentences[row] in trained]
    classes = set(labels[filled].tolist())
    assert set(labels[train].tolist()) == set(labels[held].tolist()) == classes
    if all(sentences.count(ids) == 1 for ids in sentences):
        assert len(held) == wanted
        for label in classes:
            share = wanted * (labels[filled] == label).mean()
            assert abs((labels[held] == label).sum() - share) <= 1


def uneven(rows: int = 2_000, rare: float = 0.134, seed: int = 0) -> tuple[list[list[int]], np.ndarray]:
    """A rare class, more than half of which are sentences that stand there 2 to 9 times; few of the others repeat."""
    random = np.random.default_rng(seed)
    sentences: list[list[int]] = []
    labels: list[int] = []
    for label, count, repeated in ((1, round(rows * rare), 0.6), (0, rows - round(rows * rare), 0.05)):
        made: list[list[int]] = []
        while len(made) < count:
            times = int(random.integers(2, 10)) if random.random() < repeated / 4 else 1
            made += [[len(sentences) + len(made) + 1, 7]] * times
        sentences += made[:count]
        labels += [label] * count
    order = random.permutation(rows)
    return [sentences[row] for row in order], np.array(labels, dtype=np.int8)[order]


def test_held_out_rows_have_the_classes_and_the_repetitions_of_the_file() -> None:
    sentences, labels = uneven()
    repeated = np.array([sentences.count(ids) > 1 for ids in sentences])
    assert repeated[labels == 1].mean() > 0.4 > 0.2 > repeated[labels == 0].mean()
    shares = []
    for seed in range(20):
        train, held = held_out(Encoded.of(sentences), labels, 200, seed)
        assert len(held) == 200
        assert (labels[held] == 1).sum() == round(200 * labels.mean())
        assert not {tuple(sentences[row]) for row in train} & {tuple(sentences[row]) for row in held}
        shares.append([repeated[held][labels[held] == label].mean() for label in (0, 1)])
    # Those alone that nothing repeats would be another file.
    for label in (0, 1):
        assert np.mean(shares, axis=0)[label] == pytest.approx(repeated[labels == label].mean(), abs=0.12)


def test_a_class_of_one_sentence_cannot_be_on_both_sides() -> None:
    sentences = [[1]] * 5 + [[number] for number in range(2, 40)]
    labels = np.array([1] * 5 + [0] * 38, dtype=np.int8)
    with pytest.raises(ValueError, match=r"cannot hold out 8 rows with every class .*; rows: 43, with words: 43,"):
        held_out(Encoded.of(sentences), labels, 8, 0)


def test_a_rare_class_has_a_row_held_out_too() -> None:
    sentences, labels = [[number] for number in range(1, 101)], np.array([1] * 2 + [0] * 98, dtype=np.int8)
    train, held = held_out(Encoded.of(sentences), labels, 10, 0)  # a tenth of two rows rounds to none
    assert len(held) == 10 and (labels[held] == 1).sum() == (labels[train] == 1).sum() == 1


def test_contradictory_rows_have_the_tokens_of_a_row_of_another_class() -> None:
    assert contradictory(Encoded.of([[1], [1], [1], [2]]), np.array([0, 1, 1, 0])) == 3
    assert contradictory(Encoded.of([[1], [1], [], []]), np.array([0, 0, 0, 1])) == 0


def test_groups_that_do_not_fit_are_taken_where_they_bring_the_numbers_nearer() -> None:
    sentences = [ids for number in range(1, 21) for ids in [[number]] * 4]
    labels = np.array(([0] * 4 + [1] * 4) * 10, dtype=np.int8)
    for wanted, expected in ((20, (12, 8)), (24, (12, 12)), (30, (16, 16))):
        held = held_out(Encoded.of(sentences), labels, wanted, 0)[1]
        assert sorted(np.bincount(labels[held]).tolist(), reverse=True) in ([*expected], [8, 8], [12, 12], [16, 12])
        assert abs(len(held) - wanted) <= 4


def test_held_out_rows_are_drawn_by_the_seed() -> None:
    corpus, labels = Encoded.of([[number] for number in range(1, 1_001)]), np.arange(1_000) % 2
    train, held = held_out(corpus, labels, 100, seed=3)
    again = held_out(corpus, labels, 100, seed=3)
    assert np.array_equal(train, again[0])
    assert np.array_equal(held, again[1])
    assert not np.array_equal(held, held_out(corpus, labels, 100, seed=4)[1])
    assert 300 < held.mean() < 700  # from all over the file


@given(
    st.lists(st.one_of(st.integers(0, 40), st.integers(0, 700)), max_size=40),
    st.integers(1, 9),
    st.one_of(st.none(), st.randoms(use_true_random=False)),
)
def test_length_batches_hold_every_row_once_in_order_of_length(lengths: list[int], size: int, random: object) -> None:
    order = list(range(len(lengths)))
    if random is not None:
        random.shuffle(order)  # type: ignore[attr-defined]
        order = order[: 3 * len(order) // 4]  # a choice of the rows
    chosen = np.array(order, dtype=np.int64) if random is not None else None
    batches = length_batches(np.array(lengths, dtype=np.int64), size, chosen)
    rows = [row for batch in batches for row in batch.tolist()]
    assert rows == sorted((row for row in order if lengths[row]), key=lengths.__getitem__)  # ties as in the order given
    for batch in batches:
        longest = max(lengths[row] for row in batch)
        assert 1 <= len(batch) <= size
        assert len(batch) == 1 or longest * len(batch) <= 64 * size


def test_length_batches_by_hand() -> None:
    lengths = np.array([3, 1, 2, 0, 1, 3])
    assert [batch.tolist() for batch in length_batches(lengths, 2)] == [[1, 4], [2, 0], [5]]
    assert [batch.tolist() for batch in length_batches(lengths, 2, np.array([5, 4, 3, 0, 1]))] == [[4, 1], [5, 0]]
    assert [batch.tolist() for batch in length_batches(np.array([10_000, 10_000]), 2)] == [[0], [1]]
    assert length_batches(np.array([0, 0]), 2) == []
    assert [len(batch) for batch in length_batches(np.array([64] * 4 + [65] * 4), 4)] == [4, 2, 2]
    with pytest.raises(ValueError, match="holds nothing; expected at least 1"):
        length_batches(lengths, 0)
