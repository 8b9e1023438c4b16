"""A black box: any callable from texts to probabilities, of which only the answers are known.

    package.module:callable      texts, a list of N strings  ->  N probabilities of class 1, or [N, K] of K classes:
                                 a list, an array or a tensor

Its attribute ``labels`` names the classes, the first one first. Without it the first answer tells how many there are:
two are those of sentiment, more are called class 1 to class K. No later answer may have another number.

Only a command-line argument names it, since naming it runs its module. Every answer is checked. It is asked in batches
that take a fraction of a second, one at a time (it need not be thread-safe), and not twice about a remembered text.
Probes that move words ask about them in lower case, joined by single spaces; its answer to a text as typed may differ.
"""

from __future__ import annotations

import copy
import hashlib
import importlib
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from core.data import targets
from core.data.labels import FEWEST, MOST, Labelling, Names, check_names
from core.data.targets import Target
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from core.text.preprocessing import StepResult, lowercase, punctuation

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint

    Model: TypeAlias = "Checkpoint | BlackBox"

OPTION = "--predictor"
_SPEC = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_WHOLE = re.compile(r"(?:https?://|www\.)\S+|[@#]\w+")  # links, mentions and tags stay as they are
_ROUNDING = 1e-6  # by which a probability may lie outside 0 to 1
_SUM_ROUNDING = 1e-3  # by which the probabilities of a text may miss the sum 1
_ANY_TEXT = "what a day"  # asked about where only the number of classes is wanted
_SHORT, _LONG = 0.1, 0.4  # seconds between which a batch should take
_FIRST, _MOST = 16, 2_048  # texts in a batch
_KEPT = 100_000  # answers

Report = Callable[[int, int], object]
"""Called before every batch with the number of texts done and in all; what it raises cancels the rest."""
_reports: ContextVar[Report | None] = ContextVar("reports", default=None)


@contextmanager
def telling(report: Report) -> Iterator[None]:
    """Report and cancel black-box calls in this context."""
    token = _reports.set(report)
    try:
        yield
    finally:
        _reports.reset(token)


class PredictorError(ValueError):
    """A black box that cannot be loaded or gives no probabilities; one line that names it."""


class PlainWords:
    """The words and marks of a text in lower case; links, mentions, tags, numbers and emoticons stay whole."""

    steps = ("lowercase", "words")

    def __call__(self, text: str) -> list[str]:
        return _words(lowercase(text))

    def show_work(self, text: str) -> list[StepResult]:
        """The text after either step, as `core.text.preprocessing.Preprocessing` shows its own."""
        low = lowercase(text)
        after = " ".join(_words(low))
        return [StepResult("lowercase", low, low != text), StepResult("words", after, after.split() != low.split())]


def _words(text: str) -> list[str]:
    words: list[str] = []
    end = 0
    for match in _WHOLE.finditer(text):
        words += [*punctuation(text[end : match.start()]).split(), match[0]]
        end = match.end()
    return [*words, *punctuation(text[end:]).split()]


class EveryWord:
    """The vocabulary of a model that does not say what it knows: every word."""

    def __contains__(self, word: object) -> bool:
        return True

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """Numbers from 2, one for each distinct token of this call."""
        numbers: dict[str, int] = {}
        return [numbers.setdefault(token, len(numbers) + 2) for token in tokens]

    def unknown(self, tokens: Sequence[str]) -> list[str]:
        """None of them."""
        return []


