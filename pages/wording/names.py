"""What a reader sees for the names that core and the study write: preprocessing steps, groups, variants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext

_COUNTED = re.compile(r"(\d+) (units|layers|epochs)")


def steps() -> dict[str, str]:
    """The preprocessing steps."""
    return {
        "unescape": _("HTML entities"),
        "markup": _("HTML tags"),
        "lowercase": _("lower case"),
        "rejoin": _("split contractions"),
        "links": _("links"),
        "mentions": _("mentions"),
        "punctuation": _("punctuation"),
        "punctuation_emoji": _("punctuation, emoji whole"),
        "contractions": _("contractions"),
        "repeats": _("repeated letters"),
        "basic_english": _("torchtext’s basic_english"),
        "whitespace": _("whitespace only"),
        "spacy": _("spaCy’s English tokens"),
        "keras": _("Keras’ Tokenizer"),
        "keras_vectorization": _("Keras’ TextVectorization"),
    }


def variant(row: Mapping[str, Any]) -> str:
    """A variant of the study with its group; names that are none of the study's own are shown as they stand."""
    groups = {
        "base": _("base"),
        "seed": _("seed"),
        "preprocessing": _("preprocessing"),
        "embeddings": _("embeddings"),
        "hidden size": _("hidden size"),
        "layers": _("layers"),
        "word2vec": "word2vec",
    }
    return _("{group}: {name}").format(group=groups.get(row["group"], row["group"]), name=_change(row["name"]))


def _change(name: str) -> str:
    """What a variant changes, as the study names it in English."""
    if name.startswith("without "):
        step = name.removeprefix("without ")
        return _("without “{step}”").format(step=steps().get(step, step))
    if counted := _COUNTED.fullmatch(name):
        count = int(counted[1])
        forms = {
            "units": ngettext("{count} unit", "{count} units", count),
            "layers": ngettext("{count} layer", "{count} layers", count),
            "epochs": ngettext("{count} epoch", "{count} epochs", count),
        }
        return forms[counted[2]].format(count=count)
    return {"another seed": _("another seed"), "frozen": _("frozen")}.get(name, name)
