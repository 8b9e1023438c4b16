"""Single units: the patterns that they are on in, and the texts on which one is strongest."""
