"""Five questions that people come with, from Home to the answer: how many actions and keystrokes, how many seconds?"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from core.models import checkpoints
from core.models.predict import verdict
from tests.browser.conftest import CELLS, CHECKPOINTS, STEP_LIMIT, open_and_settle, settled

MOST_ACTIONS = 6
ORDERED = "I am not sad because you are here"
SARCASTIC = "whoever stole my antidepressants, i hope you are happy"
OURS, OTHER = "I waited for this and it was not that good", "I waited for this and it was that good"
ROWS = [("positive", "What a lovely evening"), ("negative", "The train was late again"), ("1", "so happy")] * 8


class Person:
    """Uses the page and counts: clicks, texts typed and keys that act are actions; screens turned are counted apart."""

    def __init__(self, page: Page, address: str):
        self.page, self.actions, self.keystrokes, self.screens = page, 0, 0, 0
        open_and_settle(page, address)
        self._landed = time.monotonic()

    def see(self, what: Locator) -> Locator:
        """Wait until it is there, and turn screens until it can be seen."""
        expect(what).to_be_visible(timeout=4 * STEP_LIMIT)
        height = self.page.evaluate("innerHeight")
        box = what.bounding_box()
        assert box is not None
        while box["y"] + min(box["height"], 40) > height:
            self.page.mouse.move(700, 500)
            self.page.mouse.wheel(0, 0.8 * height)
            self.page.wait_for_timeout(300)
            self.screens += 1
            before, box = box, what.bounding_box()
            assert box is not None and box["y"] < before["y"], "the page's end"
        return what

    def click(self, what: Locator) -> None:
        self.see(what).click()
        self.actions += 1
        settled(self.page)

    def type(self, box: str, text: str) -> None:
        """One click that selects what the box holds, and one text."""
        self.see(self.page.get_by_role("textbox", name=box)).click(click_count=3)
        self.page.keyboard.type(text)
        self.actions += 2
        self.keystrokes += len(text)
        settled(self.page)

    def turn_to(self, title: str) -> None:
        self.click(self.page.get_by_test_id("stSidebar").get_by_role("link", name=title))
        expect(self.page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        settled(self.page)

    def choose_file(self, content: bytes) -> None:
        """One click on the button, and one on the file."""
        with self.page.expect_file_chooser() as waiting:
            self.see(
                self.page.get_by_test_id("stFileUploader").get_by_role("button", name="Upload", exact=True)
            ).click()
        waiting.value.set_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": content})
        self.actions += 2

    def answered(self, line: Locator, text: str | re.Pattern[str]) -> None:
        """The answer is read in a line that can be seen."""
        expect(line).to_contain_text(text, timeout=4 * STEP_LIMIT)
        self.see(line)
        self.seconds = time.monotonic() - self._landed


def lead(page: Page) -> Locator:
    return page.locator("p.u-answer").first


def find_a_valid_flip(person: Person) -> None:
    page = person.page
    person.type("Type a sentence", ORDERED)
    person.turn_to("Permutations")
    person.answered(lead(page), re.compile(r"flips.*all 40,320 orders"))
    valid = page.locator(".stMarkdownBadge").filter(has_text=re.compile(r"P\(valid\) 0\.[5-9]\d")).first
    person.see(valid)
    settled(page)
    page.get_by_role("radio", name="odd").or_(page.get_by_role("button", name="odd")).first.click()
    expect(page.get_by_text("Saved to Kept pairs as “odd”")).to_be_visible()
    page.get_by_role("button", name="Copy or open").first.click()
    expect(page.get_by_role("link", name="Compare")).to_be_visible()
    page.keyboard.press("Escape")


def keep_a_sarcastic_comment(person: Person) -> None:
    page = person.page
    fooled = [
        name.upper() for name in CELLS if verdict(checkpoints.load(name, CHECKPOINTS), SARCASTIC).label != "negative"
    ]
    person.type("Type a sentence", SARCASTIC)
    person.turn_to("Sarcasm")
    person.click(page.get_by_test_id("stButtonGroup").get_by_text("negative", exact=True))
    expect(lead(page)).to_contain_text(re.compile(f"{fooled[0]}.* fooled"))
    person.click(page.get_by_role("button", name="Keep this text"))
    saved = page.get_by_test_id("stAlert").filter(has_text="Saved to Kept finds")
    person.answered(saved, re.compile(f"for {', '.join(fooled)}, gold label “negative”"))


def see_where_two_sentences_part(person: Person) -> None:
    person.type("Type a sentence", OURS)
    person.turn_to("Trajectories")
    person.type("Second sentence", OTHER)
    shares = [verdict(checkpoints.load("rnn", CHECKPOINTS), text).probability for text in (OURS, OTHER)]
    told = re.compile(r"split at word 8 \(“not” or “that”\).*{:.2f} and {:.2f}".format(*shares))
    person.answered(lead(person.page), told)


def which_words_carried_the_verdict(person: Person) -> None:
    person.type("Type a sentence", OURS)
    person.turn_to("Attributions")
    person.answered(lead(person.page), re.compile(r"“not”.*Believe it.*\d+% of 100 random"))


def accuracy_on_a_file(person: Person) -> None:
    """The accuracy is that of the models; another view shows the file too."""
    page = person.page
    person.turn_to("Models")
    person.click(page.get_by_role("radio", name="Your file", exact=True))
    person.choose_file("\n".join(["label,text", *(f"{label},{text}" for label, text in ROWS)]).encode())
    told = {"1": "positive"}
    rnn = checkpoints.load("rnn", CHECKPOINTS)
    right = sum(verdict(rnn, text).label == told.get(label, label) for label, text in ROWS) / len(ROWS)
    person.answered(lead(page), re.compile(rf"{len(ROWS)} rows of mine\.csv.*RNN {100 * right:.1f}%"))
    settled(page)
    page.get_by_role("radio", name="Compare two models", exact=True).click()
    expect(page).to_have_url(re.compile(r"[?&]view=compare(&|$)"))
    page.get_by_role("radio", name="your file: mine.csv").click()
    expect(page.get_by_text(f"{len(ROWS)} rows of mine.csv")).to_be_visible()


@pytest.mark.parametrize(
    "task",
    [
        find_a_valid_flip,
        keep_a_sarcastic_comment,
        see_where_two_sentences_part,
        which_words_carried_the_verdict,
        accuracy_on_a_file,
    ],
)
def test_a_task_takes_few_actions(
    task: Callable[[Person], None], page: Page, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    person = Person(page, address)
    task(person)
    with capsys.disabled():
        print(
            f"\n{task.__name__}: {person.actions} actions, {person.keystrokes} keystrokes, {person.screens} screens, "
            f"{person.seconds:.1f} s"
        )
    assert person.actions <= MOST_ACTIONS and person.screens == 0
    expect(page.get_by_test_id("stException")).to_have_count(0)
