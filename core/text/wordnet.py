"""What the project takes from WordNet: lemmas, inflected forms, antonyms, synonyms and plainer verbs, in tables.

WordNet (Miller 1995, "WordNet: A Lexical Database for English") is read from a folder of its database files, format in
wndb(5WN): ``index.*``, ``data.*``, ``*.exc`` and ``cntlist.rev``. `write` makes the files that `lexicon` reads:

    lemmas.txt.gz        every lemma of one word, one a line, those left out that WordNet has in another sense only
    inflections.tsv.gz   part of speech, lemma, and a column for each other tag of `core.text.inflection.TAGS`
    antonyms.tsv.gz      part of speech, two lemmas that are antonyms of each other, and the grade
    clusters.tsv.gz      the words about one adjective, and those about its antonym: head synset and satellites
    synonyms.tsv.gz      part of speech, lemma, and words that share a usual sense with it, most frequent first
    plainer.tsv.gz       a verb, and verbs that can stand for it and are more frequent, most frequent first

Lines that begin with # say where the words are from. WordNet lists no inflected forms but irregular ones: the rules of
`inflection` propose, and only a form that stands in WordNet itself (as a lemma, or in a definition or an example)
or in a given vocabulary is taken.

Synonyms share a synset in a usual sense of the lemma: its first, or one with more than a tenth of its occurrences in
the texts in which WordNet's authors marked the senses. Frequency is that in these texts, whatever the sense; a word
that they do not hold is a synonym only if a given vocabulary has it.

A plainer verb is one of the same synset, or of a synset directly above it (a hypernym: to steal is to take), that is
more frequent than the verb itself.
"""

from __future__ import annotations

import gzip
import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from core.text.inflection import ADJECTIVE, ADVERB, NOUN, TAGS, VERB, exceptions_by_lemma, paradigm
from core.text.lexicon import ANTONYMS, CLUSTERS, DERIVED, DIRECT, INFLECTIONS, LEMMAS, LICENCE, PLAINER, SYNONYMS

_PARTS = {NOUN: "noun", VERB: "verb", ADJECTIVE: "adj", ADVERB: "adv"}
_KEY_PARTS = {"1": NOUN, "2": VERB, "3": ADJECTIVE, "4": ADVERB, "5": ADJECTIVE}  # ss_type in a sense key
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_MARKER = re.compile(r"\([a-z]+\)$")  # galore(ip)
_USUAL = 0.1  # of a lemma's occurrences in the marked texts; a rarer sense gives no words, unless it is the first
_LAW = "WordNet 3.0 Copyright 2006 by Princeton University. All rights reserved."

# WordNet holds nouns, verbs, adjectives and adverbs. Other words that it seems to know are homographs: "who" is the
# World Health Organisation, "can" and "may" a tin and a month, and "cos" in a tweet no cosine.
_FUNCTION_WORDS = "who and thou can could may might must will would shall should ought mine its"
_TYPED_IN_HASTE = "cos cus wen dat dis tis cud dun din hun urs les las"
_HOMOGRAPHS = frozenset([*_FUNCTION_WORDS.split(), *_TYPED_IN_HASTE.split()])
_MEANT = "ad ax be by do ex go hi in ma no oh ok on ox pa so tv up"  # of two letters; others are mostly abbreviations
_SHORT = frozenset(_MEANT.split())


class Pointer(NamedTuple):
    """From word `source` of its synset to word `target` of the synset at `offset`; 0 stands for all of its words."""

    symbol: str
    offset: int
    part: str
    source: int
    target: int


@dataclass(frozen=True)
class Synset:
    """One meaning: its words in lower case, pointers, and the definition with its examples. `kind` s is a satellite."""

    kind: str
    words: tuple[str, ...]
    pointers: tuple[Pointer, ...]
    gloss: str


@dataclass(frozen=True)
class WordNet:
    """The database as read; every dictionary is by part of speech.

    `lemmas` holds the offsets of each lemma's senses, in order; `counts` how often a sense was marked, by part of
    speech, lemma and the sense's index, and under index -1 how often any was.
    """

    lemmas: Mapping[str, Mapping[str, tuple[int, ...]]]
    synsets: Mapping[str, Mapping[int, Synset]]
    exceptions: Mapping[str, Mapping[str, tuple[str, ...]]]
    counts: Counter[tuple[str, str, int]]
    licence: str

    def attested(self) -> frozenset[str]:
        """Every word of one part that WordNet's lemmas, definitions or examples hold."""
        attested = {word for synsets in self.synsets.values() for synset in synsets.values() for word in synset.words}
        for synsets in self.synsets.values():
            for synset in synsets.values():
                attested.update(_WORD.findall(synset.gloss.lower()))
        return frozenset(attested)


