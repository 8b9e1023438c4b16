"""Each probe timed beside the plain method of doing the same."""
