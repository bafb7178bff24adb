"""What manifests and lock files say a project depends on: one module a family of ecosystems, one
table of file names. Names alone: versions are resolved nowhere, and nothing is fetched or run."""
