"""Does the order of the words matter, and which fluent order flips the prediction?"""
