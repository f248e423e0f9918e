"""auth, tested."""
