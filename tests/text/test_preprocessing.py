"""Preprocessing by hand-worked examples, a rule at a time, and by laws that hold for any Unicode text."""

from __future__ import annotations

import html
import html.entities
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.text.preprocessing import (
    LINK,
    MENTION,
    PAD,
    SHIPPED,
    STEPS,
    UNK,
    USUAL,
    Preprocessing,
    StepResult,
    Vocabulary,
)

SPICE = [
    "&", "&#", "&#x", "&amp", "&lt;3", "&#39;", "&notit;", "@", "@user", "http://", "www.", ".com", "bit.ly/", "'",
    "n't", "N’T", "can’t", ":", ":)", ":'(", ";d", "<3", "</3", "<url>", "<pad>", "(", ")", "-_-", "...", "…", "!!!",
    "oooo", "İ", "ß", "ǆ", "\u0301", "\u200d", "\ufeff", "\ud83d", "\udc00", "\0", "\x1c", "\x85", "\u2028", "\u00a0",
    "1", "1,000", "10:30", "_", "/", "😀", "שלום", " ", " n't", "don ' t", " 's", "`", "<br />", "<p", "\u20e3", "👍🏽",
    "👩\u200d💻", "❤\ufe0f", "🇩🇪",
]  # fmt: skip
SURROGATES = st.characters(categories=("Cs",))
TEXTS = st.lists(
    st.one_of(st.sampled_from(SPICE), st.text(st.one_of(st.characters(), SURROGATES), max_size=5)), max_size=20
).map("".join)


def tokens(text: str, steps: tuple[str, ...] = USUAL) -> str:
    """The tokens of a text under these steps, with a space between them."""
    return " ".join(Preprocessing(steps)(text))


# Each step alone: what it makes of some texts. Spacing counts for none but the steps that join and part.

