"""What the program runs on: limits, worker processes, a cluster, the reader's language, error messages."""
