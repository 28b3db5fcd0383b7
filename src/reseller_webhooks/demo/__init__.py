"""The demo: a sample reseller, a local receiver, and a page on which to watch it.

It uses the HTTP API like everybody else; nothing in the program knows of it.
"""
