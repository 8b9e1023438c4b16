"""The verbs of ``python -m core``: a function each, from options to an exit status, and the options it takes."""
