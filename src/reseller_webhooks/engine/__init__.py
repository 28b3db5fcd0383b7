"""The asynchronous shell: who owns what, what is due, send, record in batches, maintenance."""
