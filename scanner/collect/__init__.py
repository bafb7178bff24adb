"""Shards x connectors -> the sink: threads, retries, deadlines, checkpoints, coverage."""
