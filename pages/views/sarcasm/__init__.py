"""The views of the page Sarcasm."""
