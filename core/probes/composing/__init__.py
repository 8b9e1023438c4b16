"""What `core.probes.sarcasm` is made of: situations, recipes, the phrases they need, and how people read them."""
