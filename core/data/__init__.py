"""Labelled text: tables and records read and written, what labels mean, corpora, splits and slices."""
