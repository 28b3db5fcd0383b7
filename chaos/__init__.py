"""Faults injected into real processes: what they do to us, and whether every promise holds."""
