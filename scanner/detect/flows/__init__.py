"""Low-code workflows with AI steps: what each tool's export looks like, and who stands behind a
step."""
