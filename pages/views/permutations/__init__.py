"""The views of the page Permutations."""
