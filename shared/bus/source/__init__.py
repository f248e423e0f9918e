"""The source's side of the bus: the outbox, its numbers, the relay, the answers to those who missed something."""
