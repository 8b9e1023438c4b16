"""What do single units respond to, and what can be read off the states?"""
