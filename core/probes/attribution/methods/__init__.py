"""The attribution methods, one module each."""
