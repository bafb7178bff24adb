"""Findings as tickets: what they say, what is to be done about each, and the trackers."""
