"""data: collections that an admin defines at run time, their records, files and imports."""
