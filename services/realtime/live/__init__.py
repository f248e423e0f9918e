"""What an instance holds in memory: where it stands in every source's events, and who listens to what."""
