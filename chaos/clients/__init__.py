"""The clients of a run: they know the gateway alone, and book every call they make."""
