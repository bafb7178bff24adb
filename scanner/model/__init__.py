"""The nouns. Needs msgspec alone."""
