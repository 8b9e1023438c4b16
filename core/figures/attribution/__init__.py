"""Figures of attributions."""
