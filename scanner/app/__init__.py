"""Configuration, and the only file that wires the rooms."""
