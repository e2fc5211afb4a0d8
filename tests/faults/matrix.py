"""Every fault at every point for every vendor.

`python tests/faults/matrix.py` runs all of them; `--sample 60 --seed 7` and `--only TEXT` select.

Prints each failed case with the command that replays it, and one table at the end: tried, lost,
doubled, torn, silent, leaked, crashed. Every figure but `tried` must be 0; the exit code says so.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_TESTS / "faults"), str(_TESTS), str(_TESTS.parent)]
os.environ.setdefault("DO_NOT_TRACK", "1")

from classes import FAULTS, Fault  # noqa: E402 - the path is set first
from scene import Judgement, Stage  # noqa: E402

FIGURES = ("lost", "doubled", "torn", "silent", "leaked", "crashed")


@dataclass(frozen=True)
class Case:
    """One cell of the matrix."""

    fault: Fault
    vendor: str
    point: str
    seed: int

    @property
    def name(self) -> str:
        return (
            f"{self.fault.group} / {self.fault.name} / {self.vendor} / {self.point} / {self.seed}"
        )


@dataclass(frozen=True)
class Result:
    """The result of a case."""

    name: str
    group: str
    judgement: Judgement
    seconds: float


def cases(seed: int) -> list[Case]:
    return [Case(f, v, p, seed) for f in FAULTS for v in f.vendors for p in f.points]


def play(stage: Stage, case: Case) -> Result:
    began = time.monotonic()
    try:
        with stage.scene(case.vendor, case.seed, case.fault.store) as scene:
            judgement = case.fault.at(scene, case.point)
    except Exception as trouble:
        judgement = Judgement(crashed=[f"{type(trouble).__name__}: {trouble}"])
    return Result(case.name, case.fault.group, judgement, time.monotonic() - began)


def play_all(names: list[str], seed: int) -> list[Result]:
    """In one process, one stage for all."""
    wanted = set(names)
    with tempfile.TemporaryDirectory(prefix="support-etl-faults-") as folder:
        stage = Stage(Path(folder))
        try:
            results: list[Result] = []
            for case in cases(seed):
                if case.name in wanted:
                    results.append(printed(play(stage, case)))
                    if len(results) % 100 == 0:
                        print(
                            f"{len(results):,} of {len(wanted):,} cases of a process,"
                            f" {case.fault.group}",
                            file=sys.stderr,
                            flush=True,
                        )
            return results
        finally:
            stage.close()


def printed(result: Result) -> Result:
    for figure in FIGURES:
        for line in getattr(result.judgement, figure):
            print(f"{figure}: {result.name}: {str(line)[:400]}", flush=True)
    return result


def table(results: list[Result]) -> list[tuple[object, ...]]:
    """Group, tried and the six figures, in cases."""
    groups: dict[str, Counter[str]] = {}
    for result in results:
        row = groups.setdefault(result.group, Counter())
        row["tried"] += 1
        for figure in FIGURES:
            row[figure] += bool(getattr(result.judgement, figure))
    rows: list[tuple[object, ...]] = [
        (g, r["tried"], *(r[f] for f in FIGURES)) for g, r in sorted(groups.items())
    ]
    total = sum(groups.values(), Counter())
    return [*rows, ("all", total["tried"], *(total[f] for f in FIGURES))]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--sample", type=int, default=0, help="so many cases, drawn by the seed; 0: all"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="draws the sample and whatever a fault draws"
    )
    parser.add_argument("--only", default="", help="cases whose name has this text")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    names = [c.name for c in cases(given.seed) if given.only in c.name]
    pick = random.Random(given.seed)
    pick.shuffle(names)
    names = names[: given.sample] if given.sample else names
    began = time.monotonic()
    with ProcessPoolExecutor(given.processes) as pool:
        parts = [names[i :: given.processes] for i in range(given.processes)]
        results = [r for part in pool.map(play_all, parts, [given.seed] * len(parts)) for r in part]
    print(f"\n{'class':<22}" + "".join(f"{head:>9}" for head in ("tried", *FIGURES)))
    for group, *figures in table(results):
        print(f"{group:<22}" + "".join(f"{figure:>9}" for figure in figures))
    slow = sorted(results, key=lambda r: -r.seconds)[:3]
    print(
        f"\n{time.monotonic() - began:,.0f} s in {given.processes} processes; longest: "
        + "; ".join(f"{r.name} {r.seconds:.1f} s" for r in slow)
    )
    return 0 if all(r.judgement.is_good for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
