"""Bytes and activity -> redacted hits and facts; the only reader of raw secrets."""
