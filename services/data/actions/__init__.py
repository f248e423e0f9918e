"""What data does, by the resource that it is done to; nothing here commits."""
