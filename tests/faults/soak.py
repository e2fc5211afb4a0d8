"""A soak: hourly runs with random faults end in the tables of one clean full load.

`python tests/faults/soak.py --runs 200 --seed 1`. The sandbox's clock moves with the runs. Faults
are drawn from the matrix's HTTP classes; after a failed run the next hour's run follows, as on a
schedule. Prints memory and open files at the beginning, in the middle and at the end.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from unittest import mock

_TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_TESTS / "faults"), str(_TESTS), str(_TESTS.parent)]
os.environ.setdefault("DO_NOT_TRACK", "1")

from conftest import ONE_OF_EACH_KIND, Bench  # noqa: E402 - the path is set first
from scene import PATIENCE, OneByOne  # noqa: E402
from tests_support import TODAY, differences, midnight  # noqa: E402

from flows.pipeline.context import running  # noqa: E402
from flows.pipeline.ingest import ingest_accounts  # noqa: E402
from tasks.sandbox.company import open_sandbox  # noqa: E402
from tasks.sandbox.fake import InjectedFault  # noqa: E402
from tasks.sandbox.world import World  # noqa: E402

KINDS = (
    "drop",
    "reset",
    "cut",
    "garbage",
    "html",
    "wrong_length",
    "throttle",
    "unauthorized",
    "status",
    "wrong_shape",
    "repeat",
)


def usage() -> tuple[float, int]:
    """Resident memory in MB and open files of this process."""
    status = Path("/proc/self/status").read_text()
    resident = int(status.split("VmRSS:")[1].split()[0]) / 1024
    return resident, len(list(Path("/proc/self/fd").iterdir()))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    pick = random.Random(given.seed)
    failed = faults = 0
    marks: list[tuple[int, float, int]] = []
    began = time.monotonic()
    world = World(seed=5, first=date(2026, 9, 27), last=TODAY - timedelta(days=1), daily=3.0)
    with (
        tempfile.TemporaryDirectory(prefix="support-etl-soak-") as name,
        mock.patch("tasks.extract.RetryPolicy", return_value=PATIENCE),
    ):
        folder = Path(name)
        with (
            open_sandbox(folder / "plans", today=TODAY, world=world) as sandbox,
            mock.patch.dict("os.environ", dict(sandbox.secrets)),
        ):
            accounts = tuple(a for a in sandbox.accounts if a["connector"] in ONE_OF_EACH_KIND)
            living = Bench(folder / "living", f"duckdb:///{folder / 'living.duckdb'}", accounts)
            clean = Bench(folder / "clean", f"duckdb:///{folder / 'clean.duckdb'}", accounts)
            for number in range(given.runs, -1, -1):
                as_of = midnight(TODAY) - timedelta(hours=number)
                for fake in sandbox.fakes.values():
                    fake.clock, fake.faults, fake.asked = as_of, [], []
                if number and pick.random() < 0.4:
                    faults += 1
                    struck = sandbox.fakes[pick.choice(sorted(ONE_OF_EACH_KIND - {"files"}))]
                    struck.faults = [
                        InjectedFault(
                            pick.choice(KINDS),
                            "",
                            skip=pick.randrange(8),
                            times=pick.choice((1, 2, 50)),
                        )
                    ]
                settings = living.settings()
                with running(settings, OneByOne(), "daily", as_of) as (context, outcome):
                    outcome.streams += ingest_accounts(context, settings.accounts)
                    outcome.state = "partly" if outcome.failures else "completed"
                failed += outcome.state == "partly"
                if number in {given.runs - 10, given.runs // 2, 0}:
                    marks.append((given.runs - number, *usage()))
            assert living.run(midnight(TODAY)).state == "completed"
            assert clean.run(midnight(TODAY)).state == "completed"
            unequal = differences(clean.tables("core", "marts"), living.tables("core", "marts"))
    print(
        f"{given.runs} hourly runs, seed {given.seed}: faults in {faults}, {failed} ended partly;"
        f" {time.monotonic() - began:,.0f} s"
    )
    for run, memory, files in marks:
        print(f"after run {run}: {memory:,.0f} MB, {files} open files")
    print("the warehouse equals one clean full load" if not unequal else f"NOT EQUAL: {unequal}")
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main())
