"""How good is a model on labelled text, and how sure is that?"""
