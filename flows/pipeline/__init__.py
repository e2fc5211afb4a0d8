"""The pipeline itself, without Prefect: what runs in what order, and what a failure means."""
