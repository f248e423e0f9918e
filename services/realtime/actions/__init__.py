"""What realtime does to its own rows."""
