"""What a model sees of a sentence: preprocessing steps, tokens and the vocabulary.

A `Preprocessing` is an ordered choice of named steps, each a function from text to text. After the last step the
tokens are what white space separates. It is saved with every checkpoint, so that a model always sees text as in
training. `Preprocessing.show_work` returns the text after every step.

The steps are those usual for tweets (Go, Bhayani & Huang 2009 map links and mentions to one token each and squeeze
repeated letters); two are this project's own: a mention becomes the pronoun ``he``, which keeps the sentence a
sentence, and ``n't`` becomes a detached ``not``, so that "can't" and "do not" share *not*.

No step raises on any `str`, lone surrogates included, and each takes time linear in the text's length.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from core.runtime.i18n import gettext as _
from core.text import emoji, tokenisers

LINK = "<url>"
MENTION = "he"
PAD, UNK = "<pad>", "<unk>"

# html.unescape raises on numbers of more than 4,300 digits, so only references of a sane length reach it.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}(?![0-9])|#[xX][0-9a-fA-F]{1,6}(?![0-9a-fA-F])|[a-zA-Z][a-zA-Z0-9]{1,31});?")

_LINK = re.compile(
    r"https?://\S+|\bwww\.\S+"
    # Bare addresses were common in 2009: twitpic.com/2y1zl, bit.ly/abc. The look-behind keeps the search linear.
    r"|(?<![a-z0-9.-])(?:[a-z0-9-]{1,63}\.){1,8}(?:com|net|org|edu|gov|co\.uk|ly|gd|fm|tv|cc)\b(?:/\S*)?",
    re.IGNORECASE,
)

_APOSTROPHE = "['’ʼ´]"

_MENTION = re.compile(rf"@\w+({_APOSTROPHE}\w+)?")  # with its ending, so that "@bob's" is "he's"

_EMOTICON = (
    r"<3+(?!\d)|</3|\^_+\^|-_+-|>[._]<|o_o|t_t|\\o/"
    # Eyes, nose, mouth; a mouth that is a letter or digit must not run on into a word ("re:do", "10:30") and has no
    # eyes of "=" behind one ("x=3").
    r"|[<>]?[:;=]['’]?[-o^*]?(?:[)\](\[}{]+|[/\\|@*$])"
    r"|[<>]?(?:[:;]|(?<!\w)=)['’]?[-o^*]?[dpoxs3](?!\w)"
    # The same turned round; a sad one needs white space before it, or "(aside):" would hold one.
    r"|\([-o^*]?['’]?[:;=](?![\w)(])|(?<!\S)\)-?['’]?[:;=](?![\w)(])"
)
_WORD = r"[^\W_](?:[^\W_]|[\u0300-\u036f])*"  # letters, digits, combining accents
_TOKENS = (
    rf"{re.escape(LINK)}|{_EMOTICON}"
    r"|\d+(?:[.,:]\d+)+"  # 3.5  1,000  10:30
    rf"|{_WORD}(?:{_APOSTROPHE}{_WORD})*"
    # Runs of one mark stay whole; any other mark stands alone.
    r"|!+|\?+|\.+|…+|-+|\*+|~+|_+|[^\w\s]"
)
_TOKEN = re.compile(_TOKENS, re.IGNORECASE)

_TOKEN_OR_EMOJI = re.compile(f"{emoji.SEQUENCE}|{_TOKENS}", re.IGNORECASE)

_EMOTICONS = re.compile(_EMOTICON, re.IGNORECASE)
_EMOJI = re.compile("[\u2639-\u263b\u2764\U0001f300-\U0001faff]")

_CONTRACTION = re.compile(r"\b([^\W_]+)n't('ve)?\b", re.IGNORECASE)
_IRREGULAR = {"ca": "can", "wo": "will", "sha": "shall", "ai": "is"}  # can't, won't, shan't, ain't

# Elements that lay text out, unlike "<3", "<url>" and other names in angle brackets.
_TAG = re.compile(
    r"<\s{0,2}/?\s{0,2}br\s{0,2}/?\s{0,2}>"
    r"|</?(?:p|br|hr|div|span|b|i|u|em|strong|small|sub|sup|tt|font|center|blockquote|pre|code|a|img|ul|ol|li"
    r"|table|tr|td|th|h[1-6])(?:\s[^<>]{0,500})?/?>",
    re.IGNORECASE,
)

_ANY_APOSTROPHE = "['’‘ʼ´`′＇]"
_AUXILIARY = "do|does|did|is|are|was|were|have|has|had|ca|could|wo|would|sha|should|might|must|need|ought|dare|may|ai"
# What a tokeniser took apart: "was n't", "do n ' t", "isn ` t", "it 's", "they ' re". With white space beside the
# apostrophe a "t" belongs to an auxiliary only ("van 't" is Dutch), and no ending goes on as a word or a quotation.
_SPLIT_NOT = re.compile(
    rf"\b({_AUXILIARY})\s*(n)\s*{_ANY_APOSTROPHE}\s*(t)(?!\w)|(?<=[^\W_])\s*(n){_ANY_APOSTROPHE}(t)(?!\w)",
    re.IGNORECASE,
)
_SPLIT_ENDING = re.compile(
    rf"(?<=\w)(?:\s+{_ANY_APOSTROPHE}\s*|(?<!in){_ANY_APOSTROPHE}\s+|{_ANY_APOSTROPHE})"  # "mornin' d" is no "'d"
    r"(s|re|ve|ll|m|d)(?![\w'’`-]|\.\w)",
    re.IGNORECASE,
)
_WORD_BEFORE = re.compile(r"\w*\Z")
_MAY_BE_SPLIT = re.compile(rf"\sn?{_ANY_APOSTROPHE}|{_ANY_APOSTROPHE}\s|[‘´`′＇]", re.IGNORECASE)

_REPEAT = re.compile(r"([^\W\d_])\1{3,}")


def unescape(text: str) -> str:
    """Replace HTML entities: ``&amp;`` by ``&``, ``&lt;3`` by ``<3``."""
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def lowercase(text: str) -> str:
    """Lower-case every letter."""
    return text.lower()


def links(text: str) -> str:
    """Replace every link by the one token ``<url>``."""
    return _LINK.sub(f" {LINK} ", text) if "." in text or "://" in text else text


def mentions(text: str) -> str:
    """Replace every @mention by the word ``he``."""
    return _MENTION.sub(lambda match: f" {MENTION}{match[1] or ''} ", text) if "@" in text else text


def punctuation(text: str) -> str:
    """Separate punctuation from words; emoticons, numbers and runs of one mark (``...``, ``!!!``) stay whole.

    Variation selectors behind a mark are dropped.
    """
    return " ".join(_TOKEN.findall(emoji.without_variations(text)))


def punctuation_emoji(text: str) -> str:
    """As `punctuation`; an emoji of several characters (a family, a flag, one with a skin tone) stays whole too.

    Joiners that join no two emoji are dropped, as variation selectors are.
    """
    return " ".join(_TOKEN_OR_EMOJI.findall(emoji.without_stray_joiners(emoji.without_variations(text))))


def markup(text: str) -> str:
    """Replace HTML tags that lay text out (``<br />``, ``<p>``, ``</b>``) by a space.

    A text of tags alone stays as it is, so that something is read.
    """
    without = _TAG.sub(" ", text) if "<" in text else text
    return without if without.strip() else text


def rejoin(text: str) -> str:
    """Join contractions that a tokeniser split: ``was n't`` is ``wasn't``, ``it ' s`` is ``it's``.

    A backtick or an accent in the apostrophe's place becomes one.
    """
    if not _MAY_BE_SPLIT.search(text):
        return text
    return _SPLIT_ENDING.sub(r"'\1", _SPLIT_NOT.sub(r"\1\2\4'\3\5", text))


def first_split(text: str) -> tuple[str, str] | None:
    """The first contraction that `rejoin` joins, before and after, or None."""
    if rejoin(text) == text:
        return None
    for pattern in (_SPLIT_NOT, _SPLIT_ENDING):
        for match in pattern.finditer(text):
            stem = _WORD_BEFORE.findall(text[max(match.start() - 30, 0) : match.start()])[0]
            split = " ".join(f"{stem}{match[0]}".split())
            if rejoin(split) != split:
                return split, rejoin(split)
    return None


def places(text: str, tokens: Sequence[str]) -> list[tuple[int, int]] | None:
    """Where each token begins and ends in the text, in their order; None where one is not in it as it is."""
    lower, found, end = text.lower(), [], 0
    if len(lower) != len(text):
        return None
    for token in tokens:
        begin = lower.find(token, end)
        if begin < 0:
            return None
        end = begin + len(token)
        found.append((begin, end))
    return found


def contractions(text: str) -> str:
    """Detach ``n't`` as ``not``: ``can't`` is ``can not``, ``won't`` is ``will not``, curly apostrophes too."""

    def expand(match: re.Match[str]) -> str:
        stem = match[1]
        return f"{_IRREGULAR.get(stem.lower(), stem)} not" + (" have" if match[2] else "")

    text = re.sub(_APOSTROPHE, "'", text)
    return _CONTRACTION.sub(expand, text) if "'" in text else text


