"""Figures of the Maths lab."""
