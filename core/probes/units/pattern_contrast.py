"""What sets the moments of a pattern apart from the file they were found in? Next words, labels, verdicts.

Next words: of a file's N spans as long as the pattern, K are followed by the word w (or the end of the sentence), and a
of the n moments are. Were the moments drawn at random from the spans, a would be hypergeometric; p is the probability
of a or more, Fisher's exact test, one-sided, times the number of words tested (those that follow a moment at least
twice; Bonferroni). Spans of one sentence are not independent, so p is a guide where moments crowd in few sentences.

Labels and verdicts are compared sentence by sentence: those with a moment against all others. The verdict is read from
the same states as the pattern, so its difference is not independent evidence.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from core.evaluation.intervals import Mean, Share, difference, share
from core.probes.units.patterns import Index, Matches, Moment

END = ""
"""The end of the sentence as a next word; no token is empty."""
_LEAST = 2  # times a word must follow a moment to be tested
_CONTEXT = 6  # tokens on either side


@dataclass(frozen=True)
class NextWord:
    """A word (or `END`) that follows `after` of `moments` moments and `everywhere` of `windows` spans of the file.

    `times` is the ratio of the two shares; `p` is after Bonferroni's correction.
    """

    word: str
    after: int
    moments: int
    everywhere: int
    windows: int
    times: float
    p: float


@dataclass(frozen=True)
class Contrast:
    """Sentences with a moment against the others; differences are with minus without.

    `next_words` are the `tested` ones, the smallest p first. `positive` are shares of the sentences with a label, None
    where the file has none: those labelled `label`, the target or the last of the file's classes if it lacks that.
    `probability` are the means of P(target), each None without a sentence.
    """

    next_words: tuple[NextWord, ...]
    tested: int
    positive: tuple[Share, Share] | None
    positive_difference: Mean | None
    sentences: tuple[int, int]
    probability: tuple[float | None, float | None]
    probability_difference: Mean | None
    label: str


def contrast(index: Index, matches: Matches) -> Contrast:
    """What sets the moments of an index apart from it."""
    with_moment = np.zeros(len(index.sentences), dtype=bool)
    with_moment[[moment.sentence for moment in matches.moments]] = True
    others = ~with_moment
    if matches.itself:
        others &= np.array([tokens != matches.pattern.tokens for tokens in index.sentences])
    words = _next_words(index, matches)
    positive, target = None, matches.pattern.target
    number = index.names.index(target.name) if target.name in index.names else len(index.names) - 1
    if index.labels is not None:
        read = index.labels >= 0
        with_it, without = (share(index.labels[part & read] == number) for part in (with_moment, others))
        positive = with_it, without
    chance = index.chance(target)
    with_p, without_p = chance[with_moment], chance[others]
    return Contrast(
        next_words=tuple(sorted(words, key=lambda word: (word.p, -word.times, word.word))),
        tested=len(words),
        positive=positive,
        positive_difference=None if positive is None else difference(*positive),
        sentences=(int(with_moment.sum()), int(others.sum())),
        probability=tuple(float(part.mean()) if len(part) else None for part in (with_p, without_p)),  # type: ignore[arg-type]
        probability_difference=_welch(with_p, without_p),
        label=index.names[number],
    )


def context(index: Index, moment: Moment, around: int = _CONTEXT) -> tuple[str, str, str]:
    """The tokens before a moment, its own, and those after it, each joined by spaces; … where there are more."""
    tokens = index.sentences[moment.sentence]
    start, end = max(0, moment.first - around), moment.last + 1 + around
    before = ["…"] * (start > 0) + list(tokens[start : moment.first])
    after = list(tokens[moment.last + 1 : end]) + ["…"] * (end < len(tokens))
    return " ".join(before), " ".join(tokens[moment.first : moment.last + 1]), " ".join(after)


def _next_words(index: Index, matches: Matches) -> list[NextWord]:
    from scipy.stats import hypergeom

    def following(sentence: int, last: int) -> str:
        tokens = index.sentences[sentence]
        return tokens[last + 1] if last + 1 < len(tokens) else END

    length, own = len(matches.pattern), matches.pattern.tokens
    after = Counter(following(moment.sentence, moment.last) for moment in matches.moments)
    wanted = {word: count for word, count in after.items() if count >= _LEAST}
    if not wanted:
        return []
    everywhere: Counter[str] = Counter()
    for tokens in index.sentences:
        if len(tokens) >= length and not (matches.itself and tokens == own):
            everywhere.update(tokens[length:])
            everywhere[END] += 1
    moments, windows = len(matches.moments), matches.windows
    return [
        NextWord(
            word=word,
            after=count,
            moments=moments,
            everywhere=everywhere[word],
            windows=windows,
            times=(count / moments) / (everywhere[word] / windows),
            p=min(1.0, len(wanted) * float(hypergeom.sf(count - 1, windows, everywhere[word], moments))),
        )
        for word, count in wanted.items()
    ]


def _welch(a: np.ndarray, b: np.ndarray) -> Mean | None:
    """The difference of two mean probabilities with Welch's interval, clipped to ±1; None for fewer than two."""
    from scipy.stats import ttest_ind

    if min(len(a), len(b)) < 2 or not (a.std() or b.std()):
        return None
    interval = ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    return Mean(
        len(a) + len(b), float(a.mean() - b.mean()), (max(-1.0, float(interval.low)), min(1.0, float(interval.high)))
    )
