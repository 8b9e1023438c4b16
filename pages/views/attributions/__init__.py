"""The views of the page Attributions."""
