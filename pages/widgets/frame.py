"""What stands on every page: set-up, language, menu, the sentence box, the link that carries the sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st

from core.data.examples import examples
from core.runtime import i18n
from core.runtime.i18n import gettext as _
from core.runtime.malloc import give_back
from pages.help import about, lessons
from pages.server import garbage_collection, limits
from pages.widgets import query_params
from pages.widgets.sentences import second_sentence
from pages.wording.tokens import style

_HERE = Path(__file__).parent
# The browser's own address: when a page's head is drawn, its settings below have not yet been written to the link.
_copy_link = st.components.v2.component(
    "unrolled_copy_link",
    html='<button type="button" aria-live="polite"></button>',
    css=(_HERE / "copy_link.css").read_text(encoding="utf-8"),
    js=(_HERE / "copy_link.js").read_text(encoding="utf-8"),
)


def titles() -> dict[str, str]:
    """The pages of the workbench, in order, by file name without its number."""
    return {
        "Permutations": _("Permutations"),
        "Sarcasm": _("Sarcasm"),
        "Trajectories": _("Trajectories"),
        "Attributions": _("Attributions"),
        "Maths_Lab": _("Maths lab"),
        "Models": _("Models"),
    }


def existing_pages() -> list[tuple[str, str]]:
    """(path, title) of the pages."""
    return [(f"pages/{number}_{name}.py", title) for number, (name, title) in enumerate(titles().items(), 1)]


def set_up(page: str) -> None:
    """The first call of every page, by its file's name without the number (or ``Home``): language, title, menu."""
    garbage_collection.settle()
    if st.session_state.get("page") != page:
        st.session_state["page"] = page
        give_back()  # what the page before made; under a millisecond
        # What the link of another page said last is no answer to what this one's says.
        for key in [key for key in st.session_state if str(key).startswith("linked ")]:
            del st.session_state[key]
        # To Streamlit (1.67) the box here is another one than that of the page before, in spite of the key they share,
        # and starts empty unless its value is written anew.
        for key in {"q", "models loaded", "language"} & set(st.session_state):
            st.session_state[key] = st.session_state[key]
    usual = _usual_language()
    query_params.restore("lang", usual, _written_language, "language", silent=True)
    i18n.use(st.session_state["language"] or usual)
    title = {"Home": _("Home"), **titles()}[page]
    st.set_page_config(page_title=f"{title} · Unrolled", page_icon="📈", layout="wide")
    style()
    carried = _link(st.session_state.get("q", st.query_params.get("q", "")))
    with st.sidebar:
        st.page_link("app.py", label=_("Home"), icon=":material/home:", query_params=carried)
        for path, label in existing_pages():
            st.page_link(path, label=label, query_params=carried)
        st.segmented_control(
            _("Language"),
            list(i18n.LANGUAGES),
            format_func=i18n.LANGUAGES.__getitem__,
            key="language",
            required=True,
            persist_state="session",
        )
    query_params.carry("lang", _language_in_link())
    limits.tell()
    with st.sidebar:
        lessons.offer()


def head(title: str, question: str, views: Mapping[str, str] | None = None, *, name: str = "view", **more: Any) -> str:
    """A page's title, the question that it answers, what it is about, and the choice of its view, which is returned.

    The views are given by the names that a reader sees; `name` is the link's.
    """
    page, view = st.session_state["page"], ""
    line = st.container(horizontal=True, vertical_alignment="center")
    if views:
        key = {"label_visibility": "collapsed", "name": name, "key": f"{page.lower()} view"}
        view = query_params.choice(st.pills, _("View"), views, **key | more)
    with line:
        st.title(title, width="content")
        st.markdown(question, width="stretch")
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="xxsmall"):
            about.show(page, view)
            _copy_link(key="copy link", data={"label": _("Copy link"), "copied": _("Copied")}, width=92)
    lessons.gate()
    return view


def _usual_language() -> str:
    """Chinese for a browser that asks for it as it is written in Taiwan, Hong Kong and Macau; English for others."""
    asked = (st.context.locale or "").lower()
    traditional = asked.startswith("zh") and any(sign in asked for sign in ("hant", "tw", "hk", "mo"))
    return i18n.TRADITIONAL_CHINESE if traditional else i18n.ENGLISH


def _written_language(tag: str) -> str | None:
    """The language of a BCP 47 tag, as the link writes it: ``zh-TW``."""
    return next((name for name in i18n.LANGUAGES if name.replace("_", "-") == tag), None)


def _language_in_link() -> str | None:
    spoken = i18n.current()
    return None if spoken == _usual_language() else spoken.replace("_", "-")


def two_sentences(default: str, key: str, *, suggest: bool = True) -> tuple[str, str]:
    """The sentence box and, beside it, that of a second sentence to compare; see `second_sentence`."""
    first, second = st.columns(2)
    with first:
        text = sentence(default)
    with second:
        return text, second_sentence(text, _("Second sentence"), key, suggest=suggest)