SPACING = ("punctuation", "punctuation_emoji", "rejoin", "unescape", "repeats", "contractions")
EXAMPLES: dict[str, list[tuple[str, str]]] = {
    "unescape": [
        ("Tom &amp; Ann", "Tom & Ann"),
        ("&lt;3 &gt; &quot;x&quot;", '<3 > "x"'),
        ("it&#39;s it&#x27;s it&#X27;s", "it's it's it's"),
        ("&hearts; &nbsp;", "♥ \u00a0"),
        ("AT&T & co; &nonsense; &", "AT&T & co; &nonsense; &"),
        ("&amp;lt;3", "&lt;3"),  # written twice over, read once
        ("&copy 2009", "© 2009"),  # as browsers do, the semicolon may lack
        ("&#0; &#xD800; &#x110000;", "\ufffd \ufffd \ufffd"),
        ("&;&#;&#x;", "&;&#;&#x;"),
        *((text, text) for start in ("&#", "&#x", "&#X") for n in (8, 5_000) for text in [start + "9" * n + ";"]),
    ],
    "lowercase": [("I LOVE It", "i love it"), ("ÀÉ Σ", "àé σ"), ("İ", "i̇"), ("ß", "ß")],
    "links": [
        ("see http://example.com/a?b=c&d#e now", "see <url> now"),
        ("https://example.org", "<url>"),
        ("HTTP://EXAMPLE.COM", "<url>"),
        ("www.example.com and WWW.EXAMPLE.COM/x", "<url> and <url>"),
        ("bit.ly/abc twitpic.com/2y1zl", "<url> <url>"),
        ("bbc.co.uk says", "<url> says"),
        ("example.com!", "<url> !"),
        ("one http://a.b two http://c.d", "one <url> two <url>"),
        ("no link: end.Start, 3.5, e.g. so", "no link: end.Start, 3.5, e.g. so"),
        ("http:// alone", "http:// alone"),
        ("awww.that", "awww.that"),
        ("so tired.im off", "so tired.im off"),
        ("x" * 63 + ".com", "<url>"),
        ("x" * 64 + ".com", "x" * 64 + ".com"),  # no such address, nor the end of one
    ],
    "mentions": [
        ("@ann hi", "he hi"),
        ("hi @Ann_B2: hello", "hi he : hello"),
        (".@ann,@bob", ". he , he"),
        ("@עמית", "he"),
        ("meet @ noon", "meet @ noon"),
        ("@@ann", "@ he"),
        ("@ann_ @_", "he he"),
        ("@ann's cat, @bob’s", "he's cat, he’s"),
        ("@ann' @bob's'", "he ' he's '"),
    ],
    "punctuation": [
        ("well, yes.", "well , yes ."),
        ('say "no"', 'say " no "'),
        ("(really?)", "( really ? )"),
        ("50% of $5 #tag a&b", "50 % of $ 5 # tag a & b"),
        ("wow!!! what??? ok... a..b", "wow !!! what ??? ok ... a .. b"),
        ("?!?! wait…what --- a-b", "? ! ? ! wait … what --- a - b"),
        ("it's o'clock rock'n'roll it’s", "it's o'clock rock'n'roll it’s"),
        ("'quoted' end'", "' quoted ' end '"),
        ("3.5 1,000 10:30 1,", "3.5 1,000 10:30 1 ,"),
        ("naïve cafe\u0301 שלום 東京", "naïve cafe\u0301 שלום 東京"),
        ("snake_case", "snake _ case"),
        ("good😀😀", "good 😀 😀"),
        ("a<url>b", "a <url> b"),
        ("<pad> <unk>", "< pad > < unk >"),
        (" \t\n a \u00a0 \u2028 b ", "a b"),
        ("", ""),
        ("a\0b", "a \0 b"),
        ("i ❤\ufe0f you ☎\ufe0e", "i ❤ you ☎"),
        ("\ufe0f a \ufe0f\ufe0f", "\ufe0f a \ufe0f"),  # behind nothing: left as a mark, so that something is read
        ("great:)", "great :)"),
        ("great:D yes;d", "great :D yes ;d"),
        ("i<3you", "i <3 you"),
        (":):(", ":) :("),
        (":),", ":) ,"),
        ("re:do", "re : do"),
        ("note:dogs", "note : dogs"),
        ("at 10:30", "at 10:30"),
        ("a:30", "a : 30"),
        ("for <30 or <3", "for < 30 or <3"),
        ("src=x a=3 =3 yay=)", "src = x a = 3 =3 yay =)"),
        ("(aside):", "( aside ) :"),
        ("(note: this)", "( note : this )"),
        ("<b>bold</b>", "< b > bold < / b >"),
    ],
    "repeats": [
        ("soooo", "sooo"),
        ("sooo", "sooo"),
        ("soo good", "soo good"),
        ("o" * 1_000, "ooo"),
        ("yaaaayyyyy", "yaaayyy"),
        ("aaaabbbbcccc", "aaabbbccc"),
        ("ééééé", "ééé"),
        ("1000000", "1000000"),
        ("!!!!!!", "!!!!!!"),
        ("_____", "_____"),
        ("🎉🎉🎉🎉🎉", "🎉🎉🎉🎉🎉"),
        ("a a a a a", "a a a a a"),
    ],
    "rejoin": [
        ("was n't that fun ?", "wasn't that fun ?"),
        ("do n ' t", "don't"),
        ("don ' t, don 't, don' t", "don't, don't, don't"),
        ("I ca n't , wo n't , sha n't , ai n't", "I can't , won't , shan't , ain't"),
        ("ca n ' t could n't 've", "can't couldn't've"),
        ("isn`t isn´t isn’t isn`T", "isn't isn't isn't isn'T"),
        ("IS N'T", "ISN'T"),
        ("it 's they 're i 've we 'll i 'm he 'd", "it's they're i've we'll i'm he'd"),
        ("it ' s they ' re i' m", "it's they're i'm"),
        ("it`s john´s you ’re", "it's john's you're"),
        ("@bob 's dog", "@bob's dog"),
        ("that 's, he 'd.", "that's, he'd."),
        *((text, text) for text in ("van 't hof", "rock 'n' roll", "the 's' key", "say 're-do' it", "by 's.o.p' law")),
        *((text, text) for text in ("mornin' d", "'tis", "the dogs' food", "a ` b", "it's isn't", "n't", "5' tall")),
    ],
    "markup": [
        ("a<br />b<br/>c<br>d<BR>e", "a b c d e"),
        ("<p>one</p><p class='x'>two</p>", "one two"),
        ("so <b>very</b> <em>good</em>", "so very good"),
        ("a < br / > b", "a b"),
        ('<a href="x">y</a>', "y"),
        ("<3 <url> <user> <unk> a < b > c </3 i<3p", "<3 <url> <user> <unk> a < b > c </3 i<3p"),
        ("<pretty> <bread> <p", "<pretty> <bread> <p"),
        ("<br />", "<br />"),  # so that something is read
    ],
    "punctuation_emoji": [
        ("👩\u200d", "👩"),
        ("a\u200db \u200d", "ab \u200d"),
        ("😀\u200d\u200d😀", "😀 😀"),
        ("🇩🇪🇫", "🇩🇪 🇫"),
        ("🏽", "🏽"),
        ("!🏽", "! 🏽"),
        ("\ud83d\u200d", "\ud83d"),
    ],
}


