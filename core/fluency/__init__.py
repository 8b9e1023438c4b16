"""How fluent is an order of words? The trigram, the recurrent language model, and the orders they rank."""
