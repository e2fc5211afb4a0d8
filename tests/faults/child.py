"""The job in a child process that can be killed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from conftest import Bench
from tests_support import TODAY, midnight


class Runner:
    """A process that forks the job on demand."""

    def __init__(self) -> None:
        here = Path(__file__).resolve().parents[1]
        environment = {**os.environ, "PYTHONPATH": f"{here}:{here.parent}"}
        self._process = subprocess.Popen(
            [sys.executable, str(here / "job_runner.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def begin(self, bench: Bench, secrets: dict[str, str], **more: Any) -> int:
        settings = bench.settings().model_dump(mode="json")
        order = {
            "settings": settings,
            "as_of": midnight(TODAY).isoformat(),
            "environment": secrets,
            "report": False,
            **more,
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> int:
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
