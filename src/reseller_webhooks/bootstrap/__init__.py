"""Puts the program together and starts it."""
