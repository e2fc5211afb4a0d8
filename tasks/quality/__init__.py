"""Data rules: suites in `expectations/`, applied by Great Expectations; bad rows named, bad batches
refused.
"""
