"""Gaussian mixtures by EM, worked by hand."""
