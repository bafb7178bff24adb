"""rules/ as typed, validated data."""
