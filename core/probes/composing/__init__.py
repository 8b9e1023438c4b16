"""What `core.probes.sarcasm.compose` is made of: situations, recipes, the phrases they need, and how people read them."""
