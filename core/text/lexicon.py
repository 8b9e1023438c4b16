"""Antonyms, synonyms, forms of a word and plainer verbs, from tables taken from WordNet 3.0.

Antonymy is a relation between words rather than meanings (Gross, Fischer & Miller 1989, "The organization of adjectival
meanings"). There are three grades, surest first:

- direct: WordNet names the pair, *love* and *hate*, *good* and *bad*;
- derived: the two are derived from such a pair, or it from them, *happy* and *sad* from *happily* and *sadly*;
- indirect: adjectives, one near an adjective whose antonym the other is, or is near to: *awful* is much like *bad*,
  which is *good*'s antonym.

Words are in lower case, one token each. An inflected word is looked up by its lemma, and the answer is inflected alike:
*hated* is opposed to *loved*. WordNet has no pronouns, prepositions, misspellings or slang (`Lexicon.judges`).
`core.text.wordnet` made the tables, ``python -m core lexicon`` makes them again; their licence stands beside them.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property, lru_cache
from pathlib import Path

FOLDER = Path(__file__).with_name("wordnet_tables")
LEMMAS, INFLECTIONS, ANTONYMS = "lemmas.txt.gz", "inflections.tsv.gz", "antonyms.tsv.gz"
CLUSTERS, SYNONYMS, PLAINER, LICENCE = "clusters.tsv.gz", "synonyms.tsv.gz", "plainer.tsv.gz", "LICENSE"
HEADER = 2  # lines at the head of a table that say where the words are from
DIRECT, DERIVED, INDIRECT = "direct", "derived", "indirect"
_VERB, _ADJECTIVE = "v", "a"
_REMEMBERED = 1 << 15  # words

_NEGATIVES = "not no never none nobody nothing nowhere neither nor without cannot noone n't nope nah nay"
_APPROXIMATE = "hardly scarcely barely rarely seldom"
_AUXILIARIES = "ai are ca could did do does had has have is may might must need ought sha should was were wo would"
_HASTY = [stem + end for stem in _AUXILIARIES.split() for end in ("n't", "nt")]
NEGATIONS = frozenset([*_NEGATIVES.split(), *_APPROXIMATE.split(), *_HASTY])
"""Words that deny: the negative words of English, the approximate ones (Huddleston & Pullum 2002, chapter 9, section
3.3: hardly, seldom), and auxiliaries with n't, also as they are typed in haste."""


def is_negation(word: str) -> bool:
    """Whether a token denies: it is in `NEGATIONS`, or ends in n't with whatever apostrophe."""
    plain = word.lower().replace("’", "'")
    return plain in NEGATIONS or plain.endswith("n't")


@cache
def load() -> Lexicon:
    """The shipped tables, read when first asked for. Raises OSError where they are missing."""
    return Lexicon(FOLDER)


