"""The target is asked for where a model has more than two classes, and the link keeps it."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.data.targets import Target
from pages.widgets.target import Aim

MOODS, TOPICS = ("bad", "*so-so*", "good"), ("cooking", "weather", "sport", "bad")


def _page() -> None:
    import streamlit as st

    from pages.widgets import target
    from tests.probes.small_models import random_checkpoint

    two = random_checkpoint("rnn", ["a"], labels=("ham", "good"))
    many = [random_checkpoint("gru", ["a"], labels=tuple(labels)) for labels in st.session_state["labels"]]
    st.session_state["aim"] = target.choose([two, *many], "page", predicted=st.session_state.get("predicted", True))


def opened(*labels: tuple[str, ...], predicted: bool = True, **link: str) -> AppTest:
    at = AppTest.from_function(_page, default_timeout=60)
    at.session_state["labels"], at.session_state["predicted"] = labels, predicted
    for name, value in link.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def test_two_classes_leave_nothing_to_choose() -> None:
    at = opened(target="good")
    assert not at.selectbox and at.session_state["aim"] == Aim() and not at.caption


def test_the_prediction_unless_a_class_is_named() -> None:
    at = opened(MOODS)
    (box,) = at.selectbox
    assert box.options == ["predicted class", *MOODS] and at.session_state["aim"] == Aim()
    box.select("good").run()
    assert at.query_params["target"] == "good" and at.session_state["aim"] == Aim("good")
    assert at.selectbox[1].options == ["all others", "bad", "*so-so*"]
    at.selectbox[1].select("*so-so*").run()
    assert at.session_state["aim"] == Aim("good", "*so-so*") and at.query_params["against"] == "*so-so*"
    at.selectbox[0].select("*so-so*").run()  # no class is compared with itself
    assert at.session_state["aim"] == Aim("*so-so*") and "against" not in at.query_params


def test_a_link_names_both_or_nothing_that_is_there() -> None:
    assert opened(MOODS, target="bad", against="good").session_state["aim"] == Aim("bad", "good")
    at = opened(MOODS, target="<b>", against="good")
    assert at.session_state["aim"] == Aim() and "`target`" in at.caption[0].value
    assert opened(MOODS, target="bad", against="bad").session_state["aim"] == Aim("bad")


def test_a_class_is_always_named_where_no_text_is_predicted() -> None:
    at = opened(MOODS, predicted=False)
    assert at.selectbox[0].options == list(MOODS) and at.session_state["aim"] == Aim("good")


def test_models_of_several_classes() -> None:
    at = opened(MOODS, TOPICS, target="bad", against="sport")
    assert at.selectbox[0].options == ["predicted class", *MOODS, *TOPICS[:3]]
    (line,) = [caption.value for caption in at.caption if "do not have" in caption.value]
    assert "ham or good" in line and "cooking" not in line
    aim = Aim("bad", "sport")
    assert at.session_state["aim"] == aim
    assert aim.of(TOPICS) == Target(TOPICS, 3, 2) and aim.of(MOODS) == Target(MOODS, 0) and aim.of(("a", "b")) is None
