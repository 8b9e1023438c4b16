"""The verb that brings a model trained elsewhere: import-torch."""

from __future__ import annotations

import argparse
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import console
from core.commands.options import Verbs, text_options
from core.models import checkpoints
from core.text.preprocessing import STEPS

if TYPE_CHECKING:
    from core.models.importers import import_model


def add_verbs(verbs: Verbs) -> None:
    """Add this verb and its options."""
    parser = verbs.add(import_torch)
    parser.add_argument(
        "--weights",
        required=True,
        type=Path,
        metavar="FILE",
        help="safetensors, a state_dict of torch, Keras (.keras, .h5) or ONNX; detected by content",
    )
    parser.add_argument(
        "--vocabulary",
        type=Path,
        metavar="FILE",
        help="one token a line, or .json: token to id, a list, or Keras' Tokenizer",
    )
    parser.add_argument(
        "--vocabulary-size", type=int, metavar="N", help="use the first N ids only, as Keras' num_words does"
    )
    parser.add_argument(
        "--embedding",
        type=Path,
        metavar="FILE",
        help="safetensors, .npy, GloVe's or word2vec's text, word2vec's binary format (default: the weights')",
    )
    parser.add_argument("--cell", choices=["rnn", "gru", "lstm"], help="default: by the shapes")
    parser.add_argument("--name", help="the checkpoint's name (default: the weights file's)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: where the pages look for checkpoints")
    parser.add_argument("--replace", action="store_true", help="replace a checkpoint of that name")
    parser.add_argument(
        "--steps",
        nargs="*",
        metavar="STEP",
        help=f"preprocessing, of {', '.join(STEPS)} (default: lowercase punctuation; none after it: none)",
    )
    parser.add_argument(
        "--labels",
        metavar="ZERO,ONE,…",
        help="names of the classes, class 0 first: of all outputs in their order, where there are more than two "
        "(default: negative,positive)",
    )
    parser.add_argument("--class-1", type=int, metavar="N", help="which of two outputs is class 1 (default: 1)")
    parser.add_argument(
        "--reads",
        nargs="+",
        metavar="WHAT",
        help="what the head reads: final, the last state of each direction (default); last, both directions' at the "
        "last token; reversed, final with the way back first; max or mean over all states; cell, the LSTM's last cell "
        "state; dot, attention without parameters. With padded:N where padding behind the text is read to N tokens, "
        "left:N where it stands in front, as in: max padded:128",
    )
    parser.add_argument("--nonlinearity", choices=["tanh", "relu"], help="of nn.RNN (default: tanh)")
    parser.add_argument(
        "--activation", metavar="NAME", help="between the two layers of a head that has two, such as relu (default)"
    )
    parser.add_argument("--unknown-token", metavar="TOKEN", help="what unknown words are (default: <unk> and the like)")
    parser.add_argument("--unknown-id", type=int, metavar="ID", help="its id, where the vocabulary does not list it")
    parser.add_argument(
        "--drop-unknown",
        action="store_true",
        help="leave unknown words out of a text, as Keras' Tokenizer does by default",
    )
    parser.add_argument("--pad-token", metavar="TOKEN", help="padding (default: <pad> and the like)")
    parser.add_argument("--pad-id", type=int, metavar="ID", help="its id, where the vocabulary does not list it")
    parser.add_argument("--recurrent", metavar="PREFIX", help="which recurrent module, where there are several")
    parser.add_argument(
        "--head-name", dest="head", metavar="NAME", help="which tensor is the head, where several could be"
    )
    parser.add_argument(
        "--hidden-name", dest="hidden", metavar="NAME", help="which tensor is the layer before it, likewise"
    )
    parser.add_argument("--embedding-name", metavar="NAME", help="which tensor is the embedding, likewise")
    parser.add_argument("--ignore", nargs="+", default=[], metavar="NAME", help="tensors that the model does without")
    parser.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="a table of texts with the owner's probabilities of class 1, or of each of more than two classes: nothing "
        "is saved unless every row agrees within 0.0001; where one does not, what would agree is searched for",
    )
    text_options(parser)
    parser.add_argument(
        "--probability-column",
        metavar="C",
        help="of the table for --check (default: probability); of more than two classes C,C,C in the order of --labels "
        "(default: their names)",
    )
    parser.add_argument(
        "--logit-column", metavar="C", help="in place of probabilities, the numbers before the sigmoid or softmax"
    )


