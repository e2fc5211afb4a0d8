"""kill -9 at any moment, then another run: the same warehouse, and no landed page is read twice."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from child import Runner
from conftest import Bench
from tests_support import differences

from tasks.sandbox.fake import InjectedFault

SEED = int(os.environ.get("SUPPORT_ETL_TEST_SEED", "20261101"))
# `make faults` strikes at twenty moments
KILLS = int(os.environ.get("SUPPORT_ETL_TEST_KILLS", "8"))


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    made = Runner()
    yield made
    made.close()


def state(bench: Bench) -> dict:
    """All tables, the bookmarks and the quarantine."""
    return {
        **bench.tables(),
        "bookmarks": sorted(bench.fetch("select account, stream, value from ops.bookmark")),
        "quarantine": sorted(
            bench.fetch("select account, stream, entity, record_key, reason from ops.quarantine")
        ),
        "unfinished": bench.fetch("select count(*) from ops.run where state = 'running'"),
    }


def test_killed_at_random_moments_and_run_again_gives_the_same_warehouse(
    small_sandbox, runner: Runner, tmp_path: Path
):
    pick = random.Random(SEED)
    clean = Bench(
        tmp_path / "clean",
        f"duckdb:///{tmp_path / 'clean.duckdb'}",
        tuple(
            a
            for a in small_sandbox.accounts
            if a["connector"] in {"zendesk", "surveymonkey", "files"}
        ),
    )
    started = time.monotonic()
    runner.begin(clean, dict(small_sandbox.secrets))
    assert runner.end() == 0
    whole = time.monotonic() - started
    expected = state(clean)
    killed = attempts = 0
    while killed < KILLS:
        attempts += 1
        assert attempts <= 3 * KILLS, "runs end before they are killed"
        bench = replace(
            clean,
            folder=tmp_path / f"kill{attempts}",
            url=f"duckdb:///{tmp_path / f'kill{attempts}.duckdb'}",
        )
        moment = pick.uniform(0.02, 1.0) * whole
        child = runner.begin(bench, dict(small_sandbox.secrets))
        time.sleep(moment)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        if runner.end() != -signal.SIGKILL:
            # it had ended by itself: the machine is less busy than when the clean run was timed
            whole *= 0.85
            continue
        killed += 1
        runner.begin(bench, dict(small_sandbox.secrets))
        assert runner.end() == 0, f"seed {SEED}, kill {killed} after {moment:.2f} s"
        assert differences(expected, state(bench)) == {}, (
            f"seed {SEED}, kill {killed} after {moment:.2f} s"
        )


def test_killed_at_page_sixty_the_next_run_asks_for_at_most_forty_one(
    small_sandbox, runner: Runner, tmp_path: Path
):
    fake = small_sandbox.fakes["zendesk"]
    records = sum(
        len({c.at for c in t.changes} | {n.at for n in t.notes})
        for t in fake.world.of_desk("zendesk")
    )
    size = max(1, records // 110)
    export = fake._time_export
    fake._time_export = lambda asked, name, rows, **k: export(
        type(asked)(
            asked.method,
            asked.path,
            {**asked.query, "per_page": str(size)},
            asked.headers,
            asked.body,
        ),
        name,
        rows,
        **k,
    )
    accounts = tuple(
        {**a, "deselect": ["sla_events", "organizations"]}
        for a in small_sandbox.accounts
        if a["connector"] == "zendesk"
    )
    bench = Bench(tmp_path, f"duckdb:///{tmp_path / 'w.duckdb'}", accounts)
    path, ready = "/incremental/ticket_events", threading.Event()
    child: list[int] = []

    def strike(body: bytes) -> bytes:
        ready.wait(10)
        os.kill(child[0], signal.SIGKILL)
        return body

    def asked() -> int:
        return sum(path in a.path for a in fake.asked)

    fake.faults = [InjectedFault("edit", path, skip=60, times=1, edit=strike)]
    child.append(runner.begin(bench, dict(small_sandbox.secrets)))
    ready.set()
    assert runner.end() == -signal.SIGKILL
    assert asked() == 61
    fake.faults = []
    runner.begin(bench, dict(small_sandbox.secrets))
    assert runner.end() == 0
    total = asked() - 61 + 60
    assert total >= 95, "the stream must have about a hundred pages"
    assert asked() - 61 <= total - 60 + 1
