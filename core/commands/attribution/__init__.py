"""Verbs that ask which words carried a verdict, and how far that answer can be trusted."""