@pytest.mark.parametrize("step", EXAMPLES)
def test_each_step_by_hand(step: str) -> None:
    for text, expected in EXAMPLES[step]:
        found = STEPS[step](text)
        assert (found if step in SPACING else found.split()) == (expected if step in SPACING else expected.split())


@given(
    st.lists(st.sampled_from([*html.entities.html5, "x", "1", "_", " "]), max_size=8).map(lambda n: "&" + "&".join(n))
)
def test_unescape_agrees_with_the_standard_library(text: str) -> None:
    assert STEPS["unescape"](text) == html.unescape(text)


EMOTICONS = [
    ":)", ":(", ":-)", ":-(", ";)", ";-)", "=)", "=(", ":]", ":[", ":}", ":{", ":))", ":(((", ":D", ":d", ";d", ";D",
    ":p", ":P", ";p", ":-p", "=P", ":o", ":x", ":s", ":/", ":\\", ":|", ":@", ":*", ";*", ":3", ":'(", ":’(", ":'-(",
    ":^)", ":o)", "(:", "(;", "(=", "(-:", "):", ")-:", ">:(", "<3", "<33", "</3", "^_^", "^__^", "-_-", "-__-", ">.<",
    ">_<", "o_o", "O_O", "t_t", "T_T", "\\o/",
]  # fmt: skip


def test_emoticons_stay_whole() -> None:
    for emoticon in EMOTICONS:
        assert STEPS["punctuation"](emoticon) == emoticon
        assert STEPS["punctuation"](f"yes {emoticon} no") == f"yes {emoticon} no"
        assert tokens(f"yes {emoticon.upper()} no").lower() == f"yes {emoticon.lower()} no".replace("’", "'")


@pytest.mark.parametrize("apostrophe", "'’ʼ´")
def test_contractions(apostrophe: str) -> None:
    for text, expected in [
        ("can't", "can not"),
        ("won't", "will not"),
        ("isn't", "is not"),
        ("don't", "do not"),
        ("shan't", "shall not"),
        ("ain't", "is not"),
        ("couldn't wouldn't", "could not would not"),
        ("CAN'T Isn't WON'T", "can not Is not will not"),
        ("can't, won't.", "can not, will not."),
        ("it's i'm we'll", "it's i'm we'll"),
        ("cant dont n't", "cant dont n't"),
        ("don'ts ant'n", "don'ts ant'n"),
        ("mustn't've wouldn't've i've", "must not have would not have i've"),
    ]:
        # Whatever the apostrophe was, the plain one is left.
        assert STEPS["contractions"](text.replace("'", apostrophe)) == expected


@pytest.mark.parametrize("apostrophe", "'’‘ʼ´`′＇")
def test_a_contraction_taken_apart_is_read_as_the_whole_one(apostrophe: str) -> None:
    words = "don't isn't can't won't shan't ain't wouldn't it's we're i've he'll i'm you'd"
    for word in words.split():
        head, tail = word.split("'")
        parted = [f"{head}{before}{apostrophe}{behind}{tail}" for before in ("", " ", "  ") for behind in ("", " ")]
        if tail == "t":
            parted += [f"{head[:-1]} n{before}{apostrophe}{behind}t" for before in ("", " ") for behind in ("", " ")]
        for one in parted:
            assert STEPS["rejoin"](f"so {one} ok").replace(apostrophe, "'") == f"so {word} ok", one
            assert tokens(f"So {one}!") == tokens(f"so {word} !")


@given(TEXTS)
def test_rejoin_once_is_enough_and_takes_white_space_only(text: str) -> None:
    joined = STEPS["rejoin"](text)
    assert STEPS["rejoin"](joined) == joined
    alike = str.maketrans(dict.fromkeys("’‘ʼ´`′＇", "'"))
    assert "".join(joined.split()).translate(alike) == "".join(text.split()).translate(alike)


