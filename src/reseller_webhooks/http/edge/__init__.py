"""Layers in front of every route: limits, keys, headers, errors."""
