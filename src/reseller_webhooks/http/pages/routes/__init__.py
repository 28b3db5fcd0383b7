"""The pages' routes, a module for each area."""
