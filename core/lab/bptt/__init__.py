"""Backpropagation through time by hand, and checks of a derivation."""
