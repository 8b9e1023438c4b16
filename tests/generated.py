"""A made-up table of two classes that are no sentiment: sentences about weather and about cooking, from templates."""

from __future__ import annotations

import csv
import random
from pathlib import Path

WEATHER, COOKING = "weather", "cooking"
_TEMPLATES = {
    WEATHER: (
        "{when} the {sky} over the {place} {did}",
        "a {sky} {did} near the {place} {when}",
        "{when} we saw {sky} and {sky} above the {place}",
        "the forecast says {sky} for the {place} {when}",
        "no {sky} {when} , the {place} stays dry",
    ),
    COOKING: (
        "{when} i {made} the {food} with {food} and salt",
        "you {made} the {food} in the {pan} {when}",
        "the recipe asks for {food} and {food} in a {pan}",
        "{when} she {made} some {food} for dinner",
        "no {food} left in the {pan} {when}",
    ),
}
_WORDS = {
    "when": ("today", "tomorrow", "this morning", "at noon", "in the evening", "on monday", "last night"),
    "sky": ("rain", "snow", "fog", "hail", "thunder", "sunshine", "cloud", "storm", "drizzle", "frost"),
    "did": ("moved slowly", "cleared at last", "grew darker", "came early", "passed quickly"),
    "place": ("coast", "valley", "harbour", "hills", "city", "lake", "island"),
    "made": ("boiled", "fried", "baked", "stirred", "chopped", "seasoned", "roasted"),
    "food": ("onions", "pasta", "garlic", "beans", "dough", "butter", "rice", "soup", "carrots", "cheese"),
    "pan": ("pan", "pot", "oven", "bowl", "kitchen"),
}


def sentences(rows: int, *, share: float = 0.5, seed: int = 0) -> list[tuple[str, str]]:
    """So many different (text, class), `share` of them about cooking, in a random order."""
    choose = random.Random(seed)
    found: dict[str, str] = {}
    cooking = round(rows * share)
    for topic, wanted in ((COOKING, cooking), (WEATHER, rows)):
        while len(found) < wanted:
            template = choose.choice(_TEMPLATES[topic])
            words = [part if part[0] != "{" else choose.choice(_WORDS[part[1:-1]]) for part in template.split()]
            found.setdefault(" ".join(words), topic)
    pairs = list(found.items())
    choose.shuffle(pairs)
    return pairs


def write(path: Path, rows: int = 600, **chosen: float) -> Path:
    """A CSV with the columns ``said`` and ``topic``."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["said", "topic"])
        writer.writerows(sentences(rows, **chosen))  # type: ignore[arg-type]
    return path
