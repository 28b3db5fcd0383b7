"""Hostile callers against the real program, and the latency of other callers meanwhile.

Loopback only, and bounded: each attack stops after as many bytes, connections and seconds as it
names.
"""
