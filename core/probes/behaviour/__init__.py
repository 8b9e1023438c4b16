"""What `core.probes.checklist.suite` is made of: templates, and clusters of failures."""
