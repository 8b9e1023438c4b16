"""What happens to the state over time: gradients, Jacobians, memory, fixed points."""
