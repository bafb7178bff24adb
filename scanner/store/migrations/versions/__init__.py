"""One module a revision; its number is the version of the schema that it leads to."""
