"""What `core.probes.suite` is made of: templates, and clusters of failures."""
