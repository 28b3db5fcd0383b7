"""Forms of the pages: from fields to settings, and back with errors."""
