"""Policies over the graph -> findings, their fingerprints, risk and life cycle."""