EMOJI = ["👩\u200d💻", "👨\u200d👩\u200d👧\u200d👦", "🤷🏽\u200d♀\ufe0f", "🏳\ufe0f\u200d🌈",
         "❤\ufe0f\u200d🔥", "👍🏽", "🇩🇪", "1\ufe0f\u20e3",
         "❤\ufe0f", "☎\ufe0e",
         "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "🧑🏿\u200d🤝\u200d🧑🏻", "😀"]  # fmt: skip


def test_an_emoji_is_one_token() -> None:
    for emoji in EMOJI:
        drawn = emoji.translate(str.maketrans("", "", "\ufe0e\ufe0f"))
        for text, expected in (
            (emoji, drawn),
            (f"so:){emoji}good", f"so :) {drawn} good"),
            (emoji * 2, f"{drawn} {drawn}"),
            (f"a {emoji}!!", f"a {drawn} !!"),
        ):
            assert STEPS["punctuation_emoji"](text) == tokens(text) == expected
        assert Vocabulary.from_counts(Counter({drawn: 1}), 1).words == (drawn,)


@given(TEXTS.filter(lambda text: not re.search("[\u200d\ufe0e\ufe0f\u20e3🏻-🏿🇦-🇿\U000e0020-\U000e007f]", text)))
def test_without_emoji_of_several_characters_both_kinds_of_punctuation_agree(text: str) -> None:
    assert STEPS["punctuation_emoji"](text) == STEPS["punctuation"](text)


# All steps together

ALL_STEPS = {
    "I love this": "i love this",
    "I can&#39;t!!!": "i can not !!!",
    "I CAN’T, I WON’T": "i can not , i will not",
    "@ann_b isn't it GREEEEEAT?? &lt;3": "he is not it greeeat ?? <3",
    "@bob: see http://example.com/Path... ok": "he : see <url> ok",
    "@bob see http://example.com/a :)": "he see <url> :)",
    "HTTP://EXAMPLE.COM": LINK,
    "@SOMEBODY": MENTION,
    "mail me@example.com": "mail me @ <url>",
    "noooo ;D ;-) XD": "nooo ;d ;-) xd",
    "&lt;bb&gt;": "< bb >",
    "<script>alert(1)</script>": "< script > alert ( 1 ) < / script >",
    "מה שלום @dana": "מה שלום he",
    " \n\t\u3000": "",
    "?!": "? !",
}


@pytest.mark.parametrize(
    ("text", "shipped", "usual"),
    [
        *((text, expected, expected) for text, expected in ALL_STEPS.items()),
        # What shipped checkpoints read does not change.
        ("it was n't bad", "it was n't bad", "it was not bad"),
        ("good.&lt;br /&gt;Bad", "good . < br / > bad", "good . bad"),
        ("ok 👩\u200d💻", "ok 👩 \u200d 💻", "ok 👩\u200d💻"),
    ],
)
def test_all_steps(text: str, shipped: str, usual: str) -> None:
    assert (tokens(text, SHIPPED), tokens(text, USUAL)) == (shipped, usual)


@pytest.mark.parametrize("step", SHIPPED)
def test_a_step_switched_off(step: str) -> None:
    full = Preprocessing(SHIPPED)
    assert full.without(step).steps == tuple(other for other in SHIPPED if other != step)
    with pytest.raises(ValueError, match=f"{step}.*is not on"):
        full.without(step).without(step)


def test_steps_run_in_the_order_given_and_none_splits_at_white_space() -> None:
    assert Preprocessing(("lowercase", "repeats"))("SOoooo") == ["sooo"]
    assert Preprocessing(("repeats", "lowercase"))("SOoooo") == ["soooo"]
    assert Preprocessing(())("@Ann can't  &amp;") == ["@Ann", "can't", "&amp;"]
    assert Preprocessing(()).show_work("x") == []


def test_parts_are_the_steps_and_the_second_needs_words_only() -> None:
    whole, words = Preprocessing(USUAL).parts()
    assert (*whole.steps, *words.steps) == USUAL and whole.steps == USUAL[:4]
    assert Preprocessing(SHIPPED).parts() == (Preprocessing(()), Preprocessing(SHIPPED))


def test_preprocessing_is_a_value() -> None:
    # Cards give steps as a list; equal steps are equal preprocessing.
    steps = ["lowercase", "repeats"]
    assert Preprocessing(steps) == Preprocessing(tuple(steps))  # type: ignore[arg-type]
    assert hash(Preprocessing()) == hash(Preprocessing(USUAL))
    with pytest.raises(AttributeError):
        Preprocessing().steps = ()  # type: ignore[misc]


def test_unknown_and_repeated_steps_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"unknown preprocessing steps \['stem'\]; available: unescape, markup, lowercase, "
    ):
        Preprocessing(("lowercase", "stem"))
    with pytest.raises(ValueError, match="given twice"):
        Preprocessing(("lowercase", "links", "lowercase"))


