"""The only place with SQL and drivers. A function here is a statement or two inside a given tx."""
