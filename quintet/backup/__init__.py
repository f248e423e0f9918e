"""Backup and restore of a whole system: databases, files, keys and settings, in one archive."""
