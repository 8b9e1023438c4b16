"""Which sarcastic remarks fool a model? Composed, reported and tested."""
