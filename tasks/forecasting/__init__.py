"""Forecasts: series in, expected values with intervals out. Arithmetic only."""
