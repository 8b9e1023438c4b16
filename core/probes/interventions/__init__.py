"""What if the state or a gate had been different? Patching and holding."""
