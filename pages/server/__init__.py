"""One server for many visitors: queue, limits, background searches, timing."""
