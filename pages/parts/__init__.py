"""What the pages share: the only other code that knows Streamlit."""
