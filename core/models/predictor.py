"""What if only a model's answers can be had? A black box: any callable from texts to probabilities of class 1.

    package.module:callable      texts, a list of N strings  ->  N probabilities, a list, an array or a tensor

It is named by whoever starts the program, as an argument of the command line, since naming it runs its module. What it
answers is checked each time: probes never see anything but N numbers from 0 to 1. It is asked in batches that take a
fraction of a second, one at a time (nobody promised that it stands two threads), and no text twice while it is known.

Probes that move words ask it with the words joined by single spaces. Words are told apart as they are written, in lower
case, since fluency and word lists know no other: what it says of a text as typed may differ, and both can be shown.
"""

from __future__ import annotations

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

from core.data.labels import SENTIMENT, Labelling, check_names
from core.runtime.i18n import gettext as _
from core.runtime.i18n import ngettext
from core.text.preprocessing import StepResult, lowercase, punctuation

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint

    Model: TypeAlias = "Checkpoint | BlackBox"

OPTION = "--predictor"
_SPEC = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_WHOLE = re.compile(r"(?:https?://|www\.)\S+|[@#]\w+")  # links, mentions and tags stay as they are
_EDGE = 1e-12  # probabilities nearer to 0 or 1 have no finite logit
_ROUNDING = 1e-6  # by which a probability may lie outside 0 to 1
_SHORT, _LONG = 0.1, 0.4  # seconds between which a batch should take
_FIRST, _MOST = 16, 2_048  # texts in a batch
_KEPT = 100_000  # answers

Told = Callable[[int, int], object]
"""Called before every batch with how many of how many texts are answered; what it raises ends the asking."""
_listening: ContextVar[Told | None] = ContextVar("listening", default=None)


@contextmanager
def telling(told: Told) -> Iterator[None]:
    """Whoever asks a black box in here, however far below and in this thread, tells how far it is, and may be ended."""
    token = _listening.set(told)
    try:
        yield
    finally:
        _listening.reset(token)


class PredictorError(ValueError):
    """A black box that cannot be loaded or gives no probabilities; the message names it, in one line."""


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

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlainWords)

    def __hash__(self) -> int:
        return hash(PlainWords)


def _words(text: str) -> list[str]:
    found: list[str] = []
    place = 0
    for match in _WHOLE.finditer(text):
        found += [*punctuation(text[place : match.start()]).split(), match[0]]
        place = match.end()
    return [*found, *punctuation(text[place:]).split()]


class EveryWord:
    """The vocabulary of a model of which nobody says what it knows: no word is unknown."""

    def __contains__(self, word: object) -> bool:
        return True

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """Numbers from 2 that tell these tokens apart; another call may give the same word another number."""
        numbers: dict[str, int] = {}
        return [numbers.setdefault(token, len(numbers) + 2) for token in tokens]

    def unknown(self, tokens: Sequence[str]) -> list[str]:
        """None of them."""
        return []


