"""Our search for edits against TextAttack's: the same victim, texts, candidates and constraints; one command.

    python tests/benchmarks/comparison/compare.py --data VALID --textattack ta/bin/python [--model lstm]

`ta/bin/python` is the environment that `textattack_side` describes. Rows are drawn by the seed from those that the
model gets right. Candidates for every word are our substitutions (word2vec's neighbours, other forms, plainer verbs),
the first `--candidates` of them, once all of them and once those that pass the meaning guards. Every search stops at
its first flip. A query is a text that the model reads, the first look included; for us a gradient is one too. "Dives"
is our search without its beam, which is to greedy search what the whole one is to a beam.

Prints a Markdown table for both: texts flipped with Wilson's 95 % interval, queries and seconds a text. All run with
the same number of threads, one after another.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

import numpy as np
import torch
from exchange import Answer, Attempt, Request, Target, check, read_answers

from core.data.corpus import encode, read_corpus
from core.evaluation.metrics import wilson_interval
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.predict import logits
from core.models.token_predictor import predictor
from core.probes.edits import corpus
from core.probes.edits import sources as edit_sources
from core.probes.edits.guards import FAILED
from core.probes.edits.results import MinimalEdits
from core.probes.edits.search import Question, search
from core.probes.edits.transformations import Substitute
from core.probes.edits.victims import Victim, black_box, white_box
from tests.probes.listed import listed


def main() -> None:
    """Compare our search for edits with TextAttack's."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", required=True, type=Path, help="labelled rows, which the model was not trained on")
    parser.add_argument("--textattack", required=True, type=Path, help="the Python of TextAttack's environment")
    parser.add_argument("--model", default="lstm")
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--candidates", type=int, default=12, help="of each word at most (default: 12)")
    parser.add_argument("--max-edits", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    checkpoint, sources = checkpoints.load(options.model), edit_sources.load()
    rows = read_corpus(options.data)
    if rows.skipped:
        raise SystemExit("error: rows are counted over the whole file; leave no neutral ones in it")
    sentences = encode(rows.texts, checkpoint.preprocessing, checkpoint.vocabulary)
    right = (logits(checkpoint.model, sentences) >= 0) == (rows.labels == 1)
    drawn = np.random.default_rng(options.seed).permutation(np.flatnonzero(right)).tolist()
    victims = {"black": black_box(predictor(checkpoint)), "white": white_box(checkpoint)}
    for guarded in (False, True):
        request = _request(checkpoint, sources, rows.texts, drawn, options, guarded=guarded)
        tokens = [tuple(checkpoint.preprocessing(rows.texts[target.row])) for target in request.targets]
        answers = [
            *_theirs(request, options),
            *(
                ours(f"ours, {name} box{'' if widen else ', dives'}{more}", victim, request, tokens, widen=widen)
                for widen in (False, True)
                for name, victim in victims.items()
                for ours, more in ((_ours, ""), (_lockstep, ", in lockstep"))
            ),
        ]
        for answer in answers:
            check(request, answer, tokens)
        _show(request, answers)


def _request(
    checkpoint: Checkpoint,
    sources: edit_sources.WordSources,
    texts: Sequence[str],
    drawn: Sequence[int],
    options: argparse.Namespace,
    *,
    guarded: bool,
) -> Request:
    propose = Substitute(sources.neighbours, sources.lexicon)
    guards = edit_sources.guards(checkpoint, sources) if guarded else ()
    targets: list[Target] = []
    for row in drawn:
        if len(targets) == options.texts:
            break
        tokens = tuple(checkpoint.preprocessing(texts[row]))
        # The model is right, so its verdict is the person's reading as far as the label tells.
        reading = "positive" if predictor(checkpoint)([tokens])[0] >= 0.5 else "negative"
        found: list[list[str]] = [[] for _ in tokens]
        for edit in propose(tokens):
            passes = all(guard.judge((edit,), reading) != FAILED for guard in guards)
            if passes and len(edit.after) == 1 and len(found[edit.position]) < options.candidates:
                found[edit.position].append(edit.after[0])
        if any(found):
            targets.append(Target(row, found))
    which = "those of them that pass the meaning guards" if guarded else "no guards"
    about = f"up to {options.candidates} substitutes a word; {which}"
    return Request(options.model, options.max_edits, about, targets)


def _theirs(request: Request, options: argparse.Namespace) -> list[Answer]:
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "request.json", Path(folder) / "answers.json"
        request.write(asked)
        side = Path(__file__).with_name("textattack_side.py")
        files = ["--request", asked, "--data", options.data.resolve(), "--out", answered]
        command = [options.textattack, side, *files, "--threads", str(options.threads)]
        subprocess.run([str(part) for part in command], cwd=Path(__file__).parents[3], check=True, stdout=sys.stderr)
        return read_answers(answered)


def _ours(
    name: str,
    victim: Victim,
    request: Request,
    sentences: Sequence[tuple[str, ...]],
    *,
    widen: bool,
) -> Answer:
    attempts = []
    for target, tokens in zip(request.targets, sentences, strict=True):
        start = time.perf_counter()
        *_, last = search(request.model, victim, _question(request, target, tokens, widen=widen))
        result = last.result()
        attempts.append(_attempt(target, result, time.perf_counter() - start))
    return Answer(name, attempts)


def _lockstep(
    name: str,
    victim: Victim,
    request: Request,
    sentences: Sequence[tuple[str, ...]],
    *,
    widen: bool,
) -> Answer:
    """The same, all texts advancing together; each is given its share of the seconds."""
    start = time.perf_counter()
    questions = (
        _question(request, target, tokens, widen=widen)
        for target, tokens in zip(request.targets, sentences, strict=True)
    )
    found = dict(corpus.search(request.model, victim, questions))
    seconds = (time.perf_counter() - start) / len(found)
    return Answer(name, [_attempt(target, found[row], seconds) for row, target in enumerate(request.targets)])


def _question(request: Request, target: Target, tokens: tuple[str, ...], *, widen: bool) -> Question:
    return Question(
        text="",
        tokens=tokens,
        goal="flip",
        transformations=(listed(dict(enumerate(target.substitutes))),),
        max_edits=request.max_edits,
        beam=4,
        first=True,
        widen=widen,
        top=1,
    )


def _attempt(target: Target, result: MinimalEdits, seconds: float) -> Attempt:
    best = result.best
    edited = list(best.tokens if best else result.tokens)
    return Attempt(
        row=target.row,
        success=best is not None,
        queries=result.queries,
        seconds=seconds,
        probability=result.probability,
        edited_probability=best.probability if best else result.probability,
        edits=sum(old != new for old, new in zip(result.tokens, edited, strict=True)),
        edited=edited,
    )


def _show(request: Request, answers: Sequence[Answer]) -> None:
    singles = sum(len(words) for target in request.targets for words in target.substitutes)
    print(
        f"\n{request.model}, {len(request.targets)} texts, up to {request.max_edits} edits; {request.candidates}: "
        f"{singles:,} single edits\n\n| search | flipped | queries a text | edits of a flip | seconds a text |\n"
        "|---|---:|---:|---:|---:|"
    )
    for answer in answers:
        flips = [attempt for attempt in answer.attempts if attempt.success]
        low, high = wilson_interval(len(flips), len(answer.attempts))
        print(
            f"| {answer.search} | {len(flips)} of {len(answer.attempts)} ({low:.1%} to {high:.1%}) | "
            f"{np.mean([attempt.queries for attempt in answer.attempts]):,.1f} | "
            f"{np.mean([attempt.edits for attempt in flips]) if flips else 0:.2f} | "
            f"{np.mean([attempt.seconds for attempt in answer.attempts]):.4f} |"
        )


if __name__ == "__main__":
    main()
