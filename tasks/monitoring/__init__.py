"""What other tools see of a run: OpenLineage events, and metrics for Prometheus."""
