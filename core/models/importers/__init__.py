"""Models trained elsewhere: their weights and words, read, checked and saved as checkpoints."""
