"""A seeded sample of the fault matrix; all of it is `make faults`."""

import os
import random
from collections import Counter
from pathlib import Path

import pytest
from matrix import FIGURES, cases, play, table
from scene import VENDORS, Stage

SEED = int(os.environ.get("SUPPORT_ETL_TEST_SEED", "20261122"))
SAMPLE = 18


def drawn() -> list:
    """Cases of the seed: every class in proportion, every vendor."""
    pick = random.Random(SEED)
    every = cases(SEED)
    of_vendors = [
        c
        for vendor in VENDORS
        for c in pick.sample([c for c in every if c.vendor == vendor], SAMPLE // len(VENDORS))
    ]
    rare = [
        c
        for group in ("F6 PostgreSQL", "F6 tables")
        for c in pick.sample(
            [c for c in every if c.fault.group == group and c not in of_vendors], 2
        )
    ]
    return of_vendors + rare


def test_the_matrix_is_large_and_covers_every_vendor_and_class():
    every = cases(SEED)
    assert len(every) >= 500
    assert Counter(c.vendor for c in every).keys() == set(VENDORS)
    assert len({c.fault.group for c in every}) >= 9
    assert len({c.name for c in every}) == len(every)


@pytest.mark.parametrize("half", [0, 1])
def test_nothing_lost_doubled_torn_silent_leaked_or_crashed(half: int, tmp_path: Path):
    stage = Stage(tmp_path)
    try:
        results = [
            play(stage, case) for case in drawn() if list(VENDORS).index(case.vendor) % 2 == half
        ]  # a vendor's state is made once
    finally:
        stage.close()
    assert [
        (r.name, {f: getattr(r.judgement, f) for f in FIGURES if getattr(r.judgement, f)})
        for r in results
        if not r.judgement.is_good
    ] == []
    assert table(results)[-1][1] == len(results) >= SAMPLE // 3


@pytest.mark.parametrize(("vendor", "point"), [("typeform", "first"), ("zendesk", "middle")])
def test_an_account_still_signs_in_after_a_kill_that_follows_a_rotation(
    vendor: str, point: str, tmp_path: Path
):
    stage = Stage(tmp_path)
    try:
        name = f"F9 sign-in / token rotation under kill / {vendor} / {point}"
        (case,) = (case for case in cases(1) if case.name.startswith(name))
        result = play(stage, case)
    finally:
        stage.close()
    assert result.judgement.is_good, result.judgement


def test_the_harness_detects_planted_defects(tmp_path: Path, monkeypatch):
    """Planted defects: rows that never reach their table, a secret in an error message."""
    planted = {
        "lost": (
            "tasks.load.merge",
            lambda *given, **more: 0,
            "F2 transport / drop / zendesk / middle",
        ),
        "leaked": (
            "flows.pipeline.traces.redact",
            lambda text: text + " token zendesk-demo-token",
            "F2 transport / refused / zendesk / first",
        ),
    }
    values = set()
    for figure, (where, instead, name) in planted.items():
        (tmp_path / figure).mkdir()
        stage = Stage(tmp_path / figure)
        try:
            case = next(c for c in cases(1) if c.name.startswith(name))
            stage.vendors_state(case.vendor)
            with monkeypatch.context() as patch:
                patch.setattr(where, instead)
                result = play(stage, case)
            if getattr(result.judgement, figure):
                values.add(figure)
        finally:
            stage.close()
    assert values == set(planted)
