"""The HTTP application: the API and the pages behind one edge."""