def repeats(text: str) -> str:
    """Squeeze a letter repeated more than three times to three: ``sooooo`` is ``sooo``."""
    return _REPEAT.sub(r"\1\1\1", text)


def is_emoticon(token: str) -> bool:
    """Whether a token is an emoticon, as `punctuation` leaves it whole, or holds an emoji."""
    return bool(_EMOTICONS.fullmatch(token) or _EMOJI.search(token))


SHIPPED = ("unescape", "lowercase", "links", "mentions", "punctuation", "contractions", "repeats")
"""The steps of the shipped checkpoints."""

USUAL = (
    *("unescape", "markup", "lowercase", "rejoin", "links", "mentions"),
    *("punctuation_emoji", "contractions", "repeats"),
)
"""The steps of a new training unless told otherwise."""

_STEPS = (unescape, markup, lowercase, rejoin, links, mentions, punctuation, punctuation_emoji, contractions, repeats)
STEPS: dict[str, Callable[[str], str]] = {step.__name__: step for step in _STEPS} | tokenisers.STEPS
"""Every step there is, by name."""

REJOIN = rejoin.__name__

WORDWISE = {*SHIPPED, "punctuation_emoji"}
"""Steps that never look past white space: the words of a text can be processed one by one."""


class StepResult(NamedTuple):
    """The text after one preprocessing step."""

    name: str
    text: str
    changed: bool


