"""The warehouse: engine and sessions, tables and comments, bulk load and merge, the run log."""
