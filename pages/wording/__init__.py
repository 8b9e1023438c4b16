"""Names, terms and equations as readers see them, and text shown safely."""
