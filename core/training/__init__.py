"""How models are made: the recipe, the training loop, word2vec and the ablations."""
