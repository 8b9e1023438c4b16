"""Boosting worked by hand: SAMME on points and on trained models."""
