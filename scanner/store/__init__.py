"""State between scans: one transaction a shard."""
