"""A made-up company on loopback, to show and test the whole path. Writes only to its own fakes."""
