"""Arithmetic of time, people and money. No network, no database: values in, values out."""
