"""How fast is everything, beside the plain way of doing it? Ratios within one run, as a machine is seldom idle."""
