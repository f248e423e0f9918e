"""Collections as real tables: what a field may be, how a table is built from it, which schema is in force."""
