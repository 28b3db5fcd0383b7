"""The pages: server-side HTML over `operations`, usable without JavaScript."""
