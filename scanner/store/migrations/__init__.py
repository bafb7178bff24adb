"""Revisions of the schema. Each changes what is there and keeps every row."""
