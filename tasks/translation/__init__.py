"""Declared fields compiled to columns: decoded records in, typed entity rows out."""