DROPPING = "unknown words dropped"
"""What `Preprocessing.show_work` calls leaving out the tokens that a model does not know."""


@dataclass(frozen=True)
class Preprocessing:
    """An ordered choice of steps from `STEPS`, by name (`USUAL` unless told); calling it on a text gives the tokens.

    With `only`, all other tokens are dropped, as Keras' Tokenizer drops unknown words where it has no token for them.
    Raises ValueError for a name that is not in `STEPS`, or given twice.
    """

    steps: tuple[str, ...] = USUAL
    only: frozenset[str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(self.steps))
        unknown = [name for name in self.steps if name not in STEPS]
        if unknown:
            raise ValueError(
                _("unknown preprocessing steps {steps}; available: {available}").format(
                    steps=unknown, available=", ".join(STEPS)
                )
            )
        if len(set(self.steps)) != len(self.steps):
            raise ValueError(_("a preprocessing step is given twice: {steps}").format(steps=list(self.steps)))

    def rejoining(self) -> Preprocessing:
        """The same steps with `rejoin` on, behind HTML entities, where it was off."""
        index = self.steps.index("unescape") + 1 if "unescape" in self.steps else 0
        return self if REJOIN in self.steps else replace(self, steps=(*self.steps[:index], REJOIN, *self.steps[index:]))

    def without(self, name: str) -> Preprocessing:
        """The same steps with one of them switched off."""
        if name not in self.steps:
            raise ValueError(f"step {name!r} is not on; on are: {', '.join(self.steps)}")
        return replace(self, steps=tuple(step for step in self.steps if step != name))

    def __call__(self, text: str) -> list[str]:
        tokens = self.apply(text).split()
        return tokens if self.only is None else [token for token in tokens if token in self.only]

    def apply(self, text: str) -> str:
        """The text after the last step."""
        for name in self.steps:
            text = STEPS[name](text)
        return text

    def parts(self) -> tuple[Preprocessing, Preprocessing]:
        """The steps up to the last that looks past white space, and those behind it, for which words are enough."""
        whole = max((index for index, name in enumerate(self.steps, 1) if name not in WORDWISE), default=0)
        return Preprocessing(self.steps[:whole]), Preprocessing(self.steps[whole:], self.only)

    def show_work(self, text: str) -> list[StepResult]:
        """The text after every step, in order; the last one's words are the tokens."""
        work = []
        for name in self.steps:
            after = STEPS[name](text)
            # Spacing alone does not count as a change: tokens are what white space separates.
            work.append(StepResult(name, after, after.split() != text.split()))
            text = after
        if self.only is not None:
            after = " ".join(token for token in text.split() if token in self.only)
            work.append(StepResult(DROPPING, after, after.split() != text.split()))
        return work


