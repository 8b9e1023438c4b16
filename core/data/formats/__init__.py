"""How files of text are laid out, and how each form is read. A new file format goes here."""
