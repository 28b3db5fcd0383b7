"""Puts the program together: which parts run in this process, in what sequence they start and end."""
