"""Unrolled: what a recurrent text classifier really does."""
