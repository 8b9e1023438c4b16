"""Each probe timed beside the plain way of doing the same."""
