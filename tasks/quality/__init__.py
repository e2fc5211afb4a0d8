"""Data rules: the suites of `expectations/`, applied by Great Expectations."""
