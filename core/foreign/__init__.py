"""Models that were trained elsewhere: their weights and words, read, checked and kept as checkpoints."""