def read(folder: Path) -> WordNet:
    """The database in a folder. Raises OSError for a missing file, ValueError for a line that is none of its format."""
    lemmas, synsets, exceptions = {}, {}, {}
    for part, name in _PARTS.items():
        lemmas[part] = dict(_index_lines(folder / f"index.{name}"))
        synsets[part] = dict(_data_lines(folder / f"data.{name}"))
        exceptions[part] = {form: tuple(lemmas_of) for form, *lemmas_of in _lines(folder / f"{name}.exc")}
    counts: Counter[tuple[str, str, int]] = Counter()
    for key, number, count in _lines(folder / "cntlist.rev"):
        lemma, _, sense = key.partition("%")
        for index in (int(number) - 1, -1):
            counts[_KEY_PARTS[sense[:1]], lemma, index] += int(count)
    return WordNet(lemmas, synsets, exceptions, counts, _licence(folder / "data.noun"))


def _lines(path: Path) -> Iterator[list[str]]:
    """The fields of every line of a file, those of the licence (they begin with two spaces) left out."""
    with path.open(encoding="ascii") as file:
        for line in file:
            if not line.startswith("  "):
                yield line.split()


def _licence(path: Path) -> str:
    """The licence at the head of a file, the numbers of its lines left out."""
    with path.open(encoding="ascii") as file:
        head = itertools.takewhile(lambda line: line.startswith("  "), file)
        return "".join(line.strip().partition(" ")[2] + "\n" for line in head)


