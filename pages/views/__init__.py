"""The views of each page, one module a view."""
