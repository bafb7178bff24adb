"""Reading git repositories that may be hostile: their tree, their history, whose they are.

For connectors that meet repositories, wherever these come from: local folders and forges.
"""