def _index_lines(path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    for fields in _lines(path):
        if _meant(fields[0]):
            senses = int(fields[2])
            yield fields[0], tuple(int(offset) for offset in fields[-senses:])


def _data_lines(path: Path) -> Iterator[tuple[int, Synset]]:
    with path.open(encoding="ascii") as file:
        for number, line in enumerate(file, 1):
            if line.startswith("  "):
                continue
            try:
                yield _synset(line)
            except (ValueError, IndexError):
                raise ValueError(f"{path.name}, line {number}: not a synset of WordNet's format") from None


def _synset(line: str) -> tuple[int, Synset]:
    """One line of a data file. Raises ValueError or IndexError where it is none."""
    data, _, gloss = line.partition(" | ")
    fields = data.split()
    count = int(fields[3], 16)
    words = tuple(_MARKER.sub("", word).lower() for word in fields[4 : 4 + 2 * count : 2])
    end = 4 + 2 * count
    pointers = []
    for start in range(end + 1, end + 1 + 4 * int(fields[end]), 4):
        symbol, offset, part, ends = fields[start : start + 4]
        source, target = bytes.fromhex(ends)
        pointers.append(Pointer(symbol, int(offset), part, source, target))
    return int(fields[0]), Synset(fields[2], words, tuple(pointers), gloss)


def antonyms(source: WordNet) -> list[tuple[str, str, str, str]]:
    """Part of speech, two lemmas of one word each and the grade, for each pair of antonyms, sorted.

    Direct are those between which a pointer says so; derived those of which WordNet says that they are derived from
    two such, or these from them, where both are of the same part: *happily* and *sadly* make *happy* and *sad* a pair.
    """
    direct, derived = set(), set()
    for part, synsets in source.synsets.items():
        for synset in synsets.values():
            for pointer in synset.pointers:
                if pointer.symbol != "!" or not (pointer.source and pointer.target):
                    continue
                opposite = source.synsets[pointer.part][pointer.offset]
                one, other = synset.words[pointer.source - 1], opposite.words[pointer.target - 1]
                direct.add((part, *sorted((one, other))))
                for one_part, one in _relatives(source, synset, pointer.source):
                    for other_part, other in _relatives(source, opposite, pointer.target):
                        if one_part == other_part:
                            derived.add((one_part, *sorted((one, other))))
    graded = [(pair, DIRECT) for pair in direct] + [(pair, DERIVED) for pair in derived - direct]
    return sorted(
        (part, one, other, grade) for (part, one, other), grade in graded if one != other and _meant(one, other)
    )


def _relatives(source: WordNet, synset: Synset, number: int) -> list[tuple[str, str]]:
    """Part of speech and lemma of what is derived from a synset's word or it from them (adverbs: from adjectives)."""
    return [
        (pointer.part, source.synsets[pointer.part][pointer.offset].words[pointer.target - 1])
        for pointer in synset.pointers
        if pointer.symbol in ("+", "\\") and pointer.source == number and pointer.target
    ]


def clusters(source: WordNet) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The words about an adjective and those about its antonym, sorted: those of its synset and of its satellites'."""
    synsets = source.synsets[ADJECTIVE]

    def around(offset: int) -> tuple[str, ...]:
        near = [synsets[pointer.offset] for pointer in synsets[offset].pointers if pointer.symbol == "&"]
        return tuple(sorted({word for synset in (synsets[offset], *near) for word in synset.words if _meant(word)}))

    pairs = set()
    for offset, synset in synsets.items():
        if synset.kind == "a":
            for pointer in synset.pointers:
                if pointer.symbol == "!" and pointer.part == ADJECTIVE:
                    pairs.add(tuple(sorted((around(offset), around(pointer.offset)))))
    return sorted((one, other) for one, other in pairs if one and other)


def synonyms(source: WordNet, vocabulary: Collection[str]) -> list[tuple[str, str, list[str]]]:
    """Part of speech, lemma, and the other words of its usual synsets that are marked or in the vocabulary.

    None of a part of speech that the lemma rarely is: *sick* is hardly ever the verb.
    """
    rows = []
    for part, lemmas in source.lemmas.items():
        for lemma in sorted(lemmas):
            if source.counts[part, lemma, -1] < _USUAL * sum(source.counts[other, lemma, -1] for other in _PARTS):
                continue
            words = _words(source, part, _usual(source, part, lemma))
            known = [word for word in words if source.counts[part, word, -1] or word in vocabulary]
            if others := [word for word in known if word != lemma]:
                rows.append((part, lemma, others))
    return rows


def plainer(source: WordNet) -> dict[str, list[str]]:
    """Verbs that are more frequent than a verb and share a synset with it or stand directly above one, best first."""
    synsets = source.synsets[VERB]
    verbs = {}
    for lemma in source.lemmas[VERB]:
        usual = _usual(source, VERB, lemma)
        above = [
            synsets[pointer.offset]
            for synset in usual
            for pointer in synset.pointers
            if pointer.symbol == "@" and pointer.part == VERB
        ]
        count = source.counts[VERB, lemma, -1]
        better = [word for word in _words(source, VERB, [*usual, *above]) if source.counts[VERB, word, -1] > count]
        if better:
            verbs[lemma] = better
    return verbs


def _usual(source: WordNet, part: str, lemma: str) -> list[Synset]:
    """The synsets of a lemma's first sense and of those that are a good part of its marked occurrences."""
    counts = source.counts
    return [
        source.synsets[part][offset]
        for index, offset in enumerate(source.lemmas[part][lemma])
        if index == 0 or counts[part, lemma, index] > _USUAL * counts[part, lemma, -1]
    ]


def _words(source: WordNet, part: str, synsets: Iterable[Synset]) -> list[str]:
    """The words of some synsets, most frequent first, none twice."""
    words = {word for synset in synsets for word in synset.words if _meant(word)}
    return sorted(words, key=lambda word: (-source.counts[part, word, -1], word))


def inflections(source: WordNet, words: Collection[str]) -> list[tuple[str, ...]]:
    """Part of speech, lemma and a column for each further tag ("/" between forms), of every lemma that has any form."""
    rows = []
    for part, lemmas in source.lemmas.items():
        irregular = exceptions_by_lemma(source.exceptions[part])
        for lemma in sorted(lemmas):
            if lemma in source.exceptions[part] and part == NOUN:
                continue  # "men" is a word of its own to WordNet, "mens" none to anybody
            exceptions = [form for form in irregular.get(lemma, ()) if not _chance_plural(source, part, form)]
            forms = paradigm(lemma, part, exceptions, words)
            columns = ["/".join(forms.get(tag, ())) for tag in TAGS[part][1:]]
            if any(columns):
                rows.append((part, lemma, *columns))
    return rows


def _chance_plural(source: WordNet, part: str, form: str) -> bool:
    """Whether a plural in the list of exceptions is a word of its own: "dive" is hardly ever two divas."""
    return part == NOUN and form.endswith(("a", "e", "i")) and any(form in lemmas for lemmas in source.lemmas.values())


def _meant(*words: str) -> bool:
    """Whether each is one word, and most likely the one that WordNet means."""
    return all(
        _WORD.fullmatch(word) and word not in _HOMOGRAPHS and (len(word) > 2 or word in _SHORT) for word in words
    )


def write(source: WordNet, vocabularies: Iterable[Iterable[str]], out: Path) -> dict[str, int]:
    """Write the tables and the licence into a folder; returns the number of lines by table.

    Words of the `vocabularies` count as attested. The same input gives the same bytes.
    """
    vocabulary: frozenset[str] = frozenset().union(*vocabularies)
    words = source.attested() | vocabulary
    tables: dict[str, list[str]] = {
        LEMMAS: sorted({lemma for lemmas in source.lemmas.values() for lemma in lemmas}),
        INFLECTIONS: ["\t".join(row) for row in inflections(source, words)],
        ANTONYMS: ["\t".join(row) for row in antonyms(source)],
        CLUSTERS: [" ".join(one) + "\t" + " ".join(other) for one, other in clusters(source)],
        SYNONYMS: [f"{part}\t{lemma}\t{' '.join(others)}" for part, lemma, others in synonyms(source, vocabulary)],
        PLAINER: [f"{verb}\t{' '.join(others)}" for verb, others in sorted(plainer(source).items())],
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, lines in tables.items():
        text = "\n".join((f"# {_LAW}", f"# Changed and shortened; the licence is in {LICENCE}.", *lines)) + "\n"
        (out / name).write_bytes(gzip.compress(text.encode("ascii"), mtime=0))
    (out / LICENCE).write_text(source.licence, encoding="ascii")
    return {name: len(lines) for name, lines in tables.items()}