class Vocabulary:
    """The words a model knows, in order of id: 0 is ``<pad>``, 1 is ``<unk>``, then words by falling frequency.

    The two special tokens are handled by id only: a person who types "<pad>" gets an unknown word, never the padding.
    """

    pad_id, unk_id = 0, 1

    def __init__(self, words: Iterable[str]):
        self.words: tuple[str, ...] = tuple(words)
        self._ids = {word: number for number, word in enumerate(self.words, start=2)}
        if len(self._ids) != len(self.words):
            repeated = [word for word, count in Counter(self.words).items() if count > 1][:3]
            raise ValueError(_("a vocabulary lists each word once; repeated: {words}").format(words=repeated))
        bad = [word for word in self.words if not word or word.split() != [word] or word in (PAD, UNK)][:3]
        if bad:
            raise ValueError(
                _("a vocabulary's words have no white space and differ from {pad} and {unk}; given: {words}").format(
                    pad=PAD, unk=UNK, words=bad
                )
            )

    @classmethod
    def from_counts(cls, counts: Counter[str], min_count: int) -> Vocabulary:
        """The words counted at least `min_count` times, most frequent first, ties in order of first appearance.

        Words with characters that do not print (half a character of text decoded wrongly, say) are left out; the
        joiners inside an emoji print.
        """
        return cls(
            word
            for word, count in counts.most_common()
            if count >= min_count and word not in (PAD, UNK) and emoji.prints(word)
        )

    def __len__(self) -> int:
        """Number of ids, the two special ones included."""
        return len(self.words) + 2

    def __contains__(self, word: str) -> bool:
        return word in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.words == other.words

    __hash__ = None  # type: ignore[assignment]

    def token(self, number: int) -> str:
        """The token of an id. Raises LookupError for an id outside the vocabulary."""
        if not 0 <= number < len(self):
            raise LookupError(f"id {number} is not in a vocabulary of {len(self)}")
        return (PAD, UNK)[number] if number < 2 else self.words[number - 2]

    def id(self, word: str) -> int:
        """The id of a word. Raises LookupError for an unknown one."""
        try:
            return self._ids[word]
        except KeyError:
            raise LookupError(f"{word!r} is not among the {len(self.words):,} words of the vocabulary") from None

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """Ids of tokens, 1 for each that is unknown."""
        get, unknown = self._ids.get, self.unk_id
        return [get(token, unknown) for token in tokens]

    def unknown(self, tokens: Sequence[str]) -> list[str]:
        """The tokens that the vocabulary lacks, in order, repeats kept."""
        return [token for token in tokens if token not in self._ids]

    def save(self, path: Path) -> None:
        """Write one token a line, ids from 0, UTF-8."""
        path.write_text("\n".join((PAD, UNK, *self.words)) + "\n", encoding="utf-8", newline="\n")

    @classmethod
    def from_bytes(cls, content: bytes) -> Vocabulary:
        """What `save` wrote, read back. Raises ValueError for another file."""
        try:
            tokens = content.decode("utf-8").split("\n")
        except UnicodeDecodeError:
            raise ValueError(_("the vocabulary is not UTF-8 text")) from None
        if tokens[:2] != [PAD, UNK] or tokens[-1] != "":
            raise ValueError(
                _("the vocabulary does not start with {pad} and {unk}, or is truncated").format(pad=PAD, unk=UNK)
            )
        return cls(tokens[2:-1])
