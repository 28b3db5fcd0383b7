"""The demo: a sample reseller, a receiver to watch, and a button that changes something."""
