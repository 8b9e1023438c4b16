"""Recurrent cells worked by hand."""
