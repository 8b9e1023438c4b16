"""Results to plotly figures; no torch, no Streamlit. Every figure has a title and names its axes with their units."""
