"""What is there against what was registered."""
