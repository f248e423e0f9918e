"""auth: who you are. Owns accounts, sessions and the keys that sign their tokens."""
