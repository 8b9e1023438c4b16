"""The views of the page Models."""
