"""Home: type a sentence; every model's verdict, token by token."""

from __future__ import annotations

import streamlit as st

from core.examples import examples
from core.language import gettext as _
from pages.parts import about, frame

frame.set_up("Home")
st.title("Unrolled")
st.write(
    _(
        "Recurrent networks read a text, word by word, and give one of two verdicts. Type a sentence and watch their "
        "minds change."
    )
)
text = frame.sentence(examples()[0].text)
frame.example_picker(text)
about.show("Home")

# Heavy imports below this line: the page is on the screen before torch is in memory.
from pages.parts import home  # noqa: E402

home.answer(text)
frame.links_to_pages(text)
