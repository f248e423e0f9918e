"""The chaos run: a whole system under load and under faults, and the proof that nothing was lost. See docs/chaos.md."""
