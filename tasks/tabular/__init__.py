"""Tables in files and queries: how they are found, opened, recognised and read."""
