"""What does a model say of every row of a file or corpus?"""
