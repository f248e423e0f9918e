"""What auth does, free of how it is asked."""
