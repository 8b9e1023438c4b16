"""The views of the page Maths lab."""
