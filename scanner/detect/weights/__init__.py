"""Model weights by what their bytes say. Nothing is loaded, expanded or unpickled; a head of a few
kilobytes is enough to tell what a file is."""
