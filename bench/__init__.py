"""Load programs against a running system: the figures of docs/performance.md come from here."""
