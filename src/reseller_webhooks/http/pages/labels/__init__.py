"""Texts and badges for values, in the visitor's language."""
