"""The views of the page Trajectories."""
