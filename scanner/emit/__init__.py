"""A scan's results for people and programs."""
