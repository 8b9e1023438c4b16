"""The verb that brings a model trained elsewhere: import-torch."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from core import checkpoints
from core.commands import console
from core.commands.verbs import Add
from core.text import STEPS


def add_verbs(add: Add) -> None:
    """Add this verb and its options."""
    added = add(import_torch)
    added.add_argument("--weights", required=True, metavar="FILE", help=".safetensors, or a state_dict as .pt or .pth")
    added.add_argument("--vocabulary", metavar="FILE", help="one token a line, or .json: token to id, or a list")
    added.add_argument(
        "--embedding",
        metavar="FILE",
        help=".safetensors, .npy, or word2vec's text as .txt or .vec (default: the embedding among the weights)",
    )
    added.add_argument("--cell", choices=["rnn", "gru", "lstm"], help="default: told by the shapes; rnn is tanh")
    added.add_argument("--name", help="the checkpoint's name (default: the weights file's)")
    added.add_argument("--out", metavar="DIR", help="default: where the pages look for checkpoints")
    added.add_argument("--replace", action="store_true", help="replace a checkpoint of that name")
    added.add_argument(
        "--steps",
        nargs="*",
        metavar="STEP",
        help=f"preprocessing, of {', '.join(STEPS)} (default: lowercase punctuation; none after it: none)",
    )
    added.add_argument("--labels", metavar="ZERO,ONE", help="names of class 0 and class 1 (default: negative,positive)")
    added.add_argument("--class-1", type=int, metavar="N", help="which of two outputs is class 1 (default: 1)")
    added.add_argument(
        "--reads",
        choices=["final", "last"],
        default="final",
        help="of a bidirectional model: each way's final state (default), or the output at the last token",
    )
    added.add_argument("--unknown-token", metavar="TOKEN", help="what unknown words are (default: <unk> and the like)")
    added.add_argument("--unknown-id", type=int, metavar="ID", help="its id, where the vocabulary does not list it")
    added.add_argument("--pad-token", metavar="TOKEN", help="padding (default: <pad> and the like); never read")
    added.add_argument("--pad-id", type=int, metavar="ID", help="its id, where the vocabulary does not list it")
    added.add_argument("--recurrent", metavar="PREFIX", help="which recurrent module, where there are several")
    added.add_argument("--head-name", metavar="NAME", help="which tensor is the head, where several could be")
    added.add_argument("--embedding-name", metavar="NAME", help="which tensor is the embedding, likewise")
    added.add_argument("--ignore", nargs="+", default=[], metavar="NAME", help="tensors that the model does without")


def import_torch(options: argparse.Namespace) -> int:
    """Bring an nn.RNN, nn.GRU or nn.LSTM with embedding and linear head, trained elsewhere, as a checkpoint."""
    from core.foreign import bringing, words
    from core.foreign.refusals import RefusedError
    from core.text import Preprocessing

    path = Path(options.weights)
    name = options.name or re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem).strip("-_")[:64]
    checkpoints.check_name(name)
    labels = {} if options.labels is None else {"labels": tuple(part.strip() for part in options.labels.split(","))}
    steps = bringing.STEPS if options.steps is None else tuple(options.steps)
    request = bringing.Request(
        weights=path,
        vocabulary=Path(options.vocabulary) if options.vocabulary else None,
        embedding=Path(options.embedding) if options.embedding else None,
        cell=options.cell,
        preprocessing=Preprocessing(steps),
        class_1=options.class_1,
        reads=options.reads,
        special=words.Special(options.pad_token, options.unknown_token, options.pad_id, options.unknown_id),
        recurrent=options.recurrent,
        head=options.head_name,
        embedding_name=options.embedding_name,
        ignore=options.ignore,
        **labels,
    )
    out = Path(options.out) if options.out else None
    try:
        brought = bringing.bring(request)
    except RefusedError as error:
        for line in error.lines:
            console.progress(line)
        raise ValueError(f"{error.summary}; see the lines above") from None
    bringing.save(name, brought, out, replace=options.replace)
    card, sizes = brought.card, brought.card["sizes"]
    if options.json:
        console.json_list([{"name": name, "notes": brought.notes, **{key: card[key] for key in _TOLD}}])
        return 0
    ways = ", both ways" if sizes.get("bidirectional") else ""
    console.line(
        f"{name}: {card['cell']} of {sizes['layers']} layers of {sizes['hidden']:,} units{ways}, "
        f"{sizes['vocabulary']:,} ids of {sizes['embedding']:,} numbers, in {out or checkpoints.root()}"
    )
    imported = card["imported"]
    console.line(f"  steps: {' '.join(steps) or 'none'}" + " (the default)" * (options.steps is None))
    console.line(
        f"  class 0 is {card['labels'][0]}, class 1 is {card['labels'][1]}, "
        f"output {imported['class_1']} of {imported['outputs']}"
    )
    console.line(f"  unknown words: {imported['unknown_words']}; padding: {imported['padding'] or 'none'}, never read")
    for note in brought.notes:
        console.line(f"  {note}")
    return 0


_TOLD = ("cell", "sizes", "labels", "preprocessing", "imported")
