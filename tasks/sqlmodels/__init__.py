"""Reads `sql/`: models and their building order, KPIs, reads, identities, dialects."""