class Lexicon:
    """Antonyms, synonyms, forms and plainer verbs from a folder of tables; each is read when it is first needed."""

    source = "WordNet 3.0 (Princeton University, 2006; WordNet 3.0 licence)"

    def __init__(self, folder: Path):
        self._folder = folder

    def judges(self, word: str) -> bool:
        """Whether the source has the word, or a form of it, so that knowing no antonym means something."""
        return word in self._lemmas or word in self._rows

    def antonyms(self, word: str) -> frozenset[str]:
        """Its direct and derived antonyms, inflected like it where the tables have such a form, else as their lemma."""
        words: set[str] = set()
        for part, lemma, tags in self._analyses(word):
            for other in self._antonyms.get((part, lemma), ()):
                words.update(self._inflected(part, other, tags) or (other,))
        return frozenset(words - {word})

    def opposed(self, word: str, other: str) -> str | None:
        """The surest grade in which two words, in whatever inflection, are antonyms, or None."""
        others = {(part, lemma) for part, lemma, _ in self._analyses(other)}
        analyses = {(part, lemma) for part, lemma, _ in self._analyses(word)}
        grades = [
            grade
            for analysis in analyses
            for opposite, grade in self._antonyms.get(analysis, {}).items()
            if (analysis[0], opposite) in others
        ]
        if grades:
            return DIRECT if DIRECT in grades else DERIVED
        near = any(
            (part, opposite) in others for part, lemma in analyses for opposite in self._opposite_clusters(part, lemma)
        )
        return INDIRECT if near else None

    def forms(self, word: str) -> tuple[str, ...]:
        """The other forms of the word, or of the words, that it is a form of: steal, steals, stole, … for *stolen*."""
        others = [form for row in self._rows.get(word, ()) for forms in self._columns(row)[1:] for form in forms]
        return tuple(form for form in dict.fromkeys(others) if form != word)

    def synonyms(self, word: str) -> tuple[str, ...]:
        """Words that share a usual sense with the word, inflected like it; for each lemma the most frequent first."""
        return self._instead(word, self._synonyms)

    def plainer(self, word: str) -> tuple[str, ...]:
        """Verbs that can stand for a verb and are more frequent, most frequent first, inflected like it.

        *stole* gives *took*, *stolen* gives *taken*; a form that is past and participle at once gives both.
        """
        return self._instead(word, self._plainer)

    def _instead(self, word: str, table: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
        """What a table gives for the word's lemmas, inflected like the word; none twice, and never the word itself."""
        words = [
            form
            for part, lemma, tags in self._analyses(word)
            for other in table.get((part, lemma), "").split()
            for form in self._inflected(part, other, tags)
        ]
        return tuple(form for form in dict.fromkeys(words) if form != word)

    @cached_property
    def _analyses(self) -> Callable[[str], list[tuple[str, str, tuple[int, ...]]]]:
        return lru_cache(_REMEMBERED)(self._analysed)

    def _analysed(self, word: str) -> list[tuple[str, str, tuple[int, ...]]]:
        """What the word may be: part of speech, lemma, and the paradigm's columns (0: the lemma) that have it."""
        analyses = []
        for row in self._rows.get(word, ()):
            part, *columns = self._columns(row)
            tags = tuple(number for number, forms in enumerate(columns) if word in forms)
            analyses.append((part[0], columns[0][0], tags))
        inflected = {part for part, lemma, _ in analyses if lemma == word}
        return analyses + [(part, word, (0,)) for part in "nvar" if part not in inflected]

    def _inflected(self, part: str, lemma: str, tags: tuple[int, ...]) -> list[str]:
        """The forms of a lemma in some columns of its paradigm."""
        for row in self._rows.get(lemma, ()):
            of, *columns = self._columns(row)
            if of[0] == part and columns[0][0] == lemma:
                return [form for tag in tags for form in columns[tag]]
        return [lemma] if tags == (0,) else []

    def _columns(self, row: int) -> list[list[str]]:
        """A line of the table of inflections: the part of speech, the lemma, and the forms of every further tag."""
        return [column.split("/") if column else [] for column in self._inflections[row].split("\t")]

    def _opposite_clusters(self, part: str, lemma: str) -> Iterable[str]:
        """The adjectives opposed to one through a neighbour, direct antonyms among them."""
        return {word for side in self._clusters.get(lemma, ()) for word in side.split()} if part == _ADJECTIVE else ()

    @cached_property
    def _lemmas(self) -> frozenset[str]:
        return frozenset(self._lines(LEMMAS))

    @cached_property
    def _inflections(self) -> list[str]:
        return self._lines(INFLECTIONS)

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        """The numbers of the lines of the table of inflections in which a word stands."""
        rows_of: dict[str, list[int]] = {}
        for number, line in enumerate(self._inflections):
            for form in line[2:].replace("/", "\t").split("\t"):
                rows = rows_of.setdefault(form, [])
                if not rows or rows[-1] != number:
                    rows.append(number)
        rows_of.pop("", None)  # from columns without a form
        return rows_of

    @cached_property
    def _antonyms(self) -> dict[tuple[str, str], dict[str, str]]:
        """Antonyms with their grade, by part of speech and lemma."""
        antonyms_of: dict[tuple[str, str], dict[str, str]] = {}
        for line in self._lines(ANTONYMS):
            part, one, other, grade = line.split("\t")
            antonyms_of.setdefault((part, one), {})[other] = grade
            antonyms_of.setdefault((part, other), {})[one] = grade
        return antonyms_of

    @cached_property
    def _clusters(self) -> dict[str, list[str]]:
        """For each adjective the clusters opposite to those that it stands in, each as words with a space between."""
        opposites_of: dict[str, list[str]] = {}
        for line in self._lines(CLUSTERS):
            one, other = line.split("\t")
            for here, opposite in ((one, other), (other, one)):
                for word in here.split():
                    opposites_of.setdefault(word, []).append(opposite)
        return opposites_of

    @cached_property
    def _synonyms(self) -> dict[tuple[str, str], str]:
        rows = (line.split("\t") for line in self._lines(SYNONYMS))
        return {(part, lemma): others for part, lemma, others in rows}

    @cached_property
    def _plainer(self) -> dict[tuple[str, str], str]:
        rows = (line.split("\t") for line in self._lines(PLAINER))
        return {(_VERB, verb): others for verb, others in rows}

    def _lines(self, name: str) -> list[str]:
        return gzip.decompress((self._folder / name).read_bytes()).decode("ascii").split("\n")[HEADER:-1]
