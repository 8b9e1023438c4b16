"""Which small edit flips a prediction? Proposals, constraints, guards and searches."""
