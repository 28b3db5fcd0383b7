"""Hostile callers against the real program, and what everybody else felt meanwhile.

Loopback only, and bounded: each attack stops after as many bytes, connections and seconds as it
names.
"""
