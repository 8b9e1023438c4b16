"""Which small edits change a model's verdicts on many texts? Their searches advance in lockstep.

Every search runs until it asks the victim something; what all of them ask is answered in one batch. Each goes its own
way, so the results are those of one text at a time, logits within float32's rounding; only a limit of seconds counts
the time in which the others advance too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from core.probes.edits.results import MinimalEdits
from core.probes.edits.search import END, Question, Running, resumed
from core.probes.edits.victims import Asked, ReadSentence, Victim, answers

AT_ONCE = 64
"""Searches that advance together."""


def search(
    model: str,
    victim: Victim,
    questions: Iterable[Question],
    check_cancelled: Callable[[], object] = lambda: None,
    at_once: int = AT_ONCE,
) -> Iterator[tuple[int, MinimalEdits]]:
    """The result of each question, with its number from 0, as soon as its search ends; may be closed at any step.

    Questions are taken up as others end. `check_cancelled` is called as in a search of one text.
    """
    waiting = enumerate(questions)
    live: list[tuple[int, Running, Any, Asked]] = []
    ended = False
    while live or not ended:
        check_cancelled()
        replies = answers([asked for _number, _running, _steps, asked in live]) if live else []
        going = [
            (number, running, steps, reply) for (number, running, steps, _), reply in zip(live, replies, strict=True)
        ]
        new = list(islice(waiting, at_once - len(live)))
        ended = not new and len(live) < at_once
        for (number, question), root in zip(new, _read(victim, [question for _number, question in new]), strict=True):
            running = Running(model, _first(root, question, victim), question, check_cancelled)
            going.append((number, running, running.search.steps(), None))
        live = []
        for number, running, steps, reply in going:
            asked = resumed(steps, reply)
            while asked is None:  # an event, which nobody waits for
                asked = resumed(steps, None)
            if isinstance(asked, Asked):
                live.append((number, running, steps, asked))
            else:
                assert asked == END
                yield number, running.event().result()


def _read(victim: Victim, questions: Sequence[Question]) -> list[ReadSentence]:
    """The questions' sentences, read side by side."""
    sentences: list[Any] = [victim(question.tokens) for question in questions]
    if sentences:
        type(sentences[0]).read_own(sentences)
    return sentences


def _first(root: ReadSentence, question: Question, victim: Victim) -> Victim:
    """The victim, which has read a question's sentence already."""
    return lambda tokens: root if tokens == question.tokens else victim(tokens)