class BlackBox:
    """A callable as a model, with a name, hash, words and labels as a checkpoint has, but no internal states.

    `target` is as of a checkpoint. `hash` covers the spec, the module's file, the labels and the target only, so stored
    results do not notice new weights.
    """

    preprocessing = PlainWords()
    vocabulary = EveryWord()
    polarity: np.ndarray | None = None
    state_space = None

    def __init__(self, function: Callable[[list[str]], Any], spec: str, name: str | None = None, code: bytes = b""):
        self.spec, self.name = spec, name or spec.partition(":")[2]
        self.card: dict[str, Any] = {}
        self._code = code
        self._aim: Target | None = None
        self._asking = _Asking(function, spec)

    @property
    def labels(self) -> Names:
        """The names of its classes: the callable's ``labels``, else as many as an answer has columns.

        Where neither is known yet, the callable is asked about one text. Raises PredictorError.
        """
        if self._asking.names is None:
            self.probabilities([_ANY_TEXT])
        assert self._asking.names is not None
        return self._asking.names

    @property
    def target(self) -> Target | None:
        """The class to explain; None for each text's prediction. Raises PredictorError as `labels`."""
        return self._aim or targets.default(self.labels)

    @property
    def hash(self) -> str:
        """Identifies it in stored results. Raises PredictorError as `labels`."""
        identity = hashlib.sha256(f"{self.spec}\n{self.labels}\n".encode() + self._code).hexdigest()
        return identity if self._aim is None else _digest(identity, self._aim)

    @property
    def reads_sentiment(self) -> bool:
        """Whether negative and positive are among its classes."""
        return targets.has_sentiment(self.labels)

    def targeted(self, target: Target) -> BlackBox:
        """The same black box with another target, as of a checkpoint; both know the same answers."""
        if target.labels != self.labels:
            raise ValueError(f"a target of {', '.join(target.labels)} for {self.name}: {', '.join(self.labels)}")
        if target == self.target:
            return self
        twin = copy.copy(self)
        twin._aim = None if target == targets.default(self.labels) else target
        return twin

    @property
    def labelling(self) -> Labelling:
        """Its classes."""
        return Labelling(self.labels)

    @property
    def at_once(self) -> int:
        """How many texts it answers in a fraction of a second, as far as known."""
        return self._asking.batch

    @property
    def pace(self) -> float | None:
        """Seconds per text in the last batch, None before the first."""
        return self._asking.pace

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """P(class 1) of texts, float64 [N], or of every class [N, K] for more than two; each distinct text is asked
        about once. Raises PredictorError."""
        answers = self._asking.answers(texts)
        return np.array([answers[text] for text in texts], dtype=np.float64).reshape(-1, *targets.axis(self.labels))

    def of_tokens(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """The `probabilities` of token lists joined by spaces. Raises PredictorError."""
        return self.probabilities([" ".join(tokens) for tokens in sentences])


Answer: TypeAlias = "float | list[float]"
"""P(class 1), or the probability of each of more than two classes."""


class _Asking:
    """How a callable is asked, what it answered, and the `names` of its classes, None until an answer tells their
    number. One object for all black boxes that are one callable with several targets."""

    def __init__(self, function: Callable[[list[str]], Any], spec: str):
        labels = getattr(function, "labels", None)
        self.names = None if labels is None else _labels(spec, labels)
        self.batch = _FIRST
        self.pace: float | None = None
        self.function, self._spec = function, spec
        self._known: dict[str, Answer] = {}
        self._lock = threading.Lock()

    def answers(self, texts: Sequence[str]) -> dict[str, Answer]:
        """The answer to each text. Raises PredictorError."""
        answers = {text: self._known.get(text) for text in texts}
        new = [text for text, known in answers.items() if known is None]
        done = 0
        while done < len(new):
            if (report := _reports.get()) is not None:
                report(done, len(new))
            batch = new[done : done + self.batch]
            answers.update(zip(batch, self._asked(batch), strict=True))
            done += len(batch)
        return answers  # type: ignore[return-value]  # none is None any more

    def _asked(self, batch: list[str]) -> list[Answer]:
        # What it prints must not mix with the program's output; in the lock no other thread restores the stream.
        with self._lock, redirect_stdout(sys.stderr):
            clock = time.perf_counter()
            try:
                answer = self.function(list(batch))
                if isinstance(answer, Iterator):
                    answer = list(answer)
            except (Exception, SystemExit) as error:
                raise PredictorError(
                    _("{spec} raised {error} when asked about {texts}").format(
                        spec=self._spec, error=_said(error), texts=_texts(batch)
                    )
                ) from error
            seconds = time.perf_counter() - clock
            self.pace = seconds / len(batch)
            numbers: list[Answer] = self._checked(answer, batch).tolist()
            if len(batch) == self.batch and seconds < _SHORT:
                self.batch = min(2 * self.batch, _MOST)
            elif seconds > _LONG:
                self.batch = max(len(batch) // 2, 1)
            for old in list(islice(self._known, max(len(self._known) + len(batch) - _KEPT, 0))):
                del self._known[old]
            self._known.update(zip(batch, numbers, strict=True))
        return numbers

    def _checked(self, answer: Any, batch: list[str]) -> np.ndarray:
        """An answer as probabilities float64 [N], or [N, K] for more than two classes. Raises PredictorError.

        The first one gives the classes their names where the callable has none.
        """
        asked = self._expected(batch)

        def refused(message: str, **given: object) -> PredictorError:
            return PredictorError(message.format(spec=self._spec, asked=asked, **given))

        try:
            if hasattr(answer, "detach"):  # a tensor with gradients, or on another device
                answer = answer.detach().cpu()
            given = np.asarray(answer)
        except Exception as error:
            raise refused(
                _("{spec} did not give an array of numbers ({error}); {asked}"), error=_said(error)
            ) from error
        if given.dtype.kind not in "fiub":
            raise refused(_("{spec} gave {kind}, not numbers; {asked}"), kind=_kind(answer, given))
        classes = given.shape[1] if given.ndim == 2 else FEWEST
        names = self.names or (targets.unnamed(classes) if FEWEST <= classes <= MOST else ())
        if given.ndim not in (1, 2) or len(given) != len(batch) or classes != len(names):
            array = _("an array of shape {shape}").format(shape=given.shape)
            amount = _numbers(len(given)) if given.ndim == 1 else array
            raise refused(_("{spec} gave {found}; {asked}"), found=amount)
        numbers = given.astype(np.float64)
        by_text = numbers.reshape(len(batch), -1)
        if (wrong := np.isnan(by_text).any(axis=1)).any():
            raise refused(_("{spec} gave NaN for the text {text!r}; {asked}"), text=batch[int(wrong.argmax())][:60])
        low, high = float(numbers.min()), float(numbers.max())
        if low < -_ROUNDING or high > 1 + _ROUNDING:
            raise refused(
                _("{spec} gave numbers from {low:g} to {high:g}{hint}; {asked}"),
                low=low,
                high=high,
                hint=_hint(low, high, given.ndim),
            )
        numbers = numbers.clip(0, 1)
        if given.ndim == 2:
            sums = numbers.sum(axis=1)
            if (wrong := np.abs(sums - 1) > _SUM_ROUNDING).any():
                row = int(wrong.argmax())
                why = _("{spec} gave probabilities with the sum {total:g} for the text {text!r}, not 1; {asked}")
                raise refused(why, total=sums[row], text=batch[row][:60])
            numbers = targets.compact(numbers / sums[:, None])
        self.names = names
        return numbers

    def _expected(self, batch: list[str]) -> str:
        """What an answer is to be, as the end of a message."""
        if self.names and (more := targets.axis(self.names)):
            return _("expected an array of shape {shape}, the probabilities of {names} for each of {texts}").format(
                shape=(len(batch), *more), names=", ".join(self.names), texts=_texts(batch)
            )
        why = _("expected {numbers} from 0 to 1, P(class 1) of each of {texts}, or a column for each of 2–20 classes")
        return why.format(numbers=_numbers(len(batch)), texts=_texts(batch))


def inside(model: Model, what: str) -> Checkpoint:
    """A checkpoint, as `what` needs its states and weights. Raises ValueError for a black box."""
    if isinstance(model, BlackBox):
        raise ValueError(f"{what} needs a model's states and weights; of {model.name} only the answers can be had")
    return model


def load(spec: str, taken: Sequence[str] = ()) -> BlackBox:
    """The callable that ``package.module:callable`` names, its module found as by `python -m`.

    Its name is the callable's, or the whole spec if that name is `taken`. Raises PredictorError.
    """

    def refused(message: str, **given: object) -> PredictorError:
        return PredictorError(message.format(option=OPTION, spec=spec, **given))

    def broken(error: BaseException) -> PredictorError:
        return refused(_("{option} {spec}: importing {module} raised {error}"), module=module_name, error=_said(error))

    if not _SPEC.fullmatch(spec):
        raise refused(_("{option} must be package.module:callable; given: {given!r}"), given=spec[:200])
    module_name, _colon, attribute = spec.partition(":")
    here = str(Path.cwd())
    if "" not in sys.path and here not in sys.path:
        sys.path.insert(0, here)
    try:
        with redirect_stdout(sys.stderr):
            target: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module_name == missing or module_name.startswith(f"{missing}."):
            raise refused(
                _("{option} {spec}: there is no module {missing!r} in {folder} or installed"),
                missing=missing,
                folder=here,
            ) from None
        raise broken(error) from error
    except (Exception, SystemExit) as error:
        raise broken(error) from error
    code = _code(target)
    owner = module_name
    for part in attribute.split("."):
        if not hasattr(target, part):
            raise refused(
                _("{option} {spec}: {owner} has no {part!r}{callables}"),
                owner=owner,
                part=part,
                callables=_callables(target),
            )
        target, owner = getattr(target, part), f"{owner}.{part}"
    if not callable(target) or isinstance(target, type):
        kind = _("of type {type}").format(type=type(target).__name__)
        hint = _("; for a pipeline, name a function that returns predict_proba(texts)")
        raise refused(
            _("{option} {spec}: {attribute} is {kind}, which cannot be called with texts{hint}"),
            attribute=attribute,
            kind=_("a class, whose instances may be") if isinstance(target, type) else kind,
            hint=hint if hasattr(target, "predict_proba") else "",
        )
    return BlackBox(target, spec, spec if attribute in taken else attribute, code)


def asked_for(arguments: Sequence[str]) -> str | None:
    """The spec after ``--predictor`` among arguments, None without one. Raises PredictorError."""
    specs: list[str] = []
    for index, argument in enumerate(arguments):
        if argument == OPTION:
            specs += arguments[index + 1 : index + 2] or [""]
        elif argument.startswith(f"{OPTION}="):
            specs.append(argument.removeprefix(f"{OPTION}="))
    if len(specs) > 1:
        raise PredictorError(
            _("give {option} once; given: {specs}").format(option=OPTION, specs=", ".join(specs)[:200])
        )
    return specs[0] if specs else None


def _digest(identity: str, target: Target) -> str:
    return hashlib.sha256(f"{identity}\n{target.as_json()}".encode()).hexdigest()


def _labels(spec: str, labels: Any) -> Names:
    try:
        return check_names(labels.tolist() if isinstance(labels, np.ndarray) else labels)
    except ValueError as error:
        raise PredictorError(
            _("{spec}: labels must be 2 to 20 different names, one per class; given: {labels} ({error})").format(
                spec=spec, labels=str(labels)[:100], error=error
            )
        ) from None


def _code(module: Any) -> bytes:
    path = getattr(module, "__file__", None)
    try:
        return Path(path).read_bytes() if path else b""
    except OSError:
        return b""


def _hint(low: float, high: float, axes: int) -> str:
    """What invalid probabilities may be."""
    if low < 0 and np.isfinite([low, high]).all():
        if axes > 1:
            return _(" (logits? Then apply the softmax)")
        return _(" (logits? Then apply the logistic function)")
    return _(" (percentages? Then divide by 100)") if low >= 0 and 1 < high <= 100 else ""


def _callables(owner: Any) -> str:
    names = [
        name for name, value in getattr(owner, "__dict__", {}).items() if callable(value) and not name.startswith("_")
    ]
    return _("; callable in it: {names}").format(names=", ".join(sorted(names)[:10])) if names else ""


def _said(error: BaseException) -> str:
    line = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {line}" if line else type(error).__name__


def _numbers(count: int) -> str:
    return ngettext("1 number", "{count:,} numbers", count).format(count=count)


def _texts(batch: Sequence[str]) -> str:
    return ngettext("1 text", "{count:,} texts", len(batch)).format(count=len(batch))


def _kind(answer: Any, given: np.ndarray) -> str:
    if answer is None or isinstance(answer, (str, bytes, dict)):
        return "None" if answer is None else _("a {type}").format(type=type(answer).__name__)
    content = _("text") if given.dtype.kind in "US" else given.dtype.name
    return _("a {type} of {content}").format(type=type(answer).__name__, content=content)
