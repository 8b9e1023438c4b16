"""What can no change of a kind do to a verdict? Every sequence of a family read, or bounded."""
