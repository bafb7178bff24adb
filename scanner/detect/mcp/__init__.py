"""Servers of the Model Context Protocol: as clients configure them, and as code implements them."""