class BlackBox:
    """A callable as a model: it has a name, a hash, words and names of its classes, as a checkpoint has, but no inside.

    `labels` names class 0 and class 1: the callable's own attribute ``labels``, else those of sentiment. `hash` stands
    for the spec and the module's file only, so that figures kept on the disk do not notice new weights.
    """

    preprocessing = PlainWords()
    vocabulary = EveryWord()
    polarity: np.ndarray | None = None
    state_space = None

    def __init__(self, function: Callable[[list[str]], Any], spec: str, name: str | None = None, code: bytes = b""):
        self.spec, self.name = spec, name or spec.partition(":")[2]
        self.labels = _labels(spec, getattr(function, "labels", SENTIMENT))
        self.hash = hashlib.sha256(f"{spec}\n{self.labels}\n".encode() + code).hexdigest()
        self.card: dict[str, Any] = {}
        self._function = function
        self._known: dict[str, float] = {}
        self._batch = _FIRST
        self._pace: float | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"BlackBox({self.spec!r})"

    @property
    def reads_sentiment(self) -> bool:
        """Whether its classes are negative and positive."""
        return self.labels == SENTIMENT

    @property
    def labelling(self) -> Labelling:
        """Its classes; of a table of its own nothing is known."""
        return Labelling(self.labels)

    @property
    def at_once(self) -> int:
        """How many texts it answers in a fraction of a second, as far as it is known."""
        return self._batch

    @property
    def pace(self) -> float | None:
        """Seconds that a text took in the last batch, None before the first."""
        return self._pace

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """P(class 1) of texts, float64 [N], each distinct one asked once. Raises PredictorError."""
        found = {text: self._known.get(text) for text in texts}
        new = [text for text, known in found.items() if known is None]
        done = 0
        while done < len(new):
            if (told := _listening.get()) is not None:
                told(done, len(new))
            batch = new[done : done + self._batch]
            found.update(zip(batch, self._asked(batch), strict=True))
            done += len(batch)
        return np.array([found[text] for text in texts], dtype=np.float64)

    def of_tokens(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """P(class 1) of token lists joined by spaces, float64 [N]. Raises PredictorError."""
        return self.probabilities([" ".join(tokens) for tokens in sentences])

    def _asked(self, batch: list[str]) -> list[float]:
        # What it prints must not stand among what the program prints; in the lock no other thread restores the stream.
        with self._lock, redirect_stdout(sys.stderr):
            clock = time.perf_counter()
            try:
                answer = self._function(list(batch))
                if isinstance(answer, Iterator):
                    answer = list(answer)
            except (Exception, SystemExit) as error:
                raise PredictorError(
                    _("{spec} raised {error} when asked about {texts}").format(
                        spec=self.spec, error=_said(error), texts=_texts(batch)
                    )
                ) from error
            seconds = time.perf_counter() - clock
            self._pace = seconds / len(batch)
            found: list[float] = self._checked(answer, batch).tolist()
            if len(batch) == self._batch and seconds < _SHORT:
                self._batch = min(2 * self._batch, _MOST)
            elif seconds > _LONG:
                self._batch = max(len(batch) // 2, 1)
            for old in list(islice(self._known, max(len(self._known) + len(batch) - _KEPT, 0))):
                del self._known[old]
            self._known.update(zip(batch, found, strict=True))
        return found

    def _checked(self, answer: Any, batch: list[str]) -> np.ndarray:
        """An answer as probabilities float64 [N]. Raises PredictorError where it is none."""
        asked = _("expected {numbers} from 0 to 1, P(class 1) of each of {texts}").format(
            numbers=_numbers(len(batch)), texts=_texts(batch)
        )
        try:
            if hasattr(answer, "detach"):  # a tensor with gradients, or on another device
                answer = answer.detach().cpu()
            given = np.asarray(answer)
        except Exception as error:
            raise PredictorError(
                _("{spec} gave no array of numbers ({error}); {asked}").format(
                    spec=self.spec, error=_said(error), asked=asked
                )
            ) from error
        if given.dtype.kind not in "fiub":
            raise PredictorError(
                _("{spec} gave {kind}, not numbers; {asked}").format(
                    spec=self.spec, kind=_kind(answer, given), asked=asked
                )
            )
        if given.ndim == 2 and len(given) == len(batch):
            raise PredictorError(
                _(
                    "{spec} gave an array of shape {shape}, a column for each class? Then return [:, {column}]; {asked}"
                ).format(spec=self.spec, shape=given.shape, column=min(1, given.shape[1] - 1), asked=asked)
            )
        if given.shape != (len(batch),):
            array = _("an array of shape {shape}").format(shape=given.shape)
            found = _numbers(len(given)) if given.ndim == 1 else array
            raise PredictorError(_("{spec} gave {found}; {asked}").format(spec=self.spec, found=found, asked=asked))
        numbers = given.astype(np.float64)
        if np.isnan(numbers).any():
            text = batch[int(np.isnan(numbers).argmax())][:60]
            raise PredictorError(
                _("{spec} gave NaN for the text {text!r}; {asked}").format(spec=self.spec, text=text, asked=asked)
            )
        low, high = float(numbers.min()), float(numbers.max())
        if low < -_ROUNDING or high > 1 + _ROUNDING:
            raise PredictorError(
                _("{spec} gave numbers from {low:g} to {high:g}{hint}; {asked}").format(
                    spec=self.spec, low=low, high=high, hint=_hint(low, high), asked=asked
                )
            )
        return numbers.clip(0, 1)


def inside(model: Model, what: str) -> Checkpoint:
    """A model whose states and weights can be looked at, which `what` needs. Raises ValueError where it has none."""
    if isinstance(model, BlackBox):
        raise ValueError(f"{what} needs a model's states and weights; of {model.name} only the answers can be had")
    return model


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    """Logits float64 of probabilities, those of 0 and 1 being finite: ±27.6."""
    p = np.clip(probabilities, _EDGE, 1 - _EDGE)
    found: np.ndarray = np.log(p) - np.log1p(-p)
    return found


def load(spec: str, taken: Sequence[str] = ()) -> BlackBox:
    """The callable that ``package.module:callable`` names, its module found as `python -m` finds one.

    It is called by the callable's name, by the whole spec where that name is `taken`. Raises PredictorError.
    """
    if not _SPEC.fullmatch(spec):
        raise PredictorError(
            _("{option} is package.module:callable; given: {given!r}").format(option=OPTION, given=spec[:200])
        )
    module_name, _colon, attribute = spec.partition(":")
    here = str(Path.cwd())
    if "" not in sys.path and here not in sys.path:
        sys.path.insert(0, here)
    try:
        with redirect_stdout(sys.stderr):
            found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module_name == missing or module_name.startswith(f"{missing}."):
            raise PredictorError(
                _("{option} {spec}: there is no module {missing!r} in {folder} or installed").format(
                    option=OPTION, spec=spec, missing=missing, folder=here
                )
            ) from None
        raise _broken(spec, module_name, error) from error
    except (Exception, SystemExit) as error:
        raise _broken(spec, module_name, error) from error
    code = _code(found)
    owner = module_name
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise PredictorError(
                _("{option} {spec}: {owner} has no {part!r}{callables}").format(
                    option=OPTION, spec=spec, owner=owner, part=part, callables=_callables(found)
                )
            )
        found, owner = getattr(found, part), f"{owner}.{part}"
    if not callable(found) or isinstance(found, type):
        raise PredictorError(
            _("{option} {spec}: {attribute} is {kind}, not callable with texts{hint}").format(
                option=OPTION, spec=spec, attribute=attribute, **_no_callable(found)
            )
        )
    return BlackBox(found, spec, spec if attribute in taken else attribute, code)


def asked_for(arguments: Sequence[str]) -> str | None:
    """The spec that follows ``--predictor`` among a program's arguments, None without one. Raises PredictorError."""
    specs: list[str] = []
    for place, argument in enumerate(arguments):
        if argument == OPTION:
            specs += arguments[place + 1 : place + 2] or [""]
        elif argument.startswith(f"{OPTION}="):
            specs.append(argument.removeprefix(f"{OPTION}="))
    if len(specs) > 1:
        raise PredictorError(
            _("{option} is given once; given: {specs}").format(option=OPTION, specs=", ".join(specs)[:200])
        )
    return specs[0] if specs else None


def _labels(spec: str, labels: Any) -> tuple[str, str]:
    try:
        return check_names(labels)
    except ValueError as error:
        raise PredictorError(
            _("{spec}: its labels are two different names, of class 0 and class 1; given: {labels} ({error})").format(
                spec=spec, labels=str(labels)[:100], error=error
            )
        ) from None


def _code(module: Any) -> bytes:
    path = getattr(module, "__file__", None)
    try:
        return Path(path).read_bytes() if path else b""
    except OSError:
        return b""


def _broken(spec: str, module_name: str, error: BaseException) -> PredictorError:
    return PredictorError(
        _("{option} {spec}: importing {module} raised {error}").format(
            option=OPTION, spec=spec, module=module_name, error=_said(error)
        )
    )


def _no_callable(found: Any) -> dict[str, str]:
    """What something is that cannot be called with texts, and what to name instead, if that can be told."""
    kind = _("of type {type}").format(type=type(found).__name__)
    hint = _("; of a pipeline name a function that returns predict_proba(texts)[:, 1]")
    return {
        "kind": _("a class, whose objects may be") if isinstance(found, type) else kind,
        "hint": hint if hasattr(found, "predict_proba") else "",
    }


def _hint(low: float, high: float) -> str:
    """What numbers that are no probabilities may be."""
    if low < 0 and np.isfinite([low, high]).all():
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