def test_show_work_by_hand() -> None:
    assert Preprocessing(("unescape", "lowercase", "mentions", "punctuation", "repeats")).show_work("@Ann, &lt;3") == [
        StepResult("unescape", "@Ann, <3", True),
        StepResult("lowercase", "@ann, <3", True),
        StepResult("mentions", " he , <3", True),
        StepResult("punctuation", "he , <3", False),  # spacing alone is no change
        StepResult("repeats", "he , <3", False),
    ]


# Laws for any text


@example("\ud800")
@example("&#" + "9" * 5_000 + ";")
@given(TEXTS)
def test_any_text_gives_words_without_white_space(text: str) -> None:
    for preprocessing in (Preprocessing(), *(Preprocessing().without(step) for step in USUAL)):
        assert not any(re.search(r"\s|^$", token) for token in preprocessing(text))


@given(TEXTS, st.permutations(list(STEPS)), st.integers(0, len(STEPS)))
def test_steps_in_any_order_never_raise(text: str, order: list[str], count: int) -> None:
    Preprocessing(tuple(order[:count])).show_work(text)


@given(TEXTS)
def test_show_work_ends_in_the_tokens_and_marks_changes(text: str) -> None:
    preprocessing = Preprocessing()
    work = preprocessing.show_work(text)
    assert [step.name for step in work] == list(preprocessing.steps)
    assert work[-1].text.split() == preprocessing(text)
    before = text
    for step in work:
        assert step.text == STEPS[step.name](before)
        assert step.changed == (step.text.split() != before.split())
        before = step.text


@given(TEXTS)
def test_punctuation_moves_spaces_and_drops_variation_selectors_only(text: str) -> None:
    separated = STEPS["punctuation"](text)
    drawn = str.maketrans("", "", "\ufe0e\ufe0f")
    assert "".join(separated.split()).translate(drawn) == "".join(text.split()).translate(drawn)
    assert bool(separated.split()) == bool(text.split())
    assert STEPS["punctuation"](separated) == separated


@given(st.text(st.sampled_from("aAé1!_ "), max_size=30))
def test_repeats_against_a_plain_replica(text: str) -> None:
    kept = ""
    for char in text:
        if not (char.isalpha() and kept.endswith(char * 3)):
            kept += char
    assert STEPS["repeats"](text) == kept


LENGTH = 50_000
LONG = {
    unit: (unit * LENGTH)[:LENGTH]
    for unit in (
        "a", "a.", "a-", "a_", "a'", "n't", "n'", "&", "&#", "&a", "@", "'", "1", "1.", "1:a", ":", ":o", "(", "-_",
        "^_", ">.", "<", "<p ", "<br", "n ", "don ", "don '", " '", "' ", "’", "a\u200d", "❤\ufe0f",
        "👍🏽\u200d", "🇩", "http://", "www.", "x" * 63 + ".", "a.com ", " ", "\u0301", "\ud800", "İ", "😀",
    )
} | {
    start: start + (unit * LENGTH)[:LENGTH]
    for start, unit in (
        ("do", " "), ("a'", " "), ("<p ", " "), ("a ", "'"),
        ("&#", "9"), ("&#x", "f"), ("-", "_"), ("^", "_"), ("<", "3"), ("'", "n"), ("@", "a"), (":", ")"),
    )
}  # fmt: skip


def test_long_texts_take_linear_time() -> None:
    # A quadratic step would take minutes for one of them; each takes some hundredths of a second.
    for name, text in LONG.items():
        start = time.perf_counter()
        Preprocessing()(text)
        assert time.perf_counter() - start < 5, name


# Vocabulary

