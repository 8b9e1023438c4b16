"""Tokenisers of well-known libraries, as preprocessing steps, for models that were trained with them.

Each is a function from text to text, written from the library's documentation, after which white space separates the
tokens. This project's own steps are in `core.text.preprocessing`.

    basic_english       torchtext's ``get_tokenizer("basic_english")``: lower case; ' . , ( ) ! ? stand alone; double
                        quotes go; semicolons, colons and ``<br />`` become blanks
    whitespace          what white space separates: ``str.split``
    spacy               like spaCy's English tokeniser: punctuation and the ends of contractions (do n't, it 's) come
                        off a word, hyphens between letters stand alone; addresses, numbers, abbreviations and
                        emoticons stay whole. spaCy has more exceptions: of its tokens of tweets 99.6 % are the same
    keras               Keras' ``Tokenizer``: lower case; its filter characters, not the apostrophe, become blanks
    keras_vectorization Keras' ``TextVectorization``: lower case of A to Z; punctuation goes, no blank comes

No step raises on any `str`, and each takes time linear in the text's length.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable

_BASIC = re.compile(r"<br />|[\s;:]+|[\"'.,()!?]")

_KERAS = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', " "))
_LOWER_ASCII = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_VECTORIZATION = str.maketrans(dict.fromkeys("!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"))

_WHOLE = re.compile(
    r"(?:https?://|www\.)\S+|\S+@\S+\.[a-z]{2,}|[\w.-]{1,80}\.(?:com|net|org|edu|gov|io|co\.uk)(?:/\S*)?",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"\.\.+|…|[$£€¥#§%=–—&([{<*'\"‘’“”`´,:;!?¿¡)\]}>_]|\+(?![0-9])")
_SUFFIX = re.compile(
    r"(?:\.\.+|…|[)\]}>*'\"‘’“”`´,:;!?&_#([{<–—]|(?<=[0-9])(?:[+%$£€¥]|km|kg|cm|mm|mg|g|[kmgKMGT][bB]|lb|oz|ha|m|ft|[ap]m)"
    r"|['’][sS])$"
)
_INFIX = re.compile(
    r"\.\.+|…|(?<=[0-9])[+*^-](?=[0-9-])|(?<=[a-z\"”’'])\.(?=[A-Z\"“‘'])|(?<=[^\W\d_]),(?=[^\W\d_])"
    r"|(?<=[^\W\d_])(?:--+|[-–—~])(?=[^\W\d_])|(?<=[^\W_])[:<>=/](?=[^\W\d_])"
)
_EMOTICON = re.compile(
    r"[<>]?[:;=8xX][-'’]?[-o*^]?(?:[)\](\[}{|/\\*@$DPpOo30xXsS]+)|\(+[-o]?[:;=]|<3+|</3|\^_+\^|[-oO0]_[-oO0]|[xX]D+"
    r"|¯\\\(ツ\)/¯"
)
_ABBREVIATION = re.compile(
    r"(?:mr|mrs|ms|dr|prof|st|jr|sr|vs|inc|ltd|co|corp|gen|gov|rep|sen|adm|messrs|mt|ph\.d|e\.g|i\.e|a\.m|p\.m|jan|feb"
    r"|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|bros|(?:[a-z]\.)*[a-z])\.",
    re.IGNORECASE,
)
_CONTRACTION = re.compile(r"(?<=[a-zI])(?:n['’]t|['’](?:s|m|d|re|ve|ll))$")
# A full stop is no part of the word behind a small letter, a digit, a sign or two capitals.
_FULL_STOP = re.compile(r"(?:[^\WA-Z_]|[%²\-+)\]'\"”’]|[A-Z]{2})\.$")
_TAIL = 12  # characters in which an ending stands
_LONGEST = 2_000  # characters of an address; a longer word is not taken for one
_TWO_WORDS = {
    "cannot": 3, "gonna": 3, "gotta": 3, "dont": 2, "cant": 2, "wont": 2, "didnt": 3, "doesnt": 4, "isnt": 2,
    "wasnt": 3, "werent": 4, "arent": 3, "couldnt": 5, "wouldnt": 5, "shouldnt": 6, "havent": 4, "hasnt": 3,
    "hadnt": 3, "aint": 2, "im": 1, "ive": 1, "youre": 3, "theyre": 4, "youve": 3, "weve": 2, "theyve": 4,
    "whats": 4, "thats": 4,
}  # fmt: skip


def basic_english(text: str) -> str:
    """torchtext's ``basic_english``."""

    def replaced(match: re.Match[str]) -> str:
        sign = match[0]
        return "" if sign == '"' else f" {sign} " if sign in "'.,()!?" else " "

    return _BASIC.sub(replaced, text.lower())


def whitespace(text: str) -> str:
    """The text as it is: the tokens are what white space separates."""
    return text


def keras(text: str) -> str:
    """Keras' ``Tokenizer`` with its defaults, but ``\\r``, ``\\x0b`` and ``\\xa0`` separate words too, as blanks do."""
    return text.lower().translate(_KERAS)


def keras_vectorization(text: str) -> str:
    """Keras' ``TextVectorization`` with its default, ``lower_and_strip_punctuation``."""
    return text.translate(_LOWER_ASCII).translate(_VECTORIZATION)


def spacy(text: str) -> str:
    """Punctuation and contractions apart, as spaCy's English tokeniser has it."""
    return " ".join(token for word in text.split() for token in _split(word))


def _split(word: str) -> list[str]:
    """The tokens of a word: signs come off at both ends until nothing changes."""
    before: list[str] = []
    behind: list[str] = []
    start, end = 0, len(word)
    while start < end and not _is_whole(word, start, end):
        tail = max(start, end - _TAIL)
        if sign := _PREFIX.match(word, start, end):
            before.append(sign[0])
            start = sign.end()
        elif sign := (_CONTRACTION.search(word, tail, end) or _SUFFIX.search(word, tail, end)):
            behind.append(sign[0])
            end = sign.start()
        elif end - start > 1 and _FULL_STOP.search(word, tail, end):
            behind.append(".")
            end -= 1
        else:
            break
    return [*before, *_inside(word[start:end]), *reversed(behind)]


def _is_whole(word: str, start: int, end: int) -> bool:
    if end - start > _LONGEST:
        return False
    if end - start < _TAIL and word[start:end].lower() in _TWO_WORDS:
        return True
    if _EMOTICON.fullmatch(word, start, end) or _ABBREVIATION.fullmatch(word, start, end):
        return True
    return word[end - 1] not in ".,!?;:)\"'”’" and bool(_WHOLE.fullmatch(word, start, end))


def _inside(word: str) -> list[str]:
    """A word whose ends are clean: two words written as one, or parts with a sign between."""
    if at := _TWO_WORDS.get(word.lower()):
        return [word[:at], word[at:]]
    if not word or _is_whole(word, 0, len(word)):
        return [word] if word else []
    parts: list[str] = []
    start = 0
    for infix in _INFIX.finditer(word):
        parts += [word[start : infix.start()], infix[0]]
        start = infix.end()
    return [part for part in (*parts, word[start:]) if part]


STEPS: dict[str, Callable[[str], str]] = {
    step.__name__: step for step in (basic_english, whitespace, spacy, keras, keras_vectorization)
}
