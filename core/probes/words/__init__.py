"""What does a word mean to a model? Neighbours, analogies and a map."""
