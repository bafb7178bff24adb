"""Reads what a table of resource types (:mod:`scanner.kit.tables`) describes: lists, details, tags
and children become assets, edges and bytes for the detector.

A vendor's connector brings its tables and a :class:`~scanner.kit.tabled.reading.Reading`: how it
asks, and how the vendor spells its ids. Nothing here knows a vendor or a protocol.
"""
