"""Measurements that are run by hand, outside the test suite, and are no part of the package."""
