"""The consumer's side of the bus: handlers, how far they are, what waits."""