def sentence(default: str) -> str:
    """The sentence box, shared by all pages; its text travels in the link as ``?q=`` while that is short enough."""
    st.session_state.setdefault("q", st.query_params.get("q", default))
    # By a link or an example, and not by a person who types.
    st.session_state["q given"] = st.session_state.pop("example taken", False)
    if "q" in st.query_params and st.query_params["q"] != st.session_state.get("linked", st.query_params["q"]):
        st.session_state["q"] = st.query_params["q"]  # the browser went back or forward
        st.session_state["q given"] = True
    text = st.text_input(
        _("Type a sentence"),
        key="q",
        live=True,
        persist_state="session",
        placeholder=_("Type or paste a text; the verdicts update as you type"),
    )
    text = text or ""
    # Every write below is an entry of the browser's history, so typing leaves one a pause. `bind="query-params"` on the
    # box replaces the address instead, and may come and go with the length of the text, as it is no part of the box's
    # identity. But on a switch of pages Streamlit (1.67) drops a bound parameter before the other page runs, and the
    # browser files that address without the sentence as an entry of its own: going back from another page then showed
    # the first example in place of the sentence typed. Losing the sentence is worse than a long history.
    if "q" in _link(text):
        st.query_params["q"] = st.session_state["linked"] = text
    else:
        st.query_params.pop("q", None)
        st.session_state.pop("linked", None)
        if text:
            st.caption(
                _(
                    "The text is too long for the link: it has {length:,} characters, and a link can hold {most:,}."
                ).format(length=len(text), most=query_params.LONGEST)
            )
    return limits.short_enough(text)


def example_picker(text: str) -> None:
    """Example sentences to choose from, and why the one in the box is interesting."""
    offered = {example.name: example for example in examples()}

    def write() -> None:
        chosen = st.session_state["example"]
        if chosen:
            st.session_state["q"], st.session_state["example taken"] = offered[chosen].text, True
        st.session_state["example"] = None  # a button, not a choice that lasts

    st.pills(_("Or pick an example"), list(offered), key="example", on_change=write, label_visibility="collapsed")
    reason = next((example.reason for example in offered.values() if example.text == text), None)
    if reason:
        st.caption(_("Why this example: {reason}").format(reason=reason))


def invite(text: str) -> None:
    """What stands where there is no word to read: what is missing and what to do, and the examples to pick from."""
    st.info(_("No words to read yet. Type a sentence or pick an example."))
    example_picker(text)


@contextmanager
def loading() -> Iterator[None]:
    """The sign of life while a page loads its modules and the models, and the place that its first answer will take."""
    with waiting(_("Loading the models…"), 420):
        yield


@contextmanager
def waiting(label: str, height: int) -> Iterator[None]:
    """A sign of life while something is worked out; the first time, a grey place so high holds that of the answer.

    Later the answer before stands there already, and a grey place would push it away.
    """
    key = f"waited {st.session_state.get('page')} {label}"
    first = not st.session_state.get(key, False)
    with st.spinner(label, show_time=False):
        if first:
            with st.skeleton(height=height):
                yield
        else:
            st.empty()  # so that what follows has the same place among the elements, and is not drawn anew
            yield
    st.session_state[key] = True


@contextmanager
def working(label: str, height: int) -> Iterator[None]:
    """As `waiting`, for work that a page does unasked.

    On a public server its time is taken from the window's budget; where nothing is left the page says so and ends here.
    """
    if limits.none_left():
        st.stop()
    with waiting(label, height), limits.timed():
        yield


def links_to_pages(text: str) -> None:
    """Links to the other pages that take the sentence along."""
    pages = [(path, label) for path, label in existing_pages() if not path.endswith("_Models.py")]
    if pages and text:
        st.header(_("More about this sentence"))
        with st.container(horizontal=True):
            for path, label in pages:
                st.page_link(path, label=label, query_params=_link(text))


def open_elsewhere(text: str, first: str = "") -> None:
    """A text to copy, and links that open it on the pages, beside the first text if it is an order of one."""
    st.code(text, language=None, wrap_lines=True)
    with st.container(horizontal=True):
        if first:
            compare = _link(first) | ({"second": text} if len(text) <= query_params.LONGEST else {})
            st.page_link("pages/1_Permutations.py", label=_("Compare"), query_params=compare | {"view": "compare"})
        st.page_link("app.py", label=_("Home"), query_params=_link(text))
        for path, label in existing_pages():
            if not path.endswith(("_Models.py", "_Lab.py")):
                st.page_link(path, label=label, query_params=_link(text))


def _link(text: str) -> dict[str, str]:
    """What a link to another page carries: the sentence, while it is short enough, and the language."""
    spoken = _language_in_link()
    return ({"q": text} if 0 < len(text) <= query_params.LONGEST else {}) | ({"lang": spoken} if spoken else {})