WORDS = st.text(min_size=1, max_size=8).filter(lambda word: word.split() == [word] and word not in (PAD, UNK))


def test_vocabulary_ids_by_hand() -> None:
    vocabulary = Vocabulary(["love", "late", "<url>"])
    assert (len(vocabulary), vocabulary.pad_id, vocabulary.unk_id) == (5, 0, 1)
    assert [vocabulary.token(number) for number in range(5)] == [PAD, UNK, "love", "late", "<url>"]
    assert [vocabulary.id(word) for word in ("love", "late", "<url>")] == [2, 3, 4]
    assert vocabulary.encode(["late", "never", "love", "late"]) == [3, 1, 2, 3]
    assert vocabulary.unknown(["late", "never", "x", "never"]) == ["never", "x", "never"]
    assert "late" in vocabulary and "never" not in vocabulary
    assert vocabulary.encode([]) == vocabulary.unknown([]) == []
    for typed in (PAD, UNK, "never"):  # special tokens typed by a person are unknown words
        assert vocabulary.encode([typed]) == [1] and vocabulary.unknown([typed]) == [typed] and typed not in vocabulary
        with pytest.raises(LookupError, match=f"'{typed}' is not among the 3 words"):
            vocabulary.id(typed)
    for number in (-1, 5):
        with pytest.raises(LookupError, match=f"id {number} is not in a vocabulary of 5"):
            vocabulary.token(number)
    assert Vocabulary(["a", "b"]) == Vocabulary(("a", "b")) != Vocabulary(["b", "a"]) and Vocabulary(["a"]) != ["a"]


def test_vocabulary_refuses_white_space_special_tokens_and_repeated_words() -> None:
    for words in (["a b"], [""], [" a"], ["a\n"], ["\u2028"], ["x\u00a0y"], [PAD], [UNK], ["ok", "a\tb"]):
        with pytest.raises(ValueError, match="no white space"):
            Vocabulary(words)
    with pytest.raises(ValueError, match=r"each word once; repeated: \['late'\]"):
        Vocabulary(["late", "never", "late"])


def test_vocabulary_from_counts_by_hand() -> None:
    counts = Counter({"rare": 1, "b": 3, "a": 3, "most": 9, UNK: 50, PAD: 50, "\ud800": 20, "\0": 20, "two": 2})
    assert Vocabulary.from_counts(counts, 2).words == ("most", "b", "a", "two")
    assert Vocabulary.from_counts(counts, 1).words == ("most", "b", "a", "two", "rare")
    assert Vocabulary.from_counts(Counter(), 1).words == ()


@given(st.lists(WORDS, unique=True, max_size=12))
def test_vocabulary_survives_its_file(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    vocabulary = Vocabulary(words)
    path = tmp_path_factory.getbasetemp() / "vocabulary.txt"
    vocabulary.save(path)
    back = Vocabulary.from_bytes(path.read_bytes())
    assert back == vocabulary
    assert back.encode(words) == list(range(2, len(words) + 2))
    assert [back.token(number) for number in back.encode(words)] == words
    assert back.unknown(words) == []


def test_vocabulary_file_by_hand_and_cut_off(tmp_path: Path) -> None:
    Vocabulary(["late", "naïve", "😀"]).save(tmp_path / "v")
    content = (tmp_path / "v").read_bytes()
    assert content == "<pad>\n<unk>\nlate\nnaïve\n😀\n".encode()
    for end in range(len(content)):
        if content[:end].endswith(b"\n") and end > len("<pad>\n"):
            continue  # a whole number of lines; the hash in the checkpoint's card tells
        with pytest.raises(ValueError):
            Vocabulary.from_bytes(content[:end])


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"late\nnever\n", b"<unk>\n<pad>\nlate\n", b"<pad>\n<unk>\nlate\nlate\n", b"<pad>\n<unk>\n\nlate\n",
     b"<pad>\r\n<unk>\r\nlate\r\n", b"<pad>\n<unk>\nlate never\n", b"<pad>\n<unk>\n<pad>\n", b"<pad>\n<unk>\n\xff\n",
     "<pad>\n<unk>\nlate\n".encode("utf-16")],
)  # fmt: skip
def test_vocabulary_refuses_other_files(content: bytes) -> None:
    with pytest.raises(ValueError):
        Vocabulary.from_bytes(content)
