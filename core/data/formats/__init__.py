"""How files of text are laid out, and how each form is read: a new file format goes here."""
