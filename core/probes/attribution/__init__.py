"""Which words carried a prediction, and can that explanation be trusted?"""
