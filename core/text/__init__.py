"""From text to tokens: preprocessing steps, tokenisers, the vocabulary, and tables of English words."""
