"""Files that define agents and prompts without being code: by their front matter, their keys, their
place."""
