"""Verbs that make models or derive tables from them."""