def import_torch(options: argparse.Namespace) -> int:
    """Bring a recurrent classifier trained elsewhere (torch, Keras, ONNX) as a checkpoint."""
    from core.models.importers import import_model, vocabulary_files
    from core.models.importers.refusals import RefusedError
    from core.text.preprocessing import Preprocessing

    path = options.weights
    name = options.name or re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem).strip("-_")[:64]
    checkpoints.check_name(name)
    of_check = (options.text_column, options.probability_column, options.logit_column, options.layout)
    if options.check is None and any(of_check):
        raise ValueError("columns, --encoding and the like are of the table that --check names; give --check too")
    given = {field.name: getattr(options, field.name, None) for field in fields(import_model.Request)}
    given |= {
        "preprocessing": None if options.steps is None else Preprocessing(tuple(options.steps)),
        "labels": options.labels and tuple(part.strip() for part in options.labels.split(",")),
        "reads": options.reads and " ".join(options.reads),
        "special": vocabulary_files.Special(
            options.pad_token, options.unknown_token, options.pad_id, options.unknown_id
        ),
    }
    request = import_model.Request(**{name: value for name, value in given.items() if value is not None})
    try:
        brought = import_model.assemble(request)
        import_model.save(name, brought, options.out, replace=options.replace)
    except RefusedError as error:
        for line in error.lines:
            console.progress(line)
        raise ValueError(f"{error.summary}; see the lines above") from None
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "DefaultCPUAllocator" not in str(error):  # torch's own for memory
            raise
        raise ValueError(f"{path.name} needs more memory than there is; try it on a larger machine") from None
    if options.json:
        notes = {"notes": brought.notes, "assumed": brought.assumed}
        keys = ("cell", "sizes", "labels", "preprocessing", "imported")
        console.json_list([{"name": name, **notes, **{key: brought.card[key] for key in keys}}])
    else:
        _tell(name, brought, options.out or checkpoints.root())
    return 0


def _tell(name: str, brought: import_model.Imported, folder: Path) -> None:
    """Say what was brought, what was assumed, and whether it was checked."""
    card, sizes, imported = brought.card, brought.card["sizes"], brought.card["imported"]
    layers = "1 layer" if sizes["layers"] == 1 else f"{sizes['layers']} layers"
    ways = ", both ways" if sizes.get("bidirectional") else ""
    console.line(
        f"{name}: {card['cell']} of {layers} of {sizes['hidden']:,} units{ways}, "
        f"{sizes['vocabulary']:,} ids of {sizes['embedding']:,} numbers, in {folder}"
    )
    variant = brought.model.variant
    console.line(f"  {variant or 'reads: final'}; steps: {' '.join(card['preprocessing']) or 'none'}")
    classes = ", ".join(f"class {number} is {name}" for number, name in enumerate(card["labels"]))
    output = "" if imported["class_1"] is None else f", output {imported['class_1']} of {imported['outputs']}"
    console.line(f"  {classes}{output}")
    read = "read" if brought.model.reads.pads else "never read"
    console.line(f"  unknown words: {imported['unknown_words']}; padding: {imported['padding'] or 'none'}, {read}")
    for note in brought.notes:
        console.line(f"  {note}")
    if brought.checked is not None:
        rows, verb = ("1 row", "agrees") if brought.checked.rows == 1 else (f"{brought.checked.rows:,} rows", "agree")
        console.line(
            f"  checked: {rows} of {imported['checked']['file']} {verb} with the owner's numbers; the largest "
            f"difference is {brought.checked.largest_difference:.1e}"
        )
        return
    console.line(
        "  not checked against its owner's outputs (--check FILE)" + (", and assumed:" * bool(brought.assumed))
    )
    for assumed in brought.assumed:
        console.line(f"    {assumed}")
