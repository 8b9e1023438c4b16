"""The exercises of the Maths lab on the command line."""
