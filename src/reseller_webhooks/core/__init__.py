"""Decisions, as pure functions: values in, values out. No input or output, no clock, no chance."""
