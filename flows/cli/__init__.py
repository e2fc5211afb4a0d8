"""The command line `support-etl`: one module for each noun.

A command parses its options, calls the pipeline and prints. `app.py` lists the commands.
"""

from flows.cli.app import app, main

__all__ = ["app", "main"]
