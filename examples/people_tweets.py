"""The files that the checkpoint `lstm_people` is trained and measured on, from a table of tweets that people labelled.

    python examples/people_tweets.py semeval2013_2016_sentiment_train.parquet FOLDER

writes FOLDER/before_2016.csv, to train on, and FOLDER/2016.csv, to report on. The table has the columns text, label (0
negative, 2 neutral, 1 positive) and part, which begins with a year; its sarcastic part is left out. Of tweets that are
near-duplicates one is kept, in the later year: those whose words, without links, names and punctuation, have a Jaccard
similarity of at least 0.8.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from pathlib import Path

from core.data.tables import rows
from core.text.preprocessing import Preprocessing

NAMES = {0: "negative", 2: "neutral", 1: "positive"}
ALIKE = 0.8  # Jaccard similarity


def without_near_duplicates(texts: list[str]) -> list[int]:
    """The numbers of the texts that are no near-duplicate of an earlier one, in order."""
    steps = Preprocessing()
    words = [
        frozenset(word for word in steps(text) if any(map(str.isalnum, word)) and word[0] != "<") for text in texts
    ]
    frequency = Counter(word for each in words for word in each)
    by_word: dict[str, list[int]] = defaultdict(list)
    kept = []
    for number, own in enumerate(words):
        # Texts so alike share one of so many of their rarest words (prefix filtering, Chaudhuri et al. 2006).
        rare = sorted(own, key=lambda word: (frequency[word], word))[: len(own) - -(-len(own) * 4 // 5) + 1]
        others = {other for word in rare for other in by_word[word]}
        if all(len(own & words[other]) < ALIKE * len(own | words[other]) for other in others):
            kept.append(number)
            for word in rare:
                by_word[word].append(number)
    return kept


def main(table: Path, folder: Path) -> None:
    """Write both files."""
    cells = [row for _, _, row in rows(table, ("text", "label", "part")) if row[2] != "2014sarcasm"]
    cells.sort(key=lambda row: row[2][:4], reverse=True)  # the last year first
    kept = [cells[number] for number in without_near_duplicates([text for text, _, _ in cells])]
    for name, last in (("before_2016.csv", False), ("2016.csv", True)):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            writer.writerows([text, NAMES[int(label)]] for text, label, part in kept if (part[:4] == "2016") == last)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
