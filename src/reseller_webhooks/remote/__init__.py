"""Commands for developers, which talk to a server by its API as any client does."""
