"""Starters of real servers for tests, benches and drills; each is a context manager."""
