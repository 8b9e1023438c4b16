"""What `core.probes.edits` is made of: proposals, constraints, transformations, searches and what they claim."""
