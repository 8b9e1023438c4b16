"""Results to plotly figures; no torch, no Streamlit. Every figure has a title and names its axes with their units."""

# plotly takes pandas as it finds it among the loaded modules, even half imported by another session's thread.
import pandas  # noqa: F401
